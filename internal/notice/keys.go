package notice

import (
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// KeyOutcome is what became of a certificate that was handed in.
type KeyOutcome string

// The outcomes.
const (
	KeyWaits     KeyOutcome = "waits" // for an approval
	KeyPublished KeyOutcome = "published"
	KeyRenewed   KeyOutcome = "renewed"
	KeySame      KeyOutcome = "same"
	KeyRevoked   KeyOutcome = "revoked"
	KeyRejected  KeyOutcome = "rejected"
	KeyReplaced  KeyOutcome = "replaced" // by another
)

// KeyOutcomes lists every KeyOutcome.
var KeyOutcomes = []KeyOutcome{KeyWaits, KeyPublished, KeyRenewed, KeySame, KeyRevoked, KeyRejected, KeyReplaced}

// KeyChallenge asks the owner of a certificate for the code that is sealed for
// it, until a time.
func KeyChallenge(l gsp.Language, cert *pgpcert.Cert, code string, until time.Time) Content {
	w := &writer{texts: textsOf(l)}
	w.line(w.Keys.Confirm, "address", cert.Address().String())
	w.line("")
	w.line(w.Keys.Code, "code", code)
	w.line("")
	w.line(w.Keys.Until, "date", day(until))
	w.line("")
	w.fingerprint(cert.Fingerprint())
	return w.content(w.Keys.ConfirmSubject)
}

// KeyDecided tells the owner of a certificate what became of it.
func KeyDecided(l gsp.Language, cert *pgpcert.Cert, outcome KeyOutcome) Content {
	w := &writer{texts: textsOf(l)}
	text, subject := w.Keys.Same, w.Keys.SameSubject
	switch outcome {
	case KeyWaits:
		text, subject = w.Keys.Waiting, w.Keys.WaitingSubject
	case KeyPublished:
		text, subject = w.Keys.Published, w.Keys.PublishedSubject
	case KeyRenewed:
		text, subject = w.Keys.Renewed, w.Keys.RenewedSubject
	case KeyRevoked:
		text, subject = w.Keys.Revoked, w.Keys.RevokedSubject
	case KeyRejected:
		text, subject = w.Keys.Rejected, w.Keys.RejectedSubject
	case KeyReplaced:
		text, subject = w.Keys.Replaced, w.Keys.ReplacedSubject
	}
	w.line(text, "address", cert.Address().String())
	w.line("")
	w.fingerprint(cert.Fingerprint())
	if outcome == KeyPublished {
		w.line("")
		w.line(w.Keys.Overlap)
	}
	return w.content(subject)
}

func (w *writer) fingerprint(fingerprint string) {
	w.line(w.Keys.Fingerprint, "fingerprint", grouped(fingerprint))
	w.line(w.Keys.Words, "words", strings.Join(pgpcert.Words(fingerprint), " "))
}

// grouped parts a fingerprint into groups of four, as people read it out.
func grouped(fingerprint string) string {
	var b strings.Builder
	for i, c := range fingerprint {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// KeyPending returns the notices to the administrators of a Party that a
// certificate waits for their approval: to those whom mail can be sealed for,
// and not to the one who handed it in.
func KeyPending(roll *registry.Snapshot, q gsp.KeyRequest) []Notice {
	owner, _ := roll.Owner(q.Address)
	var all []Notice
	for _, a := range roll.Accounts() {
		if a.Party != owner.Party || a.ID == q.Account || !roll.Allows(a.ID, gsp.Administrator) {
			continue
		}
		n := Notice{To: roll.Address(a.Login)}
		n.Key = once("pending key", q.Fingerprint, q.Address.String(), n.To.String(), fmt.Sprint(q.HandedIn.UnixMilli()))
		n.write = func(t *texts) Content {
			w := &writer{texts: t}
			w.line(t.Keys.Pending, "address", q.Address.String())
			w.line("")
			w.fingerprint(q.Fingerprint)
			w.line("")
			w.line(t.Keys.Commands, "approve", "gsp key approve "+q.Address.Local, "reject", "gsp key reject "+q.Address.Local)
			return w.content(t.fill(t.Keys.PendingSubject, "address", q.Address.String()))
		}
		all = append(all, n)
	}
	return all
}
