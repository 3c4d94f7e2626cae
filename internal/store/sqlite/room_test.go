package sqlite_test

import (
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// An account has the one configured quota, a competent authority the other, as
// long as nobody sets one for them.
func TestQuotasAsConfigured(t *testing.T) {
	p := newPosting(t, 1000, gsp.Inbox("customs1.ke"))
	size := int64(len(p.Message.Raw()))
	s := open(t, t.TempDir(), sqlite.Options{Quota: size, SharedQuota: 2 * size})
	for _, c := range []gsp.Change{
		{Parties: []gsp.Party{{ID: "ke", Name: "Kenya"}}}, {Accounts: []gsp.Account{{Login: "customs1.ke", Party: "ke", Kind: gsp.Officer}}},
	} {
		if _, err := s.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	fits := func(owner string) (n int) {
		t.Helper()
		for ; n < 9; n++ {
			if _, err := s.Post(t.Context(), newPosting(t, 1000, gsp.Inbox(owner))); err != nil {
				if _, full := gsp.IsFull(err); !full {
					t.Fatal(err)
				}
				break
			}
		}
		return n
	}
	for owner, want := range map[string]int{"customs1.ke": 1, "ke": 2, "postmaster": 2} {
		if got := fits(owner); got != want {
			t.Errorf("%s: %d mails fit, want %d", owner, got, want)
		}
		if room, err := s.Room(t.Context(), owner); err != nil || room.Quota != int64(want)*size || room.Own {
			t.Errorf("%s: got %+v, %v, want the configured quota", owner, room, err)
		}
	}
	for _, tt := range []struct {
		octets int64
		want   int
	}{{5 * size, 4}, {gsp.ConfiguredQuota, 0}, {gsp.NoQuota, 9}} {
		if err := s.SetQuota(t.Context(), gsp.Quota{Owner: "customs1.ke", Octets: tt.octets, SetBy: "root", Set: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
		if got := fits("customs1.ke"); got != tt.want {
			t.Errorf("with %d octets: %d more mails fit, want %d", tt.octets, got, tt.want)
		}
	}
}
