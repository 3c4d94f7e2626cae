package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"gsp.example/gsp/internal/gsp"
)

// claim makes the folder private and locks it for this process. The lock ends
// with the file it returns, so also with the process, however that ends. The
// file holds the process id for whoever comes second.
func claim(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, lockName)
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, inUse(path)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

func inUse(path string) error {
	holder := "another process"
	if text, err := os.ReadFile(path); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			holder = fmt.Sprintf("process %d", pid)
		}
	}
	return &gsp.Refusal{
		Reason: gsp.DataInUse,
		Cause:  holder + " already works on this data folder",
		Remedy: "stop it first, or name another folder",
	}
}

// makePrivate makes an empty file if there is none, and lets only its owner
// read it, whatever the umask. SQLite gives its -wal and -shm the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// openWriter opens, or makes, the database and the one connection that writes,
// and makes sure that its commits are synced: with less than FULL a power cut
// takes back what was answered.
func openWriter(ctx context.Context, path string) (*sql.DB, *sql.Conn, error) {
	if err := makePrivate(path); err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite3", uri(path,
		"_journal_mode", "WAL", "_synchronous", "FULL", "_txlock", "immediate",
		"_busy_timeout", "10000", "_foreign_keys", "1", "_cache_size", "-16384"))
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	if err := setUpWriter(ctx, conn); err != nil {
		conn.Close()
		db.Close()
		return nil, nil, err
	}
	return db, conn, nil
}

func setUpWriter(ctx context.Context, conn *sql.Conn) error {
	for _, pragma := range []string{
		"wal_autocheckpoint = 0",        // see writer.checkpoint
		"journal_size_limit = 67108864", // octets that a burst may leave behind in the log
	} {
		var n int64
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&n); err != nil {
			return err
		}
	}
	for _, must := range []struct{ pragma, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"},
	} {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+must.pragma).Scan(&got); err != nil {
			return err
		}
		if got != must.want {
			return fmt.Errorf("database has %s %s, must have %s", must.pragma, got, must.want)
		}
	}
	return nil
}

// openReaders opens connections that cannot write.
func openReaders(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", uri(path, "mode", "ro", "_query_only", "1", "_busy_timeout", "10000"))
	if err != nil {
		return nil, err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// uri names a database file with parameters. A path may hold "?" and "%".
func uri(path string, parameters ...string) string {
	query := url.Values{"vfs": {fileLayer()}}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}
