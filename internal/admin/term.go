package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// AccountTerm is the input of AccountUntil.
type AccountTerm struct {
	Login string `json:"login"`
	Until string `json:"until,omitzero"` // its last day as 2027-06-30, or never; "" changes nothing
}

// Terms is what AccountUntil tells.
type Terms struct {
	AccountRow
	Terms    []gsp.Term `json:"terms"` // all that were set, the earliest first
	Returned bool       `json:"returned,omitzero"`
}

// AccountUntil sets the last day of an account, and tells every one that was
// set and by whom. An account that ended with its last day comes back with the
// roles it had; its key must be published anew.
var AccountUntil = Verb[AccountTerm, Terms]{"account-until", accountUntil}

// byGateway stands in the place of who ended an account.
const byGateway = "gateway"

func accountUntil(ctx context.Context, o *Office, by string, in AccountTerm) (Terms, error) {
	now := o.Now()
	until, err := parseUntil(in.Until, now)
	if err != nil {
		return Terms{}, err
	}
	var out Terms
	out.AccountRow, err = o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		if in.Until == "" {
			return gsp.Change{}, nil
		}
		c := gsp.Change{
			Terms:  []gsp.Term{{Account: a.ID, Until: until, SetBy: by, Set: now}},
			Events: []gsp.Event{{At: now, Kind: gsp.TermSet, Party: a.Party, Account: a.ID}},
		}
		if roles := lapsed(roll, a); len(roles) > 0 {
			if _, err := knownParty(roll, string(a.Party)); err != nil {
				return gsp.Change{}, err
			}
			beginAgain(&c, a, roles, by, now)
			out.Returned = true
		}
		return c, nil
	})
	for _, t := range o.Registry.Snapshot().Terms() {
		if t.Account == out.ID {
			out.Terms = append(out.Terms, t)
		}
	}
	return out, err
}

// parseUntil reads a last day that a person named: "" and "never" are none.
func parseUntil(s string, now time.Time) (gsp.Day, error) {
	if s == "" || strings.EqualFold(s, "never") {
		return "", nil
	}
	day, err := gsp.ParseDay(s)
	switch {
	case err != nil:
		return "", &gsp.Refusal{
			Reason: gsp.BrokenPeriod,
			Cause:  fmt.Sprintf("%q is not a day", s),
			Remedy: "write it as in 2027-06-30, or write never",
			Err:    err,
		}
	case day.Over(now):
		return "", &gsp.Refusal{
			Reason: gsp.BrokenPeriod,
			Cause:  fmt.Sprintf("%s has passed; days are those of UTC", day),
			Remedy: "name a day to come; an account is ended at once with: gsp account disable",
		}
	}
	return day, nil
}

// EndOver ends the accounts whose last day has passed, and returns how many.
// What ends is what ends with AccountDisable, so nothing tells the one from the
// other from outside.
func (o *Office) EndOver(ctx context.Context) (int, error) {
	now := o.Now()
	if len(o.Registry.Snapshot().Over(now)) == 0 {
		return 0, nil
	}
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		var c gsp.Change
		for _, a := range roll.Over(now) {
			endAccount(&c, roll, a, byGateway, now)
		}
		return c, nil
	})
	if err != nil {
		return 0, fmt.Errorf("end accounts whose last day has passed: %w", err)
	}
	return len(change.Accounts), nil
}

// lapsed returns the roles that an account had when it ended with its last day,
// nil for one that is active or that somebody ended before.
func lapsed(roll *registry.Snapshot, a gsp.Account) (roles []gsp.Role) {
	var until gsp.Day // as it was then
	for _, t := range roll.Terms() {
		if t.Account == a.ID && !t.Set.After(a.Disabled) {
			until = t.Until
		}
	}
	if a.Active() || !until.Over(a.Disabled) {
		return nil
	}
	for _, g := range roll.Grants() {
		if g.Account == a.ID && g.Ended.Equal(a.Disabled) {
			roles = append(roles, g.Role)
		}
	}
	return roles
}
