// Package sqlite keeps everything that a gateway keeps in one folder: a SQLite
// database, and beside it the mails too large for it.
//
// One caller at a time writes. It puts the writes that wait into one
// transaction with its own and answers them after the commit, which is synced:
// what was answered survives a power cut. Readers have connections of their
// own and never wait.
//
// Nothing readable can come in, since a mail is a sealed.Message. Each mail is
// kept with its SHA-256, which is compared on every read, because SQLite does
// not notice a flipped bit in a value.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/files"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// InlineLimit is the size in octets up to which a mail is kept in the
// database, where Options do not say otherwise. Below about 100 KiB SQLite is
// faster than a file of its own with its two syncs, above it slower.
const InlineLimit = 128 << 10

// What is in the folder.
const (
	databaseName = "gsp.db"
	mailsName    = "mails" // the mails too large for it
	lockName     = "lock"
)

// Options are what a Store needs from outside. The zero Options are complete.
type Options struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// OnCommit is told which mailboxes a commit changed, before the writes of
	// that commit are answered. It must return at once and must not write.
	OnCommit func([]gsp.MailboxID)

	// InlineLimit is the size in octets up to which a mail is kept in the
	// database; 0 is the constant InlineLimit.
	InlineLimit int

	// Quota is how many octets the mailboxes of an account may hold for which no
	// other was set; 0 is no limit. SharedQuota is the same for all other owners.
	Quota, SharedQuota int64

	// Mailboxes is how many mailboxes an owner may make, those that it has from
	// the start included; 0 is no limit.
	Mailboxes int

	// Log gets what an operator would be asked about; nil is silence.
	Log *slog.Logger
}

// Store is an open folder. Its methods may be called concurrently.
type Store struct {
	options Options
	folder  *os.File // locked while the store is open
	files   *files.Folder
	readers *sql.DB
	kept    statements // of readers
	writer  *writer

	closing  sync.Once
	closeErr error
}

// Open opens the folder, mode 0700, and makes what is missing in it. A
// database of an older version is copied and brought up to date first.
//
// The error is a *gsp.Refusal with gsp.DataInUse where another process has the
// folder open, and with gsp.NewerData where a newer version wrote it.
func Open(ctx context.Context, folder string, options Options) (_ *Store, err error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.OnCommit == nil {
		options.OnCommit = func([]gsp.MailboxID) {}
	}
	if options.InlineLimit == 0 {
		options.InlineLimit = InlineLimit
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{options: options}
	defer func() {
		if err != nil {
			s.release()
			var refusal *gsp.Refusal
			if !errors.As(err, &refusal) {
				err = fmt.Errorf("open store: %w", err)
			}
		}
	}()
	if s.folder, err = claim(folder); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, databaseName)
	if s.files, err = files.Open(filepath.Join(folder, mailsName)); err != nil {
		return nil, err
	}
	db, conn, err := openWriter(ctx, path)
	if err != nil {
		return nil, err
	}
	s.writer = newWriter(s, db, conn)
	if err := migrate(ctx, conn, path, migrations, options.Log); err != nil {
		return nil, err
	}
	if s.writer.copier, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := setUpWriter(ctx, s.writer.copier); err != nil {
		return nil, err
	}
	if s.readers, err = openReaders(ctx, path); err != nil {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	s.writer.started = true
	if err := s.comeBack(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close lets the writes that wait finish, and releases the folder. A write
// that comes later gets ErrClosed. It may be called more than once.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closeErr = s.release() })
	return s.closeErr
}

// Failed is closed once a write could not be made durable. From then on all
// writes get Err, because nobody knows what of the failed one is on the disk
// (a sync that fails is not made good by the next): stop the process, and let
// the next start find out.
func (s *Store) Failed() <-chan struct{} { return s.writer.failed }

// Err returns why the store failed, nil while it works.
func (s *Store) Err() error {
	select {
	case <-s.writer.failed:
		return s.writer.failure
	default:
		return nil
	}
}

// release closes what is open, the lock last.
func (s *Store) release() error {
	var errs []error
	if s.writer != nil {
		s.writer.stop()
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil { // last, so that it takes the log away
		errs = append(errs, s.writer.close())
	}
	if s.folder != nil {
		errs = append(errs, s.folder.Close())
	}
	return errors.Join(errs...)
}
