package node

import (
	"fmt"
	"time"

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
	parties  *parties
}

// Sender reports whether the account may send as the address: its own only,
// so that nobody writes in another's name.
func (p people) Sender(id gsp.AccountID, from gsp.Address) error {
	roll := p.registry.Snapshot()
	account, _ := roll.AccountByID(id)
	own, from := roll.Address(account.Login), roll.Home(from)
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

// Recipient reports whether mail can be sent to the address. One whose owner has
// left is refused by the router, as long as the same mail may have reached it
// before: its sender, who may have missed the 250, gets that again.
func (p people) Recipient(to gsp.Address) error {
	roll := p.registry.Snapshot()
	to = roll.Home(to)
	if to == roll.Address(registry.RouteLocal) || router.Answers(roll, to) {
		return nil
	}
	if _, ok := roll.Owner(to); !ok && !roll.Left(to, time.Now().Add(-router.OnceFor)) {
		return router.UnknownRecipient(to)
	}
	return nil
}

// Shelves returns the mailboxes' owners that the account may open now.
func (p people) Shelves(id gsp.AccountID) []gsp.Shelf { return p.registry.Snapshot().Shelves(id) }

// Published answers the Web Key Directory of the domain or an alias.
func (p people) Published(domain, hash string) []keyserver.Entry {
	listed := p.registry.Snapshot().Published(hash)
	list := make([]keyserver.Entry, 0, len(listed))
	for _, l := range listed {
		if l.Bytes = l.Cert.For(domain); l.Bytes != nil {
			list = append(list, entry(l))
		}
	}
	return list
}

// Besides answers an index by address.
func (p people) Besides(domain, hash string) []keyserver.Entry {
	l, ok := p.registry.Snapshot().Beside(hash)
	if !ok || l.Cert.For(domain) == nil {
		return nil
	}
	return []keyserver.Entry{entry(l)}
}

// Identified answers look-ups by fingerprint and key ID.
func (p people) Identified(id string) []keyserver.Entry {
	return entries(p.registry.Snapshot().Identified(id))
}

// Parties returns the keys of all Parties.
func (p people) Parties() (gsp.Keyring, error) { return p.parties.keyring() }

func entries(listed []registry.Listed) []keyserver.Entry {
	list := make([]keyserver.Entry, 0, len(listed))
	for _, l := range listed {
		list = append(list, entry(l))
	}
	return list
}

func entry(l registry.Listed) keyserver.Entry {
	return keyserver.Entry{
		Certificate: l.Certificate, UserID: l.Cert.UserID(), Algorithm: l.Cert.Algorithm(), Bits: l.Cert.Bits(),
		Created: l.Cert.Created(), Expires: l.Cert.Expires(), Revoked: l.Cert.Revoked(),
	}
}
