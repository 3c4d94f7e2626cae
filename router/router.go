// Package router is the funnel that every mail takes, whichever door it came
// in by: inspect, read, decide, post.
//
// It knows the policy and no protocol, socket, database or clock. A decision
// is a function of the roll of who is who and of the submission; its result is
// one gsp.Posting that the store makes true at once, or one gsp.Refusal, of
// which the store keeps an event and nothing of the mail.
package router

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
	"gsp.example/gsp/internal/wks"
)

// Router takes mail. All fields are required, but that without Keys none are
// taken by mail, and without Parties library@ does not hand theirs out; its
// methods may be called concurrently.
type Router struct {
	Store     Store
	Roll      func() *registry.Snapshot
	MasksOnly bool      // refuse a UIM that stands whole in the header, instead of masking it
	Random    io.Reader // unpredictable octets, for case numbers, Message-IDs and codes

	// Full is told whose mailboxes had no room for a mail that was sent to them;
	// nil for nobody. It must return at once.
	Full func(owners []string)

	// Keys opens what is sealed for keys@. Update changes the roll, as
	// registry.Registry does.
	Keys    *wks.Key
	Parties func() (gsp.Keyring, error) // the keys of all Parties, signed
	Update  func(ctx context.Context, decide func(*registry.Snapshot) (gsp.Change, error)) (gsp.Change, error)
}

// Submit takes a mail for its recipients. A Receipt means that it is stored,
// synced, and in every recipient's mailbox. The error is a *gsp.Refusal where
// the mail is the reason; anything else is our own fault.
func (r *Router) Submit(ctx context.Context, s gsp.Submission) (gsp.Receipt, error) {
	receipt, err := r.submit(ctx, s)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok {
		return gsp.Receipt{}, r.refused(ctx, s.Account, s.At, refusal)
	}
	return receipt, err
}

func (r *Router) submit(ctx context.Context, s gsp.Submission) (gsp.Receipt, error) {
	roll := r.Roll()
	s = home(roll, s)
	if slices.ContainsFunc(s.Recipients, func(a gsp.Address) bool { return Answers(roll, a) }) {
		return r.answer(ctx, roll, s)
	}
	mail, fields, err := read(roll, s.Raw)
	if err != nil {
		return gsp.Receipt{}, err
	}
	threads, err := r.threads(ctx, s.Account.Party, fields)
	if err != nil {
		return gsp.Receipt{}, err
	}
	plan, err := decide(roll, r.MasksOnly, s, mail, fields, threads)
	if err != nil {
		return r.earlier(ctx, s, mail, fields, err)
	}
	for range 8 {
		posting, err := r.compose(s, mail, fields, plan)
		if err != nil {
			return gsp.Receipt{}, err
		}
		receipt, err := r.Store.Post(ctx, posting)
		if errors.Is(err, gsp.ErrCaseTaken) {
			continue // one in thirty million and a case; draw again
		}
		return receipt, r.full(s.Sender, plan.owners, err)
	}
	return gsp.Receipt{}, fmt.Errorf("post: %w eight times", gsp.ErrCaseTaken)
}

// home returns a submission with the addresses of the domain in the place of
// those of its aliases.
func home(roll *registry.Snapshot, s gsp.Submission) gsp.Submission {
	s.Sender = roll.Home(s.Sender)
	recipients := make([]gsp.Address, len(s.Recipients))
	for i, a := range s.Recipients {
		recipients[i] = roll.Home(a)
	}
	s.Recipients = recipients
	return s
}

// Keep takes a mail that a client wants to keep: a draft or a sent copy. It
// must be sealed like any other, for keys of the directory, but its
// recipients are not its keeper's business.
func (r *Router) Keep(ctx context.Context, k gsp.Keeping) (gsp.Receipt, error) {
	receipt, err := r.keep(ctx, k)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok {
		return gsp.Receipt{}, r.refused(ctx, k.Account, k.At, refusal)
	}
	return receipt, err
}

func (r *Router) keep(ctx context.Context, k gsp.Keeping) (gsp.Receipt, error) {
	roll := r.Roll()
	mail, fields, err := read(roll, k.Raw)
	if err != nil {
		return gsp.Receipt{}, err
	}
	if err := checkKnown(roll, mail.SessionKeys(), k.At); err != nil {
		return gsp.Receipt{}, err
	}
	box, err := r.Store.Mailbox(ctx, k.Mailbox)
	if err != nil {
		return gsp.Receipt{}, fmt.Errorf("keep in mailbox: %w", err)
	}
	messageID, err := r.messageID(fields, roll.Domain())
	if err != nil {
		return gsp.Receipt{}, err
	}
	posting, err := rebuild(mail, wire.Outer{
		From: fields.From, To: fields.To, Cc: fields.Cc, Date: fields.Date,
		MessageID: messageID, InReplyTo: fields.InReplyTo, References: fields.References,
		AutoSubmitted: fields.AutoSubmitted, Type: fields.Type, Urgency: fields.Urgency, Due: fields.Due,
		Case: fields.Case, Marks: maskable(roll, fields.Claims, k.At), Received: k.At, Domain: roll.Domain(),
	})
	if err != nil {
		return gsp.Receipt{}, err
	}
	posting.Deliveries = []gsp.Delivery{{Mailbox: box.Name, Flags: k.Flags, Keywords: k.Keywords, Received: k.Received}}
	if posting.Case, err = r.keptCase(ctx, k.Account.Party, fields); err != nil {
		return gsp.Receipt{}, err
	}
	posting.Event = gsp.Event{At: k.At, Kind: gsp.MailKept, Party: k.Account.Party, Account: k.Account.ID}
	receipt, err := r.Store.Post(ctx, posting)
	if _, full := gsp.IsFull(err); full {
		err = gsp.FullRefusal()
	}
	return receipt, err
}

// read inspects a mail and reads its header.
func read(roll *registry.Snapshot, raw []byte) (sealed.Message, wire.Fields, error) {
	mail, err := sealed.Inspect(raw)
	if err != nil {
		return sealed.Message{}, wire.Fields{}, refusalOf(err)
	}
	fields, err := wire.Read(mail, roll.Domain(), roll.Aliases()...)
	return mail, fields, err
}

// threads returns the cases that a mail names or continues and that the
// sender's Party is in, the nearest first.
func (r *Router) threads(ctx context.Context, party gsp.PartyID, f wire.Fields) ([]gsp.Case, error) {
	var ids []string
	if f.Case == "" {
		ids = append(ids, f.InReplyTo...)
		for _, id := range slices.Backward(f.References) { // the nearest first
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			return nil, nil
		}
	}
	cases, err := r.Store.Cases(ctx, party, f.Case, ids)
	if err != nil {
		return nil, fmt.Errorf("look up the case: %w", err)
	}
	return cases, nil
}

// compose makes the posting of a decided mail.
func (r *Router) compose(s gsp.Submission, mail sealed.Message, f wire.Fields, p plan) (gsp.Posting, error) {
	open := p.open
	if open != nil {
		random, err := r.random32()
		if err != nil {
			return gsp.Posting{}, err
		}
		c := *open
		c.ID = gsp.NewCaseID(s.At, c.Asked[0], random)
		c.Marks = gsp.MarksDigest(p.decision.Marks)
		open, p.caseID = &c, c.ID
	}
	messageID, err := r.messageID(f, s.Sender.Domain)
	if err != nil {
		return gsp.Posting{}, err
	}
	posting, err := rebuild(mail, wire.Outer{
		From: s.Sender, To: p.to, Cc: p.cc, Date: f.Date,
		MessageID: messageID, InReplyTo: f.InReplyTo, References: f.References, AutoSubmitted: f.AutoSubmitted,
		Type: p.kind, Urgency: f.Urgency, Due: f.Due, Case: p.caseID,
		Marks: p.decision.Marks, Routing: p.decision, Received: s.At, Domain: s.Sender.Domain,
	})
	if err != nil {
		return gsp.Posting{}, err
	}
	posting.Open, posting.Settles, posting.Asks, posting.Once = open, p.settles, p.asks, once(s, mail, f)
	for _, owner := range p.owners {
		posting.Deliveries = append(posting.Deliveries, gsp.Delivery{
			Mailbox: owner.Inbox(), Party: owner.Party, Received: s.At,
		})
	}
	posting.Event = gsp.Event{
		At: s.At, Kind: gsp.MailAccepted, Party: s.Account.Party, Account: s.Account.ID,
		Peers: p.decision.Parties, Case: p.caseID, Type: p.kind, UIMs: count(p.decision.Marks),
		Pattern: p.decision.Pattern, Library: p.decision.Library,
	}
	return posting, nil
}

// rebuild makes the outer mail anew and inspects it again: the proof must
// cover the octets that are stored, not those that came in.
func rebuild(mail sealed.Message, o wire.Outer) (gsp.Posting, error) {
	stored, err := sealed.Inspect(wire.Build(o, mail))
	if err != nil {
		return gsp.Posting{}, fmt.Errorf("inspect the rebuilt mail: %w", err)
	}
	if stored.Digest() != mail.Digest() {
		return gsp.Posting{}, errors.New("rebuild the mail: its OpenPGP octets changed")
	}
	return gsp.Posting{
		Message: stored,
		Summary: gsp.Summary{Envelope: o.Envelope(), Layout: stored.Layout()},
	}, nil
}

// refused records a refusal and returns it. The door that tells it logs it.
func (r *Router) refused(ctx context.Context, a gsp.Account, at time.Time, refusal *gsp.Refusal) error {
	event := gsp.Event{At: at, Kind: gsp.MailRefused, Party: a.Party, Account: a.ID, Reason: refusal.Reason}
	if err := r.Store.Record(ctx, event); err != nil {
		return fmt.Errorf("record a refusal (%s): %w", refusal.Reason, err)
	}
	return refusal
}

func (r *Router) messageID(f wire.Fields, domain string) (string, error) {
	if f.MessageID != "" {
		return f.MessageID, nil
	}
	var b [12]byte
	if _, err := io.ReadFull(r.Random, b[:]); err != nil {
		return "", fmt.Errorf("make a Message-ID: %w", err)
	}
	return fmt.Sprintf("<%x@%s>", b, domain), nil
}

func (r *Router) random32() (uint32, error) {
	var b [4]byte
	if _, err := io.ReadFull(r.Random, b[:]); err != nil {
		return 0, fmt.Errorf("draw a case number: %w", err)
	}
	return binary.NativeEndian.Uint32(b[:]), nil
}

func count(marks []gsp.Mark) int {
	n := 0
	for _, m := range marks {
		n += m.Count
	}
	return n
}
