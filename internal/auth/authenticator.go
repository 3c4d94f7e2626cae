package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// maxVerified bounds the logins remembered as good, about 100 octets each.
const maxVerified = 1 << 14

// An Authenticator checks logins against the roll. It may be used
// concurrently. Do not copy it.
type Authenticator struct {
	lookup func(login string) (gsp.Account, gsp.Credential, bool)
	domain string
	now    func() time.Time
	decoy  gsp.Credential // checked where there is no account, so that it takes as long

	failures throttle

	// A password that was right is remembered as a hash under a key that lives
	// as long as the process, because mail clients log in every few seconds.
	key      [sha256.Size]byte
	mu       sync.Mutex
	verified map[gsp.AccountID][sha256.Size]byte
}

// NewAuthenticator returns an Authenticator for the logins of domain. lookup
// finds an account and its credential by canonical login, in memory; now is
// the clock.
func NewAuthenticator(domain string, lookup func(login string) (gsp.Account, gsp.Credential, bool), now func() time.Time) *Authenticator {
	a := &Authenticator{
		lookup:   lookup,
		domain:   strings.ToLower(domain),
		now:      now,
		decoy:    NewCredential(0, NewPassword(rand.Reader), time.Time{}),
		verified: make(map[gsp.AccountID][sha256.Size]byte),
	}
	rand.Read(a.key[:]) // never fails, by its contract
	return a
}

// Authenticate returns the account that login and password belong to. login
// is a local part, or an address at the authenticator's domain, in any case.
//
// The error is a *gsp.Refusal: gsp.BadLogin alike for an unknown login, a
// disabled account and a wrong password, or gsp.TooBusy after too many
// failures under one login, whether it exists or not. A password that was
// right before gets through even then, so that nobody can lock an officer out.
func (a *Authenticator) Authenticate(_ context.Context, login, password string) (gsp.Account, error) {
	name, ok := a.canonicalLogin(login)
	account, credential, found := gsp.Account{}, a.decoy, false
	if ok {
		if acc, cred, known := a.lookup(name); known && len(cred.StoredKey) > 0 {
			account, credential, found = acc, cred, acc.Active()
		}
	}

	if a.remembers(account.ID, credential, password) && found {
		return account, nil
	}
	if wait := a.failures.wait(name, a.now()); wait > 0 {
		return gsp.Account{}, tooManyFailures(wait)
	}
	if !Check(credential, password) || !found {
		a.failures.add(name, a.now())
		return gsp.Account{}, &gsp.Refusal{
			Reason: gsp.BadLogin,
			Cause:  "login or password is wrong",
			Remedy: "copy both from your credential sheet, or ask your administrator for a new password",
		}
	}
	a.failures.clear(name)
	a.remember(account.ID, credential, password)
	return account, nil
}

func (a *Authenticator) canonicalLogin(login string) (string, bool) {
	if local, domain, ok := strings.Cut(login, "@"); ok {
		if !strings.EqualFold(domain, a.domain) {
			return "", false
		}
		login = local
	}
	return gsp.CanonicalLocal(login)
}

// fingerprint covers the stored key, which is salted, so it is of one account
// and a new credential forgets the old password by itself.
func (a *Authenticator) fingerprint(c gsp.Credential, password string) [sha256.Size]byte {
	h := hmac.New(sha256.New, a.key[:])
	h.Write(c.StoredKey) // of fixed length, so nothing slides between the fields
	h.Write([]byte(canonical(password)))
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

func (a *Authenticator) remembers(id gsp.AccountID, c gsp.Credential, password string) bool {
	sum := a.fingerprint(c, password)
	a.mu.Lock()
	known, ok := a.verified[id]
	a.mu.Unlock()
	return hmac.Equal(sum[:], known[:]) && ok
}

func (a *Authenticator) remember(id gsp.AccountID, c gsp.Credential, password string) {
	sum := a.fingerprint(c, password)
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.verified[id]; !ok && len(a.verified) >= maxVerified {
		for other := range a.verified { // any one: it costs its owner a slower login
			delete(a.verified, other)
			break
		}
	}
	a.verified[id] = sum
}

func tooManyFailures(wait time.Duration) *gsp.Refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &gsp.Refusal{
		Reason: gsp.TooBusy,
		Cause:  "too many failed logins under this name",
		Remedy: fmt.Sprintf("wait %d seconds and try again with the password from your credential sheet", seconds),
	}
}
