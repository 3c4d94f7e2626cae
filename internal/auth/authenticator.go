package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// maxVerified bounds the logins remembered as good, about 150 octets each.
const maxVerified = 1 << 14

// Options are what an Authenticator works with.
type Options struct {
	Domain string // of the logins

	// Login finds an account and its credential by canonical login, in memory.
	Login func(login string) (gsp.Account, gsp.Credential, bool)
	// Pin finds the account of a pinned client certificate, in memory. It is nil
	// where nobody logs in that way.
	Pin func([sha256.Size]byte) (gsp.Account, bool)

	// Secret makes the salts of logins that do not exist. It must outlive the
	// process: a salt that changes with it would tell the invented from the real.
	Secret []byte

	FreeByName    int // failures under one name before the first wait, 0 for 5
	FreeByNetwork int // failures from one network before the first wait, 0 for 20
	Now           func() time.Time
}

// An Authenticator checks logins against the roll. It may be used
// concurrently. Do not copy it.
type Authenticator struct {
	o     Options
	decoy gsp.Credential // checked where there is no account, so that it takes as long

	byName    throttle[nameKey]
	byNetwork throttle[netip.Prefix]

	// What was right is remembered as hashes under a key that lives as long as
	// the process, because mail clients log in every few seconds.
	key      [sha256.Size]byte
	mu       sync.Mutex
	verified map[gsp.AccountID]verified
}

// verified is what an account has proved since the start. A new credential
// makes it worthless by itself.
type verified struct {
	credential [sha256.Size]byte // by any mechanism
	password   [sha256.Size]byte // in clear, 0 for never
}

// NewAuthenticator returns an Authenticator.
func NewAuthenticator(o Options) *Authenticator {
	a := &Authenticator{
		o:        o,
		decoy:    NewCredential(0, NewPassword(rand.Reader), time.Time{}),
		verified: make(map[gsp.AccountID]verified),
	}
	a.byName.free, a.byNetwork.free = 5, 20
	if o.FreeByName > 0 {
		a.byName.free = o.FreeByName
	}
	if o.FreeByNetwork > 0 {
		a.byNetwork.free = o.FreeByNetwork
	}
	rand.Read(a.key[:]) // never fails, by its contract
	return a
}

// Authenticate returns the account that login and password belong to. login
// is a local part, or an address at the authenticator's domain, in any case.
//
// The error is a *gsp.Refusal: gsp.BadLogin alike for an unknown login, a
// disabled account and a wrong password, or gsp.TooBusy after too many
// failures under one login, whether it exists or not, or from one network. A
// password that was right before gets through even then, so that nobody can
// lock an officer out.
func (a *Authenticator) Authenticate(_ context.Context, p peer.Peer, login, password string) (gsp.Account, error) {
	c := a.find(login)
	sum := a.sum(c.credential, canonical(password))
	if c.found && a.remembers(c, func(v verified) bool { return hmac.Equal(v.password[:], sum[:]) }) {
		a.byNetwork.clear(p.Network)
		return c.account, nil
	}
	if err := a.mustWait(c.name, p.Network); err != nil {
		return gsp.Account{}, err
	}
	if !Check(c.credential, password) || !c.found {
		return gsp.Account{}, a.fail(c.name, p.Network, badLogin)
	}
	a.succeed(c, p.Network, sum)
	return c.account, nil
}

// candidate is whom a login names. Where it is nobody, or nobody who may log
// in, credential is one that takes as long to check.
type candidate struct {
	name       string // canonical, or as it was written where there is no such form
	account    gsp.Account
	credential gsp.Credential
	found      bool
}

func (a *Authenticator) find(login string) candidate {
	name, ok := a.canonicalLogin(login)
	if !ok {
		name = login
	}
	c := candidate{name: name}
	salt := a.invent(name) // also where it is not needed, so that it takes as long
	if account, credential, known := a.o.Login(name); ok && known && len(credential.StoredKey) > 0 {
		c.account, c.credential, c.found = account, credential, account.Active()
		return c
	}
	c.credential = a.decoy
	c.credential.Salt = salt
	return c
}

// invent makes the salt of a name that does not exist, the same each time.
func (a *Authenticator) invent(name string) []byte {
	h := hmac.New(sha256.New, a.o.Secret)
	h.Write([]byte(name))
	return h.Sum(nil)[:saltSize]
}

// nameKey is what a name is counted under. The name itself may be long, and it
// is cut out of a message that may hold a password: kept, it keeps both.
type nameKey [sha256.Size]byte

func keyOf(name string) nameKey { return sha256.Sum256([]byte(name)) }

func (a *Authenticator) canonicalLogin(login string) (string, bool) {
	if local, domain, ok := strings.Cut(login, "@"); ok {
		if !strings.EqualFold(domain, a.o.Domain) {
			return "", false
		}
		login = local
	}
	return gsp.CanonicalLocal(login)
}

// sum covers the stored key, which is salted, so it is of one account and a
// new credential forgets the old password by itself.
func (a *Authenticator) sum(c gsp.Credential, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, a.key[:])
	h.Write(c.StoredKey) // of fixed length, so nothing slides between the fields
	h.Write([]byte(password))
	h.Sum(sum[:0])
	return sum
}

// remembers reports whether the account has proved its present credential
// before, in the way that same asks for.
func (a *Authenticator) remembers(c candidate, same func(verified) bool) bool {
	a.mu.Lock()
	v, ok := a.verified[c.account.ID]
	a.mu.Unlock()
	credential := a.sum(c.credential, "")
	return ok && hmac.Equal(v.credential[:], credential[:]) && same(v)
}

// succeed notes a login that was right. password is the zero sum where the
// password itself did not come. The network is forgiven too: behind the one
// address of a ministry, a single forgotten program fails all day long.
func (a *Authenticator) succeed(c candidate, network netip.Prefix, password [sha256.Size]byte) {
	a.byName.clear(keyOf(c.name))
	a.byNetwork.clear(network)
	now := verified{credential: a.sum(c.credential, ""), password: password}
	a.mu.Lock()
	defer a.mu.Unlock()
	old, ok := a.verified[c.account.ID]
	if !ok && len(a.verified) >= maxVerified {
		for other := range a.verified { // any one: it costs its owner a slower login
			delete(a.verified, other)
			break
		}
	}
	if password == [sha256.Size]byte{} && old.credential == now.credential {
		now.password = old.password
	}
	a.verified[c.account.ID] = now
}

// mustWait returns why an attempt comes too early, nil if it does not.
func (a *Authenticator) mustWait(name string, network netip.Prefix) error {
	now := a.o.Now()
	wait, what := a.byName.wait(keyOf(name), now), "under this name"
	if network.IsValid() {
		if w := a.byNetwork.wait(network, now); w > wait {
			wait, what = w, "from your network"
		}
	}
	if wait <= 0 {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.TooBusy,
		Cause:  "too many failed logins " + what,
		Remedy: fmt.Sprintf("try again after %s UTC, with the password from your credential sheet",
			now.Add(wait+time.Second).UTC().Format(time.TimeOnly)),
	}
}

// fail counts a failure and returns why.
func (a *Authenticator) fail(name string, network netip.Prefix, why *gsp.Refusal) error {
	if name != "" {
		a.byName.add(keyOf(name), a.o.Now())
	}
	if network.IsValid() {
		a.byNetwork.add(network, a.o.Now())
	}
	return why
}

// What a login is refused for. badLogin says the same whatever was wrong.
var (
	badLogin = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "login or password is wrong",
		Remedy: "copy both from your credential sheet, dashes included, or ask your administrator for a new password",
	}
	notThisConnection = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "the login is not bound to this connection as it should be, so somebody may stand in between",
		Remedy: "try it from another network, and tell your administrator if it happens again",
	}
	otherIdentity = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "acting for another account is not possible here",
		Remedy: "leave the authorisation identity empty",
	}
	unreadableLogin = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "the login cannot be read",
		Remedy: "correct the program that sent it",
	}
	unknownPin = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "the certificate of this connection belongs to no account",
		Remedy: "ask your administrator to register its public key",
	}
)
