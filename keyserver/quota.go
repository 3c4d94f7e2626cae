package keyserver

import (
	"net/netip"
	"sync"
	"time"

	"gsp.example/gsp/internal/peer"
)

// maxPeers bounds the peers remembered, about 100 octets each.
const maxPeers = 1 << 14

// quota lets each peer ask for so many keys a minute that nobody has. Who is
// there can be found out by asking, since the hashed names are few and short;
// this makes it slow. What is found is not counted, since a ministry may stand
// behind one address. Addresses stay in memory and are forgotten after a minute.
type quota struct {
	limit int // a minute, 0 for none
	now   func() time.Time

	mu     sync.Mutex
	since  time.Time
	missed map[netip.Prefix]int
}

func newQuota(limit int, now func() time.Time) *quota {
	return &quota{limit: limit, now: now, missed: make(map[netip.Prefix]int)}
}

// spent reports whether the peer at an address may ask nothing more, not even
// for a key that is there: else the answer would tell.
func (q *quota) spent(address string) bool {
	if q.limit == 0 {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forget()
	return len(q.missed) > 0 && q.missed[q.key(address)] >= q.limit
}

// miss counts a question for a key that nobody has.
func (q *quota) miss(address string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forget()
	q.missed[q.key(address)]++
}

// key is under what a peer is counted. Beyond maxPeers the rest share one count.
func (q *quota) key(address string) netip.Prefix {
	network := peer.Network(address)
	if _, ok := q.missed[network]; !ok && len(q.missed) >= maxPeers {
		return netip.Prefix{}
	}
	return network
}

func (q *quota) forget() {
	if now := q.now(); now.Sub(q.since) >= time.Minute || now.Before(q.since) {
		q.since = now
		clear(q.missed)
	}
}
