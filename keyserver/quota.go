package keyserver

import (
	"net/netip"
	"sync"
	"time"
)

// maxPeers bounds the peers remembered, about 100 octets each.
const maxPeers = 1 << 14

// quota lets each peer ask for so many keys a minute. Who is there can be
// found out by asking, since the hashed names are few and short; this makes
// it slow. Addresses stay in memory and are forgotten after a minute.
type quota struct {
	limit int // a minute, below 0 for none
	now   func() time.Time

	mu    sync.Mutex
	since time.Time
	asked map[netip.Prefix]int
}

func newQuota(limit int, now func() time.Time) *quota {
	return &quota{limit: limit, now: now, asked: make(map[netip.Prefix]int)}
}

// take counts one question and reports whether it is within the limit. Beyond
// maxPeers the rest share one count.
func (q *quota) take(peer netip.Prefix) bool {
	if q.limit < 0 {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := q.now(); now.Sub(q.since) >= time.Minute || now.Before(q.since) {
		q.since = now
		clear(q.asked)
	}
	if _, ok := q.asked[peer]; !ok && len(q.asked) >= maxPeers {
		peer = netip.Prefix{}
	}
	q.asked[peer]++
	return q.asked[peer] <= q.limit
}
