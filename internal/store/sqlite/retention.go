package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// dueQuery finds the messages of an owner that are due. A case whose latest
// hold is in force keeps its mails.
const dueQuery = `SELECT item.mailbox, item.uid, item.mail, name, item.case_file, item.size
	FROM mailbox JOIN item ON item.mailbox = mailbox.id
	LEFT JOIN case_file ON case_file.id = item.case_file
	WHERE mailbox.owner = ?1 AND CASE WHEN case_file.id IS NULL
		THEN ?2 > 0 AND item.received < ?2
		ELSE ?3 > 0 AND case_file.last < ?3 AND waiting = '' AND coalesce((SELECT held FROM case_hold
			WHERE case_hold.case_file = item.case_file ORDER BY case_hold.id DESC LIMIT 1), 0) = 0 END`

// dueItem is a message that is due, and where it stands.
type dueItem struct {
	gsp.Due
	mailbox gsp.MailboxID
	uid     uint32
}

func scanDue(rows *sql.Rows) (all []dueItem, err error) {
	defer rows.Close()
	for rows.Next() {
		d := dueItem{Due: gsp.Due{Policy: gsp.ClosedCase}}
		if err := rows.Scan(&d.mailbox, &d.uid, &d.Mail, &d.Mailbox, &d.Case, &d.Octets); err != nil {
			return nil, err
		}
		if d.Own = d.Case == noticeCase; d.Own {
			d.Case = ""
		}
		if d.Case == "" {
			d.Policy = gsp.NoCase
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// Due returns the messages of an owner that are due, by mailbox: all of them,
// or those that its owner was told of.
func (s *Store) Due(ctx context.Context, owner string, h gsp.Horizon, told bool) ([]gsp.Due, error) {
	rows, err := s.rows(ctx, dueQuery+` AND (NOT ?4 OR item.mail IN (SELECT mail FROM removal_mail WHERE owner = ?1))
		ORDER BY name, uid`, owner, millis(h.Other), millis(h.Closed), told)
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	items, err := scanDue(rows)
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	due := make([]gsp.Due, len(items))
	for i, d := range items {
		due[i] = d.Due
	}
	return due, nil
}

// removalChunk is how many mails are written down, or removed, in one
// transaction: others wait for no more.
const removalChunk = 500

// PrepareRemoval writes down which mails of an owner are to go, in place of what
// was written down before. Nothing goes before Announce.
func (s *Store) PrepareRemoval(ctx context.Context, owner string, mails []gsp.MailID) error {
	if err := s.ForgetRemoval(ctx, owner); err != nil {
		return err
	}
	for chunk := range slices.Chunk(mails, removalChunk) {
		err := s.write(ctx, func(t *tx) error {
			if err := t.exec(`INSERT INTO removal (owner, told, goes) VALUES (?, 0, 0) ON CONFLICT DO NOTHING`, owner); err != nil {
				return err
			}
			return t.exec(`INSERT INTO removal_mail (owner, mail) SELECT ?, value FROM json_each(?) WHERE true
				ON CONFLICT DO NOTHING`, owner, list(chunk))
		})
		if err != nil {
			return fmt.Errorf("prepare a removal: %w", err)
		}
	}
	return nil
}

// Announce notes that an owner was told of what was prepared, and when it goes.
func (s *Store) Announce(ctx context.Context, owner string, told, goes time.Time) error {
	err := s.write(ctx, func(t *tx) error {
		return t.exec(`UPDATE removal SET told = ?, goes = ? WHERE owner = ?`, millis(told), millis(goes), owner)
	})
	if err != nil {
		return fmt.Errorf("note a removal: %w", err)
	}
	return nil
}

// Removals returns what is prepared and what was told, by owner.
func (s *Store) Removals(ctx context.Context) ([]gsp.Removal, error) {
	rows, err := s.rows(ctx, `SELECT owner, told, goes, (SELECT count(*) FROM removal_mail WHERE removal_mail.owner = removal.owner)
		FROM removal ORDER BY owner`)
	if err != nil {
		return nil, fmt.Errorf("read removals: %w", err)
	}
	defer rows.Close()
	var all []gsp.Removal
	for rows.Next() {
		var (
			r          gsp.Removal
			told, goes int64
		)
		if err := rows.Scan(&r.Owner, &told, &goes, &r.Mails); err != nil {
			return nil, fmt.Errorf("read removals: %w", err)
		}
		r.Told, r.Goes = timeOf(told), timeOf(goes)
		all = append(all, r)
	}
	return all, rows.Err()
}

// ForgetRemoval gives up what was prepared or told, if there is any.
func (s *Store) ForgetRemoval(ctx context.Context, owner string) error {
	for {
		var left int64
		err := s.write(ctx, func(t *tx) (err error) {
			left, err = t.affect(`DELETE FROM removal_mail WHERE owner = ?1
				AND mail IN (SELECT mail FROM removal_mail WHERE owner = ?1 LIMIT ?2)`, owner, removalChunk)
			if err == nil && left < removalChunk {
				_, err = t.affect(`DELETE FROM removal WHERE owner = ?`, owner)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("forget a removal: %w", err)
		}
		if left < removalChunk {
			return nil
		}
	}
}

// CarryOut removes some of the mails that an owner was told of and that are due
// still, and reports whether there are more. What is not due any more stays. Each
// step writes its events in its transaction, one a policy, made of e.
func (s *Store) CarryOut(ctx context.Context, owner string, keep gsp.Retention, h gsp.Horizon, e gsp.Event) (more bool, err error) {
	err = s.write(ctx, func(t *tx) (err error) {
		more, err = t.carryOut(owner, keep, h, e)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remove mails: %w", err)
	}
	return more, nil
}

func (t *tx) carryOut(owner string, keep gsp.Retention, h gsp.Horizon, e gsp.Event) (more bool, err error) {
	var goes int64
	err = t.row(`SELECT goes FROM removal WHERE owner = ? AND told > 0`, owner).Scan(&goes)
	if errors.Is(err, sql.ErrNoRows) || err == nil && millis(e.At) < goes {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rows, err := t.rows(`SELECT mail FROM removal_mail WHERE owner = ? ORDER BY mail LIMIT ?`, owner, removalChunk)
	if err != nil {
		return false, err
	}
	mails, err := scanMails(rows)
	if err != nil {
		return false, err
	}
	if rows, err = t.rows(dueQuery+` AND item.mail IN (SELECT value FROM json_each(?4)) ORDER BY item.mailbox, item.uid LIMIT ?5`,
		owner, millis(h.Other), millis(h.Closed), list(mails), batchLimit); err != nil {
		return false, err
	}
	due, err := scanDue(rows)
	if err != nil {
		return false, err
	}
	if err := t.removeDue(due); err != nil {
		return false, err
	}
	for _, e := range removed(due, keep, e) {
		if _, err := t.record(e); err != nil {
			return false, err
		}
	}
	if len(due) == batchLimit {
		return true, nil // some of the mails have many copies, and the next step goes on with them
	}
	more = len(mails) == removalChunk
	if !more {
		return false, t.exec(`DELETE FROM removal WHERE owner = ?`, owner)
	}
	return true, t.exec(`DELETE FROM removal_mail WHERE owner = ? AND mail IN (SELECT value FROM json_each(?))`, owner, list(mails))
}

func scanMails(rows *sql.Rows) (mails []gsp.MailID, err error) {
	defer rows.Close()
	for rows.Next() {
		var mail gsp.MailID
		if err := rows.Scan(&mail); err != nil {
			return nil, err
		}
		mails = append(mails, mail)
	}
	return mails, rows.Err()
}

// removeDue removes messages that are sorted by their mailboxes.
func (t *tx) removeDue(due []dueItem) error {
	for len(due) > 0 {
		id := due[0].mailbox
		var uids []uint32
		for ; len(due) > 0 && due[0].mailbox == id; due = due[1:] {
			uids = append(uids, due[0].uid)
		}
		box, items, err := t.pick(id, uids)
		if err != nil {
			return err
		}
		if err := t.remove(box, items); err != nil {
			return err
		}
	}
	return nil
}

// removed makes an event of e for each policy by which messages went.
func removed(due []dueItem, keep gsp.Retention, e gsp.Event) (events []gsp.Event) {
	for _, policy := range gsp.Policies {
		e.Policy, e.Months, e.Mails, e.Octets = policy, keep.Months(policy), 0, 0
		for _, d := range due {
			if d.Policy == policy {
				e.Mails++
				e.Octets += d.Octets
			}
		}
		if e.Mails > 0 {
			events = append(events, e)
		}
	}
	return events
}

// Attend notes that the gateway runs at a time. Where it did not for longer than
// pause, as its clock has it, that time is added to when mails go: a notice
// stands only while it can be read.
func (s *Store) Attend(ctx context.Context, at time.Time, pause time.Duration) error {
	err := s.write(ctx, func(t *tx) error {
		var last int64
		err := t.row(`SELECT value FROM counter WHERE name = 'attended'`).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if gap := millis(at) - last; last > 0 && gap > pause.Milliseconds() {
			if err := t.exec(`UPDATE removal SET goes = goes + ? WHERE told > 0`, gap); err != nil {
				return err
			}
		}
		return t.exec(`INSERT INTO counter VALUES ('attended', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, millis(at))
	})
	if err != nil {
		return fmt.Errorf("note that the gateway runs: %w", err)
	}
	return nil
}

// HoldCase keeps the mails of a case, or lets them go again.
func (s *Store) HoldCase(ctx context.Context, h gsp.CaseHold) error {
	err := s.write(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO case_hold (case_file, held, by, at) VALUES (?, ?, ?, ?)`, h.Case, h.Held, h.By, millis(h.At))
	})
	if err != nil {
		return fmt.Errorf("hold a case: %w", err)
	}
	return nil
}

// CaseHolds returns every hold and release, the earliest first.
func (s *Store) CaseHolds(ctx context.Context) ([]gsp.CaseHold, error) {
	rows, err := s.rows(ctx, `SELECT case_file, held, by, at FROM case_hold ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	defer rows.Close()
	var all []gsp.CaseHold
	for rows.Next() {
		var (
			h  gsp.CaseHold
			at int64
		)
		if err := rows.Scan(&h.Case, &h.Held, &h.By, &at); err != nil {
			return nil, fmt.Errorf("read holds: %w", err)
		}
		h.At = timeOf(at)
		all = append(all, h)
	}
	return all, rows.Err()
}
