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

// firstOctets are what a mail of unknown size has at first.
const firstOctets = 16 << 10

// Room bounds the octets of all mails that are in memory, and those of one
// account so that a mail of another always finds some. Its methods may be
// called concurrently.
//
// A mail whose size was announced takes its room before it is read, and then
// waits for nothing. One of unknown size grows, and holds room while it waits
// for more; so those that grow hold so little together that one of the largest
// size still fits beside them. Who waits for that size, in turn, gets it.
type Room struct {
	limits
	octets, largest int64 // of the room, of a mail

	mu     sync.Mutex
	shares map[gsp.AccountID]*share
}

// limits are those of the room, or of an account's share of it, in octets.
type limits struct {
	all     *semaphore.Weighted
	growing *semaphore.Weighted // of mails that may take more
}

// newLimits leaves room for one mail of the largest size beside those that grow.
func newLimits(octets, largest int64) limits {
	return limits{semaphore.NewWeighted(octets), semaphore.NewWeighted(octets - largest)}
}

// share is the room of an account that has mails in it.
type share struct {
	limits
	mails int
}

// NewRoom returns a room of so many octets, at least those of two mails of the
// largest size. An account leaves one such mail to the others.
func NewRoom(octets, largest int64) *Room {
	return &Room{
		limits: newLimits(octets, largest), octets: octets, largest: largest,
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
	growing bool // they count among those that grow
}

// Enter makes a place for a mail of an account. It must be left.
func (r *Room) Enter(account gsp.AccountID) *Place {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.shares[account]
	if !ok {
		s = &share{limits: newLimits(r.octets-r.largest, r.largest)}
		r.shares[account] = s
	}
	s.mails++
	return &Place{room: r, account: account, share: s}
}

// Wait waits for the n octets of a mail whose size is known, which will need no
// more. It is false if there are none until ctx ends.
func (p *Place) Wait(ctx context.Context, n int64) bool { return p.take(n, false, inTurn(ctx)) > 0 }

// Begin waits for the first octets of a mail of unknown size. It returns how many
// there are, 0 if there are none until ctx ends.
func (p *Place) Begin(ctx context.Context) int64 {
	if n := p.take(min(firstOctets, p.room.largest), true, inTurn(ctx)); n > 0 || ctx.Err() != nil {
		return n
	}
	return p.take(p.room.largest, false, inTurn(ctx))
}

// Grow takes more octets in place of those that p has, and returns how many there
// are then, 0 for no more. Meanwhile move copies from the old to the new. After
// Begin it waits until ctx ends; after Wait there is no right to.
func (p *Place) Grow(ctx context.Context, move func(n int64)) (n int64) {
	old, get := *p, inTurn(ctx)
	if !old.growing {
		get = atOnce
	}
	n = 4 * old.octets
	if !old.growing || n >= p.room.largest || p.take(n, true, atOnce) == 0 {
		n = p.take(p.room.largest, false, get)
	}
	if n > 0 {
		move(n)
		old.Empty()
	}
	return n
}

// take takes n octets, or returns 0. Those that grow are never waited for: they
// may stay for long.
func (p *Place) take(n int64, growing bool, get getter) int64 {
	type part struct {
		of  *semaphore.Weighted
		get getter
	}
	parts := []part{{p.share.all, get}, {p.room.all, get}}
	if growing {
		parts = append([]part{{p.share.growing, atOnce}, {p.room.growing, atOnce}}, parts...)
	}
	for i, part := range parts {
		if !part.get(part.of, n) {
			for _, had := range parts[:i] {
				had.of.Release(n)
			}
			return 0
		}
	}
	p.octets, p.growing = n, growing
	return n
}

// getter gets octets, and is false if there are none.
type getter func(of *semaphore.Weighted, n int64) bool

func atOnce(of *semaphore.Weighted, n int64) bool { return of.TryAcquire(n) }

// inTurn waits in the order of coming until ctx ends.
func inTurn(ctx context.Context) getter {
	return func(of *semaphore.Weighted, n int64) bool { return of.Acquire(ctx, n) == nil }
}

// Empty gives back what p has, to which nothing refers any more.
func (p *Place) Empty() {
	if p.octets >= collectFrom {
		runtime.GC()
	}
	for _, l := range []limits{p.room.limits, p.share.limits} {
		l.all.Release(p.octets)
		if p.growing {
			l.growing.Release(p.octets)
		}
	}
	p.octets, p.growing = 0, false
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
