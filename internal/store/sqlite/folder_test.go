package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// other opens the database of a closed store beside the package.
func other(t *testing.T, folder string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(folder, "gsp.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func alter(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsReadableByOthersWhateverTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	folder := filepath.Join(t.TempDir(), "a b%3f?#", "data")
	s := open(t, folder, sqlite.Options{InlineLimit: 1000})
	inbox := newOffice(t, s, 0)[0]
	if _, err := s.Post(t.Context(), newPosting(t, 8000, inbox)); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = fs.ModeDir | 0o700
		} else {
			files++
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files != 5 { // database, its two logs, the lock and the mail
		t.Errorf("%d files, want 5", files)
	}
}

func TestASecondProcessIsRefusedAndToldWhoIsFirst(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, sqlite.Options{})
	_, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	var refusal *gsp.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != gsp.DataInUse {
		t.Fatalf("second open: %v, want %s", err, gsp.DataInUse)
	}
	if pid := fmt.Sprint(os.Getpid()); !strings.Contains(refusal.Cause, pid) {
		t.Errorf("cause %q does not name process %s", refusal.Cause, pid)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, folder, sqlite.Options{})
}

func TestADatabaseThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Run("newer", func(t *testing.T) {
		folder := t.TempDir()
		open(t, folder, sqlite.Options{}).Close()
		alter(t, other(t, folder), "PRAGMA user_version = 999")
		_, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
		var refusal *gsp.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != gsp.NewerData {
			t.Errorf("open: %v, want %s", err, gsp.NewerData)
		}
	})
	t.Run("foreign", func(t *testing.T) {
		folder := t.TempDir()
		alter(t, other(t, folder), "CREATE TABLE theirs (x)")
		if _, err := sqlite.Open(t.Context(), folder, sqlite.Options{}); err == nil {
			t.Error("opened somebody else's database")
		}
	})
}

// TestReleasedSchemasStillOpen has a frozen copy of each schema that was
// released. They are never changed.
func TestReleasedSchemasStillOpen(t *testing.T) {
	released, err := filepath.Glob("testdata/schema-*.sql")
	if err != nil || len(released) == 0 {
		t.Fatalf("frozen schemas: %q, %v", released, err)
	}
	for _, path := range released {
		t.Run(filepath.Base(path), func(t *testing.T) {
			schema, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			db := other(t, folder)
			alter(t, db, string(schema))
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s := open(t, folder, sqlite.Options{})
			all, err := s.Mailboxes(t.Context(), "ke")
			if err != nil || len(all) != 1 || all[0].UIDValidity != 7 || all[0].UIDNext != 3 {
				t.Fatalf("mailboxes %+v, %v, want the one that was there", all, err)
			}
			r, err := s.Post(t.Context(), newPosting(t, 1000, gsp.Inbox("ke")))
			if err != nil || r.Placed[0].UID != 3 {
				t.Errorf("post: %+v, %v, want UID 3", r, err)
			}
			if report, err := s.Verify(t.Context()); err != nil || !report.Clean() || report.Mails != 1 {
				t.Errorf("verify: %+v, %v", report, err)
			}
		})
	}
}

// What a case waits for was not kept before version 4, and follows from its
// events.
func TestAnUpgradeFindsWhoIsWaitedFor(t *testing.T) {
	schema, err := os.ReadFile("testdata/schema-3.sql")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	db := other(t, folder)
	alter(t, db, string(schema))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, folder, sqlite.Options{})
	for id, want := range map[gsp.CaseID][]gsp.PartyID{
		"2026-DE-00001": {"de"}, "2026-KE-00002": {"ke"}, "2026-DE-00003": nil, "2026-KE-00004": {"ke"},
	} {
		got, err := s.Cases(t.Context(), "fr", id, nil)
		if err != nil || len(got) != 1 || !slices.Equal(got[0].Waiting, want) {
			t.Errorf("case %s: %+v, %v, want %v to be waited for", id, got, err, want)
		}
	}
	pending, err := s.PendingCases(t.Context(), gsp.Case{}, time.Unix(9, 0), 9)
	if err != nil || len(pending) != 3 {
		t.Errorf("pending cases %+v, %v, want three", pending, err)
	}
	roll, err := s.Load(t.Context())
	if err != nil || len(roll.Credentials) != 1 || roll.Credentials[0].Pins != nil || roll.Accounts[0].Language != "" {
		t.Errorf("roll %+v, %v, want the account without pins and language", roll, err)
	}
}

// Which Party has not read a mail stood at each message before version 13.
func TestAnUpgradeKnowsWhoHasNotRead(t *testing.T) {
	schema, err := os.ReadFile("testdata/schema-5.sql")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	db := other(t, folder)
	alter(t, db, string(schema)+`
		INSERT INTO mail VALUES (1, 9, x'', x'', 'a'), (2, 9, x'', x'', 'b');
		INSERT INTO item VALUES (1, 1, 1, 1, 0, '', 0, 9, 'ke'), (2, 1, 1, 1, 0, '', 0, 9, 'ke'), (3, 1, 1, 1, 0, '', 0, 9, 'fr'),
			(1, 2, 1, 2, 0, '', 0, 9, '');
		UPDATE mailbox SET messages = 2, unseen = 2 WHERE id = 1;`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, folder, sqlite.Options{})
	for _, step := range []struct {
		mailbox gsp.MailboxID
		uid     uint32
		want    []gsp.PartyID // that have read, by now
	}{{1, 2, nil}, {2, 1, []gsp.PartyID{"ke"}}, {1, 1, []gsp.PartyID{"ke"}}, {3, 1, []gsp.PartyID{"ke", "fr"}}} {
		if err := s.SetFlags(t.Context(), step.mailbox, []uint32{step.uid}, gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen}); err != nil {
			t.Fatal(err)
		}
		var read []gsp.PartyID
		for e, err := range s.Events(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == gsp.MailRead {
				read = append(read, e.Party)
			}
		}
		if !slices.Equal(read, step.want) {
			t.Errorf("after message %d of mailbox %d: %q have read, want %q", step.uid, step.mailbox, read, step.want)
		}
	}
}

func TestWritesAfterCloseAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := s.Record(context.Background(), gsp.Event{Kind: gsp.MailKept}); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("record after close: %v, want ErrClosed", err)
	}
}
