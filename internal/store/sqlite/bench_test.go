package sqlite_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
)

// newOffice registers a Party and n officers of it, and returns their inboxes.
func newOffice(tb testing.TB, s *sqlite.Store, n int) []gsp.MailboxName {
	tb.Helper()
	if _, err := s.Apply(tb.Context(), gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya"}}}); err != nil {
		tb.Fatal(err)
	}
	inboxes := []gsp.MailboxName{gsp.Inbox("ke")}
	for i := range n {
		login := fmt.Sprintf("officer%d.ke", i)
		c := gsp.Change{Accounts: []gsp.Account{{Login: login, Party: "ke", Kind: gsp.Officer}}}
		if _, err := s.Apply(tb.Context(), c); err != nil {
			tb.Fatal(err)
		}
		inboxes = append(inboxes, gsp.Inbox(login))
	}
	return inboxes
}

func newPosting(tb testing.TB, size int, to ...gsp.MailboxName) gsp.Posting {
	tb.Helper()
	m, summary := storetest.Mail(tb, size)
	p := gsp.Posting{
		Message: m, Summary: summary,
		Event: gsp.Event{Kind: gsp.MailAccepted, Party: "fr", Peers: []gsp.PartyID{"ke"}, Type: gsp.Request},
	}
	for _, name := range to {
		p.Deliveries = append(p.Deliveries, gsp.Delivery{Mailbox: name, Party: "ke", Received: time.Unix(1, 0)})
	}
	return p
}

// BenchmarkPost posts requests of 8 KiB that open a case each.
func BenchmarkPost(b *testing.B) {
	for _, posters := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(posters), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{})
			inbox := newOffice(b, s, 0)[0]
			made := newPosting(b, 8<<10, inbox)
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			start := time.Now()
			for range posters {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						p := made
						p.Summary.Envelope.MessageID = fmt.Sprintf("<%d@gsp.example>", i)
						p.Open = &gsp.Case{
							ID: gsp.NewCaseID(start, "ke", uint32(i)), Requester: "fr", Opened: start.Add(time.Duration(i) * time.Millisecond),
							Asked: []gsp.PartyID{"ke"}, Waiting: []gsp.PartyID{"ke"}, Marks: [32]byte{1, byte(i % 16)},
						}
						thread := gsp.OnceThread(p.Summary.Envelope.MessageID)
						p.Event.At, p.Once = start, gsp.Once{Key: [32]byte(append(thread[:], thread[:]...)), Until: start.Add(time.Hour)}
						if _, err := s.Post(b.Context(), p); err != nil {
							b.Errorf("post: %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "msgs/s")
		})
	}
}

func BenchmarkSummaries(b *testing.B) {
	const n = 5000
	s := open(b, b.TempDir(), sqlite.Options{})
	inbox := newOffice(b, s, 0)[0]
	made := newPosting(b, 1000, inbox)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range n / 50 {
				if _, err := s.Post(b.Context(), made); err != nil {
					b.Errorf("post: %v", err)
				}
			}
		})
	}
	wg.Wait()
	all, err := s.Mailboxes(b.Context(), "ke")
	if err != nil {
		b.Fatal(err)
	}
	id := all[1].ID
	uids := make([]uint32, n)
	for i := range uids {
		uids[i] = uint32(i + 1)
	}
	b.Run("Summaries", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got, err := s.Summaries(b.Context(), id, uids); err != nil || len(got) != n {
				b.Fatalf("%d summaries, %v", len(got), err)
			}
		}
	})
	b.Run("Since", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.Since(b.Context(), id, 0); err != nil || len(got.Changed) != n {
				b.Fatalf("%d messages, %v", len(got.Changed), err)
			}
		}
	})
	// What a session in IDLE asks after each delivery must not cost more for the
	// mails that are there.
	b.Run("SinceTheLast", func(b *testing.B) {
		whole, err := s.Since(b.Context(), id, 0)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if got, err := s.Since(b.Context(), id, whole.ModSeq-1); err != nil || len(got.Changed) != 1 {
				b.Fatalf("%d messages, %v", len(got.Changed), err)
			}
		}
	})
	b.Run("Body", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Body(b.Context(), 17); err != nil {
				b.Fatal(err)
			}
		}
	})
}
