package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errors.New("store is closed")

// groupLimit is how many writes share a commit at most. More would make the
// first of them wait for the last without saving much of a sync.
const groupLimit = 128

// job is one write. Its work may run more than once, and only the last run
// counts.
type job struct {
	work  func(*tx) error
	many  int // messages that it changes, 0 for a few
	done  bool
	err   error         // once done
	leads bool          // it is its caller's turn to write
	woken chan struct{} // when one of them is set
}

func newJob(work func(*tx) error) *job { return &job{work: work, woken: make(chan struct{}, 1)} }

// writer is what belongs to the one caller at a time that writes: the leader.
// It writes for all that wait, and then makes the first of those that came
// meanwhile the leader. So a write that comes alone changes no goroutine.
type writer struct {
	store *Store
	db    *sql.DB
	conn  *sql.Conn

	// The leader's.
	tx      tx
	logged  int  // at most how many octets went into the log since it was begun
	copying bool // the log has been long, see tend

	copier *sql.Conn
	copies sync.WaitGroup
	copied atomic.Bool // by the copier

	mu      sync.Mutex
	waiting []*job // the leader's own comes first
	led     bool   // there is a leader
	closing bool
	stopped chan struct{} // closed when there will be no leader any more
	started bool          // Open succeeded

	failing sync.Once
	failed  chan struct{} // closed once failure is set
	failure error
}

func newWriter(s *Store, db *sql.DB, conn *sql.Conn) *writer {
	return &writer{
		store: s, db: db, conn: conn,
		tx:      tx{store: s, conn: conn, kept: map[string]*sql.Stmt{}},
		stopped: make(chan struct{}),
		failed:  make(chan struct{}),
	}
}

// write does work and returns once it is synced. A context that ends before
// its turn came leaves it undone; later it is ignored, since nobody could tell
// what became of the work.
func (s *Store) write(ctx context.Context, work func(*tx) error) error {
	return s.writeMany(ctx, 0, work)
}

// writeMany is write for a change of that many messages at once. Those of one
// or a few overtake it, unless it leads.
func (s *Store) writeMany(ctx context.Context, many int, work func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, j := s.writer, newJob(work)
	j.many = many
	switch leads, err := w.join(j); {
	case err != nil:
		return err
	case leads:
		w.lead()
		return j.err
	}
	return w.wait(ctx, j)
}

// join puts j behind those that wait, and reports whether it leads.
func (w *writer) join(j *job) (leads bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return false, ErrClosed
	}
	w.waiting = append(w.waiting, j)
	leads, w.led = !w.led, true
	return leads, nil
}

// wait returns when j was done, by another leader or by this one.
func (w *writer) wait(ctx context.Context, j *job) error {
	select {
	case <-j.woken:
	case <-ctx.Done():
		if w.leave(j) {
			return ctx.Err()
		}
		<-j.woken
	}
	if j.leads {
		runtime.Gosched() // those just answered may have the next write ready
		w.lead()
	}
	return j.err
}

// leave takes j back, unless its turn has come.
func (w *writer) leave(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.waiting, j)
	if i < 0 || j.leads {
		return false
	}
	w.waiting = slices.Delete(w.waiting, i, i+1)
	return true
}

// lead writes for those that wait, the leader first, and passes the lead on.
func (w *writer) lead() {
	jobs := w.take()
	whole := false
	defer func() {
		if !whole { // a panic, which a door may recover from
			w.fail(errors.New("a write broke off"))
			answer(jobs, w.store.Err())
		}
		w.tend()
	}()
	w.group(jobs)
	whole = true
}

// take returns the jobs of the next transaction, the leader's own first: of
// those that change many messages as many as change batchLimit together, or
// one, so that no other job waits for a second.
func (w *writer) take() []*job {
	w.mu.Lock()
	defer w.mu.Unlock()
	jobs, many := make([]*job, 0, min(len(w.waiting), groupLimit)), 0
	w.waiting = slices.DeleteFunc(w.waiting, func(j *job) bool {
		if len(jobs) == groupLimit || j.many > 0 && many > 0 && many+j.many > batchLimit {
			return false
		}
		jobs, many = append(jobs, j), many+j.many
		return true
	})
	return jobs
}

// pass makes the first that waits the leader.
func (w *writer) pass() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) > 0 {
		j := w.waiting[0]
		j.leads = true
		j.woken <- struct{}{}
		return
	}
	w.led = false
	if w.closing {
		close(w.stopped)
	}
}

// group does jobs in one transaction. Where one of them fails half-way, it
// takes the others' work with it, and each is done again in a transaction of
// its own. That is rare: a write that is not possible says so before it
// changes anything, and a savepoint around each would cost all of them.
func (w *writer) group(jobs []*job) {
	if err := w.store.Err(); err != nil {
		answer(jobs, err)
		return
	}
	errs := make([]error, len(jobs))
	halfway := false
	err := w.transact(func() error {
		for i, j := range jobs {
			before := w.tx.changes
			errs[i] = j.work(&w.tx)
			if halfway = errs[i] != nil && w.tx.changes != before; halfway {
				return errs[i]
			}
		}
		return nil
	})
	switch {
	case err == nil:
		for i := range jobs {
			answer(jobs[i:i+1], errs[i])
		}
	case halfway && len(jobs) > 1 && !isFatal(err) && !isFull(err):
		for i := range jobs {
			w.group(jobs[i : i+1])
		}
	default:
		answer(jobs, err)
	}
}

// answer wakes those that have no answer yet.
func answer(jobs []*job, err error) {
	for _, j := range jobs {
		if !j.done {
			j.done, j.err = true, err
			j.woken <- struct{}{}
		}
	}
}

// transact runs work between BEGIN and COMMIT, and after the commit removes
// the files of deleted mails and rings the bells.
func (w *writer) transact(work func() error) (err error) {
	w.tx.reset()
	if err := w.tx.exec("BEGIN IMMEDIATE"); err != nil {
		return w.judge(fmt.Errorf("begin: %w", err))
	}
	err = work()
	if err == nil {
		err = w.tx.flush()
	}
	if err == nil {
		if err = w.tx.exec("COMMIT"); err != nil {
			err = fmt.Errorf("commit: %w", err)
		}
	}
	if err != nil {
		w.tx.forget()
		// SQLite may have rolled back by itself, and then this is an error
		// without meaning.
		w.tx.exec("ROLLBACK")
		return w.judge(err)
	}
	w.logged += w.tx.octets + w.tx.changes*pageSize
	if err := w.store.files.Remove(w.tx.gone...); err != nil {
		w.store.options.Log.LogAttrs(context.Background(), slog.LevelWarn, "file of a deleted mail not removed",
			slog.Any("error", err))
	}
	if ids := w.tx.rung(); len(ids) > 0 {
		w.store.options.OnCommit(ids)
	}
	return nil
}

// pageSize is SQLite's, in octets. Larger ones were slower with mails of 8 KiB.
const pageSize = 4096

// The write-ahead log is copied into the database after at most so many
// octets, enough to share the copying's two syncs among many commits.
const checkpointAfter = 32 << 20

// logLimit is the length of the log, in pages, above which the writer waits
// for readers to let go of it, so that it cannot grow for ever.
const logLimit = 128 << 20 / pageSize

// tend passes the lead on, and sees to the log. One that is long is copied
// into the database, with two syncs and many scattered writes: first while
// others write on, and then once more while they wait for the little that they
// added, since only a log that was copied whole is begun anew. SQLite would do
// all of it within a commit, and would not tell of a disk that fails.
func (w *writer) tend() {
	if w.copying && (w.copied.Load() || w.logged >= 2*checkpointAfter) {
		go func() { // the leader's client need not wait for it
			w.copies.Wait()
			w.copied.Store(false)
			w.logged, w.copying = 0, false
			w.checkpoint(w.conn)
			w.pass()
		}()
		return
	}
	if w.logged >= checkpointAfter && !w.copying {
		w.copying = true
		w.copies.Go(func() {
			w.checkpoint(w.copier)
			w.copied.Store(true)
		})
	}
	w.pass()
}

// checkpoint copies the log into the database.
func (w *writer) checkpoint(conn *sql.Conn) {
	if w.store.Err() != nil {
		return
	}
	var busy, pages, done int
	scan := func(mode string) error {
		row := conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
		return row.Scan(&busy, &pages, &done)
	}
	err := scan("PASSIVE")
	if err == nil && pages > logLimit && conn == w.conn {
		err = scan("TRUNCATE")
	}
	if err != nil {
		w.judge(fmt.Errorf("checkpoint: %w", err))
	}
}

// judge returns err, and makes the store fail where it says that the disk does.
func (w *writer) judge(err error) error {
	if isFatal(err) {
		w.fail(err)
	}
	return err
}

// fail ends all writing.
func (w *writer) fail(err error) {
	w.failing.Do(func() {
		w.failure = fmt.Errorf("store failed earlier: %w", err)
		close(w.failed)
		w.store.options.Log.LogAttrs(context.Background(), slog.LevelError, "store failed and takes no more writes",
			slog.Any("error", err))
	})
}

// isFatal reports whether err leaves open what is on the disk.
func isFatal(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrIoErr, sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrReadonly, sqlite3.ErrCantOpen:
		return true
	}
	return false
}

// isFull reports whether the disk is full, which passes.
func isFull(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrFull
}

// stop lets those that wait finish, and no other begin.
func (w *writer) stop() {
	w.mu.Lock()
	w.closing = true
	led := w.led
	w.mu.Unlock()
	if led {
		<-w.stopped
	}
	w.copies.Wait()
}

// close closes the connection after stop.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.tx.kept {
		errs = append(errs, s.Close())
	}
	if w.started && w.store.Err() == nil {
		// A backup that reads through another process may take long: the log then
		// stays, and is read at the next start.
		_, err := w.conn.ExecContext(context.Background(),
			"PRAGMA busy_timeout = 500; PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")
		errs = append(errs, err)
	}
	if w.copier != nil {
		errs = append(errs, w.copier.Close())
	}
	errs = append(errs, w.conn.Close(), w.db.Close())
	return errors.Join(errs...)
}
