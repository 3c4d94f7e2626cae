package router

import (
	"fmt"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// plan is what is to become of a mail: who gets it, as what, in which case.
type plan struct {
	owners   []registry.Owner
	to, cc   []gsp.Address // as the delivered header shows them
	kind     gsp.Type
	caseID   gsp.CaseID
	open     *gsp.Case // to be opened, without its number
	decision gsp.Decision
}

// decide says what becomes of a mail, or refuses it. It reads nothing but its
// arguments, so that a decision can be made again and explained.
func decide(roll *registry.Snapshot, masksOnly bool, s gsp.Submission, mail sealed.Message, f wire.Fields, thread *gsp.Case) (plan, error) {
	if err := checkSender(s, f); err != nil {
		return plan{}, err
	}
	owners, routed, err := addressed(roll, s.Recipients)
	if err != nil {
		return plan{}, err
	}
	library, version := roll.Library()
	marks, err := readMarks(roll, library, f.Claims, owners, s.At)
	if err != nil {
		return plan{}, err
	}
	if masksOnly {
		if err := checkMasked(f.Claims, marks); err != nil {
			return plan{}, err
		}
	}
	p := plan{decision: gsp.Decision{Library: version, Reason: "address"}}
	if routed {
		if owners, err = routeByMarks(roll, owners, marks); err != nil {
			return plan{}, err
		}
		p.decision.Reason = "uim"
	}
	p.owners = owners
	for _, m := range marks {
		p.decision.Marks = add(p.decision.Marks, m.Mark)
		p.decision.Pattern = m.pattern
	}
	for _, o := range owners {
		if !slices.Contains(p.decision.Parties, o.Party) {
			p.decision.Parties = append(p.decision.Parties, o.Party)
		}
	}
	slices.Sort(p.decision.Parties)
	if err := p.place(s, f, thread); err != nil {
		return plan{}, err
	}
	if p.kind == gsp.Request && !routed {
		if err := checkAddress(roll, owners, marks); err != nil {
			return plan{}, err
		}
	}
	if err := checkRole(roll, s.Account, p.kind); err != nil {
		return plan{}, err
	}
	p.head(f)
	return p, checkSeal(roll, s.Sender, p.owners, routed, mail.SessionKeys(), s.At)
}

// checkSender holds From, MAIL FROM and login together: inside the closed
// group nobody writes in another's name.
func checkSender(s gsp.Submission, f wire.Fields) error {
	if f.From != s.Sender {
		return &gsp.Refusal{
			Reason: gsp.WrongSender,
			Cause:  fmt.Sprintf("the From address is not %s, the address of your login", s.Sender),
			Remedy: fmt.Sprintf("choose %s as the sender of this mail", s.Sender),
		}
	}
	// RFC 3834, section 5: whatever is not "no" is automatic.
	if f.AutoSubmitted != "" && f.AutoSubmitted != "no" && s.Account.Kind != gsp.System {
		return &gsp.Refusal{
			Reason: gsp.Automatic,
			Cause:  "this is an automatic mail, and an officer's account sends none",
			Remedy: "switch off the automatic answer of your mail program, or ask your administrator for a system account",
		}
	}
	return nil
}

// addressed returns who is named by address, and whether route@ is among the
// recipients.
func addressed(roll *registry.Snapshot, recipients []gsp.Address) (owners []registry.Owner, routed bool, err error) {
	for _, a := range recipients {
		if a == roll.Address(registry.RouteLocal) {
			routed = true
			continue
		}
		owner, ok := roll.Owner(a)
		if !ok {
			return nil, false, UnknownRecipient(a)
		}
		if !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return owners, routed, nil
}

// UnknownRecipient is the refusal of an address that nobody has.
func UnknownRecipient(a gsp.Address) *gsp.Refusal {
	return &gsp.Refusal{
		Reason: gsp.UnknownRecipient,
		Cause:  fmt.Sprintf("%s is not an address of this gateway", a),
		Remedy: "check the address; a Party's competent authority has its country code as its name, such as ke@, and route@ finds the Party from the UIM",
	}
}

// place finds the type of a mail and its case.
func (p *plan) place(s gsp.Submission, f wire.Fields, thread *gsp.Case) error {
	sender := s.Account.Party
	inside := thread != nil && thread.Takes(sender) && p.within(*thread, sender)
	if f.Case != "" && !inside {
		return &gsp.Refusal{
			Reason: gsp.UnknownCase,
			Cause:  fmt.Sprintf("%s is not a case between your Party and the recipients of this mail", f.Case),
			Remedy: "answer the mail that you have in the case, or leave the case number out to open a new one",
		}
	}
	p.kind = f.Type
	switch {
	case p.kind == gsp.Request && f.Case == "":
		inside = false // said to be a new request, so it is one
	case p.kind == "" && !inside && p.stays(sender):
		p.kind = gsp.Notice // a Party asks itself nothing
	case p.kind == "" && !inside:
		p.kind = gsp.Request
	case p.kind == "" && thread.Requester == sender:
		p.kind = gsp.FollowUp
	case p.kind == "":
		p.kind = gsp.Reply
	}
	switch {
	case inside:
		p.caseID = thread.ID
		if p.decision.Reason == "address" {
			p.decision.Reason = "thread"
		}
	case p.kind == gsp.Request:
		p.open = &gsp.Case{Requester: sender, Asked: p.decision.Parties, Opened: s.At}
	case p.kind != gsp.Notice: // only a notice may stand alone
		return &gsp.Refusal{
			Reason: gsp.UnknownCase,
			Cause:  fmt.Sprintf("a %s belongs to a case, and this mail names none that your Party is in", p.kind),
			Remedy: "answer the mail that you have in the case, so that your mail program sends its reference",
		}
	}
	return nil
}

// stays reports whether the mail leaves the sender's Party for no other.
func (p *plan) stays(sender gsp.PartyID) bool {
	return len(p.decision.Parties) == 1 && p.decision.Parties[0] == sender
}

// within reports whether every recipient is of a Party of the case, or of the
// sender's own.
func (p *plan) within(c gsp.Case, sender gsp.PartyID) bool {
	for _, party := range p.decision.Parties {
		if party != sender && !c.Takes(party) {
			return false
		}
	}
	return true
}

// checkRole asks whether the sender may send a mail of this type.
func checkRole(roll *registry.Snapshot, a gsp.Account, t gsp.Type) error {
	need := gsp.Requester
	if t.Acts() {
		need = gsp.Replier
	}
	if roll.Allows(a.ID, need) {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  fmt.Sprintf("your account has not the role of %s, which a %s needs", need, t),
		Remedy: "ask your Party's administrator for the role",
	}
}

// head writes the recipients as the delivered header shows them: those of the
// envelope that the sender's header names, with route@ replaced by whom it
// meant. A recipient that the header hides is shown in To, since all
// recipients of a mail to Parties may know each other.
func (p *plan) head(f wire.Fields) {
	for _, o := range p.owners {
		if slices.Contains(f.Cc, o.Address) {
			p.cc = append(p.cc, o.Address)
		} else {
			p.to = append(p.to, o.Address)
		}
	}
}

// names lists addresses for a person to read.
func names(owners []registry.Owner) string {
	var s []string
	for _, o := range owners {
		s = append(s, o.Address.String())
	}
	return strings.Join(s, ", ")
}
