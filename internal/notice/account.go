package notice

import (
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// AccountSteps returns how many days before the last day of an account it is
// told that it ends, the first time being that many: then twice more.
func AccountSteps(first int) []int {
	steps := []int{first, 7, 1}
	return slices.DeleteFunc(steps, func(days int) bool { return days < 1 || days > first })
}

// AccountEnds returns the notices that an account ends, of the step that is
// reached at the time: to its owner and to the administrators of its Party. It
// is told again only where its last day was moved.
func AccountEnds(roll *registry.Snapshot, at time.Time, first int) []Notice {
	var all []Notice
	administrators := map[gsp.PartyID][]gsp.Account{}
	accounts := roll.Accounts()
	for _, a := range accounts {
		if roll.Allows(a.ID, gsp.Administrator) {
			administrators[a.Party] = append(administrators[a.Party], a)
		}
	}
	for _, a := range accounts {
		until := roll.Until(a.ID)
		step := accountStep(first, until.End(), at)
		if step == 0 || until.Over(at) || !a.Active() {
			continue
		}
		all = append(all, accountEnds(roll, a, a, until, step))
		for _, to := range administrators[a.Party] {
			if to.ID != a.ID {
				all = append(all, accountEnds(roll, a, to, until, step))
			}
		}
	}
	return all
}

// accountStep returns the smallest step that is reached, 0 for none.
func accountStep(first int, end, at time.Time) int {
	step := 0
	for _, days := range AccountSteps(first) {
		if !end.IsZero() && end.Sub(at) <= time.Duration(days)*aDay {
			step = days
		}
	}
	return step
}

func accountEnds(roll *registry.Snapshot, ending, to gsp.Account, until gsp.Day, step int) Notice {
	n := Notice{To: roll.Address(to.Login)}
	address := roll.Address(ending.Login).String()
	n.Key = once("account", address, n.To.String(), string(until), fmt.Sprint(step))
	n.write = func(t *texts) Content {
		w := &writer{texts: t}
		text, steps := t.Account.Owner, t.Account.OwnerSteps
		if to.ID != ending.ID {
			text, steps = t.Account.Administrator, t.Account.AdministratorSteps
		}
		w.line(text, "address", address, "date", string(until))
		w.line("")
		w.line(steps, "command", "gsp account until "+ending.Login+" YYYY-MM-DD")
		return w.content(t.fill(t.Account.Subject, "address", address, "date", string(until)))
	}
	return n
}
