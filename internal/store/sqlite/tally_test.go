package sqlite_test

import (
	"errors"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// TestTally counts the mails of a day, and the cases that wait.
func TestTally(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	inbox := newOffice(t, s, 0)[0]
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	post := func(at time.Time, id gsp.CaseID) {
		t.Helper()
		p := newPosting(t, 1000, inbox)
		p.Event.At = at
		if id != "" {
			p.Event.Case = id
			p.Open = &gsp.Case{ID: id, Requester: "fr", Asked: []gsp.PartyID{"ke"}, Waiting: []gsp.PartyID{"ke"}, Opened: at}
		}
		if _, err := s.Post(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	post(midnight.Add(-time.Hour), "2026-KE-22222")
	post(midnight, "2026-KE-33333")
	post(midnight.Add(time.Hour), "")
	if err := s.Record(t.Context(), gsp.Event{At: midnight.Add(2 * time.Hour), Kind: gsp.MailRefused, Party: "fr"}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Tally(t.Context(), midnight)
	want := sqlite.Tally{
		Accepted: 2, Refused: 1, Newest: midnight.Add(2 * time.Hour), Waiting: 2, Oldest: midnight.Add(-time.Hour),
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if c, err := s.Case(t.Context(), "2026-KE-33333"); err != nil || c.Requester != "fr" || !c.Pending() {
		t.Errorf("case: got %+v, %v, want that of fr", c, err)
	}
	if _, err := s.Case(t.Context(), "2026-KE-44444"); !errors.Is(err, gsp.ErrNotFound) {
		t.Errorf("no case: got %v, want %v", err, gsp.ErrNotFound)
	}
}
