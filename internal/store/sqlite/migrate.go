package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// applicationID marks the file as one of ours: "GSP1".
const applicationID = 0x47535031

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the steps from an empty database to today's; a released one
// is never changed. The number of steps done is the database's user_version.
var migrations, _ = fs.Sub(embedded, "migrations")

// migrate brings the database up to date, one transaction a step. A database
// that already holds data is copied first.
func migrate(ctx context.Context, conn *sql.Conn, path string, steps fs.FS, log *slog.Logger) error {
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	done, err := version(ctx, conn)
	if err != nil {
		return err
	}
	if done > len(names) {
		return &gsp.Refusal{
			Reason: gsp.NewerData,
			Cause:  fmt.Sprintf("this data folder has format %d, and this program knows %d", done, len(names)),
			Remedy: "start the newer version of the program that wrote it",
		}
	}
	if done > 0 && done < len(names) {
		if err := backUp(ctx, conn, fmt.Sprintf("%s.before-%d", path, done+1)); err != nil {
			return fmt.Errorf("copy database before its upgrade: %w", err)
		}
		log.LogAttrs(ctx, slog.LevelInfo, "database copied before its upgrade",
			slog.Int("from", done), slog.Int("to", len(names)))
	}
	for i := done; i < len(names); i++ {
		step, err := fs.ReadFile(steps, names[i])
		if err != nil {
			return err
		}
		if err := migrateStep(ctx, conn, string(step), i+1); err != nil {
			return fmt.Errorf("upgrade database by %s: %w", names[i], err)
		}
	}
	return nil
}

// version returns how many steps were done, 0 for an empty file, and an error
// for a database of somebody else.
func version(ctx context.Context, conn *sql.Conn) (done int, err error) {
	var application, objects int
	err = conn.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&application, &done, &objects)
	if err != nil {
		return 0, err
	}
	if application != applicationID && (application != 0 || done != 0 || objects != 0) {
		return 0, fmt.Errorf("%s is not a database of the gateway", databaseName)
	}
	return done, nil
}

func migrateStep(ctx context.Context, conn *sql.Conn, step string, number int) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	pragmas := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, number)
	for _, text := range []string{step, pragmas} {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// backUp writes a synced copy of the database to path. An older copy of that
// name is from an upgrade that did not end, and is replaced.
func backUp(ctx context.Context, conn *sql.Conn, path string) error {
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := makePrivate(unfinished); err != nil { // VACUUM INTO accepts an empty file and keeps its mode
		return err
	}
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", unfinished); err != nil {
		return err
	}
	for _, name := range []string{unfinished, filepath.Dir(path)} {
		if err := syncPath(name); err != nil {
			return err
		}
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
