package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gsp.example/gsp/internal/gsp"
)

// statements keeps prepared statements of the readers.
type statements struct {
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// known returns the prepared form of a query, nil where there is none yet.
func (k *statements) known(query string) *sql.Stmt {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byText[query]
}

// prepared returns the prepared form of query, which must be a constant. It
// needs a connection, so neither a view nor open rows may be held, nor the lock:
// those that hold all connections would wait for it.
func (s *Store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := s.kept.known(query); stmt != nil {
		return stmt, nil
	}
	stmt, err := s.readers.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	if first := s.kept.byText[query]; first != nil { // somebody was as quick
		stmt.Close()
		return first, nil
	}
	if s.kept.byText == nil {
		s.kept.byText = map[string]*sql.Stmt{}
	}
	s.kept.byText[query] = stmt
	return stmt, nil
}

func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return s.readers.QueryRowContext(ctx, query, args...) // for its error
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *Store) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// Listing returns which messages a mailbox has. SQLite itself strings the UIDs
// together, for a row of its own for each takes the driver five times as long.
func (s *Store) Listing(ctx context.Context, id gsp.MailboxID) (gsp.Listing, error) {
	l, err := s.listing(ctx, id)
	if err != nil {
		return gsp.Listing{}, fmt.Errorf("list mailbox %d: %w", id, err)
	}
	return l, nil
}

func (s *Store) listing(ctx context.Context, id gsp.MailboxID) (gsp.Listing, error) {
	v, err := s.view(ctx)
	if err != nil {
		return gsp.Listing{}, err
	}
	defer v.end()
	box, err := scanMailbox(v.row(`SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id))
	if err != nil {
		return gsp.Listing{}, err
	}
	l := gsp.Listing{UIDNext: box.UIDNext, ModSeq: box.ModSeq}
	if l.UIDs, err = v.strung(`SELECT group_concat(uid) FROM item WHERE mailbox = ?`, box.Messages, id); err != nil {
		return gsp.Listing{}, err
	}
	if box.Unseen > 0 {
		err = v.row(`SELECT uid FROM item WHERE mailbox = ? AND flags & ? = 0 ORDER BY uid LIMIT 1`, id, gsp.Seen).Scan(&l.Unseen)
		if err != nil {
			return gsp.Listing{}, err
		}
	}
	rows, err := v.rows(`SELECT DISTINCT keywords FROM item WHERE mailbox = ? AND keywords <> ''`, id)
	if err != nil {
		return gsp.Listing{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var keywords string
		if err := rows.Scan(&keywords); err != nil {
			return gsp.Listing{}, err
		}
		l.Keywords = append(l.Keywords, splitKeywords(keywords)...)
	}
	slices.Sort(l.Keywords)
	l.Keywords = slices.Compact(l.Keywords)
	return l, rows.Err()
}

// Flagged returns, rising, the UIDs of the messages whose flags within mask
// are exactly want.
func (s *Store) Flagged(ctx context.Context, id gsp.MailboxID, mask, want gsp.Flags) ([]uint32, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, fmt.Errorf("find flags: %w", err)
	}
	defer v.end()
	uids, err := v.strung(`SELECT group_concat(uid) FROM item WHERE mailbox = ? AND flags & ? = ?`, 0, id, mask, want)
	if err != nil {
		return nil, fmt.Errorf("find flags: %w", err)
	}
	return uids, nil
}

// strung runs a query for one text of UIDs with commas between, of which about
// n are expected.
func (v view) strung(query string, n int, args ...any) ([]uint32, error) {
	rows, err := v.rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	uids := make([]uint32, 0, n)
	for rows.Next() {
		var text sql.RawBytes // NULL where there are none
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		for i, c := range text {
			switch {
			case c == ',':
				continue
			case i == 0 || text[i-1] == ',':
				uids = append(uids, 0)
			}
			uid := &uids[len(uids)-1]
			*uid = *uid*10 + uint32(c-'0')
		}
	}
	if !slices.IsSorted(uids) { // SQLite promises no order
		slices.Sort(uids)
	}
	return uids, rows.Err()
}

// Items returns messages by rising UID. A UID that is not there is passed
// over.
func (s *Store) Items(ctx context.Context, id gsp.MailboxID, uids []uint32) ([]gsp.Item, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	items, err := s.items(ctx, id, uids)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return items, nil
}

func (s *Store) items(ctx context.Context, id gsp.MailboxID, uids []uint32) ([]gsp.Item, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	defer v.end()
	first, last := slices.Min(uids), slices.Max(uids)
	if int(last-first) >= 2*len(uids) {
		return v.items(`SELECT uid, modseq, mail, flags, keywords, received, size FROM item
			WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?)) ORDER BY uid`, len(uids), id, list(uids))
	}
	// Most of a range: to walk along it is faster than to look up each.
	items, err := v.items(`SELECT uid, modseq, mail, flags, keywords, received, size FROM item
		WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid`, len(uids), id, first, last)
	if err != nil || len(items) == len(uids) && int(last-first)+1 == len(uids) {
		return items, err
	}
	wanted := make([]bool, last-first+1)
	for _, uid := range uids {
		wanted[uid-first] = true
	}
	return slices.DeleteFunc(items, func(item gsp.Item) bool { return !wanted[item.UID-first] }), nil
}

// slab is how many octets of mails share an allocation.
const slab = 256 << 10

// Bodies returns the stored octets of mails, which must not be changed. A mail
// that is not there is passed over. The error is gsp.ErrDamaged where the
// octets of one do not have the digest of the mail that was posted. All of
// them are in memory at once, so ask for few.
func (s *Store) Bodies(ctx context.Context, mails []gsp.MailID) (map[gsp.MailID][]byte, error) {
	bodies := make(map[gsp.MailID][]byte, len(mails))
	inFiles, err := s.inline(ctx, mails, bodies)
	if err != nil {
		return nil, fmt.Errorf("read mails: %w", err)
	}
	for _, id := range inFiles {
		octets, err := s.Body(ctx, id)
		if errors.Is(err, gsp.ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		bodies[id] = octets
	}
	return bodies, nil
}

// inline adds to bodies those mails that are in the database, and returns
// those that are not.
func (s *Store) inline(ctx context.Context, mails []gsp.MailID, bodies map[gsp.MailID][]byte) (inFiles []gsp.MailID, err error) {
	rows, err := s.rows(ctx, `SELECT mail.id, sha256, file <> '', octets FROM mail LEFT JOIN body ON body.mail = mail.id
		WHERE mail.id IN (SELECT value FROM json_each(?))`, list(mails))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var room []byte
	for rows.Next() {
		var (
			id             int64
			inFile         bool
			digest, octets sql.RawBytes
		)
		if err := rows.Scan(&id, &digest, &inFile, &octets); err != nil {
			return nil, err
		}
		if inFile {
			inFiles = append(inFiles, gsp.MailID(id))
			continue
		}
		if sum := sha256.Sum256(octets); string(sum[:]) != string(digest) {
			return nil, fmt.Errorf("mail %d: %w", id, gsp.ErrDamaged)
		}
		if cap(room)-len(room) < len(octets) {
			room = make([]byte, 0, max(len(octets), slab))
		}
		start := len(room)
		room = append(room, octets...)
		bodies[gsp.MailID(id)] = room[start:len(room):len(room)]
	}
	return inFiles, rows.Err()
}
