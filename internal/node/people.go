package node

import (
	"fmt"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/keyserver"
	"gsp.example/gsp/router"
)

// people answers the doors' questions from the roll as it is now.
type people struct {
	*auth.Authenticator
	registry *registry.Registry
}

// Sender reports whether the account may send as the address: its own only,
// so that nobody writes in another's name.
func (p people) Sender(id gsp.AccountID, from gsp.Address) error {
	roll := p.registry.Snapshot()
	account, _ := roll.AccountByID(id)
	own := roll.Address(account.Login)
	switch {
	case !account.Active():
		return &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  "your account is disabled",
			Remedy: "ask your Party's administrator",
		}
	case from == own:
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.WrongSender,
		Cause:  fmt.Sprintf("%s is not the address of your login, which is %s", from, own),
		Remedy: fmt.Sprintf("choose %s as the sender of this mail", own),
	}
}

// Recipient reports whether mail can be sent to the address.
func (p people) Recipient(to gsp.Address) error {
	roll := p.registry.Snapshot()
	if to == roll.Address(registry.RouteLocal) || router.Answers(roll, to) {
		return nil
	}
	if _, ok := roll.Owner(to); !ok {
		return router.UnknownRecipient(to)
	}
	return nil
}

// Shelves returns the mailboxes' owners that the account may open now.
func (p people) Shelves(id gsp.AccountID) []gsp.Shelf { return p.registry.Snapshot().Shelves(id) }

// Published answers the Web Key Directory. The roll keeps no earlier
// certificates yet.
func (p people) Published(hash string) []keyserver.Entry {
	roll := p.registry.Snapshot()
	c, ok := roll.Published(hash)
	if !ok {
		return nil
	}
	return []keyserver.Entry{entry(roll, c)}
}

// Identified answers look-ups by fingerprint and key ID.
func (p people) Identified(id string) (entries []keyserver.Entry) {
	roll := p.registry.Snapshot()
	for _, cert := range roll.Identified(id) {
		if c, ok := roll.Certificate(cert.Address()); ok {
			entries = append(entries, entry(roll, c))
		}
	}
	return entries
}

// Authorities returns the keys of all Parties.
func (p people) Authorities() (entries []keyserver.Entry) {
	roll := p.registry.Snapshot()
	for _, c := range roll.Authorities() {
		entries = append(entries, entry(roll, c))
	}
	return entries
}

func entry(roll *registry.Snapshot, c gsp.Certificate) keyserver.Entry {
	cert, _ := roll.Cert(c.Address)
	return keyserver.Entry{
		Certificate: c, UserID: cert.UserID(), Algorithm: cert.Algorithm(), Bits: cert.Bits(),
		Created: cert.Created(), Expires: cert.Expires(), Revoked: cert.Revoked(),
	}
}
