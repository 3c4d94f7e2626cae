package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// tx is the open transaction as a job sees it. What it remembers of mailboxes
// is true only because nobody else writes.
type tx struct {
	store *Store
	conn  *sql.Conn
	kept  map[string]*sql.Stmt // prepared statements by their text

	boxes map[gsp.MailboxID]*gsp.Mailbox // with their counters
	ids   map[gsp.MailboxName]gsp.MailboxID

	owned    map[string][]*gsp.Mailbox // of boxes, all of an owner
	keywords map[gsp.MailboxID]keywordSet
	quotas   map[string]int64 // of owners, 0 for none

	dirty   map[gsp.MailboxID]*gsp.Mailbox // counters to write before the commit
	touched []gsp.MailboxID                // whose bells ring after the commit
	gone    []string                       // files to remove after the commit
	changes int                            // rises with each change, so that a job without any is known
	octets  int                            // of the mails inserted
}

// rememberLimit is how many mailboxes are remembered before all are forgotten.
const rememberLimit = 100_000

// reset makes the tx ready for the next transaction.
func (t *tx) reset() {
	if t.boxes == nil || len(t.boxes) > rememberLimit {
		t.forget()
	}
	t.dirty = map[gsp.MailboxID]*gsp.Mailbox{}
	t.touched, t.gone, t.changes, t.octets = t.touched[:0], nil, 0, 0
}

// forget drops what is remembered, because it may not be true any more.
func (t *tx) forget() {
	t.boxes = map[gsp.MailboxID]*gsp.Mailbox{}
	t.ids = map[gsp.MailboxName]gsp.MailboxID{}
	t.owned, t.quotas = map[string][]*gsp.Mailbox{}, map[string]int64{}
	t.keywords = map[gsp.MailboxID]keywordSet{}
}

// flush writes the counters back.
func (t *tx) flush() error {
	for id, m := range t.dirty {
		err := t.exec(`UPDATE mailbox SET uidnext = ?, modseq = ?, messages = ?, unseen = ?, deleted = ?, size = ?
			WHERE id = ?`, m.UIDNext, m.ModSeq, m.Messages, m.Unseen, m.Deleted, m.Size, id)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) rung() []gsp.MailboxID {
	slices.Sort(t.touched)
	return slices.Clone(slices.Compact(t.touched))
}

// statement returns the prepared form of query, which must be a constant.
func (t *tx) statement(query string) (*sql.Stmt, error) {
	if s, ok := t.kept[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	t.kept[query] = s
	return s, nil
}

// exec runs a statement that changes something. Its context cannot end,
// because a transaction is never left half-way.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.insert(query, args...)
	return err
}

// insert runs a statement and returns the number of the new row.
func (t *tx) insert(query string, args ...any) (int64, error) {
	t.changes++
	result, err := t.run(query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// affect runs a statement and returns how many rows it changed.
func (t *tx) affect(query string, args ...any) (int64, error) {
	result, err := t.run(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if n > 0 {
		t.changes++
	}
	return n, err
}

func (t *tx) run(query string, args ...any) (sql.Result, error) {
	s, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// row runs a query for at most one row. It changes nothing.
func (t *tx) row(query string, args ...any) *sql.Row {
	s, err := t.statement(query)
	if err != nil {
		return t.conn.QueryRowContext(context.Background(), query, args...) // for its error
	}
	return s.QueryRowContext(context.Background(), args...)
}

// rows runs a query. It changes nothing.
func (t *tx) rows(query string, args ...any) (*sql.Rows, error) {
	s, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}
