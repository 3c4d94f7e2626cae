package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

const mailboxColumns = `id, owner, name, use, uidvalidity, uidnext, modseq, messages, unseen, deleted, size`

func scanMailbox(row interface{ Scan(...any) error }) (m gsp.Mailbox, err error) {
	err = row.Scan(&m.ID, &m.Name.Owner, &m.Name.Name, &m.Use, &m.UIDValidity, &m.UIDNext, &m.ModSeq,
		&m.Messages, &m.Unseen, &m.Deleted, &m.Size)
	if errors.Is(err, sql.ErrNoRows) {
		err = gsp.ErrNotFound
	}
	return m, err
}

// Mailbox returns one mailbox with its counters, or gsp.ErrNotFound.
func (s *Store) Mailbox(ctx context.Context, id gsp.MailboxID) (gsp.Mailbox, error) {
	m, err := scanMailbox(s.row(ctx, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id))
	if err != nil {
		return gsp.Mailbox{}, fmt.Errorf("read mailbox %d: %w", id, err)
	}
	return m, nil
}

// Mailboxes returns all mailboxes of owner with their counters, by name.
func (s *Store) Mailboxes(ctx context.Context, owner string) ([]gsp.Mailbox, error) {
	rows, err := s.rows(ctx, `SELECT `+mailboxColumns+` FROM mailbox WHERE owner = ? ORDER BY name`, owner)
	if err != nil {
		return nil, fmt.Errorf("read mailboxes: %w", err)
	}
	defer rows.Close()
	var list []gsp.Mailbox
	for rows.Next() {
		m, err := scanMailbox(rows)
		if err != nil {
			return nil, fmt.Errorf("read mailboxes: %w", err)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// CreateMailbox makes a mailbox with a UIDVALIDITY never used before. The
// error is gsp.ErrExists where the owner has one of that name, and
// gsp.ErrTooManyMailboxes where it may have no more.
func (s *Store) CreateMailbox(ctx context.Context, name gsp.MailboxName, use gsp.SpecialUse) (gsp.Mailbox, error) {
	var made gsp.Mailbox
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.boxNamed(name); !errors.Is(err, gsp.ErrNotFound) {
			if err == nil {
				err = gsp.ErrExists
			}
			return err
		}
		if limit := t.store.options.Mailboxes; limit > 0 {
			all, err := t.ownedBy(name.Owner)
			if err == nil && len(all) >= limit {
				err = gsp.ErrTooManyMailboxes
			}
			if err != nil {
				return err
			}
		}
		box, err := t.makeBox(name, use)
		if err == nil {
			made = *box
		}
		return err
	})
	if err != nil {
		return gsp.Mailbox{}, fmt.Errorf("create mailbox: %w", err)
	}
	return made, nil
}

// makeBox inserts a mailbox. Its UIDVALIDITY is the time in seconds, and at
// least one more than the last: the values must rise also where the folder was
// restored from a copy that knew an older last one.
func (t *tx) makeBox(name gsp.MailboxName, use gsp.SpecialUse) (*gsp.Mailbox, error) {
	now := t.store.options.Now().Unix()
	t.changes++
	var validity uint32
	err := t.row(`UPDATE counter SET value = max(value + 1, ?) WHERE name = 'uidvalidity' RETURNING value`, now).
		Scan(&validity)
	if err != nil {
		return nil, err
	}
	id, err := t.insert(`INSERT INTO mailbox
		(owner, name, use, uidvalidity, uidnext, modseq, messages, unseen, deleted, size)
		VALUES (?, ?, ?, ?, 1, 1, 0, 0, 0, 0)`, name.Owner, name.Name, use, validity)
	if err != nil {
		return nil, err
	}
	box := &gsp.Mailbox{
		ID: gsp.MailboxID(id), Name: name, Use: use, UIDValidity: validity, UIDNext: 1, ModSeq: 1,
	}
	t.boxes[box.ID], t.ids[name] = box, box.ID
	delete(t.owned, name.Owner)
	t.touched = append(t.touched, box.ID)
	return box, nil
}

// RenameMailbox renames a mailbox and those below it. INBOX cannot be renamed.
// The error is gsp.ErrExists where one of the new names is taken.
func (s *Store) RenameMailbox(ctx context.Context, id gsp.MailboxID, to string) error {
	err := s.write(ctx, func(t *tx) error { return t.rename(id, to) })
	if err != nil {
		return fmt.Errorf("rename mailbox: %w", err)
	}
	return nil
}

func (t *tx) rename(id gsp.MailboxID, to string) error {
	box, err := t.box(id)
	if err != nil {
		return err
	}
	if box.Name.Name == "INBOX" {
		return inboxStays()
	}
	all, err := t.ownedBy(box.Name.Owner)
	if err != nil {
		return err
	}
	renamed := map[gsp.MailboxID]string{}
	taken := map[string]bool{}
	from := box.Name.Name
	for id, name := range all {
		if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
			renamed[id] = to + rest
		} else {
			taken[name] = true
		}
	}
	for _, name := range renamed {
		if taken[name] {
			return gsp.ErrExists
		}
	}
	// In two steps, since a new name may be an old one of another: a becomes
	// a/b while a/b becomes a/b/b.
	for id := range renamed {
		if err := t.exec(`UPDATE mailbox SET name = char(0) || id WHERE id = ?`, id); err != nil {
			return err
		}
	}
	for id, name := range renamed {
		if err := t.exec(`UPDATE mailbox SET name = ? WHERE id = ?`, name, id); err != nil {
			return err
		}
		t.touched = append(t.touched, id)
		if box := t.boxes[id]; box != nil {
			box.Name.Name = name
		}
		delete(t.ids, gsp.MailboxName{Owner: box.Name.Owner, Name: all[id]})
	}
	// A new name may be an old one whose number is remembered.
	for id, name := range renamed {
		t.ids[gsp.MailboxName{Owner: box.Name.Owner, Name: name}] = id
	}
	return nil
}

func (t *tx) ownedBy(owner string) (map[gsp.MailboxID]string, error) {
	rows, err := t.rows(`SELECT id, name FROM mailbox WHERE owner = ?`, owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[gsp.MailboxID]string{}
	for rows.Next() {
		var (
			id   gsp.MailboxID
			name string
		)
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		names[id] = name
	}
	return names, rows.Err()
}

// DeleteMailbox removes a mailbox with its messages; those below it stay.
// INBOX cannot be deleted. A large one is emptied first, so that an error may
// leave less of it.
func (s *Store) DeleteMailbox(ctx context.Context, id gsp.MailboxID) error {
	for done := false; !done; {
		err := s.writeMany(ctx, batchLimit, func(t *tx) (err error) {
			done, err = t.deleteBox(id)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete mailbox: %w", err)
		}
	}
	return nil
}

// deleteBox removes some messages of a mailbox and, once there is no other, the
// mailbox.
func (t *tx) deleteBox(id gsp.MailboxID) (done bool, err error) {
	box, err := t.box(id)
	if err != nil {
		return false, err
	}
	if box.Name.Name == "INBOX" {
		return false, inboxStays()
	}
	if box.Messages > 0 {
		uids, err := t.firstIn(id, batchLimit)
		if err != nil {
			return false, err
		}
		_, items, err := t.pick(id, uids)
		if err != nil {
			return false, err
		}
		if err := t.remove(box, items); err != nil || box.Messages > 0 {
			return false, err
		}
	}
	const marks = 10 * batchLimit
	n, err := t.affect(`DELETE FROM tombstone WHERE mailbox = ?1 AND (modseq, uid) IN
		(SELECT modseq, uid FROM tombstone WHERE mailbox = ?1 LIMIT ?2)`, id, marks)
	if err != nil || n == marks {
		return false, err
	}
	if err := t.exec(`DELETE FROM mailbox WHERE id = ?`, id); err != nil { // and with it who is not subscribed
		return false, err
	}
	delete(t.boxes, id)
	delete(t.dirty, id)
	delete(t.ids, box.Name)
	delete(t.owned, box.Name.Owner)
	delete(t.keywords, id)
	t.touched = append(t.touched, id)
	return true, nil
}

// firstIn returns the first messages of a mailbox, at most n.
func (t *tx) firstIn(id gsp.MailboxID, n int) ([]uint32, error) {
	rows, err := t.rows(`SELECT uid FROM item WHERE mailbox = ? ORDER BY uid LIMIT ?`, id, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var uids []uint32
	for rows.Next() {
		var uid uint32
		if err := rows.Scan(&uid); err != nil {
			return nil, err
		}
		uids = append(uids, uid)
	}
	return uids, rows.Err()
}

func inboxStays() error {
	return &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  "the inbox can be neither renamed nor deleted",
		Remedy: "move its messages to another mailbox",
	}
}

// Unsubscribed returns the mailboxes that the account chose not to see; every
// mailbox is subscribed until then.
func (s *Store) Unsubscribed(ctx context.Context, account gsp.AccountID) ([]gsp.MailboxID, error) {
	rows, err := s.rows(ctx, `SELECT mailbox FROM unsubscribed WHERE account = ? ORDER BY mailbox`, account)
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	defer rows.Close()
	var ids []gsp.MailboxID
	for rows.Next() {
		var id gsp.MailboxID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read subscriptions: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Subscribe sets whether the account sees the mailbox.
func (s *Store) Subscribe(ctx context.Context, account gsp.AccountID, id gsp.MailboxID, on bool) error {
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.box(id); err != nil {
			return err
		}
		if on {
			return t.exec(`DELETE FROM unsubscribed WHERE account = ? AND mailbox = ?`, account, id)
		}
		return t.exec(`INSERT INTO unsubscribed (account, mailbox) VALUES (?, ?) ON CONFLICT DO NOTHING`, account, id)
	})
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// box returns a mailbox as it stands in this transaction. To change it, call
// change first.
func (t *tx) box(id gsp.MailboxID) (*gsp.Mailbox, error) {
	if box := t.boxes[id]; box != nil {
		return box, nil
	}
	m, err := scanMailbox(t.row(`SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id))
	if err != nil {
		return nil, err
	}
	t.boxes[id], t.ids[m.Name] = &m, id
	return &m, nil
}

func (t *tx) boxNamed(name gsp.MailboxName) (*gsp.Mailbox, error) {
	if id, ok := t.ids[name]; ok {
		return t.box(id)
	}
	var id gsp.MailboxID
	err := t.row(`SELECT id FROM mailbox WHERE owner = ? AND name = ?`, name.Owner, name.Name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, gsp.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return t.box(id)
}

// change marks a mailbox as one whose counters change: they are written once
// before the commit, however many jobs change them, and its bell rings after.
func (t *tx) change(box *gsp.Mailbox) {
	t.changes++
	t.dirty[box.ID] = box
	t.touched = append(t.touched, box.ID)
}
