package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

func mailFiles(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "mails", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestDamageIsNoticed flips one bit of each thing that is kept of mails, in a
// way that SQLite does not notice.
func TestDamageIsNoticed(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	column := func(table, column, key string) func(*testing.T, string) {
		return func(t *testing.T, folder string) {
			db := other(t, folder)
			var value []byte
			if err := db.QueryRow("SELECT " + column + " FROM " + table + " WHERE " + key + " = 2").Scan(&value); err != nil {
				t.Fatal(err)
			}
			alter(t, db, "UPDATE "+table+" SET "+column+" = ? WHERE "+key+" = 2", flip(value))
		}
	}
	for _, c := range []struct {
		name    string
		size    int
		damage  func(t *testing.T, folder string)
		body    bool // whether the body shows it, not the summary
		summary bool
	}{
		{"octets", 1000, column("body", "octets", "mail"), true, false},
		{"digest", 1000, column("mail", "sha256", "id"), true, false},
		{"summary", 1000, column("mail", "summary", "id"), false, true},
		{"missing octets", 1000, func(t *testing.T, folder string) {
			alter(t, other(t, folder), "DELETE FROM body WHERE mail = 2")
		}, true, false},
		{"file", 200 << 10, func(t *testing.T, folder string) {
			path := mailFiles(t, folder)[0]
			octets, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, flip(octets), 0o600); err != nil {
				t.Fatal(err)
			}
		}, true, false},
		{"missing file", 200 << 10, func(t *testing.T, folder string) {
			if err := os.Remove(mailFiles(t, folder)[0]); err != nil {
				t.Fatal(err)
			}
		}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			s := open(t, folder, sqlite.Options{})
			inbox := newOffice(t, s, 0)[0]
			var receipts []gsp.Receipt
			sound := newPosting(t, 1000, inbox)
			for _, p := range []gsp.Posting{sound, newPosting(t, c.size, inbox)} {
				r, err := s.Post(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				receipts = append(receipts, r)
			}
			if report, err := s.Verify(t.Context()); err != nil || !report.Clean() || report.Mails != 2 {
				t.Fatalf("verify before the damage: %+v, %v", report, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			c.damage(t, folder)

			s = open(t, folder, sqlite.Options{})
			hurt := receipts[1]
			if _, err := s.Body(t.Context(), hurt.Mail); errors.Is(err, gsp.ErrDamaged) != c.body {
				t.Errorf("body: %v", err)
			}
			if _, err := s.Bodies(t.Context(), []gsp.MailID{receipts[0].Mail, hurt.Mail}); errors.Is(err, gsp.ErrDamaged) != c.body {
				t.Errorf("bodies: %v", err)
			}
			if _, err := s.Summaries(t.Context(), hurt.Placed[0].Mailbox, []uint32{2}); errors.Is(err, gsp.ErrDamaged) != c.summary {
				t.Errorf("summary: %v", err)
			}
			if got, err := s.Body(t.Context(), receipts[0].Mail); err != nil || !bytes.Equal(got, sound.Message.Raw()) {
				t.Errorf("body of the other mail: %v", err)
			}
			report, err := s.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := slices.Concat(report.Damaged, report.Summaries)
			if !slices.Equal(found, []gsp.MailID{hurt.Mail}) {
				t.Errorf("verify found %+v, want mail %d", report, hurt.Mail)
			}
		})
	}
}

func TestVerifyFindsWhatDoesNotAddUp(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, sqlite.Options{})
	inbox := newOffice(t, s, 0)[0]
	for range 3 {
		if _, err := s.Post(t.Context(), newPosting(t, 1000, inbox)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	db := other(t, folder)
	alter(t, db, "DELETE FROM item WHERE uid = 2")
	s = open(t, folder, sqlite.Options{})
	report, err := s.Verify(t.Context())
	if err != nil || len(report.Mailboxes) != 1 || !slices.Equal(report.Unseen, []gsp.MailID{2}) {
		t.Errorf("verify: %+v, %v, want a mailbox and mail 2", report, err)
	}
}

// TestFilesOfNoMailAreSwept leaves what a crash between file and row leaves.
func TestFilesOfNoMailAreSwept(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, sqlite.Options{InlineLimit: 1})
	inbox := newOffice(t, s, 0)[0]
	p := newPosting(t, 1000, inbox)
	r, err := s.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	kept := mailFiles(t, folder)
	orphan := filepath.Join(filepath.Dir(kept[0]), "00112233445566778899aabbccddeeff")
	for _, path := range []string{orphan, orphan + ".new"} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if report, err := s.Verify(t.Context()); err != nil || len(report.Files) != 1 {
		t.Errorf("verify: %+v, %v, want one file", report, err)
	}
	s.Close()
	s = open(t, folder, sqlite.Options{})
	if got := mailFiles(t, folder); !slices.Equal(got, kept) {
		t.Errorf("files %q, want %q", got, kept)
	}
	if got, err := s.Body(t.Context(), r.Mail); err != nil || !bytes.Equal(got, p.Message.Raw()) {
		t.Errorf("body: %v", err)
	}
	if err := s.Expunge(t.Context(), r.Placed[0].Mailbox, []uint32{1}); err != nil {
		t.Fatal(err)
	}
	if got := mailFiles(t, folder); len(got) != 0 {
		t.Errorf("files after the last mail went: %q", got)
	}
	if _, err := s.Post(t.Context(), newPosting(t, 200<<10, gsp.Inbox("nobody"))); !errors.Is(err, gsp.ErrNotFound) {
		t.Errorf("post to nobody: %v, want ErrNotFound", err)
	}
	if got := mailFiles(t, folder); len(got) != 0 {
		t.Errorf("files of a posting that failed: %q", got)
	}
}
