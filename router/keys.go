package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// takeKey takes a mail to keys@: a public key to be published, sealed or not, or
// the answer to a challenge (draft-koch-openpgp-webkey-service-22, section 4).
// Whoever writes may hand in keys of his own address, and an administrator the
// Party's too. Nothing of the mail is kept but the key.
func (r *Router) takeKey(ctx context.Context, e errand) (gsp.Receipt, error) {
	mail, err := r.Keys.Read(e.Raw)
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
	}
	if len(mail.Keys) == 0 {
		return gsp.Receipt{}, unknownCode()
	}
	return r.handIn(ctx, e, mail.Keys)
}

func unknownCode() error {
	return &gsp.Refusal{
		Reason: gsp.UnknownCode,
		Cause:  "the code in this mail was used, has ended, or is not of your account",
		Remedy: "wait for the mail that tells what became of your key, or send the key to this address again",
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
	var (
		offer   registry.Offer
		outcome notice.KeyOutcome
	)
	_, err = r.Update(ctx, func(roll *registry.Snapshot) (c gsp.Change, err error) {
		if offer, err = offered(roll, e, keys); err != nil {
			return gsp.Change{}, err
		}
		outcome = outcomes[offer.Kind]
		if offer.Kind != registry.NewKey {
			return roll.Publish(offer, roll.Address(e.Account.Login).String(), e.At), nil
		}
		q, ok := roll.Request(offer.Owner.Address)
		if ok && !q.Confirmed.IsZero() && bytes.Equal(q.Bytes, offer.Cert.Bytes()) {
			outcome = notice.KeyWaits
			return gsp.Change{}, nil
		}
		return roll.HandIn(offer, e.Account, wks.Digest(code), e.At), nil
	})
	if err != nil {
		return gsp.Receipt{}, err
	}
	roll := r.Roll()
	language := roll.Language(e.Sender)
	if outcome != "" {
		return r.tellKey(ctx, e, offer, notice.KeyDecided(language, offer.Cert, outcome))
	}
	challenge, err := wks.Challenge(e.Recipients[0], offer.Cert, code, e.At)
	if err != nil {
		return gsp.Receipt{}, err
	}
	content := notice.KeyChallenge(language, offer.Cert, code, e.At.Add(registry.CodeLasts))
	content.Attachments = []notice.Attachment{{Type: wks.MediaType, Body: challenge, Plain: true}}
	content.Fields = []sealed.Field{{Name: "Wks-Draft-Version", Value: wks.DraftVersion}, {Name: "Wks-Phase", Value: "confirm"}}
	return r.tellKey(ctx, e, offer, content)
}

// outcomes says what became of an offer that was not new.
var outcomes = map[registry.OfferKind]notice.KeyOutcome{
	registry.SameKey: notice.KeySame, registry.LaterKey: notice.KeyRenewed,
	registry.Revocation: notice.KeyRevoked, registry.PastRevoked: notice.KeyRevoked,
}

// offered returns the first of some keys that may be published for one of the
// addresses that the sender may hand in keys for. The error is that of the first
// one for the sender's own.
func offered(roll *registry.Snapshot, e errand, keys [][]byte) (registry.Offer, error) {
	var first error = &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  "your account is disabled, or your Party has withdrawn",
		Remedy: "ask the Secretariat",
	}
	for i, owner := range roll.MayHandIn(e.Account) {
		for j, key := range keys {
			offer, err := roll.Offer(owner, key, e.At)
			if err == nil {
				return offer, nil
			}
			if i == 0 && j == 0 || wrongAddress(first) && !wrongAddress(err) {
				first = err // of a key for the Party, its own fault says more
			}
		}
	}
	return registry.Offer{}, first
}

func wrongAddress(err error) bool {
	refusal, ok := errors.AsType[*gsp.Refusal](err)
	return ok && refusal.Reason == gsp.WrongKeyAddress
}

// proveKey takes a code that came back, once.
func (r *Router) proveKey(ctx context.Context, e errand, digest [32]byte) (gsp.Receipt, error) {
	var (
		request gsp.KeyRequest
		outcome = notice.KeyWaits
	)
	_, err := r.Update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		q, ok := roll.Challenged(e.Account.ID, digest, e.At)
		if !ok {
			return gsp.Change{}, unknownCode() // it came back twice at the same moment
		}
		request = q
		c, published, err := roll.Prove(q, e.At)
		if published {
			outcome = notice.KeyPublished
		}
		return c, err
	})
	if err != nil {
		return gsp.Receipt{}, err
	}
	roll := r.Roll()
	if outcome == notice.KeyWaits {
		for _, n := range notice.KeyPending(roll, request) {
			// An administrator without a key sees it with: gsp key pending.
			if _, err := r.Notify(ctx, n, e.At); err != nil && !refused(err) {
				return gsp.Receipt{}, err
			}
		}
	}
	offer, err := roll.Requested(request)
	if err != nil {
		return gsp.Receipt{}, err
	}
	if outcome == notice.KeyPublished {
		if err := r.tellReplaced(ctx, e, offer.Owner); err != nil {
			return gsp.Receipt{}, err
		}
	}
	return r.tellKey(ctx, e, offer, decided(roll, e.Sender, offer, outcome))
}

// tellReplaced tells whoever has the key before that there is another one: the
// login that handed it in may be a thief's.
func (r *Router) tellReplaced(ctx context.Context, e errand, owner registry.Owner) error {
	roll := r.Roll()
	former, ok := roll.Replaced(owner, e.At)
	if !ok {
		return nil
	}
	e.once, e.Account = gsp.Once{}, gsp.Account{} // it is no answer to the mail
	_, err := r.tellKey(ctx, e, former, notice.KeyDecided(roll.Language(owner.Address), former.Cert, notice.KeyReplaced))
	return err
}

func refused(err error) bool {
	_, ok := errors.AsType[*gsp.Refusal](err)
	return ok
}

// decided writes what became of an offer. The last mail of the protocol says so
// in its header (section 4).
func decided(roll *registry.Snapshot, to gsp.Address, offer registry.Offer, outcome notice.KeyOutcome) notice.Content {
	content := notice.KeyDecided(roll.Language(to), offer.Cert, outcome)
	if outcome == notice.KeyPublished {
		content.Fields = []sealed.Field{{Name: "Wks-Draft-Version", Value: wks.DraftVersion}, {Name: "Wks-Phase", Value: "done"}}
	}
	return content
}

// DecidedKey tells the owner of a certificate that waited what became of it.
func (r *Router) DecidedKey(ctx context.Context, q gsp.KeyRequest, published bool, at time.Time) error {
	roll := r.Roll()
	offer, err := roll.Requested(q)
	if err != nil {
		return err
	}
	e := errand{Submission: gsp.Submission{Recipients: []gsp.Address{roll.Address(registry.KeysLocal)}, At: at}}
	outcome := notice.KeyRejected
	if published {
		outcome = notice.KeyPublished
		if err := r.tellReplaced(ctx, e, offer.Owner); err != nil {
			return err
		}
	}
	_, err = r.tellKey(ctx, e, offer, decided(roll, q.Address, offer, outcome))
	return err
}

// tellKey posts a mail to who handed a certificate in, or else to its owner. It
// is sealed for that certificate, which may not be published yet. What is revoked is told under another one of
// the address, or not at all: the receipt then says that it is done.
func (r *Router) tellKey(ctx context.Context, e errand, offer registry.Offer, content notice.Content) (gsp.Receipt, error) {
	roll := r.Roll()
	if offer.Cert.Usable(e.At) != nil {
		current, ok := roll.Cert(offer.Owner.Address)
		if !ok || current.Usable(e.At) != nil {
			return gsp.Receipt{Done: true}, nil
		}
		offer.Cert = current
	}
	messageID, err := r.messageID(wire.Fields{}, roll.Domain())
	if err != nil {
		return gsp.Receipt{}, err
	}
	l := notice.Letter{
		From: e.Recipients[0], To: offer.Owner.Address, At: e.At, MessageID: messageID,
		InReplyTo: e.fields.MessageID, References: chain(e.fields), AutoSubmitted: "auto-replied", Content: content,
	}
	mail, err := l.Seal(offer.Cert)
	if err != nil {
		return gsp.Receipt{}, err
	}
	own := offer.Cert.EncryptionKeys()
	for _, k := range mail.SessionKeys() {
		fits := false
		for _, key := range own {
			fits = fits || key.Fits(k) && key.Valid(e.At)
		}
		if !fits {
			return gsp.Receipt{}, fmt.Errorf("seal for %s: the mail is for another key", offer.Owner.Address)
		}
	}
	posting, err := rebuild(mail, l.Outer())
	if err != nil {
		return gsp.Receipt{}, err
	}
	inbox := offer.Owner.Inbox()
	if e.Account.ID != 0 { // an administrator may not read the Party's mailbox
		inbox = gsp.Inbox(e.Account.Login)
	}
	posting.Deliveries = []gsp.Delivery{{Mailbox: inbox, Received: e.At}}
	posting.Once, posting.Reserve = e.once, true
	posting.Event = gsp.Event{At: e.At, Kind: gsp.NoticeSent, Party: offer.Owner.Party, Account: offer.Owner.Account}
	receipt, err := r.Store.Post(ctx, posting)
	receipt.Answered = err == nil
	return receipt, err
}
