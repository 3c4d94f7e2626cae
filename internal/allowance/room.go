package allowance

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"gsp.example/gsp/internal/gsp"
)

// collectFrom is the size, in octets, from which a mail's memory is collected
// before its room is given back. Three mails of full size that nobody needs any
// more and three that took their place would else be in memory together.
const collectFrom = 4 << 20

// Room bounds the octets of all mails that are in memory, and those of one
// account so that a mail of another always finds some. Its methods may be
// called concurrently.
type Room struct {
	all    *semaphore.Weighted
	octets int64 // of all
	each   int64 // of one account

	mu     sync.Mutex
	shares map[gsp.AccountID]*share
}

// share is the room of an account that has mails in it.
type share struct {
	*semaphore.Weighted
	mails int
}

// NewRoom returns a room of so many octets, of which an account leaves one mail
// of the largest size to the others.
func NewRoom(octets, largest int64) *Room {
	return &Room{
		all: semaphore.NewWeighted(octets), octets: octets, each: octets - largest,
		shares: make(map[gsp.AccountID]*share),
	}
}

// Unused reports whether nobody has anything of the room.
func (r *Room) Unused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := r.all.TryAcquire(r.octets)
	if free {
		r.all.Release(r.octets)
	}
	return free && len(r.shares) == 0
}

// Place is what one mail takes of the room. It belongs to one goroutine.
type Place struct {
	room    *Room
	account gsp.AccountID
	share   *share
	octets  int64
}

// Enter makes a place for a mail of an account. It must be left.
func (r *Room) Enter(account gsp.AccountID) *Place {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.shares[account]
	if !ok {
		s = &share{Weighted: semaphore.NewWeighted(r.each)}
		r.shares[account] = s
	}
	s.mails++
	return &Place{room: r, account: account, share: s}
}

// Octets returns what p has.
func (p *Place) Octets() int64 { return p.octets }

// Wait takes n octets, once, and is false if there are none until ctx ends.
func (p *Place) Wait(ctx context.Context, n int64) bool {
	if p.share.Acquire(ctx, n) != nil {
		return false
	}
	if p.room.all.Acquire(ctx, n) != nil {
		p.share.Release(n)
		return false
	}
	p.octets = n
	return true
}

// Grow takes n octets in place of the fewer that p has, if there are any now.
// Meanwhile move copies from the old to the new.
func (p *Place) Grow(n int64, move func()) bool {
	more := n - p.octets
	if !p.share.TryAcquire(more) {
		return false
	}
	if !p.room.all.TryAcquire(n) {
		p.share.Release(more)
		return false
	}
	move()
	p.room.giveBack(p.octets)
	p.octets = n
	return true
}

// giveBack takes back octets that nothing refers to any more.
func (r *Room) giveBack(n int64) {
	if n >= collectFrom {
		runtime.GC()
	}
	r.all.Release(n)
}

// Empty gives back what p has.
func (p *Place) Empty() {
	p.room.giveBack(p.octets)
	p.share.Release(p.octets)
	p.octets = 0
}

// Leave is Empty, for the last time.
func (p *Place) Leave() {
	p.Empty()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.share.mails--; p.share.mails == 0 {
		delete(p.room.shares, p.account)
	}
}
