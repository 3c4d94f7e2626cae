package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// TestBackupWhileMailFlows copies a folder while mails come, some too large for
// the database, and others go. What was answered before is in the copy under
// its UID, and no client can mistake a UID of the original for one of the copy.
func TestBackupWhileMailFlows(t *testing.T) {
	folder, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	s := open(t, folder, sqlite.Options{InlineLimit: 4000})
	inboxes := newOffice(t, s, 2)
	small, large := newPosting(t, 1000, inboxes[1]), newPosting(t, 8000, inboxes[1])
	for i := range 40 {
		p := small
		if i%2 == 0 {
			p = large
		}
		if _, err := s.Post(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if _, err := s.Post(t.Context(), newPosting(t, 8000, inboxes[2])); err != nil {
			t.Fatal(err)
		}
	}
	before, leaving := boxNamed(t, s, inboxes[1]), boxNamed(t, s, inboxes[2])
	listed, err := s.Listing(t.Context(), before.ID)
	if err != nil {
		t.Fatal(err)
	}

	var copied sqlite.Copy
	done := make(chan struct{})
	var flow errgroup.Group
	flow.Go(func() error {
		defer close(done)
		var err error
		copied, err = sqlite.Backup(t.Context(), folder, to)
		return err
	})
	flow.Go(func() error {
		for n := uint32(1); ; n++ {
			if _, err := s.Post(t.Context(), large); err != nil {
				return err
			}
			if err := s.Expunge(t.Context(), leaving.ID, []uint32{n}); err != nil {
				return err
			}
			select {
			case <-done:
				return nil
			default:
			}
		}
	})
	if err := flow.Wait(); err != nil {
		t.Fatal(err)
	}
	if !copied.Clean() || copied.Mails < 40 {
		t.Errorf("backup: got %+v, want at least 40 mails, all sound", copied.Report)
	}
	if copied.Octets < 20*8000 {
		t.Errorf("backup: got %d octets, want those of 20 mails of 8000", copied.Octets)
	}

	c := open(t, to, sqlite.Options{InlineLimit: 4000})
	box := boxNamed(t, c, inboxes[1])
	if box.UIDValidity <= before.UIDValidity {
		t.Errorf("UIDVALIDITY of the copy: got %d, want more than %d", box.UIDValidity, before.UIDValidity)
	}
	got, err := c.Listing(t.Context(), box.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := min(len(got.UIDs), len(listed.UIDs)); !slices.Equal(got.UIDs[:n], listed.UIDs) {
		t.Errorf("UIDs of the copy: got %d, want those before it, %d, first", got.UIDs, listed.UIDs)
	}
	if report, err := c.Verify(t.Context()); err != nil || !report.Clean() {
		t.Errorf("verify the copy: got %+v, %v, want it clean", report, err)
	}
	made, err := c.CreateMailbox(t.Context(), gsp.MailboxName{Owner: inboxes[1].Owner, Name: "Later"}, "")
	if err != nil || made.UIDValidity <= box.UIDValidity {
		t.Errorf("mailbox made in the copy: got UIDVALIDITY %d, %v, want more than %d", made.UIDValidity, err, box.UIDValidity)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if again := boxNamed(t, open(t, to, sqlite.Options{}), inboxes[1]); again.UIDValidity != box.UIDValidity {
		t.Errorf("UIDVALIDITY at the second opening: got %d, want %d as at the first", again.UIDValidity, box.UIDValidity)
	}
}

// TestBackupGoesOnWhereItBrokeOff has what a killed backup left behind: a part
// of the mails, and a log of a database that is gone.
func TestBackupGoesOnWhereItBrokeOff(t *testing.T) {
	folder, to := t.TempDir(), t.TempDir()
	s := open(t, folder, sqlite.Options{InlineLimit: 4000})
	inbox := newOffice(t, s, 0)[0]
	for range 3 {
		if _, err := s.Post(t.Context(), newPosting(t, 8000, inbox)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Backup(t.Context(), folder, to); err != nil {
		t.Fatal(err)
	}
	copies := mailFiles(t, to)
	if len(copies) != 3 {
		t.Fatalf("got %d mails beside the copy, want 3", len(copies))
	}
	if err := errors.Join(os.Remove(copies[0]), os.Truncate(copies[1], 10)); err != nil {
		t.Fatal(err)
	}
	db, log := other(t, to), filepath.Join(to, "gsp.db-wal")
	db.SetMaxOpenConns(1)
	alter(t, db, "DELETE FROM item")
	left, err := os.ReadFile(log)
	if err != nil || len(left) == 0 {
		t.Fatalf("the log that is left behind: got %d octets, %v", len(left), err)
	}
	if err := errors.Join(db.Close(), os.WriteFile(log, left, 0o600)); err != nil {
		t.Fatal(err)
	}
	copied, err := sqlite.Backup(t.Context(), folder, to)
	if err != nil || !copied.Clean() || copied.Mails != 3 {
		t.Errorf("second backup: got %+v, %v, want 3 sound mails", copied.Report, err)
	}
}

// TestBackupTellsOfDamage copies a folder that has lost a mail.
func TestBackupTellsOfDamage(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, sqlite.Options{InlineLimit: 4000})
	if _, err := s.Post(t.Context(), newPosting(t, 8000, newOffice(t, s, 0)[0])); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(mailFiles(t, folder)[0]); err != nil {
		t.Fatal(err)
	}
	copied, err := sqlite.Backup(t.Context(), folder, filepath.Join(t.TempDir(), "copy"))
	if err != nil || len(copied.Damaged) != 1 {
		t.Errorf("got %+v, %v, want one damaged mail", copied.Report, err)
	}
}

// A gateway ends in time while a backup reads, and the copy is not disturbed.
func TestCloseDoesNotWaitForABackup(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, sqlite.Options{})
	inbox := newOffice(t, s, 0)[0]
	reader, err := other(t, folder).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		if err := reader.QueryRow("SELECT count(*) FROM mail").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if _, err := s.Post(t.Context(), newPosting(t, 1000, inbox)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("close took %v, want it not to wait for the reader", took)
	}
	if after := count(); after != before {
		t.Errorf("the reader sees %d mails, want the %d it began with", after, before)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if r, err := open(t, folder, sqlite.Options{}).Verify(t.Context()); err != nil || r.Mails != 1 || !r.Clean() {
		t.Errorf("opened again: got %+v, %v, want the mail", r, err)
	}
}

func boxNamed(t *testing.T, s *sqlite.Store, name gsp.MailboxName) gsp.Mailbox {
	t.Helper()
	boxes, err := s.Mailboxes(t.Context(), name.Owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range boxes {
		if b.Name == name {
			return b
		}
	}
	t.Fatalf("there is no mailbox %v", name)
	return gsp.Mailbox{}
}
