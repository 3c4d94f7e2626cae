package smtpd

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

// room bounds the octets of all mails that are being read or submitted, and
// those of one account so that a mail of another always finds some.
type room struct {
	all  *semaphore.Weighted
	each int64 // octets of one account

	mu     sync.Mutex
	shares map[gsp.AccountID]*share
}

// share is the room of an account that has mails in it.
type share struct {
	*semaphore.Weighted
	mails int
}

// newRoom returns a room of so many octets, of which an account leaves one mail
// of the largest size to the others.
func newRoom(octets, largest int64) *room {
	return &room{
		all: semaphore.NewWeighted(octets), each: octets - largest,
		shares: make(map[gsp.AccountID]*share),
	}
}

// place is what one mail takes of the room. It belongs to one goroutine.
type place struct {
	room    *room
	account gsp.AccountID
	share   *share
	octets  int64
}

// enter makes a place for a mail of an account. It must be left.
func (r *room) enter(account gsp.AccountID) *place {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.shares[account]
	if !ok {
		s = &share{Weighted: semaphore.NewWeighted(r.each)}
		r.shares[account] = s
	}
	s.mails++
	return &place{room: r, account: account, share: s}
}

// wait takes n octets, once, and is false if there are none until ctx ends.
func (p *place) wait(ctx context.Context, n int64) bool {
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

// grow takes n octets in place of the fewer that p has, if there are any now.
// Meanwhile move copies from the old to the new.
func (p *place) grow(n int64, move func()) bool {
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
func (r *room) giveBack(n int64) {
	if n >= collectFrom {
		runtime.GC()
	}
	r.all.Release(n)
}

// empty gives back what p has.
func (p *place) empty() {
	p.room.giveBack(p.octets)
	p.share.Release(p.octets)
	p.octets = 0
}

// leave is empty, for the last time.
func (p *place) leave() {
	p.empty()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.share.mails--; p.share.mails == 0 {
		delete(p.room.shares, p.account)
	}
}
