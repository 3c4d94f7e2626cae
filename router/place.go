package router

import (
	"fmt"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wire"
)

// standing is how a mail stands to the case that it names or continues.
type standing string

// The standings.
const (
	inward    standing = "within one Party"
	first     standing = "outside a case"
	asking    standing = "by the Party that opened the case"
	answering standing = "by an asked Party to the one that opened the case"
	beside    standing = "in a case, past the Party that opened it"
)

// placing says what a mail of a standing is where its sender does not say,
// and what it may be.
type placing struct {
	inferred gsp.Type
	allowed  []gsp.Type
}

// placings is the whole rule, as docs/wire.md tells it.
var placings = map[standing]placing{
	inward:    {gsp.Notice, []gsp.Type{gsp.Notice}},
	first:     {gsp.Request, []gsp.Type{gsp.Request, gsp.Notice}},
	asking:    {gsp.FollowUp, []gsp.Type{gsp.FollowUp, gsp.Withdrawal, gsp.Notice}},
	answering: {gsp.Reply, []gsp.Type{gsp.Reply, gsp.PartialReply, gsp.DenialReply, gsp.Acknowledgement, gsp.Notice}},
	beside:    {gsp.Notice, []gsp.Type{gsp.Notice}},
}

// place finds the type of a mail and its case. threads are the cases that it
// names or continues and that the sender's Party is in, the nearest first.
func (p *plan) place(s gsp.Submission, f wire.Fields, threads []gsp.Case) error {
	known := len(threads) > 0
	if f.Case != "" && !known {
		return unknownCase(f.Case)
	}
	thread, err := p.continued(f, threads)
	if err != nil {
		return err
	}
	at := p.standing(s.Account.Party, thread)
	rule := placings[at]
	switch {
	case f.Type == "" && at == first && !known && len(f.Claims) == 0 && len(f.InReplyTo)+len(f.References) > 0:
		p.kind = gsp.Notice // answers a mail that belongs to no case, such as a notice
	case f.Type == "" && automatic(s, f) && rule.inferred.Answers():
		p.kind = gsp.Notice // a program that answers a request says so
	case f.Type == "":
		p.kind = rule.inferred
	case f.Type == gsp.Request && (at == asking || at == inward):
		p.kind = rule.inferred // a case has one request, and a Party asks itself nothing
	default:
		p.kind = f.Type
	}
	if !slices.Contains(rule.allowed, p.kind) {
		return &gsp.Refusal{
			Reason: gsp.WrongType,
			Cause:  fmt.Sprintf("a %s cannot be sent %s", p.kind, at),
			Remedy: "leave out GSP-Type and let the gateway find it, or GSP-Case too for a new request",
		}
	}
	if thread != nil {
		p.caseID, p.decision.Reason = thread.ID, "thread"
	} else if p.kind == gsp.Request {
		p.open = &gsp.Case{
			Requester: s.Account.Party, Asked: p.decision.Parties, Opened: s.At, Waiting: p.decision.Parties,
		}
	}
	switch p.kind {
	case gsp.FollowUp:
		p.asks = p.askedAnew(thread, f)
	case gsp.Reply, gsp.DenialReply:
		p.settles = []gsp.PartyID{s.Account.Party}
	case gsp.Withdrawal:
		p.settles = p.decision.Parties
	}
	return nil
}

// askedAnew returns the Parties that a follow-up puts a question to. One with
// marks asks about them, as a request does; without, it may be a word of thanks.
func (p *plan) askedAnew(thread *gsp.Case, f wire.Fields) (asked []gsp.PartyID) {
	for _, party := range p.decision.Parties {
		if len(f.Claims) > 0 && slices.Contains(thread.Asked, party) {
			asked = append(asked, party)
		}
	}
	return asked
}

// automatic reports whether a program sent the mail by itself: it says so, or
// it has no sender to answer to (RFC 3834, sections 4 and 5).
func automatic(s gsp.Submission, f wire.Fields) bool {
	return s.Sender == gsp.Address{} || f.AutoSubmitted != "" && f.AutoSubmitted != "no"
}

// continued returns the case that a mail really continues: the nearest that
// takes all its recipients. It is none where the mail refers to a case while it
// goes to others, as a forwarded question does, or leaves it by a new request.
func (p *plan) continued(f wire.Fields, threads []gsp.Case) (*gsp.Case, error) {
	if len(threads) == 0 || f.Case == "" && f.Type == gsp.Request {
		return nil, nil
	}
	for _, c := range threads {
		if len(p.outside(c)) == 0 {
			return &c, nil
		}
	}
	outside := p.outside(threads[0])
	if f.Case == "" && len(outside) == len(p.decision.Parties) {
		return nil, nil
	}
	return nil, &gsp.Refusal{
		Reason: gsp.UnknownCase,
		Cause:  fmt.Sprintf("%s is not a Party of case %s", strings.ToUpper(string(outside[0])), threads[0].ID),
		Remedy: "send it a mail of its own, without a reference to the case",
	}
}

// outside returns the Parties of the mail that are not in the case.
func (p *plan) outside(c gsp.Case) []gsp.PartyID {
	var parties []gsp.PartyID
	for _, party := range p.decision.Parties {
		if !c.Takes(party) {
			parties = append(parties, party)
		}
	}
	return parties
}

// standing compares sender and recipients with the case.
func (p *plan) standing(sender gsp.PartyID, thread *gsp.Case) standing {
	switch {
	case len(p.decision.Parties) == 0:
		return inward
	case thread == nil:
		return first
	case thread.Requester == sender:
		return asking
	case slices.Contains(p.decision.Parties, thread.Requester):
		return answering
	}
	return beside
}

// unknownCase is the refusal of a case number, in the same words whether the
// case does not exist or is another's.
func unknownCase(id gsp.CaseID) error {
	return &gsp.Refusal{
		Reason: gsp.UnknownCase,
		Cause:  fmt.Sprintf("your Party is in no case %s", id),
		Remedy: "answer the mail that you have in the case, or leave the case number out to open a new one",
	}
}

// checkRole asks whether the sender may send a mail of this type. Whoever has
// a login may write to the operator and to the Secretariat, who may answer.
func checkRole(roll *registry.Snapshot, a gsp.Account, t gsp.Type, owners []registry.Owner) error {
	if !slices.ContainsFunc(owners, func(o registry.Owner) bool { return o.Party != "" }) {
		return nil
	}
	need := []gsp.Role{gsp.Requester}
	switch {
	case t == gsp.Notice:
		need = []gsp.Role{gsp.Requester, gsp.Replier, gsp.Secretariat, gsp.Operator}
	case t.Acts():
		need = []gsp.Role{gsp.Replier}
	}
	if slices.ContainsFunc(need, func(role gsp.Role) bool { return roll.Allows(a.ID, role) }) {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  fmt.Sprintf("your account has not the role of %s, which a %s needs", need[0], t),
		Remedy: "ask your Party's administrator for the role",
	}
}
