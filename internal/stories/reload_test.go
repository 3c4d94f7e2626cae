package stories_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// libraryOf is a library whose only entry is named after its version.
func libraryOf(version int) []byte {
	return fmt.Appendf(nil, `name = "library"
version = %d

[[entry]]
id = "ke-v%[1]d"
party = "ke"
title = "a stamp of Kenya"
evidence = "synthetic"
pattern = '"NEW" serial:N8'
samples = ["NEW12345678"]
`, version)
}

// The Secretariat publishes one version after the other while officers send
// mail. No mail is lost or refused for it, each is decided by one version and
// recorded with that one, and what is no good is never in force.
func TestLibraryIsSwappedWhileMailFlows(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	w := &world{folder: t.TempDir()}
	t.Cleanup(func() { w.stop(t) })
	do := func(out string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(out, err)
		}
	}
	do(w.start(ctx, nil))
	do(w.party(ctx, []string{"ke", "Kenya"}))
	do(w.party(ctx, []string{"fr", "France"}))
	officers := []string{"fr1", "fr2", "fr3"}
	for _, o := range officers {
		do(w.officer(ctx, []string{o, "fr"}))
	}
	do("", w.publish(ctx, "secretariat"))
	put := func(version int, signed []byte) (admin.LibraryInfo, error) {
		signature, err := w.keys["secretariat"].Sign(signed)
		if err != nil {
			t.Error(err)
		}
		return carryOut(ctx, w, admin.LibraryImport, admin.NewLibrary{File: "library", Text: libraryOf(version), Signature: signature})
	}
	version := 2
	_, err := put(version, libraryOf(version))
	do("", err)

	sent := make(chan struct{})
	var mail errgroup.Group
	for _, o := range officers {
		mail.Go(func() error {
			for range 8 {
				if out, err := w.ask(ctx, []string{o, `"NEW########"`, "ke", "Ours?", "GSP-Type: request"}); err != nil {
					return fmt.Errorf("%s: %w", out, err)
				}
			}
			return nil
		})
	}
	go func() { err = mail.Wait(); close(sent) }()
	for done := false; !done; {
		version++
		if _, err := put(version, libraryOf(version)); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		wantRefusal(t, gsp.UnsignedLibrary, version+1, put, libraryOf(version))
		wantRefusal(t, gsp.OldLibrary, version-1, put, libraryOf(version-1))
		select {
		case <-sent:
			done = true
		default:
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if in, err := carryOut(ctx, w, admin.LibraryShow, admin.LibraryQuery{}); err != nil || in.Version != gsp.LibraryVersion(version) {
		t.Errorf("got version %d in force, %v, want %d", in.Version, err, version)
	}

	decided := w.decisions(t)
	mails := 0
	for version, entries := range decided {
		for entry, n := range entries {
			mails += n
			if want := fmt.Sprintf("ke-v%d", version); entry != want {
				t.Errorf("version %d decided %d mails by entry %s, want %s", version, n, entry, want)
			}
		}
	}
	if mails != 8*len(officers) || len(decided) < 3 {
		t.Errorf("got %d mails decided by %d versions, want %d by several", mails, len(decided), 8*len(officers))
	}
}

func wantRefusal(t *testing.T, want gsp.Reason, version int, put func(int, []byte) (admin.LibraryInfo, error), signed []byte) {
	t.Helper()
	_, err := put(version, signed)
	if r, ok := errors.AsType[*gsp.Refusal](err); !ok || r.Reason != want {
		t.Errorf("version %d: got %v, want %s", version, err, want)
	}
}

// decisions counts the accepted mails by version and entry, as the log has
// them.
func (w *world) decisions(t *testing.T) map[int]map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.config.Data, "gsp.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT library, pattern, count(*) FROM event WHERE kind = 'mail-accepted' GROUP BY library, pattern`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := make(map[int]map[string]int)
	for rows.Next() {
		var version, n int
		var entry string
		if err := rows.Scan(&version, &entry, &n); err != nil {
			t.Fatal(err)
		}
		if found[version] == nil {
			found[version] = make(map[string]int)
		}
		found[version][entry] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
