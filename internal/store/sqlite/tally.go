package sqlite

import (
	"context"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Tally says how a store stands.
type Tally struct {
	Accepted, Refused int       // mails since the time asked for
	Newest            time.Time // of the newest event, zero for none
	Waiting           int       // cases that wait for an answer
	Oldest            time.Time // when the oldest of them was opened
}

// Tally counts. What it costs grows with the events since then and the cases
// that wait, not with the age of the store.
func (s *Store) Tally(ctx context.Context, since time.Time) (Tally, error) {
	t, err := s.tally(ctx, since)
	if err != nil {
		return Tally{}, fmt.Errorf("count: %w", err)
	}
	return t, nil
}

func (s *Store) tally(ctx context.Context, since time.Time) (t Tally, err error) {
	var oldest int64
	err = s.row(ctx, `SELECT count(*), coalesce(min(opened), 0) FROM case_file INDEXED BY case_pending WHERE waiting <> ''`).
		Scan(&t.Waiting, &oldest)
	if err != nil {
		return t, err
	}
	t.Oldest = timeOf(oldest)
	// The log is in the order of time but for a clock that was set back, so it
	// is read from its end.
	rows, err := s.rows(ctx, `SELECT at, kind FROM event ORDER BY id DESC`)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			millis int64
			kind   gsp.EventKind
		)
		if err := rows.Scan(&millis, &kind); err != nil {
			return t, err
		}
		at := timeOf(millis)
		if t.Newest.IsZero() {
			t.Newest = at
		}
		if at.Before(since) {
			break
		}
		switch kind {
		case gsp.MailAccepted:
			t.Accepted++
		case gsp.MailRefused:
			t.Refused++
		}
	}
	return t, rows.Err()
}

// Case returns the case of that number, or gsp.ErrNotFound.
func (s *Store) Case(ctx context.Context, id gsp.CaseID) (found gsp.Case, err error) {
	v, err := s.view(ctx)
	if err != nil {
		return gsp.Case{}, fmt.Errorf("read case: %w", err)
	}
	defer v.end()
	err = v.cases(func(c gsp.Case) { found = c }, `SELECT `+caseColumns+` FROM case_file WHERE id = ?`, id)
	if err == nil && found.ID == "" {
		err = gsp.ErrNotFound
	}
	if err != nil {
		return gsp.Case{}, fmt.Errorf("read case %s: %w", id, err)
	}
	return found, nil
}
