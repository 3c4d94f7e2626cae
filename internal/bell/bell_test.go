package bell_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"gsp.example/gsp/internal/bell"
)

func rung(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestRingWakesWatchersOfItsKeyOnly(t *testing.T) {
	var tower bell.Tower[int64]
	first, stop1 := tower.Watch(1)
	second, stop2 := tower.Watch(1)
	other, stop3 := tower.Watch(2)
	defer stop1()
	defer stop2()
	defer stop3()

	tower.Ring(1, 3)
	if !rung(first) || !rung(second) {
		t.Error("a watcher of 1 was not woken")
	}
	if rung(other) {
		t.Error("a watcher of 2 was woken by a ring of 1")
	}
}

func TestRingAllWakesEachWatcherOnce(t *testing.T) {
	var tower bell.Tower[int]
	tower.RingAll() // nobody is there yet
	var watchers []<-chan struct{}
	for key := range 5 {
		for range 2 {
			c, stop := tower.Watch(key)
			defer stop()
			watchers = append(watchers, c)
		}
	}
	gone, stop := tower.Watch(1)
	stop()
	tower.Ring(3)
	tower.RingAll()
	for i, c := range watchers {
		if !rung(c) {
			t.Errorf("watcher %d was not woken", i)
		}
		if rung(c) {
			t.Errorf("watcher %d was woken twice", i)
		}
	}
	if rung(gone) {
		t.Error("a ring after the watch ended")
	}
}

// TestRingAllAmongOthers has watches begin and end while all bells ring.
func TestRingAllAmongOthers(t *testing.T) {
	var (
		tower bell.Tower[int]
		wg    sync.WaitGroup
	)
	for key := range 4 {
		wg.Go(func() {
			for range 500 {
				c, stop := tower.Watch(key)
				tower.RingAll()
				if !rung(c) {
					t.Errorf("watcher of %d was not woken by its own ring", key)
				}
				stop()
			}
		})
	}
	wg.Wait()
}

func TestRingsMergeAndNeverBlock(t *testing.T) {
	var tower bell.Tower[string]
	c, stop := tower.Watch("a")
	defer stop()
	for range 1000 {
		tower.Ring("a", "a")
	}
	if !rung(c) {
		t.Error("no ring after a thousand")
	}
	if rung(c) {
		t.Error("a second ring is waiting; want them merged into one")
	}
}

func TestStopEndsTheWatchOnceAndForAll(t *testing.T) {
	var tower bell.Tower[int]
	gone, stop := tower.Watch(1)
	stays, stopStays := tower.Watch(1)
	defer stopStays()
	stop()
	stop()
	tower.Ring(1)
	if rung(gone) {
		t.Error("a ring after the watch ended")
	}
	if !rung(stays) {
		t.Error("ending one watch ended another")
	}
}

// TestNoRingIsMissed follows a log as the doors do: whoever reads after each
// ring ends with the newest state, however rings and reads interleave.
func TestNoRingIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const last = 1000
		var (
			tower bell.Tower[int]
			mu    sync.Mutex
			log   int
			wg    sync.WaitGroup
		)
		for range 8 {
			wg.Go(func() {
				c, stop := tower.Watch(7)
				defer stop()
				for {
					mu.Lock()
					n := log
					mu.Unlock()
					if n == last {
						return
					}
					<-c // a missed ring deadlocks here, which synctest reports
				}
			})
		}
		for range last {
			mu.Lock()
			log++
			mu.Unlock()
			tower.Ring(7)
		}
		wg.Wait()
	})
}

func BenchmarkRingOneWatcherAmongMany(b *testing.B) {
	var tower bell.Tower[int]
	for i := range 1000 {
		_, stop := tower.Watch(i)
		defer stop()
	}
	for b.Loop() {
		tower.Ring(500)
	}
}
