package auth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// The mechanisms, as they are named on the wire.
const (
	scramPlus = "SCRAM-SHA-256-PLUS" // RFC 5802, RFC 7677
	scramBare = "SCRAM-SHA-256"
	plain     = "PLAIN"    // RFC 4616
	external  = "EXTERNAL" // RFC 4422, appendix A
)

// Mechanisms returns the SASL mechanisms (RFC 4422) that p may log in with,
// the strongest first. EXTERNAL is among them only where p has shown the
// pinned certificate of an account, so that no client picks it in vain.
func (a *Authenticator) Mechanisms(p peer.Peer) []string {
	all := []string{scramBare, plain}
	if bound(p) {
		all = slices.Insert(all, 0, scramPlus)
	}
	if _, ok := a.pinned(p); ok {
		all = append(all, external)
	}
	return all
}

// Exchange begins a login by a mechanism, whose name is in capitals. It is
// false for one that is not among Mechanisms(p). loggedIn is called, once, at
// its success.
//
// Each error of the exchange is a *gsp.Refusal as Authenticate has them, also
// where a message cannot be read. A login that is bound to another connection,
// or to none although it could be, is refused with a cause that says so.
func (a *Authenticator) Exchange(mechanism string, p peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool) {
	if !slices.Contains(a.Mechanisms(p), mechanism) {
		return nil, false
	}
	switch mechanism {
	case plain:
		return &oneMessage{func(message string) (gsp.Account, error) { return a.plain(p, message) }, loggedIn}, true
	case external:
		return &oneMessage{func(message string) (gsp.Account, error) { return a.external(p, message) }, loggedIn}, true
	}
	s := &scramExchange{a: a, loggedIn: loggedIn}
	s.scram = scram{
		plus:    mechanism == scramPlus,
		offered: bound(p),
		peer:    p,
		find: func(name string) gsp.Credential {
			s.candidate = a.find(name)
			return s.candidate.credential
		},
	}
	return s, true
}

// bound reports whether a login can be bound to the connection at all.
func bound(p peer.Peer) bool {
	return slices.ContainsFunc(peer.Bindings, func(name string) bool {
		_, ok := p.Binding(name)
		return ok
	})
}

// oneMessage is an exchange of one message of the client, which comes after an
// empty challenge where it did not come at once.
type oneMessage struct {
	check    func(message string) (gsp.Account, error)
	loggedIn func(gsp.Account)
}

// Next implements sasl.Server.
func (o *oneMessage) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil {
		return []byte{}, false, nil
	}
	account, err := o.check(string(response))
	if err != nil {
		return nil, true, err
	}
	o.loggedIn(account)
	return nil, true, nil
}

func (a *Authenticator) plain(p peer.Peer, message string) (gsp.Account, error) {
	parts := strings.Split(message, "\x00")
	if len(parts) != 3 || parts[1] == "" {
		return gsp.Account{}, a.fail("", p.Network, unreadableLogin)
	}
	if identity := parts[0]; identity != "" && !a.same(identity, parts[1]) {
		return gsp.Account{}, a.fail("", p.Network, otherIdentity)
	}
	return a.Authenticate(context.Background(), p, parts[1], parts[2])
}

func (a *Authenticator) external(p peer.Peer, identity string) (gsp.Account, error) {
	account, ok := a.pinned(p)
	switch {
	case !ok: // any more
		return gsp.Account{}, a.fail("", p.Network, unknownPin)
	case identity != "" && !a.same(identity, account.Login):
		return gsp.Account{}, a.fail("", p.Network, otherIdentity)
	}
	a.byNetwork.clear(p.Network)
	return account, nil
}

// pinned returns the account whose certificate p has shown.
func (a *Authenticator) pinned(p peer.Peer) (gsp.Account, bool) {
	if a.o.Pin == nil {
		return gsp.Account{}, false
	}
	pin, ok := p.Pin()
	if !ok {
		return gsp.Account{}, false
	}
	account, ok := a.o.Pin(pin)
	return account, ok && account.Active()
}

// same reports whether two names mean one login.
func (a *Authenticator) same(one, other string) bool {
	x, ok1 := a.canonicalLogin(one)
	y, ok2 := a.canonicalLogin(other)
	return ok1 && ok2 && x == y
}

// scramExchange leads a client through SCRAM.
type scramExchange struct {
	scram
	a         *Authenticator
	candidate candidate
	step      int
	loggedIn  func(gsp.Account)
}

// Next implements sasl.Server.
func (s *scramExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil && s.step == 0 {
		return []byte{}, false, nil
	}
	s.step++
	var text string
	switch s.step {
	case 1:
		text, err = s.first(string(response))
		if err == nil && s.identity != "" && !s.a.same(s.identity, s.name) {
			err = errIdentity
		}
	case 2:
		text, err = s.prove(string(response))
	case 3:
		// The client has checked that it speaks to whom it meant.
		if len(response) > 0 {
			err = errMalformed
			break
		}
		s.a.succeed(s.candidate, s.peer.Network)
		s.loggedIn(s.candidate.account)
		return nil, true, nil
	default:
		err = errMalformed
	}
	if err != nil {
		s.step = 3
		return nil, true, s.refuse(err)
	}
	return []byte(text), false, nil
}

// prove checks the client's proof. The right one never waits.
func (s *scramExchange) prove(message string) (string, error) {
	verifier, err := s.final(message)
	if err == nil && s.candidate.found {
		return verifier, nil
	}
	if wait := s.a.mustWait(s.candidate.name, s.peer.Network); wait != nil {
		return "", s.candidate.told(wait)
	}
	if err == nil {
		err = errProof
	}
	return "", err
}

// refuse counts a failure and says why.
func (s *scramExchange) refuse(err error) error {
	if _, told := errors.AsType[*gsp.Refusal](err); told {
		return err // to wait
	}
	why := badLogin
	switch {
	case errors.Is(err, errMalformed):
		why = unreadableLogin
	case errors.Is(err, errDowngrade), errors.Is(err, errBinding):
		why = notThisConnection
	case errors.Is(err, errIdentity):
		why = otherIdentity
	}
	return s.a.fail(s.candidate.name, s.peer.Network, s.candidate.told(why))
}
