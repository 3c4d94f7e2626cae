package pgpcert

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
)

// ErrOtherKey reports a certificate or a revocation of another primary key.
var ErrOtherKey = errors.New("not of the published key")

// Merge takes a later copy of the published certificate c, armoured or binary,
// or a revocation alone as GnuPG makes with each key, and returns what is to be
// published from now on: c with all that is new and true in b. Nothing that the
// owner ever revoked comes into use again by it, and where both say something
// the newer statement counts.
//
// What it returns may be out of use, when b revokes it or lets it expire: ask
// Usable. A revoked certificate has no subkeys for encryption any more. The
// certificate is c itself where b says the same.
//
// The error is ErrOtherKey where b is of another primary key, which is for Read
// to judge; else a *gsp.Refusal of the reasons of Read, also where b is a copy
// from before c and has nothing new.
func (c *Cert) Merge(b []byte, now time.Time) (merged *Cert, err error) {
	defer func() {
		if p := recover(); p != nil {
			merged, err = nil, broken("this key is damaged", exportAgain, fmt.Errorf("library panic: %v", p))
		}
	}()
	octets, err := open(b)
	if err != nil {
		return nil, unreadable(err)
	}
	old, err := parse(c.octets)
	if err != nil {
		return nil, fmt.Errorf("parse the published certificate: %w", err)
	}
	given, alone, err := old.later(octets)
	switch {
	case errors.Is(err, ErrOtherKey):
		return nil, err
	case err != nil:
		return nil, unreadable(err)
	}
	old.join(given)
	if merged, err = old.vet(c.address, c.aliases, now); err != nil {
		return nil, err
	}
	if bytes.Equal(merged.octets, c.octets) {
		if alone {
			return c, nil
		}
		if err := given.covers(c, now); err != nil {
			return nil, err
		}
		return c, nil
	}
	if err := merged.sound(now); err != nil {
		return nil, err
	}
	return merged, nil
}

// later parses what may be a later copy of t, or its revocation alone.
func (t *transferable) later(b []byte) (given *transferable, alone bool, err error) {
	given, err = parse(b)
	if errors.Is(err, errNoPublic) {
		if given, err = t.revocation(b); err == nil {
			return given, true, nil
		}
		return nil, false, err
	}
	if err != nil {
		return nil, false, err
	}
	if !bytes.Equal(given.primary.key.Fingerprint, t.primary.key.Fingerprint) {
		return nil, false, ErrOtherKey
	}
	return given, false, nil
}

// revocation parses key revocations that stand alone. GnuPG keeps one of each
// key, for an owner who has lost all else.
func (t *transferable) revocation(b []byte) (*transferable, error) {
	packets, err := split(b)
	if err != nil {
		return nil, err
	}
	given := &transferable{primary: component{octets: t.primary.octets, key: t.primary.key}}
	signatures := 0
	for _, p := range packets {
		if p.tag != tagSignature {
			return nil, errNoPublic
		}
		if signatures++; signatures > maxSelfSignatures {
			return nil, errTooMany
		}
		if s, ok := ownSignature(p, t.primary.key); ok && s.sig.SigType == packet.SigTypeKeyRevocation {
			given.primary.sigs = append(given.primary.sigs, s)
		}
	}
	switch {
	case signatures == 0:
		return nil, errNoPublic
	case len(given.primary.sigs) == 0:
		return nil, ErrOtherKey
	}
	return given, nil
}

// revocationAlone reports whether b is a revocation of some key and nothing else.
func revocationAlone(b []byte) bool {
	packets, err := split(b)
	for _, p := range packets {
		// The type of a signature is the second octet in all versions but the
		// third (RFC 9580, section 5.2.3).
		if p.tag != tagSignature || len(p.body) < 2 || p.body[1] != byte(packet.SigTypeKeyRevocation) {
			return false
		}
	}
	return err == nil && len(packets) > 0
}

// join adds to t what only given has. Its own octets stand first, so that of
// two forms of one signature the published one stays.
func (t *transferable) join(given *transferable) {
	t.primary.sigs = append(t.primary.sigs, given.primary.sigs...)
	t.userIDs = joined(t.userIDs, given.userIDs, func(a, b component) bool { return a.userID == b.userID })
	t.subkeys = joined(t.subkeys, given.subkeys, func(a, b component) bool { return bytes.Equal(a.key.Fingerprint, b.key.Fingerprint) })
}

func joined(old, given []component, same func(a, b component) bool) []component {
	for _, g := range given {
		if i := slices.IndexFunc(old, func(o component) bool { return same(o, g) }); i >= 0 {
			old[i].sigs = append(old[i].sigs, g.sigs...)
		} else {
			g.sigs = slices.Clone(g.sigs)
			old = append(old, g)
		}
	}
	return old
}

// covers returns nil where t, as it would be published alone, says all that
// published says, in whatever order, and else why not. Who exports the key for
// one address, of the domain or of an alias, leaves the other user IDs out.
func (t *transferable) covers(published *Cert, now time.Time) error {
	older := broken("this copy of the key is older than the published one", exportAgain, nil)
	own := t.namedFor(published.address, published.aliases)
	others := slices.DeleteFunc(append([]string{published.address.Domain}, published.aliases...), func(d string) bool { return d == own.Domain })
	_, err := t.vet(own, others, now)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok && refusal.Reason == gsp.WrongKeyAddress {
		return refusal
	}
	if err != nil {
		return older
	}
	old, err := parse(published.octets)
	if err != nil {
		return fmt.Errorf("parse the published certificate: %w", err)
	}
	old.userIDs = slices.DeleteFunc(old.userIDs, func(u component) bool {
		return !names(u.userID, own) && !slices.ContainsFunc(t.userIDs, func(mine component) bool { return mine.userID == u.userID })
	})
	said := t.statements()
	for statement := range old.statements() {
		if !said[statement] {
			return older
		}
	}
	return nil
}

// statements are what t binds together, each with the signature that does. The
// header formats of packets do not matter.
func (t *transferable) statements() map[string]bool {
	said := map[string]bool{}
	add := func(name string, sigs []signature) {
		for _, s := range sigs {
			said[name+"\x00"+string(s.sig.HashSuffix)] = true
		}
	}
	add("", t.primary.sigs)
	for _, u := range t.userIDs {
		add(u.userID, u.sigs)
	}
	for _, sub := range t.subkeys {
		add(string(sub.key.Fingerprint), sub.sigs)
	}
	return said
}

// sound reports whether a merged certificate can be published, and where it is
// in use that the libraries can seal for it.
func (c *Cert) sound(now time.Time) error {
	if len(c.octets) > MaxSize {
		return unreadable(errLarge)
	}
	t, err := parse(c.octets)
	if err != nil {
		return unreadable(err)
	}
	if c.Usable(now) != nil {
		if _, err := c.reread(); err != nil {
			return broken("this key is damaged", exportAgain, err)
		}
		return nil
	}
	if err := secondOpinion(c, earliest(later(now, t.lastSignature()), now.Add(skew))); err != nil {
		return broken("this key cannot be used for encryption", makeNew, err)
	}
	return nil
}
