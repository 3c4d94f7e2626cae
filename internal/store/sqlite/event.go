package sqlite

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// Record appends an event that belongs to no mail that was kept, and returns
// once it is synced.
func (s *Store) Record(ctx context.Context, e gsp.Event) error {
	err := s.write(ctx, func(t *tx) error {
		_, err := t.record(e)
		return err
	})
	if err != nil {
		return fmt.Errorf("record event: %w", err)
	}
	return nil
}

// record appends an event and returns its number. An event without a time
// happened now.
func (t *tx) record(e gsp.Event) (int64, error) {
	if e.At.IsZero() {
		e.At = t.store.options.Now()
	}
	peers := slices.Clone(e.Peers)
	slices.Sort(peers)
	args := []any{
		millis(e.At), e.Kind, e.Party, e.Account, joinParties(peers), e.Mail, e.Case, e.Repeats, e.Type, e.UIMs,
		e.Reason, e.Role, e.Pattern, e.Library,
	}
	if e.Policy == "" && e.Months == 0 && e.Mails == 0 && e.Octets == 0 { // as of nearly all: a mail shall not pay for them
		return t.insert(`INSERT INTO event
			(at, kind, party, account, peers, mail, case_file, repeats, type, uims, reason, role, pattern, library)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	}
	return t.insert(`INSERT INTO event
		(at, kind, party, account, peers, mail, case_file, repeats, type, uims, reason, role, pattern, library,
		policy, months, mails, octets)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		append(args, e.Policy, e.Months, e.Mails, e.Octets)...)
}

// eventChunk is how many events are read at once. Between chunks no read
// transaction is open, which would keep the write-ahead log from shrinking.
const eventChunk = 1000

// Events yields the events with numbers above after, in order. It ends after
// the first error.
func (s *Store) Events(ctx context.Context, after int64) iter.Seq2[gsp.Event, error] {
	return func(yield func(gsp.Event, error) bool) {
		for {
			events, err := s.events(ctx, after)
			if err != nil {
				yield(gsp.Event{}, fmt.Errorf("read events: %w", err))
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			if len(events) < eventChunk {
				return
			}
			after = events[len(events)-1].ID
		}
	}
}

func (s *Store) events(ctx context.Context, after int64) ([]gsp.Event, error) {
	rows, err := s.rows(ctx, `SELECT id, at, kind, party, account, peers, mail, case_file, repeats, type, uims,
		reason, role, pattern, library, policy, months, mails, octets FROM event WHERE id > ? ORDER BY id LIMIT ?`, after, eventChunk)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []gsp.Event
	for rows.Next() {
		var (
			e     gsp.Event
			at    int64
			peers string
		)
		if err := rows.Scan(&e.ID, &at, &e.Kind, &e.Party, &e.Account, &peers, &e.Mail, &e.Case, &e.Repeats, &e.Type,
			&e.UIMs, &e.Reason, &e.Role, &e.Pattern, &e.Library, &e.Policy, &e.Months, &e.Mails, &e.Octets); err != nil {
			return nil, err
		}
		e.At, e.Peers = timeOf(at), splitParties(peers)
		events = append(events, e)
	}
	return events, rows.Err()
}
