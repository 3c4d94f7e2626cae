package sqlite

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/storetest"
)

// copies posts a mail that ke has not read, and copies it onto itself until the
// inbox shows it n times, which is a power of two.
func copies(t *testing.T, s *Store, n int) (inbox gsp.MailboxID, uids []uint32) {
	t.Helper()
	m, summary := storetest.Mail(t, 1000)
	receipt, err := s.Post(t.Context(), gsp.Posting{
		Message: m, Summary: summary, Event: gsp.Event{Kind: gsp.MailAccepted, Party: "fr"},
		Deliveries: []gsp.Delivery{{Mailbox: gsp.Inbox("ke"), Party: "ke", Received: time.Unix(1, 0)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	inbox, uids = receipt.Placed[0].Mailbox, []uint32{receipt.Placed[0].UID}
	for len(uids) < n {
		for part := range slices.Chunk(slices.Clone(uids), CopyLimit) {
			copied, err := s.Copy(t.Context(), inbox, inbox, part)
			if err != nil {
				t.Fatal(err)
			}
			uids = append(uids, copied.To...)
		}
	}
	return inbox, uids
}

// office opens a store with the Party ke, and a hook at each commit.
func office(t *testing.T, hook *func()) *Store {
	t.Helper()
	s := opened(t, Options{OnCommit: func([]gsp.MailboxID) {
		if *hook != nil {
			(*hook)()
		}
	}})
	if _, err := s.Apply(t.Context(), gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya"}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// A command on all messages of a large mailbox keeps nobody from sending.
func TestOthersWriteBetweenBatches(t *testing.T) {
	const n = 4096
	change := gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen}
	for name, work := range map[string]func(*Store, gsp.MailboxID, []uint32) error{
		"SetFlags": func(s *Store, id gsp.MailboxID, uids []uint32) error {
			return s.SetFlags(t.Context(), id, uids, change)
		},
		"Move": func(s *Store, id gsp.MailboxID, uids []uint32) error {
			moved, err := s.Move(t.Context(), id, id, uids)
			if len(moved.From) != n || len(moved.To) != n {
				t.Errorf("%d messages became %d, want %d", len(moved.From), len(moved.To), n)
			}
			return err
		},
		"Expunge":       func(s *Store, id gsp.MailboxID, uids []uint32) error { return s.Expunge(t.Context(), id, uids) },
		"DeleteMailbox": func(s *Store, id gsp.MailboxID, _ []uint32) error { return s.DeleteMailbox(t.Context(), id) },
	} {
		t.Run(name, func(t *testing.T) {
			var hook func()
			s := office(t, &hook)
			inbox, uids := copies(t, s, n)
			archive, err := s.CreateMailbox(t.Context(), gsp.MailboxName{Owner: "ke", Name: "Large"}, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Copy(t.Context(), inbox, archive.ID, uids); err != nil {
				t.Fatal(err)
			}
			before := gsp.ModSeq(0)
			if box, err := s.Mailbox(t.Context(), archive.ID); err == nil {
				before = box.ModSeq
			}
			changed := 0
			j := newJob(func(tx *tx) error {
				return tx.row(`SELECT (SELECT count(*) FROM tombstone WHERE mailbox = ?1) + (SELECT count(*) FROM item
					WHERE mailbox = ?1 AND modseq > ?2)`, archive.ID, before).Scan(&changed)
			})
			waited := make(chan error, 1)
			hook = func() { // behind the first batch
				hook = nil
				s.writer.join(j)
				go func() { waited <- s.writer.wait(context.WithoutCancel(t.Context()), j) }()
			}
			for i := range uids {
				uids[i] = uint32(i + 1)
			}
			if err := work(s, archive.ID, uids); err != nil {
				t.Fatal(err)
			}
			if err := <-waited; err != nil || changed == 0 || changed > 4*batchLimit {
				t.Errorf("another write came after %d changes, %v, want some of %d", changed, err, n)
			}
		})
	}
}

func TestABatchEndsWithItsContext(t *testing.T) {
	var hook func()
	s := office(t, &hook)
	inbox, uids := copies(t, s, 4096)
	ctx, cancel := context.WithCancel(t.Context())
	hook = cancel
	err := s.SetFlags(ctx, inbox, uids, gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Flagged})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if flagged, err := s.Flagged(t.Context(), inbox, gsp.Flagged, gsp.Flagged); err != nil || len(flagged) != batchLimit {
		t.Errorf("%d messages are flagged, %v, want %d", len(flagged), err, batchLimit)
	}
}

// Those who change many messages share no transaction, and nobody waits for
// more than one of them.
func TestManyMessagesGoAlone(t *testing.T) {
	few := func() *job { return newJob(nil) }
	many := func(n int) *job { j := newJob(nil); j.many = n; return j }
	waiting := []*job{many(batchLimit), few(), many(2), few(), many(CopyLimit), few()}
	w := &writer{waiting: slices.Clone(waiting)}
	for i, want := range [][]int{{0, 1, 3, 5}, {2}, {4}, {}} {
		got := []int{}
		for _, j := range w.take() {
			got = append(got, slices.Index(waiting, j))
		}
		if !slices.Equal(got, want) {
			t.Errorf("transaction %d: got jobs %v, want %v", i, got, want)
		}
	}
}

// To read one of n copies of a mail must not mean to look at all the others:
// 8,192 took 24 seconds, in which nobody could write.
func TestReadingCopiesOfAMailIsLinear(t *testing.T) {
	took := func(n int) time.Duration {
		best := time.Hour
		for range 3 {
			var hook func()
			s := office(t, &hook)
			inbox, uids := copies(t, s, n)
			start := time.Now()
			if err := s.SetFlags(t.Context(), inbox, uids, gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen}); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
			reads := 0
			for _, kind := range recorded(t, s) {
				if kind == gsp.MailRead {
					reads++
				}
			}
			if reads != 1 {
				t.Fatalf("%d readings of one mail, want 1", reads)
			}
		}
		return best
	}
	if small, large := took(512), took(8192); large > 128*small { // 16 times as many; squared 256, and a busy machine takes longer for either
		t.Errorf("512 copies took %v, and 8,192 took %v", small, large)
	}
}

func TestCopyHasALimit(t *testing.T) {
	var hook func()
	s := office(t, &hook)
	inbox, uids := copies(t, s, 1)
	for len(uids) <= CopyLimit {
		uids = append(uids, uids[0])
	}
	if _, err := s.Copy(t.Context(), inbox, inbox, uids); !errors.Is(err, gsp.ErrTooMany) {
		t.Errorf("got %v, want %v", err, gsp.ErrTooMany)
	}
}
