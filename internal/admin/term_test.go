package admin_test

import (
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// Where the configuration gives new accounts a term, its last day counts like
// one that was named.
func TestTermOfNewAccounts(t *testing.T) {
	o := newOffice(t)
	at := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	o.Now, o.Term = func() time.Time { return at }, 365
	for _, c := range []struct {
		login, until string
		want         gsp.Day
	}{
		{"season1.ke", "", "2027-11-23"},
		{"season2.ke", "never", ""},
		{"season3.ke", "2026-11-23", "2026-11-23"}, // today, for half an hour more
	} {
		if got := do(t, o, admin.AccountAdd, admin.NewAccount{Login: c.login, Party: "ke", Until: c.until}).Until; got != c.want {
			t.Errorf("%s until %q: got %q, want %q", c.login, c.until, got, c.want)
		}
	}
	refused(t, o, admin.AccountAdd, admin.NewAccount{Login: "season4.ke", Party: "ke", Until: "2026-11-22"}, gsp.BrokenPeriod)
	if got := kinds(t, o)[gsp.TermSet]; got != 2 {
		t.Errorf("got %d events of terms, want 2", got)
	}
	at = at.Add(time.Hour)
	if n, err := o.EndOver(t.Context()); n != 1 || err != nil {
		t.Errorf("after midnight: got %d accounts ended, %v, want 1", n, err)
	}
	refused(t, o, admin.AccountEnable, admin.AccountRoles{Login: "season3.ke"}, gsp.BrokenPeriod)
	if n, err := o.EndOver(t.Context()); n != 0 || err != nil {
		t.Errorf("once more: got %d accounts ended, %v, want none", n, err)
	}
}
