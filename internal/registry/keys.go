package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// OfferKind is what a certificate that is handed in would be.
type OfferKind string

// The kinds of offers.
const (
	NewKey      OfferKind = "new"        // of another key than what is published
	SameKey     OfferKind = "same"       // says nothing new
	LaterKey    OfferKind = "later"      // a later copy of what is published
	Revocation  OfferKind = "revocation" // of what is published, or of a part of it
	PastRevoked OfferKind = "past"       // revocation of what was published before, or waits
)

// Offer is a certificate that is handed in for an address, as it would be
// published.
type Offer struct {
	Owner Owner
	Cert  *pgpcert.Cert
	Kind  OfferKind
}

// Offer reads a certificate, or a revocation alone, that is handed in for an
// address. What the owner ever revoked stays revoked. The error is a
// *gsp.Refusal.
func (s *Snapshot) Offer(o Owner, b []byte, now time.Time) (Offer, error) {
	known := s.past[o.Address.Local]
	if beside, ok := s.beside[o.Address.Local]; ok {
		known = append([]Listed{beside}, known...)
	}
	if published, ok := s.published[o.Address.Local]; ok {
		known = append([]Listed{{published, s.certs[o.Address.Local]}}, known...)
	}
	if q, ok := s.Request(o.Address); ok { // which its owner may have to revoke
		c := gsp.Certificate{Address: q.Address, Fingerprint: q.Fingerprint, Bytes: q.Bytes, Published: q.HandedIn, Withdrawn: q.HandedIn}
		if cert, err := pgpcert.Load(c, s.aliases...); err == nil {
			known = append(slices.Clone(known), Listed{c, cert})
		}
	}
	for _, l := range known {
		if l.Address != o.Address {
			continue
		}
		cert, err := l.Cert.Merge(b, now)
		if errors.Is(err, pgpcert.ErrOtherKey) {
			continue
		}
		if err != nil {
			return Offer{}, err
		}
		return s.again(Offer{Owner: o, Cert: cert}, l, now)
	}
	cert, err := pgpcert.Read(b, o.Address, now, s.aliases...)
	if errors.Is(err, pgpcert.ErrVersion) && s.Sealable(o.Address, now) {
		// Most programs of today need one of version 4, so that comes first.
		cert, err = pgpcert.ReadBeside(b, o.Address, now, s.aliases...)
	}
	if err != nil {
		return Offer{}, err
	}
	return s.unshared(Offer{o, cert, NewKey})
}

// again says what a later copy of a certificate is that is or was published.
func (s *Snapshot) again(o Offer, known Listed, now time.Time) (Offer, error) {
	local := o.Owner.Address.Local
	inForce := known.Withdrawn.IsZero() && (s.certs[local] == known.Cert || s.beside[local].Cert == known.Cert)
	switch {
	case inForce && o.Cert == known.Cert, !inForce && o.Cert == known.Cert && o.Cert.Revoked():
		o.Kind = SameKey
		return o, nil
	case !inForce && o.Cert.Revoked():
		o.Kind = PastRevoked
		return o, nil
	case inForce && revokes(o.Cert, known.Cert):
		o.Kind = Revocation
		return o, nil
	}
	if err := o.Cert.Usable(now); err != nil {
		return Offer{}, err
	}
	o.Kind = LaterKey
	if !inForce {
		o.Kind = NewKey
	}
	return s.unshared(o)
}

// revokes reports whether a later copy takes something out of use.
func revokes(later, earlier *pgpcert.Cert) bool {
	if later.Revoked() {
		return true
	}
	before := earlier.EncryptionKeys()
	return slices.ContainsFunc(later.EncryptionKeys(), func(k pgpcert.EncryptionKey) bool {
		return k.Revoked && slices.ContainsFunc(before, func(b pgpcert.EncryptionKey) bool { return b.KeyID == k.KeyID && !b.Revoked })
	})
}

// unshared refuses a certificate of which another address has a key.
func (s *Snapshot) unshared(o Offer) (Offer, error) {
	other, shared := s.Sharing(o.Cert)
	for _, k := range o.Cert.EncryptionKeys() {
		if former, ok := s.ended[k.KeyID]; ok && former.Owner != o.Owner.Address {
			other, shared = former.Owner, true
		}
	}
	for _, q := range s.requests {
		if q.Address != o.Owner.Address && q.Fingerprint == o.Cert.Fingerprint() {
			other, shared = q.Address, true
		}
	}
	if shared {
		return Offer{}, &gsp.Refusal{
			Reason: gsp.KeyInUse,
			Cause:  fmt.Sprintf("a key of this certificate belongs to %s already", other),
			Remedy: "make a key of its own for each address",
		}
	}
	return o, nil
}

// CodeLasts is how long the code is good that proves who has a key.
const CodeLasts = 48 * time.Hour

// Request returns the certificate that waits for an address.
func (s *Snapshot) Request(a gsp.Address) (gsp.KeyRequest, bool) {
	q, ok := s.requests[a.Local]
	return q, ok && q.Address == a
}

// Requests returns the certificates that wait, by address.
func (s *Snapshot) Requests() []gsp.KeyRequest {
	return sorted(s.requests, func(a, b gsp.KeyRequest) int { return strings.Compare(a.Address.Local, b.Address.Local) })
}

// Requested returns what a certificate that waited is, or would be. It may be
// published by now.
func (s *Snapshot) Requested(q gsp.KeyRequest) (Offer, error) {
	cert, err := pgpcert.Load(gsp.Certificate{Address: q.Address, Fingerprint: q.Fingerprint, Bytes: q.Bytes}, s.aliases...)
	if err != nil {
		return Offer{}, fmt.Errorf("load the certificate that waits for %s: %w", q.Address, err)
	}
	owner, ok := s.Owner(q.Address)
	if !ok {
		return Offer{}, fmt.Errorf("find who has %s: %w", q.Address, gsp.ErrNotFound)
	}
	return Offer{owner, cert, NewKey}, nil
}

// Replaced returns the certificate of an address that the published one took the
// place of, if it can still be sealed for.
func (s *Snapshot) Replaced(o Owner, at time.Time) (Offer, bool) {
	for _, l := range s.past[o.Address.Local] {
		if l.Address == o.Address && l.Replaced && l.Withdrawn.Equal(s.published[o.Address.Local].Published) {
			return Offer{o, l.Cert, SameKey}, l.Cert.Usable(at) == nil
		}
	}
	return Offer{}, false
}

// Challenged returns the certificate that waits for a code of that digest to
// come back from an account.
func (s *Snapshot) Challenged(by gsp.AccountID, digest [sha256.Size]byte, at time.Time) (gsp.KeyRequest, bool) {
	for _, q := range s.requests {
		if q.Account == by && q.Nonce == digest && q.Confirmed.IsZero() && at.Before(q.Until) {
			return q, true
		}
	}
	return gsp.KeyRequest{}, false
}

// MayHandIn returns for whom an account may hand in a certificate by mail: for
// itself, and an administrator for the Party too.
func (s *Snapshot) MayHandIn(a gsp.Account) []Owner {
	var owners []Owner
	if own, ok := s.Owner(s.Address(a.Login)); ok {
		owners = append(owners, own)
	}
	if authority, ok := s.Authority(a.Party); ok && s.Allows(a.ID, gsp.Administrator) {
		owners = append(owners, authority)
	}
	return owners
}

// HandIn takes a new certificate that waits for the code of that digest to come
// back. One that waited before is given up.
func (s *Snapshot) HandIn(o Offer, by gsp.Account, digest [sha256.Size]byte, now time.Time) gsp.Change {
	q := gsp.KeyRequest{
		Address: o.Owner.Address, Fingerprint: o.Cert.Fingerprint(), Bytes: o.Cert.Bytes(), Account: by.ID, HandedIn: now,
		Nonce: digest, Until: now.Add(CodeLasts),
	}
	c := gsp.Change{Requests: []gsp.KeyRequest{q}}
	who := s.Address(by.Login).String()
	s.abandon(&c, q.Address, q.Fingerprint, who, now)
	return record(c, q.Address, gsp.HandedIn, who, q.Fingerprint, now)
}

// admit publishes the certificate of a request, if it still may be.
func (s *Snapshot) admit(c gsp.Change, q gsp.KeyRequest, by string, now time.Time) (gsp.Change, error) {
	owner, ok := s.Owner(q.Address)
	if !ok {
		return gsp.Change{}, &gsp.Refusal{
			Reason: gsp.UnknownAccount,
			Cause:  fmt.Sprintf("%s is not in use any more", q.Address),
			Remedy: "see the accounts with: gsp account list",
		}
	}
	o, err := s.Offer(owner, q.Bytes, now)
	if err != nil {
		return gsp.Change{}, err
	}
	published := s.Publish(o, by, now)
	c.Certificates, c.Events = published.Certificates, published.Events
	q.Ended = now
	c.Requests = []gsp.KeyRequest{q}
	c.History = append(c.History, published.History...)
	return c, nil
}

// Publish puts what was offered into the directory, for whatever reason it may
// be there. Nothing changes for what says nothing new.
func (s *Snapshot) Publish(o Offer, by string, now time.Time) gsp.Change {
	published := gsp.Certificate{Address: o.Owner.Address, Fingerprint: o.Cert.Fingerprint(), Bytes: o.Cert.Bytes(), Published: now}
	event := gsp.Event{At: now, Kind: gsp.KeyPublished, Party: o.Owner.Party, Account: o.Owner.Account}
	act := gsp.PublishedKey
	switch o.Kind {
	case SameKey:
		return gsp.Change{}
	case PastRevoked:
		published.Withdrawn = now
		act, event.Kind = gsp.RevokedKey, gsp.KeyWithdrawn
	case Revocation:
		act, event.Kind = gsp.RevokedKey, gsp.KeyWithdrawn
	case LaterKey:
		act = gsp.RenewedKey
	}
	c := gsp.Change{Certificates: []gsp.Certificate{published}, Events: []gsp.Event{event}}
	if q, ok := s.Request(o.Owner.Address); ok && (act == gsp.PublishedKey || q.Fingerprint == published.Fingerprint) {
		s.abandon(&c, q.Address, published.Fingerprint, by, now)
		q.Ended = now
		c.Requests = append(c.Requests, q)
	}
	return record(c, o.Owner.Address, act, by, published.Fingerprint, now)
}

// Withdraw adds to a change that the directory has no key of an address any
// more, and that none waits for it.
func (s *Snapshot) Withdraw(c *gsp.Change, o Owner, by string, now time.Time) {
	for _, cert := range []gsp.Certificate{s.published[o.Address.Local], s.beside[o.Address.Local].Certificate} {
		if cert.Address != o.Address {
			continue
		}
		cert.Withdrawn = now
		c.Certificates = append(c.Certificates, cert)
		c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.KeyWithdrawn, Party: o.Party, Account: o.Account})
		*c = record(*c, o.Address, gsp.WithdrawnKey, by, cert.Fingerprint, now)
	}
	if q, ok := s.Request(o.Address); ok {
		s.abandon(c, o.Address, "", by, now)
		q.Ended = now
		c.Requests = append(c.Requests, q)
	}
}

// abandon records that what waits for an address is given up, unless it is of
// that fingerprint.
func (s *Snapshot) abandon(c *gsp.Change, a gsp.Address, but, by string, now time.Time) {
	if q, ok := s.Request(a); ok && q.Fingerprint != but {
		*c = record(*c, a, gsp.AbandonedKey, by, q.Fingerprint, now)
	}
}

// record adds a line to the history of an address.
func record(c gsp.Change, a gsp.Address, act gsp.KeyAct, by, fingerprint string, now time.Time) gsp.Change {
	c.History = append(c.History, gsp.KeyRecord{Address: a, At: now, Act: act, By: by, Fingerprint: fingerprint})
	return c
}
