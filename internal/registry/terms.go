package registry

import (
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Until returns the last day of an account, "" for no end.
func (s *Snapshot) Until(id gsp.AccountID) gsp.Day { return s.until[id] }

// Terms returns every term that was ever set, the earliest first.
func (s *Snapshot) Terms() []gsp.Term { return s.terms }

// Left reports whether somebody received at an address until after a time, and
// does no more.
func (s *Snapshot) Left(a gsp.Address, since time.Time) bool {
	if _, ok := s.Owner(a); ok || a.Domain != s.domain {
		return false
	}
	account := s.logins[a.Local]
	party, authority := s.parties[gsp.PartyID(a.Local)]
	return account.Disabled.After(since) || authority && party.Withdrawn.After(since)
}

// Over returns the active accounts whose last day has passed, by login.
func (s *Snapshot) Over(at time.Time) []gsp.Account {
	var over []gsp.Account
	for id, until := range s.until {
		if a := s.accounts[id]; a.Active() && until.Over(at) {
			over = append(over, a)
		}
	}
	slices.SortFunc(over, func(a, b gsp.Account) int { return strings.Compare(a.Login, b.Login) })
	return over
}
