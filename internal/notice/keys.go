package notice

import (
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// KeyOutcome is what became of a certificate that was handed in, or that the
// directory has.
type KeyOutcome string

// The outcomes.
const (
	KeyWaits     KeyOutcome = "waits" // for an approval
	KeyPublished KeyOutcome = "published"
	KeyRenewed   KeyOutcome = "renewed"
	KeySame      KeyOutcome = "same"
	KeyRevoked   KeyOutcome = "revoked"
	KeyWithdrawn KeyOutcome = "withdrawn" // taken out of use by others than the key itself
	KeyRejected  KeyOutcome = "rejected"
	KeyReplaced  KeyOutcome = "replaced" // by another
	KeyLapsed    KeyOutcome = "lapsed"   // not confirmed or not approved in time
)

// KeyOutcomes lists every KeyOutcome.
var KeyOutcomes = []KeyOutcome{
	KeyWaits, KeyPublished, KeyRenewed, KeySame, KeyRevoked, KeyWithdrawn, KeyRejected, KeyReplaced, KeyLapsed,
}

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

// KeyDecided tells the owner of a certificate what became of it. by is who did
// it where that was not the owner, word what he wrote beside it; "" for either
// leaves it out.
func KeyDecided(l gsp.Language, cert *pgpcert.Cert, outcome KeyOutcome, by, word string) Content {
	w := &writer{texts: textsOf(l)}
	k := w.Keys
	said := map[KeyOutcome][2]string{
		KeyWaits: {k.Waiting, k.WaitingSubject}, KeyPublished: {k.Published, k.PublishedSubject},
		KeyRenewed: {k.Renewed, k.RenewedSubject}, KeySame: {k.Same, k.SameSubject}, KeyRevoked: {k.Revoked, k.RevokedSubject},
		KeyWithdrawn: {k.Withdrawn, k.WithdrawnSubject}, KeyRejected: {k.Rejected, k.RejectedSubject},
		KeyReplaced: {k.Replaced, k.ReplacedSubject}, KeyLapsed: {k.Lapsed, k.LapsedSubject},
	}[outcome]
	w.line(said[0], "address", cert.Address().String())
	if word != "" {
		w.line(k.Reason, "reason", word)
	}
	w.by(by)
	w.line("")
	w.fingerprint(cert.Fingerprint())
	if outcome == KeyPublished {
		w.line("")
		w.line(k.Overlap)
	}
	return w.content(said[1])
}

// KeyTold tells others than the owner what became of the certificate of an
// address: an administrator, or the competent authority of its archive key.
func KeyTold(l gsp.Language, address gsp.Address, fingerprint string, outcome KeyOutcome, by string) Content {
	w := &writer{texts: textsOf(l)}
	k := w.Keys
	text := map[KeyOutcome]string{
		KeyPublished: k.ToldPublished, KeyRenewed: k.ToldRenewed, KeyRevoked: k.ToldRevoked, KeyWithdrawn: k.ToldWithdrawn,
	}[outcome]
	w.line(text, "address", address.String())
	w.by(by)
	w.line("")
	w.fingerprint(fingerprint)
	w.line("")
	w.line(k.Check)
	if outcome == KeyPublished || outcome == KeyRenewed {
		w.line(k.Stop, "command", "revoke "+address.String())
	}
	return w.content(w.fill(k.ToldSubject, "address", address.String()))
}

func (w *writer) by(who string) {
	if who != "" {
		w.line(w.Keys.By, "by", who)
	}
}

// KeySecret tells who mailed a private key to an address that it is a secret no
// more, once a day.
func KeySecret(owner, to gsp.Address, at time.Time) Notice {
	n := Notice{To: owner, From: to, Key: once("private key", owner.String(), day(at))}
	n.write = func(t *texts) Content {
		w := &writer{texts: t}
		w.line(t.Keys.Secret, "address", to.String())
		return w.content(t.Keys.SecretSubject)
	}
	return n
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

// PendingSteps are after how many days those are asked again who may decide on a
// certificate that waits. The first time is at once.
var PendingSteps = []int{0, 3, 10, 24}

// PendingStep returns which of PendingSteps is reached at a time.
func PendingStep(q gsp.KeyRequest, at time.Time) int {
	step := 0
	for i, days := range PendingSteps {
		if at.Sub(q.Confirmed) >= time.Duration(days)*aDay {
			step = i
		}
	}
	return step
}

// KeyPending asks who may decide on a certificate that waits for his decision, of
// a step that PendingStep returned. He answers with a code; without one he is
// told that nobody could be asked.
func KeyPending(roll *registry.Snapshot, q gsp.KeyRequest, to gsp.Address, code string, step int) Notice {
	n := Notice{To: to, From: roll.Address(registry.KeysLocal)}
	n.Key = once("pending key", q.Fingerprint, q.Address.String(), to.String(), fmt.Sprint(q.HandedIn.UnixMilli()), fmt.Sprint(step))
	n.write = func(t *texts) Content {
		w := &writer{texts: t}
		w.line(t.Keys.Pending, "address", q.Address.String())
		w.line(t.Keys.HandedIn, "by", handedInBy(roll, q))
		w.line("")
		w.fingerprint(q.Fingerprint)
		w.line("")
		w.line(t.Keys.Asked, "done", fmt.Sprint(len(roll.Approvals(q))), "needed", fmt.Sprint(roll.ApprovalsNeeded(q)),
			"date", day(registry.ApprovalEnds(q)))
		w.line("")
		by := "ACCOUNT"
		if code == "" {
			w.line(t.Keys.Uncoded)
		} else {
			by = to.Local
			w.line(t.Keys.Decide)
			w.line(t.Keys.Code, "code", code)
			w.line("")
		}
		w.line(t.Keys.Commands, "approve", "gsp key approve "+q.Address.Local+" --by "+by, "reject", "gsp key reject "+q.Address.Local+" --by "+by)
		return w.content(t.fill(t.Keys.PendingSubject, "address", q.Address.String()))
	}
	return n
}

// handedInBy names who handed a certificate in, whom to telephone about a
// Party's own.
func handedInBy(roll *registry.Snapshot, q gsp.KeyRequest) string {
	account, _ := roll.AccountByID(q.Account)
	address := roll.Address(account.Login).String()
	if account.Name == "" {
		return address
	}
	return account.Name + ", " + address
}

// Verdict is what somebody decided about a key.
type Verdict string

// The verdicts.
const (
	Approved      Verdict = "approved"  // and the key waits for another approval
	ApprovedLast  Verdict = "published" // and with that it was published
	RejectedByYou Verdict = "rejected"
	TakenOut      Verdict = "withdrawn" // out of use
)

// KeyVerdict confirms to who decided about the key of an address what he did.
func KeyVerdict(l gsp.Language, address gsp.Address, fingerprint string, v Verdict) Content {
	w := &writer{texts: textsOf(l)}
	k := w.Keys
	text := map[Verdict]string{Approved: k.ApprovedWaits, ApprovedLast: k.ApprovedNow, RejectedByYou: k.RejectedNow, TakenOut: k.WithdrawnNow}[v]
	w.line(text, "address", address.String())
	w.line("")
	w.fingerprint(fingerprint)
	return w.content(w.fill(k.VerdictSubject, "address", address.String()))
}
