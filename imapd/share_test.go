package imapd

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"gsp.example/gsp/internal/gsp"
)

// slow is a store that takes its time to answer Since.
type slow struct {
	Messages
	mu      sync.Mutex
	modseq  gsp.ModSeq
	asked   int
	release chan struct{}
}

func (s *slow) Since(context.Context, gsp.MailboxID, gsp.ModSeq) (gsp.Delta, error) {
	s.mu.Lock()
	s.asked++
	delta := gsp.Delta{ModSeq: s.modseq}
	s.mu.Unlock()
	<-s.release
	return delta, nil
}

func (s *slow) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modseq++
}

// Sessions that ask for the same while the store is busy with it are answered
// together, and never with what was read before they asked.
func TestFollowersAskTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f followers
		s := &slow{release: make(chan struct{})}
		var mu sync.Mutex
		var got []gsp.ModSeq
		ask := func(ctx context.Context, mailbox gsp.MailboxID) {
			delta, err := f.since(ctx, s, mailbox, 7)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, delta.ModSeq)
		}
		s.change()
		go ask(t.Context(), 1)
		synctest.Wait()
		s.change()
		ending, end := context.WithCancel(t.Context())
		go ask(ending, 1) // which asks for the others
		synctest.Wait()
		end()
		for range 10 {
			go ask(t.Context(), 1)
		}
		go ask(t.Context(), 2)
		synctest.Wait()
		close(s.release)
		synctest.Wait()
		slices.Sort(got)
		if want := append([]gsp.ModSeq{1}, slices.Repeat([]gsp.ModSeq{2}, 12)...); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if s.asked != 3 {
			t.Errorf("the store was asked %d times, want 3", s.asked)
		}
		if len(f.lines) != 0 {
			t.Errorf("%d questions are still kept", len(f.lines))
		}
	})
}
