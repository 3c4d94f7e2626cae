package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// What is known of a key, zeros for nothing, and the receipt in the event of
// its posting. Two queries, because the first nearly always says nothing; of
// the + see tx.repeated.
const (
	onceKnown   = `SELECT coalesce(event, 0), coalesce(max(until), 0) FROM thread WHERE message_id = +? AND once = +?`
	onceReceipt = `SELECT mail, case_file, repeats FROM event WHERE id = ?`
)

// posted returns the receipt of a posting under the key, if it is not
// forgotten at that time, by a function that asks for a row.
func posted(row func(query string, args ...any) *sql.Row, key [32]byte, at time.Time) (r gsp.Receipt, known bool, err error) {
	var until int64
	err = row(onceKnown, key[:half], key[half:]).Scan(&r.Event, &until)
	if err != nil || r.Event == 0 || until < millis(at) {
		return gsp.Receipt{}, false, err
	}
	if err := row(onceReceipt, r.Event).Scan(&r.Mail, &r.Case, &r.Repeats); err != nil {
		return gsp.Receipt{}, false, err
	}
	r.Earlier = true
	return r, true, nil
}

// Posted returns the receipt of a posting that was stored under the key of a
// gsp.Once and is not forgotten at that time.
func (s *Store) Posted(ctx context.Context, key [32]byte, at time.Time) (gsp.Receipt, bool, error) {
	row := func(query string, args ...any) *sql.Row { return s.row(ctx, query, args...) }
	r, known, err := posted(row, key, at)
	if err != nil {
		return gsp.Receipt{}, false, fmt.Errorf("look up an earlier posting: %w", err)
	}
	return r, known, nil
}

// half parts a key: what is before it, like threadKey, is where it stands.
const half = 16

// follow remembers that replies to a mail belong to its case, and that its
// posting is not to become true again: in one row where the key begins with
// the Message-ID, as gsp.Once says that it should.
func (t *tx) follow(messageID string, id gsp.CaseID, o gsp.Once, event int64) error {
	thread := threadKey(messageID)
	keyed := o.Key != [32]byte{}
	threaded := messageID != "" && id != ""
	if keyed && threaded && bytes.Equal(thread, o.Key[:half]) {
		return t.followRow(thread, o.Key[half:], id, event, o.Until)
	}
	if threaded {
		if err := t.followRow(thread, []byte{}, id, 0, time.Time{}); err != nil {
			return err
		}
	}
	if keyed {
		return t.followRow(o.Key[:half], o.Key[half:], "", event, o.Until)
	}
	return nil
}

func (t *tx) followRow(thread, once []byte, id gsp.CaseID, event int64, until time.Time) error {
	return t.exec(`INSERT INTO thread (message_id, once, case_file, event, until) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET event = excluded.event, until = excluded.until`, thread, once, id, event, millis(until))
}

// threadKey is what is kept of a Message-ID, which may name its author's
// machine.
func threadKey(messageID string) []byte {
	sum := gsp.OnceThread(messageID)
	return sum[:]
}
