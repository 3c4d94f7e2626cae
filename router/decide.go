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
	caseID   gsp.CaseID // of a case that is open already
	open     *gsp.Case  // to be opened, without its number
	settles  []gsp.PartyID
	asks     []gsp.PartyID // again, in a case that is open already
	decision gsp.Decision
}

// decide says what becomes of a mail, or refuses it. It reads nothing but its
// arguments, so that a decision can be made again and explained.
func decide(roll *registry.Snapshot, masksOnly bool, s gsp.Submission, mail sealed.Message, f wire.Fields, threads []gsp.Case) (plan, error) {
	if err := checkSender(s, f); err != nil {
		return plan{}, err
	}
	owners, routed, err := addressed(roll, s.Recipients)
	if err != nil {
		return plan{}, err
	}
	library, version := roll.Library()
	marks, err := readMarks(roll, library, f.Claims, others(owners, s.Account.Party), s.At)
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
	p.decision.Parties = others(owners, s.Account.Party)
	if err := p.place(s, f, threads); err != nil {
		return plan{}, err
	}
	if p.kind == gsp.Request && !routed {
		if err := checkAddress(roll, p.decision.Parties, marks); err != nil {
			return plan{}, err
		}
	}
	if err := checkRole(roll, s.Account, p.kind, p.owners); err != nil {
		return plan{}, err
	}
	p.head(f)
	var asked []gsp.PartyID // by the marks
	for _, m := range marks {
		if routed || p.kind == gsp.Request {
			asked = append(asked, m.party)
		}
	}
	return p, checkSeal(roll, s.Sender, p.owners, asked, mail.SessionKeys(), s.At)
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
	if automatic(s, f) && s.Account.Kind != gsp.System {
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

// others returns the Parties of owners but the sender's own, sorted. A copy
// for a colleague, the operator or the Secretariat makes nobody a Party to the
// case.
func others(owners []registry.Owner, sender gsp.PartyID) []gsp.PartyID {
	var parties []gsp.PartyID
	for _, o := range owners {
		if o.Party != "" && o.Party != sender && !slices.Contains(parties, o.Party) {
			parties = append(parties, o.Party)
		}
	}
	slices.Sort(parties)
	return parties
}

// names lists Parties for a person to read.
func names(roll *registry.Snapshot, parties []gsp.PartyID) string {
	var s []string
	for _, p := range parties {
		s = append(s, party(roll, p))
	}
	return strings.Join(s, ", ")
}
