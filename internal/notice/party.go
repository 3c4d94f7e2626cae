package notice

import (
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// authority is a competent authority as a mail shows it.
type authority struct {
	Party       gsp.PartyID `json:"party"`
	Name        string      `json:"name"`
	Region      gsp.PartyID `json:"region,omitzero"`
	Address     string      `json:"address"`
	Fingerprint string      `json:"fingerprint,omitzero"` // "" without a key that is valid

	cert *pgpcert.Cert // nil without one
}

// authorityOf returns the competent authority of a registered Party.
func authorityOf(roll *registry.Snapshot, id gsp.PartyID, at time.Time) (authority, bool) {
	owner, ok := roll.Authority(id)
	if !ok {
		return authority{}, false
	}
	p, _ := roll.Party(id)
	a := authority{Party: id, Name: p.Name, Region: p.Parent, Address: owner.Address.String()}
	if cert, ok := roll.Cert(owner.Address); ok && roll.Sealable(owner.Address, at) {
		a.cert, a.Fingerprint = cert, cert.Fingerprint()
	}
	return a, true
}

// called names a Party for a person: "KE (Kenya)".
func called(roll *registry.Snapshot, id gsp.PartyID) string {
	code := strings.ToUpper(string(id))
	if p, ok := roll.Party(id); ok {
		return fmt.Sprintf("%s (%s)", code, p.Name)
	}
	return code
}

// publicKey is a certificate as a file (RFC 3156, section 7).
func publicKey(cert *pgpcert.Cert) Attachment {
	return Attachment{Name: cert.Address().Local + ".asc", Type: "application/pgp-keys", Body: pgpcert.Armor(cert.Bytes())}
}
