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

// Mailbox says that more happened than messages that came.
func (s *slow) Mailbox(context.Context, gsp.MailboxID) (gsp.Mailbox, error) {
	return gsp.Mailbox{UIDNext: 1}, nil
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
			delta, err := f.since(ctx, s, mailbox, 7, 1)
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

// counted is a store that knows the counters of a mailbox, and notes whether it
// was asked for more.
type counted struct {
	Messages
	box  gsp.Mailbox
	more bool
}

func (c *counted) Mailbox(context.Context, gsp.MailboxID) (gsp.Mailbox, error) { return c.box, nil }

func (c *counted) Since(context.Context, gsp.MailboxID, gsp.ModSeq) (gsp.Delta, error) {
	c.more = true
	return gsp.Delta{}, nil
}

// Of a mailbox with UIDNEXT 5 at modification sequence 9 the counters tell all
// where nothing but messages came.
func TestCountersTellWhatCame(t *testing.T) {
	for _, c := range []struct {
		what    string
		uidNext uint32
		modseq  gsp.ModSeq
		want    []uint32 // nil where the store has to be asked
	}{
		{"nothing", 5, 9, []uint32{}},
		{"two messages", 7, 11, []uint32{5, 6}},
		{"a flag was set", 5, 10, nil},
		{"two messages, and a flag was set", 7, 12, nil},
		{"a message, and it was expunged", 6, 11, nil},
	} {
		m := &counted{box: gsp.Mailbox{UIDNext: c.uidNext, ModSeq: c.modseq}}
		delta, err := news(t.Context(), m, 1, 9, 5)
		if err != nil {
			t.Fatal(err)
		}
		if m.more != (c.want == nil) {
			t.Errorf("%s: asked for more: got %t, want %t", c.what, m.more, c.want == nil)
		}
		var got []uint32
		for _, item := range delta.Changed {
			got = append(got, item.UID)
		}
		if !slices.Equal(got, c.want) || c.want != nil && (delta.UIDNext != c.uidNext || delta.ModSeq != c.modseq) {
			t.Errorf("%s: got %d, UIDNEXT %d, modification sequence %d, want %d", c.what, got, delta.UIDNext, delta.ModSeq, c.want)
		}
	}
}
