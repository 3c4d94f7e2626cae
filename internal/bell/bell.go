// Package bell wakes goroutines that follow a log.
//
// A ring carries nothing: no message, no number. Whoever wakes reads the log
// from where it stopped, so rings may be lost, doubled or merged without harm.
package bell

import "sync"

// Tower holds one bell for each key. The zero Tower is ready, and its methods
// may be called concurrently. A key that nobody watches costs nothing.
type Tower[K comparable] struct {
	mu       sync.Mutex
	watchers map[K]map[chan struct{}]struct{}
}

// Ring wakes all who watch one of the keys. It never waits for them.
func (t *Tower[K]) Ring(keys ...K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		ring(t.watchers[key])
	}
}

// RingAll wakes all who watch, whatever key. It is for what may concern each
// of them and is rare, such as a change of rights.
func (t *Tower[K]) RingAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, watchers := range t.watchers {
		ring(watchers)
	}
}

func ring(watchers map[chan struct{}]struct{}) {
	for c := range watchers {
		select {
		case c <- struct{}{}:
		default: // it has a ring waiting, which will do for this one too
		}
	}
}

// Watch returns a channel that gets a value after a ring of key, and a
// function that ends the watch. The channel holds one ring and is never
// closed; the function may be called more than once.
//
// A ring before Watch is not seen: read the log once after taking the channel.
func (t *Tower[K]) Watch(key K) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watchers == nil {
		t.watchers = make(map[K]map[chan struct{}]struct{})
	}
	if t.watchers[key] == nil {
		t.watchers[key] = make(map[chan struct{}]struct{})
	}
	t.watchers[key][c] = struct{}{}
	return c, func() { t.drop(key, c) }
}

func (t *Tower[K]) drop(key K, c chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers[key], c)
	if len(t.watchers[key]) == 0 {
		delete(t.watchers, key)
	}
}
