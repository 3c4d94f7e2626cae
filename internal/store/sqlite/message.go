package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// Since returns what happened after since; Since(0) is the whole mailbox
// without what vanished. All of it is of one moment. A message that came and
// went after since is among the vanished.
func (s *Store) Since(ctx context.Context, id gsp.MailboxID, since gsp.ModSeq) (gsp.Delta, error) {
	delta, err := s.since(ctx, id, since)
	if err != nil {
		return gsp.Delta{}, fmt.Errorf("read mailbox %d: %w", id, err)
	}
	return delta, nil
}

func (s *Store) since(ctx context.Context, id gsp.MailboxID, since gsp.ModSeq) (gsp.Delta, error) {
	v, err := s.view(ctx)
	if err != nil {
		return gsp.Delta{}, err
	}
	defer v.end()
	box, err := scanMailbox(v.row(`SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id))
	if err != nil {
		return gsp.Delta{}, err
	}
	delta := gsp.Delta{UIDNext: box.UIDNext, ModSeq: box.ModSeq}
	if since >= box.ModSeq {
		return delta, nil
	}
	if since == 0 {
		delta.Changed, err = v.items(`SELECT uid, modseq, mail, flags, keywords, received, size FROM item
			WHERE mailbox = ? ORDER BY uid`, box.Messages, id)
		return delta, err
	}
	delta.Changed, err = v.items(`SELECT uid, modseq, mail, flags, keywords, received, size FROM item
		WHERE mailbox = ? AND modseq > ? ORDER BY uid`, 0, id, since)
	if err != nil {
		return gsp.Delta{}, err
	}
	delta.Vanished, err = v.uids(`SELECT uid FROM tombstone WHERE mailbox = ? AND modseq > ? ORDER BY uid`, id, since)
	return delta, err
}

// Summaries returns the summaries of messages by UID. The error is
// gsp.ErrDamaged where the octets of one are not as they were written.
func (s *Store) Summaries(ctx context.Context, id gsp.MailboxID, uids []uint32) (map[uint32]gsp.Summary, error) {
	rows, err := s.rows(ctx, `SELECT uid, summary FROM item JOIN mail ON mail.id = item.mail
		WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?))`, id, list(uids))
	if err != nil {
		return nil, fmt.Errorf("read summaries: %w", err)
	}
	defer rows.Close()
	found := make(map[uint32]gsp.Summary, len(uids))
	for rows.Next() {
		var (
			uid     int64
			encoded sql.RawBytes
		)
		if err := rows.Scan(&uid, &encoded); err != nil {
			return nil, fmt.Errorf("read summaries: %w", err)
		}
		summary, err := decodeSummary(encoded)
		if err != nil {
			return nil, fmt.Errorf("read summary of message %d: %w", uid, err)
		}
		found[uint32(uid)] = summary
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read summaries: %w", err)
	}
	return found, nil
}

// Body returns the stored octets, which must not be changed. The error is
// gsp.ErrDamaged where they do not have the digest of the mail that was
// posted, and gsp.ErrNotFound where there is no such mail.
func (s *Store) Body(ctx context.Context, mail gsp.MailID) ([]byte, error) {
	octets, err := s.body(ctx, mail)
	if err != nil {
		return nil, fmt.Errorf("read mail %d: %w", mail, err)
	}
	return octets, nil
}

func (s *Store) body(ctx context.Context, mail gsp.MailID) ([]byte, error) {
	digest, octets, file, err := s.bodyRow(ctx, mail)
	if err != nil {
		return nil, err
	}
	if file != "" {
		octets, err = s.files.Get(file)
		if errors.Is(err, fs.ErrNotExist) {
			// The file of a mail goes after its row. Without the row the mail
			// was removed since we read it, with it the file is missing.
			if _, _, _, err := s.bodyRow(ctx, mail); err != nil {
				return nil, err
			}
			return nil, gsp.ErrDamaged
		}
		if err != nil {
			return nil, err
		}
	}
	if sum := sha256.Sum256(octets); !bytes.Equal(sum[:], digest) {
		return nil, gsp.ErrDamaged
	}
	return octets, nil
}

func (s *Store) bodyRow(ctx context.Context, mail gsp.MailID) (digest, octets []byte, file string, err error) {
	err = s.row(ctx, `SELECT sha256, file, octets FROM mail LEFT JOIN body ON body.mail = mail.id
		WHERE mail.id = ?`, mail).Scan(&digest, &file, &octets)
	if errors.Is(err, sql.ErrNoRows) {
		err = gsp.ErrNotFound
	}
	return digest, octets, file, err
}

// view is one moment of the database. It must end soon, because the
// write-ahead log grows until then.
type view struct {
	ctx   context.Context
	store *Store
	tx    *sql.Tx
	fresh *[]string // queries that are to be prepared once the connection is free
}

func (s *Store) view(ctx context.Context) (view, error) {
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	return view{ctx, s, tx, new([]string)}, err
}

func (v view) end() {
	v.tx.Rollback()
	for _, query := range *v.fresh {
		v.store.prepared(v.ctx, query) // or by the next view, if the context has ended
	}
}

func (v view) row(query string, args ...any) *sql.Row {
	if stmt := v.store.kept.known(query); stmt != nil {
		return v.tx.StmtContext(v.ctx, stmt).QueryRowContext(v.ctx, args...)
	}
	*v.fresh = append(*v.fresh, query)
	return v.tx.QueryRowContext(v.ctx, query, args...)
}

func (v view) rows(query string, args ...any) (*sql.Rows, error) {
	if stmt := v.store.kept.known(query); stmt != nil {
		return v.tx.StmtContext(v.ctx, stmt).QueryContext(v.ctx, args...)
	}
	*v.fresh = append(*v.fresh, query)
	return v.tx.QueryContext(v.ctx, query, args...)
}

// items runs a query for items, of which about n are expected.
func (v view) items(query string, n int, args ...any) ([]gsp.Item, error) {
	rows, err := v.rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := make([]gsp.Item, 0, n)
	for rows.Next() {
		// Plain types, because database/sql is slow with others.
		var (
			uid, modseq, mail, flags, received, size int64
			keywords                                 string
		)
		if err := rows.Scan(&uid, &modseq, &mail, &flags, &keywords, &received, &size); err != nil {
			return nil, err
		}
		items = append(items, gsp.Item{
			UID: uint32(uid), ModSeq: gsp.ModSeq(modseq), Mail: gsp.MailID(mail), Flags: gsp.Flags(flags),
			Keywords: splitKeywords(keywords), Received: timeOf(received), Size: size,
		})
	}
	return items, rows.Err()
}

func (v view) uids(query string, args ...any) ([]uint32, error) {
	rows, err := v.rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var uids []uint32
	for rows.Next() {
		var uid int64
		if err := rows.Scan(&uid); err != nil {
			return nil, err
		}
		uids = append(uids, uint32(uid))
	}
	return uids, rows.Err()
}

// list is the JSON array of UIDs or mails, by which one statement takes any
// number of them.
func list[N uint32 | gsp.MailID](numbers []N) string {
	b := make([]byte, 0, 2+8*len(numbers))
	b = append(b, '[')
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(append(b, ']'))
}

func splitKeywords(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}
