package auth

import (
	"strconv"
	"testing"
	"time"
)

// A flood of invented names must neither grow without bound nor free a name
// that has to wait.
func TestFloodOfNames(t *testing.T) {
	failures := throttle[string]{free: 5}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for range 12 {
		failures.add("customs1.ke", now)
	}
	for i := range 3 * maxKeys {
		failures.add(strconv.Itoa(i), now)
	}
	if got := len(failures.records); got > maxKeys {
		t.Errorf("%d names held, want at most %d", got, maxKeys)
	}
	if got := failures.wait("customs1.ke", now); got != 256*time.Second {
		t.Errorf("after the flood the name waits %v, want 4m16s", got)
	}
	if got := failures.wait("customs1.ke", now.Add(time.Hour)); got != 0 {
		t.Errorf("an hour later the name waits %v, want no wait", got)
	}
}
