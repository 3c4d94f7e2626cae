package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func opened(t *testing.T, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// together has the writer do works as one group, and returns their errors.
func together(s *Store, works ...func(*tx) error) []error {
	release := hold(s)
	errs := make([]error, len(works))
	var wg sync.WaitGroup
	for i, work := range works {
		j := newJob(work)
		s.writer.join(j)
		wg.Go(func() { errs[i] = s.writer.wait(context.Background(), j) })
	}
	release()
	wg.Wait()
	return errs
}

func record(kind gsp.EventKind, then error) func(*tx) error {
	return func(t *tx) error {
		if _, err := t.record(gsp.Event{Kind: kind}); err != nil {
			return err
		}
		return then
	}
}

func recorded(t *testing.T, s *Store) (kinds []gsp.EventKind) {
	t.Helper()
	for e, err := range s.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestAFailingWriteLeavesTheOthersOfItsGroup(t *testing.T) {
	wrong := errors.New("wrong")
	s := opened(t, Options{})
	make := func(t *tx) error {
		_, err := t.makeBox(gsp.Inbox("ke"), "")
		return err
	}
	errs := together(s,
		record(gsp.MailKept, nil),
		make,
		record(gsp.MailRead, wrong), // changed something before it failed
		func(*tx) error { return wrong },
		make, // breaks a constraint
		func(t *tx) error { // what it did to the mailbox must be forgotten
			box, err := t.boxNamed(gsp.Inbox("ke"))
			if err != nil {
				return err
			}
			t.change(box)
			box.UIDNext = 100
			return wrong
		},
		touch(gsp.Inbox("ke")),
		record(gsp.MailRefused, nil),
	)
	for i, want := range []bool{true, true, false, false, false, false, true, true} {
		if (errs[i] == nil) != want {
			t.Errorf("write %d: %v, want success %t", i, errs[i], want)
		}
	}
	if got, want := recorded(t, s), []gsp.EventKind{gsp.MailKept, gsp.MailRefused}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if all, err := s.Mailboxes(t.Context(), "ke"); err != nil || len(all) != 1 || all[0].UIDNext != 1 {
		t.Errorf("mailboxes %+v, %v, want one with UIDNEXT 1", all, err)
	}
	if err := s.Err(); err != nil {
		t.Errorf("the store failed: %v", err)
	}
}

// hold keeps the writer busy until the function it returns is called.
func hold(s *Store) (release func()) {
	busy, done := make(chan struct{}), make(chan struct{})
	go s.write(context.Background(), func(*tx) error { close(busy); <-done; return nil })
	<-busy
	return func() { close(done) }
}

func TestAnEndedContextLeavesTheWriteUndone(t *testing.T) {
	s := opened(t, Options{})
	release := hold(s)
	ctx, cancel := context.WithCancel(t.Context())
	j := newJob(record(gsp.MailKept, nil))
	s.writer.join(j)
	cancel()
	if err := s.writer.wait(ctx, j); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v, want context.Canceled", err)
	}
	if err := s.Record(ctx, gsp.Event{Kind: gsp.MailKept}); !errors.Is(err, context.Canceled) {
		t.Errorf("record: %v, want context.Canceled", err)
	}
	release()
	if err := s.Record(t.Context(), gsp.Event{Kind: gsp.MailRead}); err != nil {
		t.Fatal(err)
	}
	if got, want := recorded(t, s), []gsp.EventKind{gsp.MailRead}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

// TestAWritePanics stands for a fault of ours under a door that recovers from
// panics: nobody may wait for ever, and nobody may be told that it is stored.
func TestAWritePanics(t *testing.T) {
	s := opened(t, Options{})
	release := hold(s)
	errs := make(chan error)
	for _, work := range []func(*tx) error{func(*tx) error { panic("wrong") }, record(gsp.MailKept, nil)} {
		j := newJob(work)
		s.writer.join(j)
		go func() {
			defer func() {
				if recover() != nil {
					errs <- errors.New("panic")
				}
			}()
			errs <- s.writer.wait(context.Background(), j)
		}()
	}
	release()
	for range 2 {
		if <-errs == nil {
			t.Error("a write of the group was stored")
		}
	}
	<-s.Failed()
	if err := s.Record(t.Context(), gsp.Event{Kind: gsp.MailRead}); err == nil {
		t.Error("a later write was stored")
	}
	s.Close()
}

// TestCloseFinishesWhatWaits closes the store under writers: each is told
// either that its write is stored, and it is, or that the store is closed.
func TestCloseFinishesWhatWaits(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(t.Context(), folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	release := hold(s)
	const writers = 3 * groupLimit
	results := make(chan error)
	for range writers {
		go func() { results <- s.Record(t.Context(), gsp.Event{Kind: gsp.MailKept}) }()
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	release()
	stored := 0
	for range writers {
		switch err := <-results; {
		case err == nil:
			stored++
		case !errors.Is(err, ErrClosed):
			t.Errorf("record: %v, want success or ErrClosed", err)
		}
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if s, err = Open(t.Context(), folder, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := len(recorded(t, s)); got != stored {
		t.Errorf("%d events, %d were answered", got, stored)
	}
}

// TestAFullDiskPasses bounds the database and takes the bound away again.
func TestAFullDiskPasses(t *testing.T) {
	s := opened(t, Options{})
	pragma := func(text string) {
		t.Helper()
		err := together(s, func(t *tx) error { return nil })[0]
		if err == nil {
			_, err = s.writer.conn.ExecContext(t.Context(), text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fill := func(t *tx) error {
		return t.exec(`INSERT INTO library (version, text, published) VALUES (1, zeroblob(1000000), 0)`)
	}
	pragma("PRAGMA max_page_count = 100")
	errs := together(s, record(gsp.MailKept, nil), fill)
	if errs[0] == nil || errs[1] == nil {
		t.Fatalf("errors %v, want two", errs)
	}
	if err := s.Err(); err != nil {
		t.Fatalf("the store failed for good: %v", err)
	}
	pragma("PRAGMA max_page_count = 100000")
	errs = together(s, record(gsp.MailKept, nil), fill)
	if errs[0] != nil || errs[1] != nil {
		t.Errorf("with space again: %v", errs)
	}
	if got := recorded(t, s); len(got) != 1 {
		t.Errorf("events %q, want one", got)
	}
}

func TestBellsRingOnceACommit(t *testing.T) {
	var rung [][]gsp.MailboxID
	s := opened(t, Options{OnCommit: func(ids []gsp.MailboxID) { rung = append(rung, ids) }})
	var ids []gsp.MailboxID
	for _, owner := range []string{"ke", "fr"} {
		m, err := s.CreateMailbox(t.Context(), gsp.Inbox(owner), "")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	rung = nil
	ke, fr := touch(gsp.Inbox("ke")), touch(gsp.Inbox("fr"))
	together(s, fr, ke, fr, ke)
	if len(rung) != 1 || !slices.Equal(rung[0], ids) {
		t.Errorf("rang %v, want once %v", rung, ids)
	}
}

// touch changes nothing of a mailbox but that it was changed.
func touch(name gsp.MailboxName) func(*tx) error {
	return func(t *tx) error {
		box, err := t.boxNamed(name)
		if err == nil {
			t.change(box)
		}
		return err
	}
}

// TestTheLogIsCopiedIntoTheDatabase writes more than the log is to hold.
func TestTheLogIsCopiedIntoTheDatabase(t *testing.T) {
	s := opened(t, Options{})
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(filepath.Dir(s.folder.Name()), name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size(databaseName)
	for i := range 150 {
		together(s, func(t *tx) error {
			t.octets += 1 << 20
			return t.exec(`INSERT INTO library (version, text, published) VALUES (?, zeroblob(1048576), 0)`, i)
		})
	}
	if got := size(databaseName) - before; got < 2*checkpointAfter {
		t.Errorf("the database grew by %d octets, want at least %d", got, 2*checkpointAfter)
	}
	if got := size(databaseName + "-wal"); got > 80<<20 {
		t.Errorf("the log has %d octets, at 64 MiB writes wait until it is copied", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(s.folder.Name()), databaseName+"-wal")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log after closing: %v, want ErrNotExist", err)
	}
}
