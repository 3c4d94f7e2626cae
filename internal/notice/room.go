package notice

import (
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// Filling returns the notices that an owner's mailboxes are filled above the
// mark that is warned of, once a fill-up: to the owner and, for a competent
// authority's, to the administrators of its Party and the operator.
func Filling(roll *registry.Snapshot, room gsp.Room) []Notice {
	return filling(roll, room, "filling", room.Filled, func(t *texts) (string, string) { return t.Room.FillingSubject, t.Room.Filling })
}

// Full returns the notices that a mail was refused because an owner's mailboxes
// had no room for it, once a fill-up, and once a day where one mail alone is as
// large as the rest of the room.
func Full(roll *registry.Snapshot, room gsp.Room, at time.Time) []Notice {
	since := room.Filled
	if since.IsZero() {
		since = at.UTC().Truncate(aDay)
	}
	return filling(roll, room, "full", since, func(t *texts) (string, string) { return t.Room.FullSubject, t.Room.Full })
}

func filling(roll *registry.Snapshot, room gsp.Room, step string, since time.Time, say func(*texts) (subject, text string)) []Notice {
	owner := roll.Address(room.Owner)
	var all []Notice
	told := keepers(roll, owner)
	operator := roll.Address(registry.PostmasterLocal) // who alone makes room where nobody can delete
	if own, ok := roll.Owner(owner); ok && own.Account == 0 && owner != operator {
		if _, ok := roll.Cert(operator); ok {
			told = append(told, operator)
		}
	}
	for _, to := range told {
		n := Notice{To: to}
		n.Key = once("room", step, room.Owner, to.String(), fmt.Sprint(since.UnixMilli()))
		n.write = func(t *texts) Content {
			w := &writer{texts: t}
			subject, text := say(t)
			used, quota := gsp.Octets(room.Octets), gsp.Octets(room.Quota)
			w.line(text, "address", owner.String(), "used", used, "quota", quota)
			w.line("")
			if own, _ := roll.Owner(owner); own.Account != 0 {
				w.line(t.Room.Steps)
			} else {
				w.line(t.Room.SharedSteps, "command", "gsp party quota "+room.Owner)
			}
			return w.content(t.fill(subject, "address", owner.String()))
		}
		all = append(all, n)
	}
	return all
}

// keepers returns who has to know of an owner's mailboxes: whoever receives at
// its address and, for a competent authority, the administrators of its Party.
func keepers(roll *registry.Snapshot, address gsp.Address) []gsp.Address {
	owner, ok := roll.Owner(address)
	if !ok {
		return nil
	}
	all := []gsp.Address{address}
	if owner.Account != 0 || owner.Party == "" {
		return all
	}
	for _, a := range roll.Accounts() {
		if a.Party == owner.Party && roll.Allows(a.ID, gsp.Administrator) {
			all = append(all, roll.Address(a.Login))
		}
	}
	return all
}
