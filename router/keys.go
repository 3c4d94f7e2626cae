package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
	"gsp.example/gsp/internal/wks"
)

// errand is a mail to keys@ with what its answers need.
type errand struct {
	gsp.Submission
	fields wire.Fields
	once   gsp.Once
}

// automation is the value of Auto-Submitted for what tells of the errand: it has
// no mail where somebody else's act is told (RFC 3834, section 5).
func (e errand) automation() string {
	if len(e.Raw) == 0 {
		return "auto-generated"
	}
	return "auto-replied"
}

// takeKey takes a mail to keys@: a public key to be published, sealed or not,
// the answer to a challenge (draft-koch-openpgp-webkey-service-22, section 4), a
// decision on a key that waits, or the word to take one out of use. Whoever writes may hand in keys of his own
// address, and an administrator the Party's too. Nothing of the mail is kept but
// the key.
func (r *Router) takeKey(ctx context.Context, e errand) (gsp.Receipt, error) {
	sender, _ := r.Roll().Cert(e.Sender)
	mail, err := r.Keys.Read(e.Raw, sender, e.At)
	if _, broken := errors.AsType[*sealed.Fault](err); broken {
		return gsp.Receipt{}, refusalOf(err)
	}
	if err != nil {
		return gsp.Receipt{}, err
	}
	for _, code := range mail.Codes {
		digest := wks.Digest(code)
		if _, ok := r.Roll().Challenged(e.Account.ID, digest, e.At); ok {
			return r.proveKey(ctx, e, digest)
		}
		if _, ok := r.Roll().Decidable(e.Account.ID, digest, e.At); ok {
			return r.decideKey(ctx, e, digest, mail)
		}
	}
	switch {
	case len(mail.Keys) > 0:
	case mail.Decision.Verdict == wks.Revoke:
		return r.takeOut(ctx, e, mail)
	default:
		return gsp.Receipt{}, unknownCode()
	}
	receipt, err := r.handIn(ctx, e, mail.Keys)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok && refusal.Reason == gsp.PrivateKey {
		// Whoever has no key to seal for reads it in the refusal.
		if _, err := r.Notify(ctx, notice.KeySecret(e.Sender, e.Recipients[0], e.At), e.At); err != nil && !refused(err) {
			return gsp.Receipt{}, err
		}
	}
	return receipt, err
}

func unknownCode() error {
	return &gsp.Refusal{
		Reason: gsp.UnknownCode,
		Cause:  "the code in this mail was used, has ended, or is not of your account",
		Remedy: "wait for the mail that tells what became of the key, or send your key to this address again",
	}
}

func refused(err error) bool {
	_, ok := errors.AsType[*gsp.Refusal](err)
	return ok
}

// change makes a change that answers a mail, with the answer in the same
// transaction: after a crash both are there, or neither, and the mail can be sent
// again. decide returns both; where the mail was answered before, it is not
// asked.
func (r *Router) change(ctx context.Context, e errand, decide decision) (receipt gsp.Receipt, err error) {
	err = r.update(ctx, func(roll *registry.Snapshot, full []string) (c gsp.Change, err error) {
		if e.once != (gsp.Once{}) { // no other Update can answer it meanwhile
			if receipt, _, err = r.Store.Posted(ctx, e.once.Key, e.At); err != nil {
				return gsp.Change{}, fmt.Errorf("look for an earlier answer: %w", err)
			}
		}
		if receipt.Earlier {
			receipt.Answered = true
			return gsp.Change{}, nil
		}
		if c, err = decide(roll, full); err != nil {
			return gsp.Change{}, err
		}
		receipt = gsp.Receipt{Answered: len(c.Letters) > 0, Done: len(c.Letters) == 0}
		return c, nil
	})
	if err != nil {
		return gsp.Receipt{}, err
	}
	return receipt, nil
}

// decision makes a change from a state, without mails to the owners whose
// mailboxes have no room.
type decision func(roll *registry.Snapshot, full []string) (gsp.Change, error)

// update changes the roll. Whose mailbox has no room is not written to, so that
// nobody's stops the others; where the change needs that mail, it is refused.
func (r *Router) update(ctx context.Context, decide decision) error {
	var full []string
	for {
		_, err := r.Update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) { return decide(roll, full) })
		owners, ok := gsp.IsFull(err)
		if !ok {
			return err
		}
		if slices.ContainsFunc(owners, func(owner string) bool { return slices.Contains(full, owner) }) {
			return gsp.FullRefusal()
		}
		full = append(full, owners...)
	}
}

// handIn takes the first of some keys that can be published. A new one is
// challenged; a later copy of the published one, or its revocation, counts at
// once, since only who has the private key can make it.
func (r *Router) handIn(ctx context.Context, e errand, keys [][]byte) (gsp.Receipt, error) {
	code, err := wks.NewCode(r.Random)
	if err != nil {
		return gsp.Receipt{}, err
	}
	return r.change(ctx, e, func(roll *registry.Snapshot, full []string) (c gsp.Change, err error) {
		offer, err := offered(roll, e, keys)
		if err != nil {
			return gsp.Change{}, err
		}
		language := roll.Language(e.Sender)
		q, waits := roll.Request(offer.Owner.Address)
		var content notice.Content
		switch {
		case offer.Kind != registry.NewKey:
			c = roll.Publish(offer, e.Sender.String(), e.At)
			content = notice.KeyDecided(language, offer.Cert, outcomes[offer.Kind], "", "")
		case waits && !q.Confirmed.IsZero() && bytes.Equal(q.Bytes, offer.Cert.Bytes()):
			content = notice.KeyDecided(language, offer.Cert, notice.KeyWaits, "", "")
		default:
			c = roll.HandIn(offer, e.Account, wks.Digest(code), e.At)
			challenge, err := wks.Challenge(e.Recipients[0], offer.Cert, code, e.At)
			if err != nil {
				return gsp.Change{}, err
			}
			content = notice.KeyChallenge(language, offer.Cert, code, e.At.Add(registry.CodeLasts))
			content.Attachments = []notice.Attachment{{Type: wks.MediaType, Body: challenge, Plain: true}}
			content.Fields = phase("confirm")
			full = nil // without the code nothing can come of it
		}
		c.Letters, err = r.tellKey(roll, e, offer, content)
		c.Letters = gsp.WithRoom(c.Letters, full)
		return c, err
	})
}

// phase are the fields by which clients know the mails of the protocol.
func phase(name string) []sealed.Field {
	return []sealed.Field{{Name: "Wks-Draft-Version", Value: wks.DraftVersion}, {Name: "Wks-Phase", Value: name}}
}

// outcomes says what became of an offer that was not new.
var outcomes = map[registry.OfferKind]notice.KeyOutcome{
	registry.SameKey: notice.KeySame, registry.LaterKey: notice.KeyRenewed,
	registry.Revocation: notice.KeyRevoked, registry.PastRevoked: notice.KeyRevoked,
}

// offered returns the first of some keys that may be published for one of the
// addresses that the sender may hand in keys for. The error is that of the first
// one for the sender's own, but a private key among them is told before all: it
// went over the network and must be given up.
func offered(roll *registry.Snapshot, e errand, keys [][]byte) (registry.Offer, error) {
	var first error = &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  "your account is disabled, or your Party has withdrawn",
		Remedy: "ask the Secretariat",
	}
	var good []registry.Offer
	for i, owner := range roll.MayHandIn(e.Account) {
		for j, key := range keys {
			offer, err := roll.Offer(owner, key, e.At)
			switch {
			case err == nil:
				good = append(good, offer)
			case refusedAs(err, gsp.PrivateKey):
				return registry.Offer{}, err
			case i == 0 && j == 0, refusedAs(first, gsp.WrongKeyAddress) && !refusedAs(err, gsp.WrongKeyAddress):
				first = err // of a key for the Party, its own fault says more
			}
		}
	}
	if len(good) > 0 {
		return good[0], nil
	}
	return registry.Offer{}, first
}

func refusedAs(err error, reason gsp.Reason) bool {
	refusal, ok := errors.AsType[*gsp.Refusal](err)
	return ok && refusal.Reason == reason
}

// proveKey takes a code that came back, once.
func (r *Router) proveKey(ctx context.Context, e errand, digest [32]byte) (gsp.Receipt, error) {
	return r.change(ctx, e, func(roll *registry.Snapshot, full []string) (gsp.Change, error) {
		q, ok := roll.Challenged(e.Account.ID, digest, e.At)
		if !ok {
			return gsp.Change{}, unknownCode() // it came back twice at the same moment
		}
		offer, err := roll.Requested(q)
		if err != nil {
			return gsp.Change{}, err
		}
		c, published, err := roll.Prove(q, e.At)
		if err != nil {
			return gsp.Change{}, err
		}
		content := notice.KeyDecided(roll.Language(e.Sender), offer.Cert, notice.KeyWaits, "", "")
		if published {
			content = notice.KeyDecided(roll.Language(e.Sender), offer.Cert, notice.KeyPublished, "", "")
			content.Fields = phase("done")
		} else if c.Letters, err = r.ask(ctx, roll, &c.Requests[0], full, e.At); err != nil {
			return gsp.Change{}, err
		}
		answer, err := r.tellKey(roll, e, offer, content)
		c.Letters = gsp.WithRoom(append(c.Letters, answer...), full)
		return c, err
	})
}

// tellKey returns the mail about a certificate to who handed it in, or else to
// its owner. It is sealed for that certificate, which may not be published yet.
// What is revoked is told under another one of the address, or not at all: there
// is no mail then.
func (r *Router) tellKey(roll *registry.Snapshot, e errand, offer registry.Offer, content notice.Content) ([]gsp.Posting, error) {
	if offer.Cert.Usable(e.At) != nil {
		current, ok := roll.Cert(offer.Owner.Address)
		if !ok || current.Usable(e.At) != nil || current.Fingerprint() == offer.Cert.Fingerprint() {
			return nil, nil
		}
		offer.Cert = current
	}
	messageID, err := r.messageID(wire.Fields{}, roll.Domain())
	if err != nil {
		return nil, err
	}
	l := notice.Letter{
		From: roll.Address(registry.KeysLocal), To: offer.Owner.Address, At: e.At, MessageID: messageID,
		InReplyTo: e.fields.MessageID, References: chain(e.fields), AutoSubmitted: e.automation(), Content: content,
	}
	mail, err := l.Seal(offer.Cert)
	if err != nil {
		return nil, err
	}
	if err := sealedFor(mail, offer, e.At); err != nil {
		return nil, err
	}
	posting, err := rebuild(mail, l.Outer())
	if err != nil {
		return nil, err
	}
	inbox := offer.Owner.Inbox()
	if e.Account.ID != 0 { // an administrator may not read the Party's mailbox
		inbox = gsp.Inbox(e.Account.Login)
	}
	posting.Deliveries = []gsp.Delivery{{Mailbox: inbox, Received: e.At}}
	posting.Once, posting.Reserve = e.once, true
	posting.Event = gsp.Event{At: e.At, Kind: gsp.NoticeSent, Party: offer.Owner.Party, Account: offer.Owner.Account}
	return []gsp.Posting{posting}, nil
}

// sealedFor holds a mail against the certificate that it was sealed for.
func sealedFor(mail sealed.Message, offer registry.Offer, at time.Time) error {
	own, at := offer.Cert.EncryptionKeys(), offer.Cert.From(at)
	for _, k := range mail.SessionKeys() {
		fits := false
		for _, key := range own {
			fits = fits || key.Fits(k) && key.Valid(at)
		}
		if !fits {
			return fmt.Errorf("seal for %s: the mail is for another key", offer.Owner.Address)
		}
	}
	return nil
}
