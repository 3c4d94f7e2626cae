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
	Case gsp.CaseID // "" where it is about none

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
	tell := func(to gsp.PartyID, text func(*texts) (string, string)) Notice {
		n := Notice{To: roll.Address(string(to)), Case: c.ID}
		n.Key = once("unanswered", string(c.ID), n.To.String(), fmt.Sprint(step))
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

// KeyEnd returns when nothing can be sealed for the owner of a certificate any
// more: the end of the last encryption key that is valid at the time. It is
// zero where there is no end or no such key.
func KeyEnd(cert *pgpcert.Cert, at time.Time) time.Time {
	var last time.Time
	for _, k := range cert.EncryptionKeys() {
		switch {
		case !k.Valid(at):
		case k.Until.IsZero():
			return time.Time{}
		case k.Until.After(last):
			last = k.Until
		}
	}
	return last
}

// KeyEnds returns the notices that a key ends within the largest of KeySteps, one
// a certificate, of the step that is reached at the time. What the owner is told
// in time is told once, again only where the key's end was moved.
func KeyEnds(roll *registry.Snapshot, at time.Time) []Notice {
	var all []Notice
	for _, published := range roll.Certificates() {
		cert, ok := roll.Cert(published.Address)
		if !ok {
			continue
		}
		end := KeyEnd(cert, at)
		step := keyStep(end, at)
		if _, owned := roll.Owner(cert.Address()); step == 0 || !owned {
			continue // nobody receives there, such as a disabled account
		}
		all = append(all, keyEnds(roll, cert, end, step))
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

func keyEnds(roll *registry.Snapshot, cert *pgpcert.Cert, end time.Time, step int) Notice {
	n := Notice{To: cert.Address()}
	n.Key = once("key", cert.Fingerprint(), n.To.String(), day(end), fmt.Sprint(step))
	n.write = func(t *texts) Content {
		w := &writer{texts: t}
		text := t.Key.Owner
		if owner, _ := roll.Owner(n.To); owner.Account == 0 && owner.Party != "" {
			text = t.Key.Authority
		}
		w.line(text, "address", n.To.String(), "date", day(end))
		w.line(t.Key.Fingerprint, "fingerprint", cert.Fingerprint())
		w.line("")
		w.line(t.Key.Steps)
		return w.content(t.fill(t.Key.Subject, "address", n.To.String(), "date", day(end)))
	}
	return n
}

// once makes a key of words that hold no NUL.
func once(words ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte("notice\x00" + strings.Join(words, "\x00")))
}
