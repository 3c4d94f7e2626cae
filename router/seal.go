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
// can read it, and nobody else but the sender.
func checkSeal(roll *registry.Snapshot, sender gsp.Address, owners []registry.Owner, routed bool, keys []sealed.SessionKey, at time.Time) error {
	takes := func(a gsp.Address) bool {
		return a == sender || slices.ContainsFunc(owners, func(o registry.Owner) bool { return o.Address == a })
	}
	open := map[gsp.Address]bool{}  // who can read it by a key that is valid
	stale := map[gsp.Address]bool{} // for whom an old key was used, which opens as well
	strange := false                // whether somebody else can
	for _, k := range keys {
		matches := roll.Keys(k)
		if len(matches) == 0 {
			return unknownKey(k)
		}
		if !slices.ContainsFunc(matches, func(key registry.Key) bool { return takes(key.Owner) }) {
			strange = true
		}
		for _, key := range matches {
			if key.Valid(at) {
				open[key.Owner] = true
			} else {
				stale[key.Owner] = true
			}
		}
	}
	for _, o := range owners {
		if !open[o.Address] {
			return unreadable(roll, o, stale[o.Address], strange && routed, at)
		}
	}
	if strange {
		return &gsp.Refusal{
			Reason: gsp.StrangeKey,
			Cause:  "this mail is sealed also for somebody who is not among its recipients",
			Remedy: "remove the additional key, or add its owner to the recipients",
		}
	}
	return nil
}

// unreadable is the refusal of a mail that the owner could not open: stale
// where it is sealed for an old key of the owner, elsewhere where the router
// chose the owner and the mail is sealed for another.
func unreadable(roll *registry.Snapshot, o registry.Owner, stale, elsewhere bool, at time.Time) error {
	cert, ok := roll.Cert(o.Address)
	switch {
	case !ok:
		return &gsp.Refusal{
			Reason: gsp.NoKey,
			Cause:  fmt.Sprintf("%s has no key in the directory, so nothing can be sealed for it", o.Address),
			Remedy: "ask the Secretariat to remind that Party's administrator",
		}
	case !roll.Sealable(o.Address, at):
		return &gsp.Refusal{
			Reason: gsp.NoKey,
			Cause:  fmt.Sprintf("the directory has no key of %s that is valid now, so nothing can be sealed for it", o.Address),
			Remedy: "ask the Secretariat to remind that Party's administrator",
		}
	case stale:
		return &gsp.Refusal{
			Reason: gsp.StaleKey,
			Cause:  fmt.Sprintf("this mail is sealed for an expired or revoked key of %s", o.Address),
			Remedy: fmt.Sprintf("fetch the key of %s again from the directory and send the mail again", o.Address),
		}
	case elsewhere:
		return &gsp.Refusal{
			Reason: gsp.WrongParty,
			Cause:  fmt.Sprintf("the UIM belongs to %s, and this mail is sealed for another", o.Address),
			Remedy: fmt.Sprintf("seal it for %s, key %s", o.Address, cert.Fingerprint()),
		}
	}
	return &gsp.Refusal{
		Reason: gsp.CannotRead,
		Cause:  fmt.Sprintf("this mail is not sealed for %s, who could not open it", o.Address),
		Remedy: fmt.Sprintf("seal it for the key of %s as well, %s", o.Address, cert.Fingerprint()),
	}
}

// checkKnown asks whether every session key is for a key of the directory.
func checkKnown(roll *registry.Snapshot, keys []sealed.SessionKey) error {
	for _, k := range keys {
		if len(roll.Keys(k)) == 0 {
			return unknownKey(k)
		}
	}
	return nil
}

func unknownKey(k sealed.SessionKey) error {
	return &gsp.Refusal{
		Reason: gsp.UnknownKey,
		Cause:  fmt.Sprintf("this mail is sealed for a key that is not in the directory, its number ends in %08X", uint32(k.KeyID)),
		Remedy: "fetch the recipients' keys again from the directory, check that your own key is published, and seal the mail anew",
	}
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
	return &gsp.Refusal{Reason: gsp.Reason(fault.Flaw), Cause: text[0], Remedy: text[1], Err: fault}
}
