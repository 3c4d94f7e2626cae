package registry

import (
	"slices"
	"strconv"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// Identified returns the published certificates that have a key, primary or
// not, of that fingerprint or key ID: 40, 64 or 16 digits of capital
// hexadecimal.
func (s *Snapshot) Identified(id string) []*pgpcert.Cert {
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
	var found []*pgpcert.Cert
	for _, local := range s.ids[number] {
		cert := s.certs[local]
		if len(id) == 16 || slices.Contains(cert.Fingerprints(), id) {
			found = append(found, cert)
		}
	}
	return found
}

// shortened returns the key ID of a fingerprint (RFC 9580, section 5.5.4).
func shortened(fingerprint string) string {
	if len(fingerprint) == 40 {
		return fingerprint[24:]
	}
	return fingerprint[:16]
}

// addIDs makes cert found by the key IDs of its keys.
func (s *Snapshot) addIDs(local string, cert *pgpcert.Cert) {
	for _, fingerprint := range cert.Fingerprints() {
		id, err := strconv.ParseUint(shortened(fingerprint), 16, 64)
		if err == nil && !slices.Contains(s.ids[id], local) {
			s.ids[id] = append(s.ids[id], local)
		}
	}
}

// Sharing returns another address whose certificate has a key, primary or not,
// with the key ID of one of cert's. Key IDs are how the gateway tells for whom
// a mail is sealed, so they must be one's own.
func (s *Snapshot) Sharing(cert *pgpcert.Cert) (gsp.Address, bool) {
	for _, fingerprint := range cert.Fingerprints() {
		for _, other := range s.Identified(shortened(fingerprint)) {
			if other.Address() != cert.Address() {
				return other.Address(), true
			}
		}
	}
	return gsp.Address{}, false
}

// Authorities returns the certificates of the role mailboxes of all registered
// Parties, by address.
func (s *Snapshot) Authorities() []gsp.Certificate {
	var found []gsp.Certificate
	for _, p := range s.Parties() {
		if c, ok := s.published[string(p.ID)]; ok && p.Withdrawn.IsZero() {
			found = append(found, c)
		}
	}
	return found
}
