package router

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// Answers reports whether mail to the address is a question that the gateway
// answers itself, from public data, or a key for the directory. It need not be
// sealed. Keys are taken by mail where keys@ has a key of its own.
func Answers(roll *registry.Snapshot, to gsp.Address) bool {
	switch to {
	case roll.Address(registry.ResolveLocal), roll.Address(registry.LibraryLocal):
		return true
	case roll.Address(registry.KeysLocal):
		_, ok := roll.Cert(to)
		return ok
	}
	return false
}

// answer answers a question to resolve@ or library@ by one mail in the sender's
// own INBOX, sealed for the key in the directory. Nothing of the question is
// stored but its Message-ID; of its body nothing is read.
func (r *Router) answer(ctx context.Context, roll *registry.Snapshot, s gsp.Submission) (gsp.Receipt, error) {
	f, err := readQuestion(roll, s)
	if err != nil {
		return gsp.Receipt{}, err
	}
	once := questionOnce(s, f)
	if once != (gsp.Once{}) {
		receipt, known, err := r.Store.Posted(ctx, once.Key, s.At)
		if err != nil {
			return gsp.Receipt{}, fmt.Errorf("look for an earlier answer: %w", err)
		}
		if known {
			receipt.Answered = true
			return receipt, nil
		}
	}
	if s.Recipients[0].Local == registry.KeysLocal {
		return r.takeKey(ctx, errand{s, f, once})
	}
	content, err := r.content(roll, s, f)
	if err != nil {
		return gsp.Receipt{}, err
	}
	messageID, err := r.messageID(wire.Fields{}, roll.Domain())
	if err != nil {
		return gsp.Receipt{}, err
	}
	posting, err := letter(roll, notice.Letter{
		From: s.Recipients[0], To: s.Sender, At: s.At, MessageID: messageID,
		InReplyTo: f.MessageID, References: chain(f), AutoSubmitted: "auto-replied", Content: content,
	})
	if err != nil {
		return gsp.Receipt{}, err
	}
	_, version := roll.Library()
	posting.Reserve = false // who may ask any number of times cannot use up what is for notices
	posting.Once = once
	posting.Event = gsp.Event{
		At: s.At, Kind: gsp.QueryAnswered, Party: s.Account.Party, Account: s.Account.ID, Library: version,
	}
	receipt, err := r.Store.Post(ctx, posting)
	receipt.Answered = err == nil
	if _, full := gsp.IsFull(err); full {
		err = gsp.FullRefusal()
	}
	return receipt, err
}

// Notify puts a notice into its recipient's INBOX, once. The error is a
// *gsp.Refusal where nothing can be sealed for the recipient, nobody receives
// there, or even the reserve of the mailbox is used up; no event is recorded of it.
func (r *Router) Notify(ctx context.Context, n notice.Notice, at time.Time) (gsp.Receipt, error) {
	receipt, known, err := r.Store.Posted(ctx, n.Key, at)
	if err != nil {
		return gsp.Receipt{}, fmt.Errorf("look for an earlier notice: %w", err)
	}
	if known {
		return receipt, nil
	}
	posting, err := noticed(r.Roll(), n, at)
	if err != nil {
		return gsp.Receipt{}, err
	}
	receipt, err = r.Store.Post(ctx, posting)
	if _, full := gsp.IsFull(err); full {
		err = gsp.FullRefusal()
	}
	return receipt, err
}

// noticed makes the posting of a notice.
func noticed(roll *registry.Snapshot, n notice.Notice, at time.Time) (gsp.Posting, error) {
	posting, err := letter(roll, notice.Letter{
		From: cmp.Or(n.From, roll.Address(registry.PostmasterLocal)), To: n.To, At: at,
		MessageID:     fmt.Sprintf("<%x@%s>", n.Key[:12], roll.Domain()),
		AutoSubmitted: "auto-generated", Case: n.Case, Content: n.Content(roll.Language(n.To)),
	})
	if err != nil {
		return gsp.Posting{}, err
	}
	owner, _ := roll.Owner(n.To)
	posting.Once = gsp.Once{Key: n.Key, Until: at.Add(noticeFor)}
	posting.Event = gsp.Event{At: at, Kind: gsp.NoticeSent, Party: owner.Party, Account: owner.Account, Case: n.Case}
	return posting, nil
}

// reply makes the posting of a mail of keys@ to the sender of a mail.
func (r *Router) reply(roll *registry.Snapshot, e errand, content notice.Content) (gsp.Posting, error) {
	messageID, err := r.messageID(wire.Fields{}, roll.Domain())
	if err != nil {
		return gsp.Posting{}, err
	}
	posting, err := letter(roll, notice.Letter{
		From: roll.Address(registry.KeysLocal), To: e.Sender, At: e.At, MessageID: messageID,
		InReplyTo: e.fields.MessageID, References: chain(e.fields), AutoSubmitted: e.automation(), Content: content,
	})
	if err != nil {
		return gsp.Posting{}, err
	}
	owner, _ := roll.Owner(e.Sender)
	posting.Once = e.once
	posting.Event = gsp.Event{At: e.At, Kind: gsp.NoticeSent, Party: owner.Party, Account: owner.Account}
	return posting, nil
}

// noticeFor is how long a notice is known again: longer than any of its causes
// can last.
const noticeFor = 400 * 24 * time.Hour

// letter makes the posting of a mail that the gateway writes. It is held against
// the directory's keys like any other.
func letter(roll *registry.Snapshot, l notice.Letter) (gsp.Posting, error) {
	owner, ok := roll.Owner(l.To)
	if !ok {
		return gsp.Posting{}, UnknownRecipient(l.To)
	}
	cert, ok := roll.Cert(l.To)
	if !ok || !roll.Sealable(l.To, l.At) {
		return gsp.Posting{}, &gsp.Refusal{
			Reason: gsp.NoKey,
			Cause:  fmt.Sprintf("the directory has no key of %s that is valid now, so no answer can be sealed for it", l.To),
			Remedy: "give the public part of your OpenPGP key to your Party's administrator, and ask again once it is published",
		}
	}
	mail, err := l.Seal(cert)
	if err != nil {
		return gsp.Posting{}, err
	}
	if err := checkSeal(roll, l.To, []registry.Owner{owner}, nil, mail.SessionKeys(), l.At); err != nil {
		return gsp.Posting{}, err
	}
	posting, err := rebuild(mail, l.Outer())
	if err != nil {
		return gsp.Posting{}, err
	}
	posting.Deliveries = []gsp.Delivery{{Mailbox: owner.Inbox(), Received: l.At}}
	posting.Reserve = true
	return posting, nil
}

// readQuestion reads the header of a question and refuses one that may not be
// answered.
func readQuestion(roll *registry.Snapshot, s gsp.Submission) (wire.Fields, error) {
	to := s.Recipients[slices.IndexFunc(s.Recipients, func(a gsp.Address) bool { return Answers(roll, a) })]
	if len(s.Recipients) > 1 {
		return wire.Fields{}, &gsp.Refusal{
			Reason: gsp.SoleRecipient,
			Cause:  fmt.Sprintf("%s answers by itself and takes no other recipient beside it", to),
			Remedy: fmt.Sprintf("send one mail to %s and another to the others", to),
		}
	}
	header, err := sealed.Fields(s.Raw)
	if err != nil {
		return wire.Fields{}, refusalOf(err)
	}
	f, err := wire.ReadFields(header, roll.Domain(), roll.Aliases()...)
	if err != nil {
		return wire.Fields{}, err
	}
	// Two programs that answer each other would never end (RFC 3834, section 2).
	if automatic(s, f) {
		return wire.Fields{}, &gsp.Refusal{
			Reason: gsp.Automatic,
			Cause:  fmt.Sprintf("this is an automatic mail, and %s answers none", to),
			Remedy: "leave out the header field Auto-Submitted if a person or a system asks",
		}
	}
	// gpg-wks-client writes the address of the key into From, which an
	// administrator hands in for the Party too.
	handsIn := func(o registry.Owner) bool { return to.Local == registry.KeysLocal && o.Address == f.From }
	if !slices.ContainsFunc(roll.MayHandIn(s.Account), handsIn) {
		if err := checkSender(s, f); err != nil {
			return wire.Fields{}, err
		}
	}
	asks := func(role gsp.Role) bool { return roll.Allows(s.Account.ID, role) }
	if to.Local == registry.ResolveLocal && !asks(gsp.Requester) && !asks(gsp.Replier) {
		return wire.Fields{}, &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  fmt.Sprintf("your account has neither the role of requester nor that of replier, which %s asks for", to),
			Remedy: "ask your Party's administrator for the role",
		}
	}
	return f, nil
}

// triedAgain is how long a mail to keys@ without a Message-ID is known again: a
// key that was given up meanwhile may be handed in by the same octets.
const triedAgain = time.Hour

// questionOnce makes a question that was sent again known. It is no digest of
// the mail: the codes in its header could be found from that by trying. A
// question without a Message-ID is answered each time, but for a mail to keys@:
// gpg-wks-client writes none, and who sends a code again, not having heard the
// answer, must not be told that it was used.
func questionOnce(s gsp.Submission, f wire.Fields) gsp.Once {
	if f.MessageID == "" && s.Recipients[0].Local == registry.KeysLocal {
		digest := sha256.Sum256(append([]byte(s.Sender.String()+"\n"), s.Raw...))
		return gsp.Once{Key: digest, Until: s.At.Add(triedAgain)}
	}
	if f.MessageID == "" {
		return gsp.Once{}
	}
	lines := []string{"question", s.Sender.String(), s.Recipients[0].String(), f.MessageID, f.Date.UTC().Format(time.RFC3339)}
	return gsp.Once{Key: sha256.Sum256([]byte(strings.Join(lines, "\n"))), Until: s.At.Add(OnceFor)}
}

// content writes the answer.
func (r *Router) content(roll *registry.Snapshot, s gsp.Submission, f wire.Fields) (notice.Content, error) {
	language := roll.Language(s.Sender)
	to := s.Recipients[0]
	if to.Local == registry.LibraryLocal {
		var ring gsp.Keyring
		if r.Parties != nil {
			var err error
			if ring, err = r.Parties(); err != nil {
				return notice.Content{}, err
			}
		}
		return notice.Library(roll, language, ring, s.At), nil
	}
	if len(f.Claims) == 0 {
		return notice.Content{}, &gsp.Refusal{
			Reason: gsp.NoUIM,
			Cause:  fmt.Sprintf("%s says whose a UIM is, and this mail has none that the gateway can see", to),
			Remedy: "write the UIM or its mask into GSP-UIM or as [uim ...] into a subject that is not encrypted",
		}
	}
	library, _ := roll.Library()
	answers := make([]pattern.Answer, len(f.Claims))
	for i, claim := range f.Claims {
		answers[i] = library.Resolve(claim.UIM, s.At)
		if r.MasksOnly && !masked(claim, answers[i]) {
			return notice.Content{}, unmasked(i+1, answers[i].Mask)
		}
	}
	return notice.Resolved(roll, language, f.Claims, answers, s.At), nil
}

// masked reports whether a claim shows no more than a mask of the library
// does. Of what fits nothing it cannot be told and is let pass.
func masked(claim gsp.Claim, a pattern.Answer) bool {
	return len(a.Candidates) == 0 || slices.ContainsFunc(a.Candidates, func(c pattern.Candidate) bool {
		return c.Mask == claim.UIM.Reveal()
	})
}

// unmasked is the refusal of the n-th UIM, which shows more than its mask.
func unmasked(n int, mask string) error {
	return &gsp.Refusal{
		Reason: gsp.UnmaskedUIM,
		Cause:  fmt.Sprintf("UIM %d of this mail shows more than the gateway needs to know", n),
		Remedy: fmt.Sprintf("write %s in the header and the whole code in the sealed text", mask),
	}
}

// chain is the References of an answer (RFC 5322, section 3.6.4).
func chain(f wire.Fields) []string {
	ids := f.References
	if len(ids) == 0 && len(f.InReplyTo) == 1 {
		ids = f.InReplyTo
	}
	if f.MessageID != "" {
		ids = append(slices.Clone(ids), f.MessageID)
	}
	return ids
}
