package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// The number of a step is its place: two of one number would be done in an
// order that depends on their names.
func TestMigrationsAreNumbered(t *testing.T) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("migrations %q, %v", names, err)
	}
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
			t.Errorf("step %d is %s", i+1, name)
		}
	}
}

func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), databaseName)
	step := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	steps := fstest.MapFS{"0001_first.sql": step("CREATE TABLE a (x); INSERT INTO a VALUES (1)")}
	upgrade := func(ctx context.Context) (version int, err error) {
		t.Helper()
		db, conn, err := openWriter(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		defer conn.Close()
		err = migrate(ctx, conn, path, steps, slog.New(slog.DiscardHandler))
		if e := conn.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); e != nil {
			t.Fatal(e)
		}
		return version, err
	}
	if got, err := upgrade(t.Context()); got != 1 || err != nil {
		t.Fatalf("an empty file became version %d, %v", got, err)
	}
	if _, err := os.Stat(path + ".before-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty file was copied: %v", err)
	}

	// A step that fails half-way leaves the database as it was before it.
	steps["0002_second.sql"] = step("ALTER TABLE a ADD COLUMN y; UPDATE a SET y = 2")
	steps["0003_third.sql"] = step("DROP TABLE a; INSERT INTO nothing VALUES (1)")
	if got, err := upgrade(t.Context()); got != 2 || err == nil {
		t.Fatalf("a wrong third step: version %d, %v, want 2 and an error", got, err)
	}
	steps["0003_third.sql"] = step("UPDATE a SET y = 3")
	if got, err := upgrade(t.Context()); got != 3 || err != nil {
		t.Fatalf("a corrected third step: version %d, %v", got, err)
	}
	for name, want := range map[string]string{".before-2": "1", ".before-3": "2", "": "3"} {
		db, err := sql.Open("sqlite3", path+name)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		query := "SELECT y FROM a"
		if name == ".before-2" {
			query = "SELECT x FROM a"
		}
		var got string
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s%s holds %q, %v, want %q", databaseName, name, got, err, want)
		}
		if info, err := os.Stat(path + name); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s%s has mode %v, %v", databaseName, name, info.Mode(), err)
		}
	}
}
