package registry

import (
	"crypto/sha256"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// Former is an encryption key that the directory had and has no more.
type Former struct {
	Key

	// Until is until when mail that is sealed for it is still accepted: it was
	// replaced, and programs learn of the new one within days. It is zero for
	// one that was revoked or withdrawn, which somebody else may have.
	Until time.Time

	primary string // fingerprint
}

// Accepted reports whether mail that is sealed for the key is accepted at a
// time.
func (f Former) Accepted(at time.Time) bool { return at.Before(f.Until) && f.Valid(at) }

// maxPast is how many certificates of an address are known that were replaced
// or withdrawn, so that their owner can revoke them and nobody bring them back.
const maxPast = 10

// end takes note of a certificate that is in force no more.
func (s *Snapshot) end(old Listed) {
	local := old.Address.Local
	for _, k := range old.Cert.EncryptionKeys() {
		former := Former{Key: Key{old.Address, k}, primary: old.Fingerprint}
		if old.Replaced {
			former.Until = old.Withdrawn.Add(s.overlap)
		}
		s.ended[k.KeyID] = former
	}
	kept := []Listed{old}
	for _, other := range s.past[local] {
		if other.Fingerprint != old.Fingerprint && len(kept) < maxPast {
			kept = append(kept, other)
		}
	}
	s.past[local] = kept
	s.retire(old)
}

// endOverlaps refuses replaced keys at once whose owner has revoked them since,
// or has no key in force any more.
func (s *Snapshot) endOverlaps() {
	for id, former := range s.ended {
		local := former.Owner.Local
		current, inForce := s.certs[local]
		revoked := func(l Listed) bool { return l.Fingerprint == former.primary && l.Cert.Revoked() }
		if !former.Until.IsZero() && (!inForce || current.Revoked() || slices.ContainsFunc(s.past[local], revoked)) {
			former.Until = time.Time{}
			s.ended[id] = former
		}
	}
}

// Former returns the key that a session key is for, of those that the directory
// has no more.
func (s *Snapshot) Former(k sealed.SessionKey) (Former, bool) {
	f, ok := s.ended[k.KeyID]
	if ok && !f.Fits(k) {
		f.Until = time.Time{} // told as its owner's, and not accepted
	}
	return f, ok
}

// Known reports whether an address has or had a certificate, or one waits for it.
func (s *Snapshot) Known(a gsp.Address) bool {
	_, published := s.Certificate(a)
	_, waits := s.Request(a)
	return published || waits || len(s.past[a.Local]) > 0
}

// earlier returns what was published for an address of that primary key.
func (s *Snapshot) earlier(a gsp.Address, fingerprint string) (Listed, bool) {
	for _, l := range s.past[a.Local] {
		if l.Fingerprint == fingerprint && l.Address == a {
			return l, true
		}
	}
	return Listed{}, false
}

// maxAnswer bounds an answer of the directory, in octets.
const maxAnswer = 64 << 10

// Answer returns all that the Web Key Directory answers for an address, nil for
// nothing.
func (s *Snapshot) Answer(a gsp.Address) []byte {
	var body []byte
	for i, l := range s.Published(gsp.WKDHash(a.Local)) {
		octets := l.Cert.For(a.Domain)
		if i > 0 && len(body)+len(octets) > maxAnswer {
			break
		}
		body = append(body, octets...)
	}
	return body
}

// digest returns the SHA-256 of what is answered after an act, zero for nothing.
func (s *Snapshot) digest(r gsp.KeyRecord) [sha256.Size]byte {
	body := s.Answer(r.Address)
	if (gsp.Certificate{Fingerprint: r.Fingerprint}).Beside() {
		body = nil
		if l := s.beside[r.Address.Local]; l.Fingerprint == r.Fingerprint {
			body = l.Bytes
		}
	}
	if len(body) == 0 {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(body)
}
