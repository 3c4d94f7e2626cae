package imapd_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/store/storetest"
)

// BenchmarkIdle compares what 2,000 sessions in IDLE take with the library's
// own server in memory. The clients are in the same process, and counted with
// them.
func BenchmarkIdle(b *testing.B) {
	const sessions = 2000
	w := newWorld(b, func(s *imapd.Server) { s.PerAccount, s.PerAddress = 3*sessions, 3*sessions })
	w.login("ann").ok("SELECT INBOX") // the first opens statements and caches
	m, _ := storetest.Mail(b, 1000)
	for _, server := range []struct{ name, addr string }{{"door", w.addr}, {"memory", memory(b, 1, m.Raw())}} {
		b.Run(server.name, func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				readers := make([]*reader, sessions)
				for i := range readers {
					r := dialReader(b, server.addr)
					readers[i] = r
					fmt.Fprintf(r.Conn, "t IDLE\r\n")
					r.in.ReadSlice('\n')
					r.in = nil // which is larger than all the rest
				}
				b.ReportMetric(float64(inUse()-before)/(1<<20), "MiB")
				b.ReportMetric(200, "MiB-wanted")
				for _, r := range readers {
					r.Close()
				}
			}
		})
	}
}

// BenchmarkWatchers measures how long after the commit of a mail each of
// nearly 1,000 sessions is told that watch the same mailbox. All of them and
// their clients share the processors.
func BenchmarkWatchers(b *testing.B) {
	const sessions = 990
	w := newWorld(b, func(s *imapd.Server) { s.PerAccount = sessions })
	told := make(chan time.Time, sessions)
	for range sessions {
		c := w.login("ann")
		c.ok("SELECT INBOX")
		c.idle()
		c.SetDeadline(time.Time{})
		go func() {
			for range b.N {
				c.line()
				told <- time.Now()
			}
		}()
	}
	var took []time.Duration
	before := processorTime(b)
	b.ResetTimer()
	for range b.N {
		w.deliver("ann", "INBOX", 8192)
		committed := time.Now()
		for range sessions {
			took = append(took, (<-told).Sub(committed))
		}
	}
	b.ReportMetric((processorTime(b)-before).Seconds()*1e6/float64(len(took)), "cpu-us/notice")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// inUse returns the octets that the heap and the stacks take.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
