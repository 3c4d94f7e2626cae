package auth

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
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

// A message of a login holds a password and may be long, and a count of
// failures must not keep it in memory.
func TestFailuresKeepNoMessages(t *testing.T) {
	a := NewAuthenticator(Options{
		Domain: "gsp.example",
		Login:  func(string) (gsp.Account, gsp.Credential, bool) { return gsp.Account{}, gsp.Credential{}, false },
		Now:    time.Now,
	})
	const size = 1 << 20 // octets
	before := heap()
	for i := range 32 {
		name := "customs" + strconv.Itoa(i)
		for _, login := range []string{name, name + strings.Repeat("\x01", size)} {
			exchange, _ := a.Exchange(plain, peer.Peer{}, nil)
			if _, _, err := exchange.Next([]byte("\x00" + login + "\x00" + strings.Repeat("p", size))); err == nil {
				t.Fatal("a login that does not exist was let in")
			}
		}
	}
	if got := heap() - before; got > 8*size {
		t.Errorf("64 failures keep %d octets, want at most %d", got, 8*size)
	}
	runtime.KeepAlive(a)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
