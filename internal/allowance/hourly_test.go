package allowance

import (
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

func TestHourly(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 30, 0, time.UTC)
	a := Hourly{What: "mails", PerHour: 60}
	for i := range 60 {
		if r := a.Take(7, 1, now); r != nil {
			t.Fatalf("mail %d: got %v, want none", i, r)
		}
	}
	r := a.Ask(7, 1, now)
	if r == nil || r.Reason != gsp.TooManyMails || r.Cause != "your account has used up its 60 mails an hour" ||
		r.Remedy != "try again after 14:02 UTC" {
		t.Errorf("mail 61: got %+v, want %s after 14:02", r, gsp.TooManyMails)
	}
	if r := a.Take(8, 1, now); r != nil {
		t.Errorf("another account: got %v, want none", r)
	}
	if r := a.Take(7, 1, now.Add(59*time.Second)); r == nil {
		t.Error("a second before its time: got none, want a refusal")
	}
	if r := a.Take(7, 1, now.Add(time.Minute)); r != nil {
		t.Errorf("at its time: got %v, want none", r)
	}
	if r := a.Take(7, 2, now.Add(2*time.Minute)); r == nil {
		t.Error("two at once when one is free: got none, want a refusal")
	}
	if r := a.Take(7, 60, now.Add(61*time.Minute)); r != nil {
		t.Errorf("all of them an hour later: got %v, want none", r)
	}
	if r := a.Take(9, 61, now); r == nil {
		t.Error("more at once than an hour has: got none, want a refusal")
	}
	none := Hourly{PerHour: -1}
	if r := none.Take(7, 1_000_000, now); r != nil || len(none.free) != 0 {
		t.Errorf("without limit: got %v, %d remembered", r, len(none.free))
	}
}

// However many accounts send, few are remembered, and not those that are over.
func TestHourlyForgets(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	a := Hourly{PerHour: 60}
	for i := range maxSpenders {
		a.Take(gsp.AccountID(i+1), 1, now)
	}
	later := now.Add(30 * time.Second)
	a.Take(0, 60, later)
	if len(a.free) != maxSpenders {
		t.Errorf("%d remembered, want %d", len(a.free), maxSpenders)
	}
	later = now.Add(2 * time.Minute)
	a.Take(maxSpenders+7, 1, later)
	if len(a.free) > 2 {
		t.Errorf("%d remembered after the others were over, want 2", len(a.free))
	}
	if r := a.Ask(0, 60, later); r == nil && len(a.free) == 2 {
		t.Error("the account that has to wait was forgotten")
	}
}
