package notice

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// Notice is something that a user is told once.
type Notice struct {
	To   gsp.Address
	From gsp.Address // where an answer goes to, postmaster@ where it is zero
	Case gsp.CaseID  // "" where it is about none

	// Key is that of the gsp.Once under which it is posted: the same for the
	// same kind, subject, recipient and step.
	Key [sha256.Size]byte

	write func(*texts) Content
}

// Content writes the notice in a language.
func (n Notice) Content(l gsp.Language) Content { return n.write(textsOf(l)) }

const aDay = 24 * time.Hour

// Reminders is how often a case without an answer is reported.
const Reminders = 6

// UnansweredStep returns which reminder of a case is due at a time, from 1 to
// Reminders, and 0 for none. They come each time that many days have passed; one
// that was missed is not made up for.
func UnansweredStep(opened, at time.Time, days int) int {
	if days < 1 {
		return 0
	}
	step := int(at.Sub(opened) / (time.Duration(days) * aDay))
	if step < 0 || step > Reminders {
		return 0
	}
	return step
}

// Unanswered returns the notices that a case still waits for an answer: to the
// competent authority that asked and to each that was asked and has not
// answered. step comes from UnansweredStep.
func Unanswered(roll *registry.Snapshot, c gsp.Case, step, days int) []Notice {
	var waiting []string
	for _, p := range c.Waiting {
		waiting = append(waiting, called(roll, p))
	}
	anew := "" // so that a question that was put later is told of from the first step
	if c.Since.After(c.Opened) {
		anew = " " + fmt.Sprint(c.Since.UnixMilli())
	}
	tell := func(to gsp.PartyID, text func(*texts) (string, string)) Notice {
		n := Notice{To: roll.Address(string(to)), Case: c.ID}
		n.Key = once("unanswered", string(c.ID), n.To.String(), fmt.Sprint(step)+anew)
		n.write = func(t *texts) Content {
			w := &writer{texts: t}
			what, steps := text(t)
			w.line(what, "case", string(c.ID), "date", day(c.Opened), "party", called(roll, c.Requester), "parties", strings.Join(waiting, ", "))
			w.line("")
			w.line(steps)
			w.line("")
			if step < Reminders {
				w.line(t.Unanswered.Again, "days", fmt.Sprint(days))
			} else {
				w.line(t.Unanswered.Last)
			}
			return w.content(t.fill(t.Unanswered.Subject, "case", string(c.ID)))
		}
		return n
	}
	all := []Notice{tell(c.Requester, func(t *texts) (string, string) { return t.Unanswered.Asker, t.Unanswered.AskerSteps })}
	for _, p := range c.Waiting {
		all = append(all, tell(p, func(t *texts) (string, string) { return t.Unanswered.Asked, t.Unanswered.AskedSteps }))
	}
	return all
}

// KeySteps are how many days before a key ends its owner is told.
var KeySteps = []int{60, 30, 7}

// KeyEnds returns the notices that a key ends within the largest of KeySteps, of
// the step that is reached at the time: to its owner, and to the administrators
// of the Party. What they are told in time is told once, again only where the
// key's end was moved.
func KeyEnds(roll *registry.Snapshot, at time.Time) []Notice {
	var all []Notice
	known := map[gsp.PartyID][]gsp.Account{} // looking through all accounts for each key would take minutes
	administrators := func(id gsp.PartyID) []gsp.Account {
		if _, ok := known[id]; !ok {
			known[id] = roll.Administrators(id)
		}
		return known[id]
	}
	for _, published := range roll.Certificates() {
		cert := published.Cert
		end := registry.KeyEnd(cert, at)
		step := keyStep(end, at)
		if step == 0 {
			continue
		}
		for _, to := range concerned(roll, cert.Address(), administrators) {
			all = append(all, keyEnds(to, cert, end, step))
		}
	}
	return all
}

// toldOf is who is told of a key, and in what words.
type toldOf struct {
	address gsp.Address
	text    func(*texts) string
}

// concerned returns who is told of the end of the key of an address: nobody
// where nobody receives there, such as a disabled account.
func concerned(roll *registry.Snapshot, a gsp.Address, administrators func(gsp.PartyID) []gsp.Account) []toldOf {
	administrator := func(t *texts) string { return t.Key.Administrator }
	var all []toldOf
	owner, ok := roll.Owner(a)
	party, archive := registry.ArchiveOf(a)
	switch {
	case archive:
		authority, registered := roll.Authority(party)
		if !registered {
			return nil
		}
		owner = authority
		all = append(all, toldOf{authority.Address, administrator})
	case !ok:
		return nil
	case owner.Account == 0 && owner.Party != "":
		all = append(all, toldOf{a, func(t *texts) string { return t.Key.Authority }})
	default:
		all = append(all, toldOf{a, func(t *texts) string { return t.Key.Owner }})
	}
	for _, other := range administrators(owner.Party) {
		if to := roll.Address(other.Login); to != a {
			all = append(all, toldOf{to, administrator})
		}
	}
	return all
}

// keyStep returns the smallest step that is reached, 0 for none.
func keyStep(end, at time.Time) int {
	step := 0
	for _, days := range KeySteps {
		if !end.IsZero() && end.Sub(at) <= time.Duration(days)*aDay {
			step = days
		}
	}
	return step
}

func keyEnds(to toldOf, cert *pgpcert.Cert, end time.Time, step int) Notice {
	address := cert.Address().String()
	n := Notice{To: to.address}
	words := []string{"key", cert.Fingerprint(), address, day(end), fmt.Sprint(step)}
	if to.address != cert.Address() {
		words = append(words, to.address.String())
	}
	n.Key = once(words...)
	n.write = func(t *texts) Content {
		w := &writer{texts: t}
		w.line(to.text(t), "address", address, "date", day(end))
		w.line(t.Key.Fingerprint, "fingerprint", cert.Fingerprint())
		if to.address == cert.Address() {
			w.line("")
			w.line(t.Key.Steps)
		}
		return w.content(t.fill(t.Key.Subject, "address", address, "date", day(end)))
	}
	return n
}

// once makes a key of words that hold no NUL.
func once(words ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte("notice\x00" + strings.Join(words, "\x00")))
}
