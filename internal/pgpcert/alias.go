package pgpcert

import (
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// span is where a user ID with its signatures stands in a certificate.
type span struct {
	domain   string // of the user ID, "" where the gateway has it no more
	from, to int
}

// For returns the certificate as the Web Key Directory of a domain serves it:
// with the user ID at that domain alone, since clients must drop others
// (draft-koch-openpgp-webkey-service-22, section 3.1). It is nil where there is
// none. What it returns is not to be changed.
func (c *Cert) For(domain string) []byte {
	if c.spans == nil {
		if domain != c.address.Domain {
			return nil
		}
		return c.octets
	}
	if !slices.ContainsFunc(c.spans, func(s span) bool { return s.domain == domain }) {
		return nil
	}
	var b []byte
	at := 0
	for _, s := range c.spans {
		b = append(b, c.octets[at:s.from]...)
		if s.domain == domain {
			b = append(b, c.octets[s.from:s.to]...)
		}
		at = s.to
	}
	return append(b, c.octets[at:]...)
}

// spans returns where in the octets of t its user IDs are, nil for a single one.
func (t *transferable) spans(addr gsp.Address, aliases []string) []span {
	if len(t.userIDs) == 1 {
		return nil
	}
	all := make([]span, 0, len(t.userIDs))
	at := t.primary.size()
	for _, u := range t.userIDs {
		s := span{from: at, to: at + u.size()}
		for _, domain := range append([]string{addr.Domain}, aliases...) {
			if names(u.userID, gsp.Address{Local: addr.Local, Domain: domain}) {
				s.domain = domain
			}
		}
		all, at = append(all, s), s.to
	}
	return all
}

// size is how many octets a component and its signatures have.
func (c component) size() int {
	n := len(c.octets)
	for _, s := range c.sigs {
		n += len(s.octets)
	}
	return n
}
