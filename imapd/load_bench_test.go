package imapd_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/store/storetest"
)

// BenchmarkIdle measures, with as many sessions in IDLE as one address may
// have, nearly 1,000, what a session takes and how long after the commit of a mail the session that watches its mailbox
// is told. The clients are in the same process, and counted with it.
func BenchmarkIdle(b *testing.B) {
	const sessions = 990
	w := newWorld(b)
	w.door.PerAccount = 2 * sessions
	for _, login := range []string{"ann", "bob"} {
		w.login(login).ok("SELECT INBOX") // the first of each opens statements and caches
	}
	before := inUse()
	for range sessions {
		c := w.login("ann")
		c.ok("SELECT INBOX")
		c.idle()
	}
	each := float64(inUse()-before) / sessions

	bob := w.login("bob")
	bob.ok("SELECT INBOX")
	bob.idle()
	bob.SetDeadline(time.Time{})
	told := make(chan time.Time)
	go func() {
		for range b.N {
			bob.line()
			told <- time.Now()
		}
	}()
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	for i := range took {
		w.deliver("bob", "INBOX", 8192)
		committed := time.Now()
		took[i] = (<-told).Sub(committed)
	}
	slices.Sort(took)
	b.ReportMetric(each/1024, "KiB/session")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkWatchers measures how long after the commit of a mail each of
// nearly 1,000 sessions is told that watch the same mailbox. All of them and
// their clients share the processors.
func BenchmarkWatchers(b *testing.B) {
	const sessions = 990
	w := newWorld(b)
	w.door.PerAccount = sessions
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

// BenchmarkAppend times APPEND of mails of 8 KiB by 16 clients at once, each
// of them committed and synced before it is answered.
func BenchmarkAppend(b *testing.B) {
	const clients = 16
	w := newWorld(b)
	readers := make([]*reader, clients)
	for i := range readers {
		readers[i] = dialReader(b, w.addr)
	}
	mails := make(chan string)
	var wg sync.WaitGroup
	for _, r := range readers {
		wg.Go(func() {
			for mail := range mails {
				fmt.Fprintf(r.Conn, "t APPEND INBOX {%d}\r\n", len(mail))
				r.in.ReadSlice('\n')
				r.send(mail)
			}
		})
	}
	m, _ := storetest.Mail(b, 8192)
	mail := string(m.Raw())
	b.ResetTimer()
	for range b.N {
		mails <- mail
	}
	close(mails)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
