package auth_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// The example of RFC 7677, section 3: user "user", password "pencil". The keys
// follow from its proof and server signature.
func TestCheckAgainstRFC7677(t *testing.T) {
	decode := func(s string) []byte {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c := gsp.Credential{
		Account:    1,
		Salt:       decode("W22ZaJ0SNY7soEsUEjb6gQ=="),
		Iterations: 4096,
		StoredKey:  decode("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="),
		ServerKey:  decode("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
	}
	if !auth.Check(c, "pencil") {
		t.Error("the password of RFC 7677 is refused")
	}
	if auth.Check(c, "pencils") {
		t.Error("another password is taken")
	}
	if auth.Check(gsp.Credential{}, "") {
		t.Error("the zero credential takes the empty password")
	}
}

func TestPasswordAsPeopleTypeIt(t *testing.T) {
	password := auth.NewPassword(rand.Reader)
	if len(password) != 30 || strings.Count(password, "-") != 4 {
		t.Fatalf("NewPassword = %q, want 26 characters in five groups", password)
	}
	if other := auth.NewPassword(rand.Reader); other == password {
		t.Fatal("the same password twice")
	}
	c := auth.NewCredential(7, password, time.Now())
	for _, typed := range []string{
		password,
		strings.ToUpper(password),
		strings.ReplaceAll(password, "-", ""),
		strings.ReplaceAll(password, "-", " "),
		strings.ReplaceAll(strings.ReplaceAll(password, "o", "0"), "l", "1"),
	} {
		if !auth.Check(c, typed) {
			t.Errorf("Check(%q) = false, issued as %q", typed, password)
		}
	}
	for _, typed := range []string{"", password[1:], password + "a", strings.Repeat("-", 4)} {
		if auth.Check(c, typed) {
			t.Errorf("Check(%q) = true, issued as %q", typed, password)
		}
	}
	if again := auth.NewCredential(7, password, time.Now()); string(again.StoredKey) == string(c.StoredKey) {
		t.Error("two credentials of one password share a salt")
	}
}

// roll is who may log in, changed by tests while logins run.
type roll struct {
	mu          sync.Mutex
	accounts    map[string]gsp.Account
	credentials map[string]gsp.Credential
}

func (r *roll) set(a gsp.Account, c gsp.Credential) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.accounts == nil {
		r.accounts, r.credentials = map[string]gsp.Account{}, map[string]gsp.Credential{}
	}
	r.accounts[a.Login], r.credentials[a.Login] = a, c
}

func (r *roll) lookup(login string) (gsp.Account, gsp.Credential, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.accounts[login]
	return a, r.credentials[login], ok
}

// pin finds the account of a client certificate.
func (r *roll) pin(pin [32]byte) (gsp.Account, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for login, c := range r.credentials {
		if slices.Contains(c.Pins, pin) {
			return r.accounts[login], true
		}
	}
	return gsp.Account{}, false
}

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newRoll() (*roll, *clock, *auth.Authenticator, string) {
	var r roll
	c := &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	password := auth.NewPassword(rand.Reader)
	r.set(gsp.Account{ID: 1, Login: "customs1.ke", Party: "ke"}, auth.NewCredential(1, password, c.t))
	r.set(gsp.Account{ID: 2, Login: "gone.ke", Party: "ke", Disabled: c.t}, auth.NewCredential(2, password, c.t))
	r.set(gsp.Account{ID: 3, Login: "new.ke", Party: "ke"}, gsp.Credential{})
	return &r, c, auth.NewAuthenticator(auth.Options{
		Domain: "gsp.example", Login: r.lookup, Pin: r.pin, Secret: []byte("kept"), Now: c.now,
	}), password
}

func reason(err error) gsp.Reason {
	var r *gsp.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func TestAuthenticate(t *testing.T) {
	_, _, a, password := newRoll()
	for _, login := range []string{"customs1.ke", "Customs1.KE", "customs1.ke@gsp.example", "customs1.ke@GSP.Example"} {
		account, err := a.Authenticate(t.Context(), peer.Peer{}, login, password)
		if err != nil || account.ID != 1 {
			t.Errorf("Authenticate(%q) = %d, %v, want account 1", login, account.ID, err)
		}
	}

	_, wrong := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", "wrong")
	if reason(wrong) != gsp.BadLogin {
		t.Fatalf("wrong password: got %v, want %s", wrong, gsp.BadLogin)
	}
	for _, login := range []string{
		"nobody", "gone.ke", "new.ke", "customs1.ke@elsewhere.example", "customs1.ke@gsp.example@gsp.example", "", "a b",
	} {
		account, err := a.Authenticate(t.Context(), peer.Peer{}, login, password)
		if err == nil || err.Error() != wrong.Error() || account != (gsp.Account{}) {
			t.Errorf("Authenticate(%q) = %v, %v, want the refusal of a wrong password", login, account, err)
		}
	}
}

func TestNewCredentialEndsTheOldPassword(t *testing.T) {
	r, c, a, old := newRoll()
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", old); err != nil {
		t.Fatal(err)
	}
	fresh := auth.NewPassword(rand.Reader)
	r.set(gsp.Account{ID: 1, Login: "customs1.ke", Party: "ke"}, auth.NewCredential(1, fresh, c.t))
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", old); reason(err) != gsp.BadLogin {
		t.Errorf("old password: got %v, want %s", err, gsp.BadLogin)
	}
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", fresh); err != nil {
		t.Errorf("new password: %v", err)
	}

	r.set(gsp.Account{ID: 1, Login: "customs1.ke", Party: "ke", Disabled: c.t}, auth.NewCredential(1, fresh, c.t))
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", fresh); reason(err) != gsp.BadLogin {
		t.Errorf("disabled since: got %v, want %s", err, gsp.BadLogin)
	}
}

func TestFailuresMakeWait(t *testing.T) {
	_, c, a, password := newRoll()
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", password); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"customs1.ke", "nobody"} {
		for range 5 {
			if _, err := a.Authenticate(t.Context(), peer.Peer{}, login, "wrong"); reason(err) != gsp.BadLogin {
				t.Fatalf("%s: got %v, want %s", login, err, gsp.BadLogin)
			}
		}
		_, err := a.Authenticate(t.Context(), peer.Peer{}, login, "wrong")
		if reason(err) != gsp.TooBusy {
			t.Fatalf("%s, sixth failure: got %v, want %s", login, err, gsp.TooBusy)
		}
	}
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", password); err != nil {
		t.Errorf("the known password during the wait: %v", err)
	}

	c.t = c.t.Add(2 * time.Second)
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "nobody", "wrong"); reason(err) != gsp.BadLogin {
		t.Errorf("after the wait: got %v, want %s", err, gsp.BadLogin)
	}
	c.t = c.t.Add(2 * time.Second)
	if _, err := a.Authenticate(t.Context(), peer.Peer{}, "nobody", "wrong"); reason(err) != gsp.TooBusy {
		t.Errorf("half of the doubled wait: got %v, want %s", err, gsp.TooBusy)
	}
	c.t = c.t.Add(time.Hour)
	for range 4 {
		if _, err := a.Authenticate(t.Context(), peer.Peer{}, "nobody", "wrong"); reason(err) != gsp.BadLogin {
			t.Errorf("an hour later: got %v, want %s", err, gsp.BadLogin)
		}
	}
}

// Whatever is tried under her name, from anywhere and since before the restart,
// an officer's right password lets her in; and where she mistypes it, she is
// told so and not to wait.
func TestNobodyLocksAnOfficerOut(t *testing.T) {
	from := func(prefix string) peer.Peer { return peer.Peer{Network: netip.MustParsePrefix(prefix)} }
	office, elsewhere := from("192.0.2.7/32"), from("2001:db8:1:2::/64")
	for name, attacker := range map[string]peer.Peer{"elsewhere": elsewhere, "her own network": office} {
		for mechanism, login := range map[string]func(*auth.Authenticator, string) error{
			"PLAIN": func(a *auth.Authenticator, password string) error {
				_, err := a.Authenticate(t.Context(), office, "customs1.ke", password)
				return err
			},
			"SCRAM-SHA-256": func(a *auth.Authenticator, password string) error {
				_, err := try(t, a, "SCRAM-SHA-256", office, (&scramClient{name: "customs1.ke", password: password}).login)
				return err
			},
		} {
			_, c, a, password := newRoll()
			for range 50 {
				a.Authenticate(t.Context(), attacker, "customs1.ke", "wrong")
				c.t = c.t.Add(15 * time.Minute)
			}
			for range 50 {
				a.Authenticate(t.Context(), attacker, "customs1.ke", "wrong")
			}
			if attacker.Network == elsewhere.Network {
				if err := login(a, "mistyped"); reason(err) != gsp.BadLogin {
					t.Errorf("%s, mistyped by %s: got %v, want %s", name, mechanism, err, gsp.BadLogin)
				}
			}
			if err := login(a, password); err != nil {
				t.Errorf("%s, right by %s: %v", name, mechanism, err)
			}
		}
	}
}

// Failures under ever new names are counted by the network they come from.
func TestFailuresOfANetworkMakeWait(t *testing.T) {
	_, c, a, password := newRoll()
	from := func(prefix string) peer.Peer { return peer.Peer{Network: netip.MustParsePrefix(prefix)} }
	if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "customs1.ke", password); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), fmt.Sprint("nobody", i), "wrong"); reason(err) != gsp.BadLogin {
			t.Fatalf("failure %d: got %v, want %s", i, err, gsp.BadLogin)
		}
	}
	_, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "somebody", "wrong")
	r, ok := errors.AsType[*gsp.Refusal](err)
	if !ok || r.Reason != gsp.TooBusy || r.Cause != "too many failed logins from your network" ||
		r.Remedy != "try again after 09:00:03 UTC, with the password from your credential sheet" {
		t.Errorf("failure 21: got %+v, want %s with the time", r, gsp.TooBusy)
	}
	if _, err := a.Authenticate(t.Context(), from("192.0.2.8/32"), "somebody", "wrong"); reason(err) != gsp.BadLogin {
		t.Errorf("from elsewhere: got %v, want %s", err, gsp.BadLogin)
	}
	if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "somebody", "wrong"); reason(err) != gsp.TooBusy {
		t.Errorf("during the wait: got %v, want %s", err, gsp.TooBusy)
	}
	c.t = c.t.Add(3 * time.Second)
	for _, want := range []gsp.Reason{gsp.BadLogin, gsp.TooBusy} {
		if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "somebody", "wrong"); reason(err) != want {
			t.Errorf("after the wait: got %v, want %s", err, want)
		}
	}
	// Whoever was there before gets through, and others of the network with them.
	if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "customs1.ke", password); err != nil {
		t.Errorf("an officer of the same network: %v", err)
	}
	if _, err := a.Authenticate(t.Context(), from("192.0.2.7/32"), "somebody", "wrong"); reason(err) != gsp.BadLogin {
		t.Errorf("after the officer: got %v, want %s", err, gsp.BadLogin)
	}
}

// So does a password that was not seen before.
func TestAFirstLoginForgivesItsNetwork(t *testing.T) {
	_, _, a, password := newRoll()
	p := peer.Peer{Network: netip.MustParsePrefix("192.0.2.7/32")}
	for round := range 2 {
		for i := range 19 {
			if _, err := a.Authenticate(t.Context(), p, fmt.Sprint("nobody", round, i), "wrong"); reason(err) != gsp.BadLogin {
				t.Fatalf("failure %d of round %d: got %v, want %s", i, round, err, gsp.BadLogin)
			}
		}
		if round == 0 {
			if _, err := a.Authenticate(t.Context(), p, "customs1.ke", password); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	_, _, a, password := newRoll()
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.Authenticate(b.Context(), peer.Peer{}, "customs1.ke", password); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		c := auth.NewCredential(1, password, time.Time{})
		for b.Loop() {
			auth.Check(c, password)
		}
	})
}
