package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// latestQuotas are the quotas in force of those for whom one was set.
const latestQuotas = `SELECT owner, octets FROM quota WHERE id IN (SELECT max(id) FROM quota GROUP BY owner)`

const roomQuery = `SELECT mailbox.owner, sum(messages), sum(size), coalesce(own.octets, 0), coalesce(since, 0),
	EXISTS (SELECT 1 FROM account WHERE login = mailbox.owner) FROM mailbox LEFT JOIN (` + latestQuotas + `) AS own ON own.owner = mailbox.owner
	LEFT JOIN filled ON filled.owner = mailbox.owner `

// Rooms returns the room of every owner of mailboxes, by owner.
func (s *Store) Rooms(ctx context.Context) ([]gsp.Room, error) {
	rows, err := s.rows(ctx, roomQuery+`GROUP BY mailbox.owner ORDER BY mailbox.owner`)
	if err != nil {
		return nil, fmt.Errorf("read rooms: %w", err)
	}
	defer rows.Close()
	var rooms []gsp.Room
	for rows.Next() {
		room, err := s.scanRoom(rows)
		if err != nil {
			return nil, fmt.Errorf("read rooms: %w", err)
		}
		rooms = append(rooms, room)
	}
	return rooms, rows.Err()
}

// Room returns the room of one owner, or gsp.ErrNotFound.
func (s *Store) Room(ctx context.Context, owner string) (gsp.Room, error) {
	room, err := s.scanRoom(s.row(ctx, roomQuery+`WHERE mailbox.owner = ? GROUP BY mailbox.owner`, owner))
	if errors.Is(err, sql.ErrNoRows) {
		err = gsp.ErrNotFound
	}
	if err != nil {
		return gsp.Room{}, fmt.Errorf("read room: %w", err)
	}
	return room, nil
}

func (s *Store) scanRoom(row interface{ Scan(...any) error }) (gsp.Room, error) {
	var (
		r          gsp.Room
		own, since int64
		account    bool
	)
	err := row.Scan(&r.Owner, &r.Messages, &r.Octets, &own, &since, &account)
	r.Quota, r.Own, r.Filled = s.options.quota(own, account), own != gsp.ConfiguredQuota, timeOf(since)
	return r, err
}

// quota returns the limit, 0 for none, that an owner has for whom own was set.
func (o Options) quota(own int64, account bool) int64 {
	switch {
	case own == gsp.NoQuota:
		return 0
	case own != gsp.ConfiguredQuota:
		return own
	case account:
		return o.Quota
	}
	return o.SharedQuota
}

// SetQuota sets the quota of an owner of mailboxes, or of one to come. What is
// there already stays, also where it is more.
func (s *Store) SetQuota(ctx context.Context, q gsp.Quota) error {
	err := s.write(ctx, func(t *tx) error {
		delete(t.quotas, q.Owner)
		return t.exec(`INSERT INTO quota (owner, octets, set_by, at) VALUES (?, ?, ?, ?)`,
			q.Owner, q.Octets, q.SetBy, millis(q.Set))
	})
	if err != nil {
		return fmt.Errorf("set quota: %w", err)
	}
	return nil
}

// Quotas returns every quota that was set for an owner, the earliest first.
func (s *Store) Quotas(ctx context.Context, owner string) ([]gsp.Quota, error) {
	rows, err := s.rows(ctx, `SELECT octets, set_by, at FROM quota WHERE owner = ? ORDER BY id`, owner)
	if err != nil {
		return nil, fmt.Errorf("read quotas: %w", err)
	}
	defer rows.Close()
	quotas := []gsp.Quota{}
	for rows.Next() {
		var set int64
		q := gsp.Quota{Owner: owner}
		if err := rows.Scan(&q.Octets, &q.SetBy, &set); err != nil {
			return nil, fmt.Errorf("read quotas: %w", err)
		}
		q.Set = timeOf(set)
		quotas = append(quotas, q)
	}
	return quotas, rows.Err()
}

// SetFilled notes since when the use of an owner is above the mark that is
// warned of; the zero time says that it is not.
func (s *Store) SetFilled(ctx context.Context, owner string, since time.Time) error {
	err := s.write(ctx, func(t *tx) error {
		if since.IsZero() {
			return t.exec(`DELETE FROM filled WHERE owner = ?`, owner)
		}
		return t.exec(`INSERT INTO filled (owner, since) VALUES (?, ?)
			ON CONFLICT DO UPDATE SET since = excluded.since`, owner, millis(since))
	})
	if err != nil {
		return fmt.Errorf("note a filled mailbox: %w", err)
	}
	return nil
}

// load is what is to be placed with one owner.
type load struct {
	owner  string
	octets int64
}

// checkRoom asks whether owners have room for what is to be placed with them,
// each named once, and reserve octets beyond their quotas. It changes nothing.
// The error is a *gsp.FullError with all that have not.
func (t *tx) checkRoom(loads []load, reserve int64) error {
	var full []string
	for _, l := range loads {
		quota, err := t.quota(l.owner)
		if err != nil {
			return err
		}
		if quota == 0 {
			continue
		}
		used, err := t.used(l.owner)
		if err != nil {
			return err
		}
		if l.octets > quota-used+reserve {
			full = append(full, l.owner)
		}
	}
	if full != nil {
		return &gsp.FullError{Owners: full}
	}
	return nil
}

// quota returns the limit of an owner, 0 for none.
func (t *tx) quota(owner string) (int64, error) {
	if quota, ok := t.quotas[owner]; ok {
		return quota, nil
	}
	var (
		own     int64
		account bool
	)
	err := t.row(`SELECT coalesce((SELECT octets FROM quota WHERE owner = +?1 ORDER BY id DESC LIMIT 1), 0),
		EXISTS (SELECT 1 FROM account WHERE login = +?1)`, owner).Scan(&own, &account)
	if err != nil {
		return 0, err
	}
	t.quotas[owner] = t.store.options.quota(own, account)
	return t.quotas[owner], nil
}

// used returns how much the mailboxes of an owner hold as they stand in this
// transaction. They are remembered, so that it costs a mail an addition each.
func (t *tx) used(owner string) (octets int64, err error) {
	boxes, ok := t.owned[owner]
	if !ok {
		names, err := t.ownedBy(owner)
		if err != nil {
			return 0, err
		}
		for id := range names {
			box, err := t.box(id)
			if err != nil {
				return 0, err
			}
			boxes = append(boxes, box)
		}
		t.owned[owner] = boxes
	}
	for _, box := range boxes {
		octets += box.Size
	}
	return octets, nil
}
