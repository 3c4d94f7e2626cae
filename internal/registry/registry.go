// Package registry answers who is who: Parties, accounts, roles, keys and the
// pattern library in force.
//
// It holds them as an immutable snapshot that is swapped whole after each
// change was stored, so a mail is decided on one state of the world and no
// reader ever waits.
package registry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Registry is the roll in memory, in step with its store. Its methods may be
// called concurrently.
type Registry struct {
	store   Store
	names   names
	overlap time.Duration

	// Announce, if there is one, returns the mails that tell of a change to whom
	// it concerns; they are stored with it, but for those whose mailbox has no
	// room. before and after are the states around it. It must be set before the
	// first Update that is to be told.
	Announce func(before, after *Snapshot, c gsp.Change) []gsp.Posting

	snapshot atomic.Pointer[Snapshot]

	mu   sync.Mutex // serialises changes
	roll gsp.Roll   // what snapshot was made of
}

// Overlap is how long mail that is sealed for a replaced key is accepted where
// nobody chose another time: mail programs read a key again within days.
const Overlap = 7 * 24 * time.Hour

// Open loads the roll. A certificate or library in the store that can no
// longer be read is an error: the store checked it when it came in.
func Open(ctx context.Context, store Store, domain string) (*Registry, error) {
	return OpenWithOverlap(ctx, store, domain, Overlap)
}

// OpenWithOverlap does as Open, with another time for replaced keys; 0 is none.
// Aliases are other names of the domain, in lower case.
func OpenWithOverlap(ctx context.Context, store Store, domain string, overlap time.Duration, aliases ...string) (*Registry, error) {
	roll, err := store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the roll: %w", err)
	}
	s, err := newSnapshot(names{domain, aliases}, overlap, roll, nil)
	if err != nil {
		return nil, err
	}
	roll.Withdrawn = nil // the snapshot knows of them what is needed
	r := &Registry{store: store, names: names{domain, aliases}, overlap: overlap, roll: roll}
	r.snapshot.Store(s)
	return r, nil
}

// Snapshot returns the present state. It never changes and may be kept.
func (r *Registry) Snapshot() *Snapshot { return r.snapshot.Load() }

// KeyHistory returns all that was done with the certificates of an address, the
// earliest first.
func (r *Registry) KeyHistory(ctx context.Context, a gsp.Address) ([]gsp.KeyRecord, error) {
	return r.store.KeyHistory(ctx, a)
}

// Libraries returns every published version of the pattern library, the newest
// first.
func (r *Registry) Libraries(ctx context.Context) ([]gsp.LibraryText, error) {
	return r.store.Libraries(ctx)
}

// Update lets decide make a change from the present state, stores it, and
// swaps the snapshot. Updates run one after the other, so what decide saw is
// still true when its change is stored. It returns the change with the numbers
// that new accounts and grants got. An error of decide comes back as it is.
func (r *Registry) Update(ctx context.Context, decide func(*Snapshot) (gsp.Change, error)) (gsp.Change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change, err := decide(r.snapshot.Load())
	if err != nil {
		return gsp.Change{}, err
	}
	// What could not be read again must not be stored. What was read in trying
	// is not read again below.
	roll := merge(r.roll, change)
	tried, err := newSnapshot(r.names, r.overlap, roll, r.snapshot.Load())
	if err != nil {
		return gsp.Change{}, fmt.Errorf("try the change: %w", err)
	}
	for i, record := range change.History {
		change.History[i].Answer = tried.digest(record)
	}
	var told []gsp.Posting
	if r.Announce != nil && len(change.History) > 0 {
		told = r.Announce(r.snapshot.Load(), tried, change)
	}
	change, err = r.apply(ctx, change, told)
	if err != nil {
		return gsp.Change{}, fmt.Errorf("store the change: %w", err)
	}
	// What got a number only now was tried without it. A key gets none, and to
	// build the state of 50,000 of them takes a quarter of a second.
	if len(change.Accounts)+len(change.Grants)+len(change.Terms) > 0 || change.Library != nil {
		roll = merge(r.roll, change)
		if tried, err = newSnapshot(r.names, r.overlap, roll, tried); err != nil {
			return gsp.Change{}, err
		}
	}
	roll.Withdrawn = nil
	r.roll = roll
	r.snapshot.Store(tried)
	return change, nil
}

// apply stores a change with the mails that tell of it. One for which even the
// reserve of a mailbox has no room is left out: whoever fills it must not keep a
// stolen key in force.
func (r *Registry) apply(ctx context.Context, c gsp.Change, told []gsp.Posting) (gsp.Change, error) {
	letters := c.Letters
	for {
		c.Letters = slices.Concat(told, letters)
		applied, err := r.store.Apply(ctx, c)
		full, _ := gsp.IsFull(err)
		left := gsp.WithRoom(told, full)
		if len(left) == len(told) {
			return applied, err
		}
		told = left
	}
}

// merge returns the roll after a change, as the store's Load would give it.
func merge(roll gsp.Roll, c gsp.Change) gsp.Roll {
	roll.Parties = replace(roll.Parties, c.Parties, func(p gsp.Party) gsp.PartyID { return p.ID })
	roll.Accounts = replace(roll.Accounts, c.Accounts, func(a gsp.Account) gsp.AccountID { return a.ID })
	roll.Grants = replace(roll.Grants, c.Grants, func(g gsp.Grant) int64 { return g.ID })
	roll.Terms = append(slices.Clip(roll.Terms), c.Terms...)
	roll.Credentials = replace(roll.Credentials, c.Credentials, func(c gsp.Credential) gsp.AccountID { return c.Account })
	var changed []gsp.Certificate
	for _, cert := range c.Certificates {
		inForce := func(old gsp.Certificate) bool {
			return old.Address == cert.Address && old.Fingerprint == cert.Fingerprint
		}
		if cert.Withdrawn.IsZero() || slices.ContainsFunc(roll.Certificates, inForce) {
			changed = append(changed, cert)
		} else { // an earlier one that its owner revoked
			roll.Withdrawn = append(roll.Withdrawn, cert)
		}
	}
	certs := replace(roll.Certificates, changed, placeOf)
	roll.Certificates = nil
	for _, cert := range certs {
		if cert.Withdrawn.IsZero() {
			roll.Certificates = append(roll.Certificates, cert)
		}
	}
	roll.Requests = slices.DeleteFunc(
		slices.Clone(replace(roll.Requests, c.Requests, func(q gsp.KeyRequest) gsp.Address { return q.Address })),
		func(q gsp.KeyRequest) bool { return !q.Ended.IsZero() },
	)
	if c.Library != nil {
		roll.Library = *c.Library
	}
	return roll
}

// place is what one certificate can have in the directory.
type place struct {
	gsp.Address
	beside bool
}

func placeOf(c gsp.Certificate) place { return place{c.Address, c.Beside()} }

// replace returns old with the values of changed put in the place of those
// with the same key, or at the end. It leaves old alone: a snapshot may hold it.
func replace[T any, K comparable](old, changed []T, key func(T) K) []T {
	if len(changed) == 0 {
		return old
	}
	place := make(map[K]int, len(old))
	out := make([]T, len(old), len(old)+len(changed))
	for i, v := range old {
		out[i], place[key(v)] = v, i
	}
	for _, v := range changed {
		if i, ok := place[key(v)]; ok {
			out[i] = v
			continue
		}
		place[key(v)] = len(out)
		out = append(out, v)
	}
	return out
}
