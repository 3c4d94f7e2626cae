package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// The receipt of a posting stored before is read from its event.
const earlierReceipt = `SELECT event.id, event.mail, event.case_file, event.repeats, until FROM once
	JOIN event ON event.id = once.event WHERE once.key = ?`

// scanReceipt reads an earlierReceipt, which is none where its key was
// forgotten before the time at.
func scanReceipt(row *sql.Row, at time.Time) (r gsp.Receipt, known bool, err error) {
	var until int64
	err = row.Scan(&r.Event, &r.Mail, &r.Case, &r.Repeats, &until)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return gsp.Receipt{}, false, nil
	case err != nil:
		return gsp.Receipt{}, false, err
	case until < millis(at):
		return gsp.Receipt{}, false, nil
	}
	r.Earlier = true
	return r, true, nil
}

// Posted returns the receipt of a posting that was stored under the key of a
// gsp.Once and is not forgotten at that time.
func (s *Store) Posted(ctx context.Context, key [32]byte, at time.Time) (gsp.Receipt, bool, error) {
	r, known, err := scanReceipt(s.row(ctx, earlierReceipt, key[:]), at)
	if err != nil {
		return gsp.Receipt{}, false, fmt.Errorf("look up an earlier posting: %w", err)
	}
	return r, known, nil
}

// posted is Posted within the transaction, so that it knows the postings of
// its own group.
func (t *tx) posted(key [32]byte, at time.Time) (gsp.Receipt, bool, error) {
	return scanReceipt(t.row(earlierReceipt, key[:]), at)
}

// remember keeps the posting of an event, made at that time, from becoming true
// again. What was known under the key is forgotten by then.
func (t *tx) remember(o gsp.Once, event int64, at time.Time) error {
	t.once++
	t.onceNow = max(t.onceNow, millis(at))
	return t.exec(`INSERT INTO once (event, key, until) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET event = excluded.event, until = excluded.until`,
		event, o.Key[:], millis(o.Until))
}

// forgetOnce removes keys that are past their time, the oldest first. It is
// part of the commits that add keys and removes at most twice as many as they
// add, so it keeps up and nobody waits for it.
func (t *tx) forgetOnce() error {
	if t.once == 0 || t.onceNow <= t.onceUntil {
		return nil
	}
	err := t.exec(`DELETE FROM once WHERE event IN (SELECT event FROM once ORDER BY event LIMIT ?) AND until < ?`,
		2*t.once, t.onceNow)
	if err != nil {
		return err
	}
	err = t.row(`SELECT until FROM once ORDER BY event LIMIT 1`).Scan(&t.onceUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
