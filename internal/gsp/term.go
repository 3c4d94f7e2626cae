package gsp

import (
	"fmt"
	"time"
)

// Day is a day in UTC, written as 2027-06-30. The zero Day is none.
type Day string

// ParseDay returns the day that is written so.
func ParseDay(s string) (Day, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("day %q: want one as in 2027-06-30", s)
	}
	return Day(s), nil
}

// DayOf returns the day that a time is on.
func DayOf(t time.Time) Day { return Day(t.UTC().Format(time.DateOnly)) }

// End returns the first moment after the day, zero for none.
func (d Day) End() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, 1)
}

// Over reports whether the day has passed. No day never does.
func (d Day) Over(at time.Time) bool { return d != "" && !at.Before(d.End()) }

// Term is the last day of an account, as somebody set it. It is never changed:
// of an account's terms the latest is in force.
type Term struct {
	Account AccountID `json:"account"`
	Until   Day       `json:"until,omitzero"` // "" for no end
	SetBy   string    `json:"set_by"`         // who set it, as the command line knew them
	Set     time.Time `json:"set"`
}
