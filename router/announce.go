package router

import (
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/registry"
)

// Announce returns the mails that tell of what a change does to the directory: to
// the owner of each key, and to the administrators of the Party, so that nobody
// changes a key unseen. Who did it is not told what he knows. It is for
// registry.Registry; a mail that cannot be sealed is left out, for nobody's
// missing key may keep a stolen one in force.
func (r *Router) Announce(before, after *registry.Snapshot, c gsp.Change) []gsp.Posting {
	a := announcement{Router: r, before: before, after: after, change: c}
	for _, record := range c.History {
		switch record.Act {
		case gsp.PublishedKey:
			a.replaced(record)
			a.decided(record, notice.KeyPublished)
		case gsp.RenewedKey:
			a.decided(record, notice.KeyRenewed)
		case gsp.RevokedKey:
			a.decided(record, notice.KeyRevoked)
		case gsp.WithdrawnKey:
			a.decided(record, notice.KeyWithdrawn)
		case gsp.RejectedKey:
			a.ended(record, notice.KeyRejected)
		case gsp.LapsedKey:
			a.ended(record, notice.KeyLapsed)
		}
	}
	return a.letters
}

// announcement collects the mails about one change.
type announcement struct {
	*Router
	before, after *registry.Snapshot
	change        gsp.Change
	letters       []gsp.Posting
}

// tell adds a mail about a certificate to its owner, sealed for that
// certificate.
func (a *announcement) tell(o registry.Offer, at time.Time, content notice.Content) {
	if letters, err := a.tellKey(a.after, errand{Submission: gsp.Submission{At: at}}, o, content); err == nil {
		a.letters = append(a.letters, letters...)
	}
}

// write adds a mail to somebody, sealed for his own key in the directory.
func (a *announcement) write(to gsp.Address, at time.Time, content notice.Content) {
	if a.owner(to) {
		if letter, err := a.reply(a.after, errand{Submission: gsp.Submission{Sender: to, At: at}}, content); err == nil {
			a.letters = append(a.letters, letter)
		}
	}
}

func (a *announcement) owner(to gsp.Address) bool {
	_, ok := a.after.Owner(to)
	return ok
}

// replaced tells whoever has the key before that there is another one: the
// login that handed it in may be a thief's.
func (a *announcement) replaced(record gsp.KeyRecord) {
	owner, ok := a.after.Owner(record.Address)
	if !ok {
		return
	}
	if l, _ := a.after.Beside(gsp.WKDHash(record.Address.Local)); l.Fingerprint == record.Fingerprint {
		// It took no place, and who has the other key must learn of it as well.
		a.write(record.Address, record.At,
			notice.KeyTold(a.after.Language(record.Address), record.Address, record.Fingerprint, notice.KeyPublished, record.By))
		return
	}
	if former, ok := a.after.Replaced(owner, record.At); ok {
		a.tell(former, record.At, notice.KeyDecided(a.after.Language(owner.Address), former.Cert, notice.KeyReplaced, "", ""))
	}
}

// decided tells the owner and the administrators what became of a key in the
// directory.
func (a *announcement) decided(record gsp.KeyRecord, outcome notice.KeyOutcome) {
	by := record.By
	own := by == record.Address.String() // the answer to the mail tells the owner
	// A first key that is imported takes no other's place. With it accounts begin,
	// many on one day, and those who begin them need no mail of each.
	first := outcome == notice.KeyPublished && !a.before.Known(record.Address)
	if offer, ok := a.offerOf(record); ok && !own && !first {
		content := notice.KeyDecided(a.after.Language(record.Address), offer.Cert, outcome, by, "")
		if outcome == notice.KeyPublished {
			content.Fields = phase("done")
		}
		a.tell(offer, record.At, content)
	}
	if own && outcome == notice.KeyRenewed {
		return // who has the private key made it last longer
	}
	for _, to := range a.others(record, first) {
		a.write(to, record.At, notice.KeyTold(a.after.Language(to), record.Address, record.Fingerprint, outcome, by))
	}
}

// offerOf returns the certificate that a record is about, as it is now or, if it
// is in force no more, was before; and whose it is, if anybody receives there.
func (a *announcement) offerOf(record gsp.KeyRecord) (registry.Offer, bool) {
	owner, ok := a.after.Owner(record.Address)
	for _, roll := range []*registry.Snapshot{a.after, a.before} {
		if cert, found := roll.InForce(record.Address, record.Fingerprint); ok && found {
			return registry.Offer{Owner: owner, Cert: cert}, true
		}
	}
	return registry.Offer{}, false
}

// ended tells the owner of a certificate that waited, and whoever else handed it
// in, that it is not published.
func (a *announcement) ended(record gsp.KeyRecord, outcome notice.KeyOutcome) {
	q, ok := a.before.Request(record.Address)
	if !ok {
		return
	}
	offer, err := a.before.Requested(q)
	if err != nil {
		return
	}
	content := notice.KeyDecided(a.after.Language(record.Address), offer.Cert, outcome, "", record.Word)
	a.tell(offer, record.At, content)
	a.applicant(record, content)
}

// applicant tells who handed a certificate in for another address than his own.
func (a *announcement) applicant(record gsp.KeyRecord, content notice.Content) {
	q, ok := a.before.Request(record.Address)
	account, known := a.before.AccountByID(q.Account)
	if to := a.after.Address(account.Login); ok && known && q.Fingerprint == record.Fingerprint && to != record.Address {
		content.Fields = nil
		a.write(to, record.At, content)
	}
}

// others returns who else is told of a change of a key: the Party's
// administrators, or the Secretariat where none of them can be told, unless it is
// a first key; for an archive key, where nobody receives, the competent authority
// too.
func (a *announcement) others(record gsp.KeyRecord, first bool) []gsp.Address {
	owner, ok := a.after.Owner(record.Address)
	party, archive := registry.ArchiveOf(record.Address)
	if !ok && !archive {
		account, _ := a.after.Account(record.Address.Local) // which may be disabled by now
		party = account.Party
	}
	if ok {
		party = owner.Party
	}
	var all []gsp.Address
	if authority, registered := a.after.Authority(party); registered && archive {
		all = append(all, authority.Address)
	} else if party != "" && !registered {
		return nil // the Party has withdrawn, with all of its accounts
	}
	for _, id := range []gsp.PartyID{party, ""} {
		told := false
		for _, account := range a.after.Administrators(id) {
			to := a.after.Address(account.Login)
			if to != record.Address && a.after.Sealable(to, record.At) {
				told = true
				if to.String() != record.By && !slices.Contains(all, to) {
					all = append(all, to)
				}
			}
		}
		if told || first {
			break
		}
	}
	return all
}
