package auth

import (
	"sync"
	"time"
)

const (
	firstWait   = 2 * time.Second  // doubles with each failure
	longestWait = 15 * time.Minute // also after which a failure is forgotten, once the wait is over
	maxKeys     = 1 << 13          // bounds the keys held, about 100 octets each
)

// throttle counts failures by key: a login's name, or the network it came
// from. Only free must be set.
type throttle[K comparable] struct {
	free int // failures before the first wait

	mu      sync.Mutex
	records map[K]record
}

type record struct {
	failures int
	last     time.Time
}

// until returns when the next attempt is allowed.
func (t *throttle[K]) until(r record) time.Time {
	if r.failures < t.free {
		return r.last
	}
	wait := firstWait
	for range r.failures - t.free {
		if wait *= 2; wait >= longestWait {
			wait = longestWait
			break
		}
	}
	return r.last.Add(wait)
}

func (t *throttle[K]) stale(r record, now time.Time) bool {
	return now.After(t.until(r).Add(longestWait))
}

// wait returns how long key has to wait before the next attempt counts.
func (t *throttle[K]) wait(key K, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.records[key]
	if !ok || t.stale(r, now) {
		return 0
	}
	return t.until(r).Sub(now)
}

func (t *throttle[K]) add(key K, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.records == nil {
		t.records = make(map[K]record)
	}
	r, ok := t.records[key]
	if !ok && len(t.records) >= maxKeys {
		t.makeRoom(now)
	}
	if t.stale(r, now) {
		r = record{}
	}
	t.records[key] = record{r.failures + 1, now}
}

func (t *throttle[K]) clear(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.records, key)
}

// makeRoom drops what is stale among a few keys, or the one of them with the
// fewest failures: a flood of invented names pushes out its own kind first.
func (t *throttle[K]) makeRoom(now time.Time) {
	const sample = 16
	var least K
	fewest, seen := 0, 0
	for key, r := range t.records {
		if t.stale(r, now) {
			least = key
			break
		}
		if seen == 0 || r.failures < fewest {
			least, fewest = key, r.failures
		}
		if seen++; seen == sample {
			break
		}
	}
	delete(t.records, least)
}
