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
	"syscall"
	"time"

	"gsp.example/gsp/internal/store/files"
)

// Copy is what Backup made.
type Copy struct {
	Taken  time.Time // all that was answered before is in it
	Octets int64     // of the database and the mails beside it
	Report           // what is wrong with the copy, and so with the original
}

// Backup copies a folder into another while mail comes in, also through
// another process: all that was answered before it began is in the copy. It
// reads the copy whole afterwards, and finishes one that broke off. The error
// is syscall.ENOSPC where there is no room.
//
// The copy remembers what it is. Opened, it becomes a store whose mailboxes
// have new UIDVALIDITYs, because clients may know UIDs that were given after it
// was taken.
func Backup(ctx context.Context, folder, to string) (Copy, error) {
	c := Copy{Taken: time.Now()}
	err := c.take(ctx, folder, to)
	if isFull(err) {
		err = fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	}
	if err != nil {
		return Copy{}, fmt.Errorf("back up: %w", err)
	}
	s, err := Open(ctx, to, Options{})
	if err != nil {
		return Copy{}, fmt.Errorf("open the backup: %w", err)
	}
	c.Report, err = s.Verify(ctx)
	if err == nil {
		err = s.markCopy(ctx, c.Taken)
	}
	if err := errors.Join(err, s.Close(), os.Remove(filepath.Join(to, lockName))); err != nil {
		return Copy{}, fmt.Errorf("verify the backup: %w", err)
	}
	return c, nil
}

// take copies the database, and then the mails that it names. None of them is
// removed meanwhile.
func (c *Copy) take(ctx context.Context, folder, to string) error {
	release, err := files.Hold(filepath.Join(folder, mailsName))
	if err != nil {
		return err
	}
	defer release()
	mails, err := files.Open(filepath.Join(folder, mailsName))
	if err != nil {
		return err
	}
	copies, err := files.Open(filepath.Join(to, mailsName))
	if err != nil {
		return err
	}
	path := filepath.Join(to, databaseName)
	from, err := sql.Open("sqlite3", uri(filepath.Join(folder, databaseName), "mode", "ro", "_busy_timeout", "10000"))
	if err != nil {
		return err
	}
	defer from.Close()
	conn, err := from.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := version(ctx, conn); err != nil {
		return err
	}
	// of one that broke off, and wrong beside another database
	for _, log := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + log); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := backUp(ctx, conn, path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	c.Octets = info.Size()
	return eachFile(ctx, path, func(name string) error {
		n, err := mails.CopyTo(copies, name)
		c.Octets += n
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the original has lost it, and Verify tells
		}
		return err
	})
}

// eachFile calls do for each mail beside the database at path.
func eachFile(ctx context.Context, path string, do func(name string) error) error {
	db, err := sql.Open("sqlite3", uri(path, "mode", "ro"))
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT file FROM mail WHERE file <> ''`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if err := do(name); err != nil {
			return err
		}
	}
	return rows.Err()
}

// markCopy has the next Open know that this is a copy.
func (s *Store) markCopy(ctx context.Context, taken time.Time) error {
	return s.write(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO counter VALUES ('copied', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, millis(taken))
	})
}

// comeBack makes a store of a copy. The original went on after the copy was
// taken, and gave UIDs and modification sequences that will be given again,
// to other mails; a UIDVALIDITY that was never used before tells clients to
// forget what they know (RFC 9051, section 2.3.1.1).
func (s *Store) comeBack(ctx context.Context) error {
	var taken int64
	err := s.write(ctx, func(t *tx) error {
		err := t.row(`DELETE FROM counter WHERE name = 'copied' RETURNING value`).Scan(&taken)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		t.changes++
		t.forget()
		if err := t.exec(`UPDATE counter SET value = max(value, ?) WHERE name = 'uidvalidity'`, s.options.Now().Unix()); err != nil {
			return err
		}
		// above all that there are, so none is another's on the way
		if err := t.exec(`UPDATE mailbox SET uidvalidity = id + (SELECT value FROM counter WHERE name = 'uidvalidity')`); err != nil {
			return err
		}
		return t.exec(`UPDATE counter SET value = (SELECT max(uidvalidity) FROM mailbox) WHERE name = 'uidvalidity'
			AND EXISTS (SELECT 1 FROM mailbox)`)
	})
	if err != nil || taken == 0 {
		return err
	}
	s.options.Log.LogAttrs(ctx, slog.LevelWarn, "data folder is a copy: mail clients fetch all mail anew", slog.Time("taken", timeOf(taken)))
	return nil
}
