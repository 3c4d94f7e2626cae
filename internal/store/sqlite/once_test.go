package sqlite_test

import (
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// The file of a large mail is written before it is known that the mail is
// there already.
func TestAPostingKnownBeforeLeavesNoFile(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{InlineLimit: 4 << 10})
	p := newPosting(t, 64<<10, newOffice(t, s, 0)[0])
	p.Event.At, p.Once = time.Unix(1, 0), gsp.Once{Key: [32]byte{1}, Until: time.Unix(2, 0)}
	for i := range 2 {
		if r, err := s.Post(t.Context(), p); err != nil || r.Earlier != (i == 1) {
			t.Fatalf("posting %d: %+v, %v", i+1, r, err)
		}
	}
	if report, err := s.Verify(t.Context()); err != nil || !report.Clean() || report.Mails != 1 {
		t.Errorf("verify: %+v, %v, want one mail and no other file", report, err)
	}
}
