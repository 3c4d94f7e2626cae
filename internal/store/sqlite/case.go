package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// Case returns the case of that number, or, where id is "", of the first of
// the Message-IDs that belongs to one. Cases that party is not in are passed
// over. It returns gsp.ErrNotFound if none is left.
func (s *Store) Case(ctx context.Context, party gsp.PartyID, id gsp.CaseID, messageIDs []string) (gsp.Case, error) {
	if id != "" {
		c, err := s.caseOf(ctx, `SELECT id, requester, asked, opened FROM case_file WHERE id = ?`, id)
		if err == nil && !c.Takes(party) {
			return gsp.Case{}, gsp.ErrNotFound
		}
		return c, err
	}
	for _, messageID := range messageIDs {
		c, err := s.caseOf(ctx, `SELECT id, requester, asked, opened FROM case_file
			JOIN thread ON thread.case_file = case_file.id WHERE thread.message_id = ?`, threadKey(messageID))
		if err == nil && c.Takes(party) {
			return c, nil
		}
		if err != nil && !errors.Is(err, gsp.ErrNotFound) {
			return gsp.Case{}, err
		}
	}
	return gsp.Case{}, gsp.ErrNotFound
}

func (s *Store) caseOf(ctx context.Context, query string, key any) (gsp.Case, error) {
	var (
		c      gsp.Case
		asked  string
		opened int64
	)
	err := s.row(ctx, query, key).Scan(&c.ID, &c.Requester, &asked, &opened)
	if errors.Is(err, sql.ErrNoRows) {
		return gsp.Case{}, gsp.ErrNotFound
	}
	if err != nil {
		return gsp.Case{}, fmt.Errorf("read case: %w", err)
	}
	c.Asked, c.Opened = splitParties(asked), timeOf(opened)
	return c, nil
}

func (t *tx) caseFree(id gsp.CaseID) error {
	var n int
	err := t.row(`SELECT count(*) FROM case_file WHERE id = ?`, id).Scan(&n)
	if err == nil && n > 0 {
		return gsp.ErrCaseTaken
	}
	return err
}

func (t *tx) openCase(c gsp.Case) error {
	return t.exec(`INSERT INTO case_file (id, requester, asked, opened) VALUES (?, ?, ?, ?)`,
		c.ID, c.Requester, joinParties(c.Asked), millis(c.Opened))
}

// followThread remembers that replies to a mail belong to its case. A
// Message-ID that is known already keeps its case, so that nobody can draw a
// thread into another case by sending its Message-ID again.
func (t *tx) followThread(messageID string, id gsp.CaseID) error {
	if messageID == "" {
		return nil
	}
	return t.exec(`INSERT INTO thread (message_id, case_file) VALUES (?, ?) ON CONFLICT DO NOTHING`,
		threadKey(messageID), id)
}

// threadKey is what is kept of a Message-ID, which may name its author's
// machine.
func threadKey(messageID string) []byte {
	sum := sha256.Sum256([]byte(messageID))
	return sum[:16]
}

func joinParties(parties []gsp.PartyID) string {
	var b strings.Builder
	for i, p := range parties {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(p))
	}
	return b.String()
}

func splitParties(s string) []gsp.PartyID {
	if s == "" {
		return nil
	}
	var parties []gsp.PartyID
	for p := range strings.SplitSeq(s, " ") {
		parties = append(parties, gsp.PartyID(p))
	}
	return parties
}
