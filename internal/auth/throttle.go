package auth

import (
	"sync"
	"time"
)

const (
	freeFailures = 5                // before the first wait
	firstWait    = 2 * time.Second  // doubles with each failure
	longestWait  = 15 * time.Minute // also after which a failure is forgotten, once the wait is over
	maxNames     = 1 << 13          // bounds the names held, about 100 octets each
)

// throttle counts failures by name. The zero throttle is ready for use.
type throttle struct {
	mu    sync.Mutex
	names map[string]record
}

type record struct {
	failures int
	last     time.Time
}

// until returns when the next attempt is allowed.
func (r record) until() time.Time {
	if r.failures < freeFailures {
		return r.last
	}
	wait := firstWait
	for range r.failures - freeFailures {
		if wait *= 2; wait >= longestWait {
			wait = longestWait
			break
		}
	}
	return r.last.Add(wait)
}

func (r record) stale(now time.Time) bool { return now.After(r.until().Add(longestWait)) }

// wait returns how long name has to wait before the next attempt counts.
func (t *throttle) wait(name string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.names[name]
	if !ok || r.stale(now) {
		return 0
	}
	return r.until().Sub(now)
}

func (t *throttle) add(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.names == nil {
		t.names = make(map[string]record)
	}
	r, ok := t.names[name]
	if !ok && len(t.names) >= maxNames {
		t.makeRoom(now)
	}
	if r.stale(now) {
		r = record{}
	}
	t.names[name] = record{r.failures + 1, now}
}

func (t *throttle) clear(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.names, name)
}

// makeRoom drops what is stale among a few names, or the one of them with the
// fewest failures: a flood of invented names pushes out its own kind first.
func (t *throttle) makeRoom(now time.Time) {
	const sample = 16
	least, fewest, seen := "", 0, 0
	for name, r := range t.names {
		if r.stale(now) {
			least = name
			break
		}
		if seen == 0 || r.failures < fewest {
			least, fewest = name, r.failures
		}
		if seen++; seen == sample {
			break
		}
	}
	delete(t.names, least)
}
