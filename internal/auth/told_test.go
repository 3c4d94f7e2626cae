package auth_test

import (
	"errors"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// An officer who cannot log in calls the operator, who finds the account in
// the log. What was typed is never there: it may be a password in the field of
// the name.
func TestFailuresAreToldByNumber(t *testing.T) {
	_, _, a, password := newRoll()
	for _, c := range []struct{ login, password, want string }{
		{"customs1.ke", "wrong", "not the password of account 1"},
		{"gone.ke", password, "account 2 is disabled"},
		{"nobody", password, "there is no such account"},
		{password, "customs1.ke", "there is no such account"},
		{"", "", "there is no such account"},
	} {
		_, err := a.Authenticate(t.Context(), peer.Peer{}, c.login, c.password)
		r, ok := errors.AsType[*gsp.Refusal](err)
		if !ok || r.Err == nil || r.Err.Error() != c.want {
			t.Errorf("login %q: got %v, told %v, want %q", c.login, err, errors.Unwrap(err), c.want)
		}
		if ok && strings.Contains(r.Text("")+r.Err.Error(), password) {
			t.Errorf("login %q: the password stands in %q, %q", c.login, r.Text(""), r.Err)
		}
	}
	for range 10 {
		_, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", "wrong")
		if reason(err) == gsp.TooBusy {
			if why := errors.Unwrap(err); why == nil || why.Error() != "not the password of account 1" {
				t.Errorf("while it must wait: got %v, want the account", why)
			}
			return
		}
	}
	t.Error("ten wrong passwords: got no wait")
}
