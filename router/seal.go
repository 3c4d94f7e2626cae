package router

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
)

// checkSeal asks whether a mail is sealed for the right ones: each recipient
// can read it, and nobody else but the sender and the archives that their Parties
// registered. Asked are the Parties that the
// mail's marks name, if they chose or confirmed its recipients.
func checkSeal(roll *registry.Snapshot, sender gsp.Address, owners []registry.Owner, asked []gsp.PartyID, keys []sealed.SessionKey, at time.Time) error {
	takes := func(a gsp.Address) bool {
		if a == sender || slices.ContainsFunc(owners, func(o registry.Owner) bool { return o.Address == a }) {
			return true
		}
		party, archive := registry.ArchiveOf(a)
		if !archive {
			return false
		}
		from, _ := roll.Owner(sender)
		return from.Party == party || slices.ContainsFunc(owners, func(o registry.Owner) bool { return o.Party == party })
	}
	open := map[gsp.Address]bool{}  // who can read it by a key that is valid
	stale := map[gsp.Address]bool{} // for whom a key was used that is not valid
	var lost []gsp.Address          // for whom one was used that somebody else may hold
	strange := false                // whether somebody else can
	for _, k := range keys {
		holders, err := holdersOf(roll, k)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(holders, func(h holder) bool { return takes(h.owner) }) {
			strange = true
		}
		for _, h := range holders {
			switch {
			case h.valid(at):
				open[h.owner] = true
			case h.lost() && takes(h.owner):
				lost = append(lost, h.owner)
				fallthrough
			default:
				stale[h.owner] = true
			}
		}
	}
	for _, o := range owners {
		if !open[o.Address] {
			related := func(p gsp.PartyID) bool { return roll.Related(p, o.Party) }
			return unreadable(roll, o, stale[o.Address], strange, slices.ContainsFunc(asked, related), at)
		}
	}
	switch {
	case strange:
		return &gsp.Refusal{
			Reason: gsp.StrangeKey,
			Cause:  "this mail is sealed also for somebody who is not among its recipients",
			Remedy: "remove the additional key, or add its owner to the recipients",
		}
	case len(lost) > 0:
		return &gsp.Refusal{
			Reason: gsp.StaleKey,
			Cause:  fmt.Sprintf("this mail is sealed also for a key of %s that was revoked or replaced, and whoever has that key could open it", lost[0]),
			Remedy: fmt.Sprintf("remove the old key of %s from your program and send the mail again%s", lost[0], fingerprint(roll, lost[0])),
		}
	}
	return nil
}

// holder is whose an encryption key is, or was.
type holder struct {
	owner  gsp.Address
	key    *registry.Key   // nil where the directory has it no more
	former registry.Former // where key is nil
}

// valid reports whether the holder can read by the key, which may be one that
// was replaced some days ago.
func (h holder) valid(at time.Time) bool {
	if h.key == nil {
		return h.former.Accepted(at)
	}
	return h.key.Valid(at)
}

// lost reports whether a key that is not valid may have come into other hands,
// which is why owners revoke or replace one. One that only expired did not.
func (h holder) lost() bool { return h.key == nil || h.key.Revoked }

// holdersOf returns whose a key is: one owner, unless certificates share a key
// ID. A key that the directory never had is refused.
func holdersOf(roll *registry.Snapshot, k sealed.SessionKey) ([]holder, error) {
	var holders []holder
	for _, key := range roll.Keys(k) {
		holders = append(holders, holder{owner: key.Owner, key: &key})
	}
	if len(holders) > 0 {
		return holders, nil
	}
	if former, ok := roll.Former(k); ok {
		return []holder{{owner: former.Owner, former: former}}, nil
	}
	return nil, &gsp.Refusal{
		Reason: gsp.UnknownKey,
		Cause:  fmt.Sprintf("this mail is sealed for a key that is not in the directory, its number ends in %08X", uint32(k.KeyID)),
		Remedy: "fetch the recipients' keys again from the directory, check that your own key is published, and seal the mail anew",
	}
}

// unreadable is the refusal of a mail that the owner could not open: stale
// where it is sealed for an old key of the owner, elsewhere where it is sealed
// for somebody who is no recipient, which by the marks is another Party.
func unreadable(roll *registry.Snapshot, o registry.Owner, stale, elsewhere, marked bool, at time.Time) error {
	if !roll.Sealable(o.Address, at) {
		return noKey(roll, o)
	}
	cert, _ := roll.Cert(o.Address)
	switch {
	case stale:
		return staleKey(roll, o.Address)
	case elsewhere && marked:
		return &gsp.Refusal{
			Reason: gsp.WrongParty,
			Cause:  fmt.Sprintf("the UIM belongs to %s, and this mail is sealed for another", o.Address),
			Remedy: fmt.Sprintf("seal it for %s, key %s", o.Address, cert.Fingerprint()),
		}
	case elsewhere:
		return &gsp.Refusal{
			Reason: gsp.CannotRead,
			Cause:  fmt.Sprintf("this mail is sealed for somebody else, and %s could not open it", o.Address),
			Remedy: fmt.Sprintf("seal it for the key of %s, %s", o.Address, cert.Fingerprint()),
		}
	}
	return &gsp.Refusal{
		Reason: gsp.CannotRead,
		Cause:  fmt.Sprintf("this mail is not sealed for %s, who could not open it", o.Address),
		Remedy: fmt.Sprintf("seal it for the key of %s as well, %s", o.Address, cert.Fingerprint()),
	}
}

// noKey is the refusal of a mail to somebody for whom nothing can be sealed.
func noKey(roll *registry.Snapshot, o registry.Owner) error {
	cause := "%s has no key in the directory, so nothing can be sealed for it"
	if _, ok := roll.Cert(o.Address); ok {
		cause = "the directory has no key of %s that is valid now, so nothing can be sealed for it"
	}
	remedy := "ask the Secretariat to remind that Party's administrator"
	if o.Party == "" {
		remedy = "ask your Party's administrator to pass it on by another way"
	}
	return &gsp.Refusal{Reason: gsp.NoKey, Cause: fmt.Sprintf(cause, o.Address), Remedy: remedy}
}

func staleKey(roll *registry.Snapshot, owner gsp.Address) error {
	return &gsp.Refusal{
		Reason: gsp.StaleKey,
		Cause:  fmt.Sprintf("this mail is sealed for an old key of %s, which expired, was revoked or was replaced", owner),
		Remedy: fmt.Sprintf("fetch the key of %s again from the directory and send the mail again%s", owner, fingerprint(roll, owner)),
	}
}

// checkKnown asks whether every session key is for a key of the directory, or
// for one that was replaced some days ago.
func checkKnown(roll *registry.Snapshot, keys []sealed.SessionKey, at time.Time) error {
	for _, k := range keys {
		holders, err := holdersOf(roll, k)
		if err != nil {
			return err
		}
		if holders[0].key == nil && !holders[0].valid(at) {
			return staleKey(roll, holders[0].owner)
		}
	}
	return nil
}

// fingerprint is the key of an address in words, "" where it has none.
func fingerprint(roll *registry.Snapshot, a gsp.Address) string {
	cert, ok := roll.Cert(a)
	if !ok {
		return ""
	}
	return ", sealed for its key " + cert.Fingerprint()
}

// refusalOf turns a fault that Inspect found into a refusal.
func refusalOf(err error) error {
	fault, ok := errors.AsType[*sealed.Fault](err)
	if !ok {
		return fmt.Errorf("inspect the mail: %w", err)
	}
	text, ok := flawTexts[fault.Flaw]
	if !ok {
		return fmt.Errorf("inspect the mail: no text for flaw %s", fault.Flaw)
	}
	cause := text[0]
	switch fault.Flaw {
	case sealed.BrokenMIME, sealed.BrokenHeader, sealed.DuplicateHeader: // whoever looks after the program needs the detail
		cause += ": " + fault.Detail
	}
	return &gsp.Refusal{Reason: gsp.Reason(fault.Flaw), Cause: cause, Remedy: text[1], Err: fault}
}
