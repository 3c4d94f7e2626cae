package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
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
	Domain  string   // of the logins
	Aliases []string // that stand for it, in lower case

	// Login finds an account and its credential by canonical login, in memory.
	Login func(login string) (gsp.Account, gsp.Credential, bool)
	// Pin finds the account of a pinned client certificate, in memory. It is nil
	// where nobody logs in that way.
	Pin func([sha256.Size]byte) (gsp.Account, bool)

	// Secret makes the salts of logins that do not exist. It must outlive the
	// process: a salt that changes with it would tell the invented from the real.
	Secret []byte

	FreeByName    int // failures under one name from one network before the first wait, 0 for 5
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
	early     sync.Mutex // held while a password that comes in a wait is checked

	// Passwords that were right are remembered as hashes under a key that lives
	// as long as the process, because mail clients log in every few seconds. A
	// new credential makes them worthless by itself.
	key      [sha256.Size]byte
	mu       sync.Mutex
	verified map[gsp.AccountID][sha256.Size]byte
}

// NewAuthenticator returns an Authenticator.
func NewAuthenticator(o Options) *Authenticator {
	a := &Authenticator{
		o:        o,
		decoy:    NewCredential(0, NewPassword(rand.Reader), time.Time{}),
		verified: make(map[gsp.AccountID][sha256.Size]byte),
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
// disabled account and a wrong password, or gsp.TooBusy in their place after
// too many failures from one network, or from there under one login, whether
// it exists or not. The right password gets through even then, so that nobody
// can lock an officer out; it cannot be guessed, however often one may try.
func (a *Authenticator) Authenticate(_ context.Context, p peer.Peer, login, password string) (gsp.Account, error) {
	c := a.find(login)
	sum := a.sum(c.credential, canonical(password))
	if c.found && a.remembers(c.account.ID, sum) {
		a.succeed(c, p.Network)
		return c.account, nil
	}
	wait := a.mustWait(c.name, p.Network)
	if !a.check(c, password, wait != nil) {
		if wait != nil {
			return gsp.Account{}, c.told(wait)
		}
		return gsp.Account{}, a.fail(c.name, p.Network, c.told(badLogin))
	}
	a.succeed(c, p.Network)
	a.remember(c.account.ID, sum)
	return c.account, nil
}

// check reports whether the password is the candidate's. Those that come early
// are checked one at a time, so that a flood of them takes one processor at
// most and an officer among them waits for seconds, not for the whole wait.
func (a *Authenticator) check(c candidate, password string, early bool) bool {
	if early {
		a.early.Lock()
		defer a.early.Unlock()
	}
	return Check(c.credential, password) && c.found
}

// candidate is whom a login names. Where it is nobody, or nobody who may log
// in, credential is one that takes as long to check.
type candidate struct {
	name       string // canonical, or as it was written where there is no such form
	account    gsp.Account
	credential gsp.Credential
	found      bool
}

// told returns a refusal with what the operator's log says of it: which account
// it was, by its number. What was typed never stands there, since it may be a
// password in the wrong field.
func (c candidate) told(why *gsp.Refusal) *gsp.Refusal {
	private := *why
	private.Err = failure{c.account.ID, c.found}
	return &private
}

// failure is what the log says of a login that failed.
type failure struct {
	account gsp.AccountID // 0 for none of that name
	active  bool
}

func (f failure) Error() string {
	switch {
	case f.account == 0:
		return "there is no such account"
	case !f.active:
		return fmt.Sprintf("account %d is disabled", f.account)
	}
	return fmt.Sprintf("not the password of account %d", f.account)
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

// nameKey is what a name is counted under, in the network it is used from:
// what others do elsewhere is no reason to make its owner wait.
type nameKey struct {
	// The name itself may be long, and it is cut out of a message that may hold
	// a password: kept, it keeps both.
	name    [sha256.Size]byte
	network netip.Prefix
}

func keyOf(name string, network netip.Prefix) nameKey {
	return nameKey{sha256.Sum256([]byte(name)), network}
}

func (a *Authenticator) canonicalLogin(login string) (string, bool) {
	if local, domain, ok := strings.Cut(login, "@"); ok {
		if domain = strings.ToLower(domain); domain != strings.ToLower(a.o.Domain) && !slices.Contains(a.o.Aliases, domain) {
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

// remembers reports whether the account's password, by its sum, was right
// before.
func (a *Authenticator) remembers(account gsp.AccountID, sum [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.verified[account]
	return ok && hmac.Equal(known[:], sum[:])
}

func (a *Authenticator) remember(account gsp.AccountID, sum [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.verified[account]; !ok && len(a.verified) >= maxVerified {
		for other := range a.verified { // any one: it costs its owner a slower login
			delete(a.verified, other)
			break
		}
	}
	a.verified[account] = sum
}

// succeed forgives the failures behind a login that was right, the network's
// too: behind the one address of a ministry, a single forgotten program fails
// all day long.
func (a *Authenticator) succeed(c candidate, network netip.Prefix) {
	a.byName.clear(keyOf(c.name, network))
	a.byNetwork.clear(network)
}

// mustWait returns why an attempt that fails comes too early, nil if it does
// not.
func (a *Authenticator) mustWait(name string, network netip.Prefix) *gsp.Refusal {
	now := a.o.Now()
	wait, what := a.byName.wait(keyOf(name, network), now), "under this name"
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
		a.byName.add(keyOf(name, network), a.o.Now())
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
