package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gsp.example/gsp/internal/gsp"
)

// Report is what Verify found wrong. The zero Report of a full store is that
// everything is as it was written.
type Report struct {
	Mails     int             // how many were read
	Damaged   []gsp.MailID    // whose octets do not have their digest, or are missing
	Summaries []gsp.MailID    // whose summary is damaged
	Unseen    []gsp.MailID    // that no mailbox shows
	Mailboxes []gsp.MailboxID // whose counters are not the sum of their messages
	Files     []string        // that no mail refers to; one may be of a mail that is coming in
}

// Clean reports whether nothing is wrong.
func (r Report) Clean() bool {
	return len(r.Damaged)+len(r.Summaries)+len(r.Unseen)+len(r.Mailboxes)+len(r.Files) == 0
}

// Verify reads everything and compares it. It may run while mail comes in, and
// takes as long as reading all mails does. An error means that it could not
// finish, not that it found something.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	var r Report
	for _, verify := range []func(context.Context, *Report) error{
		s.verifyMails, s.verifyMailboxes, s.verifyFiles,
	} {
		if err := verify(ctx, &r); err != nil {
			return Report{}, fmt.Errorf("verify: %w", err)
		}
	}
	return r, nil
}

// verifyMails takes one mail after the other, so that no read transaction
// stays open.
func (s *Store) verifyMails(ctx context.Context, r *Report) error {
	for id := gsp.MailID(0); ; {
		var (
			summary []byte
			shown   bool
		)
		err := s.row(ctx, `SELECT id, summary, EXISTS (SELECT 1 FROM item WHERE item.mail = mail.id) FROM mail
			WHERE id > ? ORDER BY id LIMIT 1`, id).Scan(&id, &summary, &shown)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		r.Mails++
		if !shown {
			r.Unseen = append(r.Unseen, id)
		}
		if _, err := decodeSummary(summary); err != nil {
			r.Summaries = append(r.Summaries, id)
		}
		switch _, err := s.body(ctx, id); {
		case errors.Is(err, gsp.ErrDamaged):
			r.Damaged = append(r.Damaged, id)
		case errors.Is(err, gsp.ErrNotFound): // expunged meanwhile
		case err != nil:
			return err
		}
	}
}

func (s *Store) verifyMailboxes(ctx context.Context, r *Report) error {
	rows, err := s.rows(ctx, `SELECT mailbox.id FROM mailbox LEFT JOIN item ON item.mailbox = mailbox.id
		GROUP BY mailbox.id HAVING messages <> count(uid)
			OR unseen <> count(uid) FILTER (WHERE flags & ?1 = 0)
			OR deleted <> count(uid) FILTER (WHERE flags & ?2 <> 0)
			OR mailbox.size <> coalesce(sum(item.size), 0)
			OR uidnext <= coalesce(max(uid), 0)
			OR mailbox.modseq < coalesce(max(item.modseq), 0)`, gsp.Seen, gsp.Deleted)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id gsp.MailboxID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		r.Mailboxes = append(r.Mailboxes, id)
	}
	return rows.Err()
}

func (s *Store) verifyFiles(ctx context.Context, r *Report) error {
	return s.files.Names(func(name string) error {
		var n int
		err := s.row(ctx, `SELECT count(*) FROM mail WHERE file = ? AND file <> ''`, name).Scan(&n)
		if err == nil && n == 0 {
			r.Files = append(r.Files, name)
		}
		return err
	})
}
