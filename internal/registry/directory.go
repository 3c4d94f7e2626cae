package registry

import (
	"slices"
	"strconv"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// maxFormer is how many revoked certificates of an address stay published
// behind the current one.
const maxFormer = 2

// Listed is a certificate that the directory publishes.
type Listed struct {
	gsp.Certificate
	Cert *pgpcert.Cert
}

// Published returns what is published under the WKD hash of a local part: the
// certificate in force, and behind it revoked ones of other keys that were
// published before, the latest first. Who holds one of those learns so that it
// is revoked. None is of version 6: GnuPG (2.2.40) takes no certificate at all
// of an answer that has one in it, in whatever place.
func (s *Snapshot) Published(hash string) []Listed {
	local, ok := s.hashes[hash]
	if !ok {
		return nil
	}
	var all []Listed
	if c, ok := s.published[local]; ok {
		all = append(all, Listed{c, s.certs[local]})
	}
	for _, l := range s.former[local] {
		if !l.Beside() {
			all = append(all, l)
		}
	}
	return all
}

// Beside returns the certificate of version 6 that is published beside that of
// version 4 under the WKD hash of a local part, for who asks for it by name.
func (s *Snapshot) Beside(hash string) (Listed, bool) {
	l, ok := s.beside[s.hashes[hash]]
	return l, ok
}

// InForce returns the certificate of an address of that primary key, of either
// version, if it is published.
func (s *Snapshot) InForce(a gsp.Address, fingerprint string) (*pgpcert.Cert, bool) {
	for _, l := range []Listed{{s.published[a.Local], s.certs[a.Local]}, s.beside[a.Local]} {
		if l.Cert != nil && l.Address == a && l.Fingerprint == fingerprint {
			return l.Cert, true
		}
	}
	return nil, false
}

// Identified returns those certificates of Published and Beside that have a key, primary
// or not, of that fingerprint or key ID: 40, 64 or 16 digits of capital
// hexadecimal.
func (s *Snapshot) Identified(id string) []Listed {
	keyID := id
	switch len(id) {
	case 16:
	case 40, 64:
		keyID = shortened(id)
	default:
		return nil
	}
	number, err := strconv.ParseUint(keyID, 16, 64)
	if err != nil {
		return nil
	}
	var found []Listed
	for _, listed := range s.ids[number] {
		if len(id) == 16 || slices.Contains(listed.Cert.Fingerprints(), id) {
			found = append(found, listed)
		}
	}
	return found
}

// retire keeps a certificate that is no more in force, if it is revoked: one
// that was merely replaced must not be found any more.
func (s *Snapshot) retire(old Listed) {
	if !old.Cert.Revoked() {
		return
	}
	local := old.Address.Local
	kept := []Listed{old}
	for _, other := range s.former[local] {
		if other.Fingerprint != old.Fingerprint && len(kept) < maxFormer {
			kept = append(kept, other)
		}
	}
	s.former[local] = kept
}

// listFormer makes retired certificates found, but for those whose key is in
// force, since what is in force has all their revocations.
func (s *Snapshot) listFormer() {
	for local, kept := range s.former {
		kept = slices.DeleteFunc(slices.Clone(kept), func(l Listed) bool {
			return l.Fingerprint == s.published[local].Fingerprint || l.Fingerprint == s.beside[local].Fingerprint
		})
		s.former[local] = kept
		for _, old := range kept {
			s.hashes[gsp.WKDHash(local)] = local
			s.list(old)
		}
	}
}

// shortened returns the key ID of a fingerprint (RFC 9580, section 5.5.4).
func shortened(fingerprint string) string {
	if len(fingerprint) == 40 {
		return fingerprint[24:]
	}
	return fingerprint[:16]
}

// list makes a certificate found by the key IDs of its keys.
func (s *Snapshot) list(l Listed) {
	for _, fingerprint := range l.Cert.Fingerprints() {
		if id, err := strconv.ParseUint(shortened(fingerprint), 16, 64); err == nil {
			s.ids[id] = append(s.ids[id], l)
		}
	}
}

// Sharing returns another address whose certificate has a key, primary or not,
// with the key ID of one of cert's. Key IDs are how the gateway tells for whom
// a mail is sealed, so they must be one's own.
func (s *Snapshot) Sharing(cert *pgpcert.Cert) (gsp.Address, bool) {
	for _, fingerprint := range cert.Fingerprints() {
		for _, other := range s.Identified(shortened(fingerprint)) {
			if other.Address != cert.Address() {
				return other.Address, true
			}
		}
	}
	return gsp.Address{}, false
}

// Authorities returns the certificates of the role mailboxes of all registered
// Parties, by address.
func (s *Snapshot) Authorities() []Listed {
	var found []Listed
	for _, p := range s.Parties() {
		if c, ok := s.published[string(p.ID)]; ok && p.Withdrawn.IsZero() {
			found = append(found, Listed{c, s.certs[string(p.ID)]})
		}
	}
	return found
}
