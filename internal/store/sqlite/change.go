package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// batchLimit is how many messages a transaction changes at most, but for a
// copy: everybody else who writes waits for it, some ten milliseconds.
const batchLimit = 1000

// CopyLimit is how many messages one Copy takes: it is all or none (RFC 9051,
// section 6.4.7), so one transaction.
const CopyLimit = 10_000

// batches parts messages, by rising UID, into what transactions change. Between
// two others write, and a context may end the work.
func batches(uids []uint32) iter.Seq[[]uint32] {
	return slices.Chunk(slices.Compact(slices.Sorted(slices.Values(uids))), batchLimit)
}

// SetFlags changes flags, of batchLimit messages in one transaction; a UID that
// is not there is passed over, and a message that already has the flags keeps its
// modification sequence. The first \Seen on a delivered mail by anyone of the
// receiving Party writes its gsp.MailRead event in the same transaction.
func (s *Store) SetFlags(ctx context.Context, id gsp.MailboxID, uids []uint32, change gsp.FlagChange) error {
	if err := checkKeywords(change.Keywords); err != nil {
		return fmt.Errorf("set flags: %w", err)
	}
	for batch := range batches(uids) {
		err := s.writeMany(ctx, len(batch), func(t *tx) error { return t.setFlags(id, batch, change) })
		if err != nil {
			return fmt.Errorf("set flags: %w", err)
		}
	}
	return nil
}

func (t *tx) setFlags(id gsp.MailboxID, uids []uint32, change gsp.FlagChange) error {
	box, items, err := t.pick(id, uids)
	if err != nil {
		return err
	}
	if err := t.checkAdded(box, items, change); err != nil {
		return err
	}
	modseq := box.ModSeq + 1
	for _, before := range items {
		after := change.Apply(before.Item)
		if after.Flags == before.Flags && slices.Equal(after.Keywords, before.Keywords) {
			continue
		}
		t.change(box)
		box.ModSeq = modseq
		count(box, before.Item, -1)
		count(box, after, +1)
		err := t.exec(`UPDATE item SET modseq = ?, flags = ?, keywords = ? WHERE mailbox = ? AND uid = ?`,
			modseq, after.Flags, joinKeywords(after.Keywords), id, after.UID)
		if err != nil {
			return err
		}
		if before.reader != "" && before.Flags&gsp.Seen == 0 && after.Flags&gsp.Seen != 0 {
			if err := t.markRead(after.Mail, before.reader); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAdded asks whether messages may get the keywords that a change adds.
func (t *tx) checkAdded(box *gsp.Mailbox, items []picked, change gsp.FlagChange) error {
	if len(change.Keywords) == 0 || change.Mode == gsp.RemoveFlags || len(items) == 0 {
		return nil
	}
	for _, item := range items {
		if tooMany(item.Keywords, change.Apply(item.Item).Keywords) {
			return fmt.Errorf("message %d: %w", item.UID, gsp.ErrTooManyKeywords)
		}
	}
	return t.admit(box, change.Keywords)
}

// markRead writes the event of a Party's first reading of a mail. The mail
// itself knows who has not read it, however many copies there are.
func (t *tx) markRead(mail gsp.MailID, reader gsp.PartyID) error {
	var text string
	if err := t.row(`SELECT unread FROM mail WHERE id = ?`, mail).Scan(&text); err != nil {
		return err
	}
	unread := strings.Fields(text)
	i := slices.Index(unread, string(reader))
	if i < 0 {
		return nil
	}
	err := t.exec(`UPDATE mail SET unread = ? WHERE id = ?`, strings.Join(slices.Delete(unread, i, i+1), " "), mail)
	if err != nil {
		return err
	}
	_, err = t.record(gsp.Event{Kind: gsp.MailRead, Party: reader, Mail: mail})
	return err
}

// Copy copies messages, in the order of their UIDs, all or none: the error is a
// *gsp.FullError where there is no room for them, and gsp.ErrTooMany for more
// than CopyLimit. A copy keeps flags, keywords and internal date. Reading it
// reads the mail: an officer copies out of the authority's mailbox and opens
// the copy.
func (s *Store) Copy(ctx context.Context, from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error) {
	if len(uids) > CopyLimit {
		return gsp.Copied{}, fmt.Errorf("copy %d messages: %w", len(uids), gsp.ErrTooMany)
	}
	var copied gsp.Copied
	err := s.writeMany(ctx, len(uids), func(t *tx) (err error) {
		_, items, err := t.pick(from, uids)
		if err != nil {
			return err
		}
		if err := t.checkCopies(to, items); err != nil {
			return err
		}
		copied, err = t.placeAll(to, items)
		return err
	})
	if err != nil {
		return gsp.Copied{}, fmt.Errorf("copy: %w", err)
	}
	return copied, nil
}

// Move copies and expunges, each message or not (RFC 6851, section 3.3), some
// in one transaction. What it returns with an error was moved.
func (s *Store) Move(ctx context.Context, from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error) {
	var copied gsp.Copied
	for batch := range batches(uids) {
		var moved gsp.Copied
		err := s.writeMany(ctx, len(batch), func(t *tx) (err error) {
			moved, err = t.move(from, to, batch)
			return err
		})
		if err != nil {
			return copied, fmt.Errorf("move: %w", err)
		}
		copied.UIDValidity = moved.UIDValidity
		copied.From, copied.To = append(copied.From, moved.From...), append(copied.To, moved.To...)
	}
	return copied, nil
}

func (t *tx) move(from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error) {
	box, items, err := t.pick(from, uids)
	if err != nil {
		return gsp.Copied{}, err
	}
	if err := t.checkMoves(box, to, items); err != nil {
		return gsp.Copied{}, err
	}
	moved, err := t.placeAll(to, items)
	if err != nil {
		return gsp.Copied{}, err
	}
	return moved, t.remove(box, items)
}

// Expunge removes messages for good and leaves tombstones, some in one
// transaction. The octets of a mail go with the last message that shows it.
func (s *Store) Expunge(ctx context.Context, id gsp.MailboxID, uids []uint32) error {
	for batch := range batches(uids) {
		err := s.writeMany(ctx, len(batch), func(t *tx) error {
			box, items, err := t.pick(id, batch)
			if err != nil {
				return err
			}
			return t.remove(box, items)
		})
		if err != nil {
			return fmt.Errorf("expunge: %w", err)
		}
	}
	return nil
}

// picked is a message with what only the store knows of it.
type picked struct {
	gsp.Item
	origin
}

// pick returns a mailbox and those of the messages that are there, by UID.
func (t *tx) pick(id gsp.MailboxID, uids []uint32) (*gsp.Mailbox, []picked, error) {
	box, err := t.box(id)
	if err != nil {
		return nil, nil, err
	}
	rows, err := t.rows(`SELECT uid, modseq, mail, flags, keywords, received, size, reader, case_file FROM item
		WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?)) ORDER BY uid`, id, list(uids))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var items []picked
	for rows.Next() {
		var (
			p        picked
			keywords string
			received int64
		)
		err := rows.Scan(&p.UID, &p.ModSeq, &p.Mail, &p.Flags, &keywords, &received, &p.Size, &p.reader, &p.caseID)
		if err != nil {
			return nil, nil, err
		}
		p.Keywords, p.Received = splitKeywords(keywords), timeOf(received)
		items = append(items, p)
	}
	return box, items, rows.Err()
}

// checkCopies asks whether the owner of a mailbox has room for copies. Clients
// without MOVE delete by a copy into the trash, and must be able to when there
// is no room: the trash takes as much as the quota once more.
func (t *tx) checkCopies(to gsp.MailboxID, items []picked) error {
	box, err := t.box(to)
	if err != nil {
		return err
	}
	l := load{owner: box.Name.Owner}
	for _, item := range items {
		l.octets += item.Size
	}
	var reserve int64
	if box.Use == gsp.UseTrash {
		if reserve, err = t.quota(l.owner); err != nil {
			return err
		}
	}
	return t.checkRoom([]load{l}, reserve)
}

// checkMoves asks the same of messages that leave another mailbox. Within one
// owner's it needs no room.
func (t *tx) checkMoves(from *gsp.Mailbox, to gsp.MailboxID, items []picked) error {
	box, err := t.box(to)
	if err != nil || box.Name.Owner == from.Name.Owner {
		return err
	}
	return t.checkCopies(to, items)
}

func (t *tx) placeAll(to gsp.MailboxID, items []picked) (gsp.Copied, error) {
	box, err := t.box(to)
	if err != nil {
		return gsp.Copied{}, err
	}
	if err := t.leaveOut(box, items); err != nil {
		return gsp.Copied{}, err
	}
	copied := gsp.Copied{UIDValidity: box.UIDValidity}
	for _, item := range items {
		uid, err := t.place(box, item.Item, item.origin)
		if err != nil {
			return gsp.Copied{}, err
		}
		copied.From, copied.To = append(copied.From, item.UID), append(copied.To, uid)
	}
	return copied, nil
}

// remove takes messages out of a mailbox with one modification sequence.
func (t *tx) remove(box *gsp.Mailbox, items []picked) error {
	if len(items) == 0 {
		return nil
	}
	t.change(box)
	box.ModSeq++
	for _, item := range items {
		count(box, item.Item, -1)
		if err := t.exec(`DELETE FROM item WHERE mailbox = ? AND uid = ?`, box.ID, item.UID); err != nil {
			return err
		}
		err := t.exec(`INSERT INTO tombstone (mailbox, modseq, uid) VALUES (?, ?, ?)`, box.ID, box.ModSeq, item.UID)
		if err != nil {
			return err
		}
		if err := t.dropMail(item.Mail); err != nil {
			return err
		}
	}
	return nil
}

// dropMail removes a mail that no mailbox shows any more, and its octets.
func (t *tx) dropMail(id gsp.MailID) error {
	t.changes++
	var file string
	err := t.row(`DELETE FROM mail WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM item WHERE mail = ?1)
		RETURNING file`, id).Scan(&file)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil && file != "" {
		t.gone = append(t.gone, file)
	}
	return err
}
