package sqlite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// Cases returns the case of that number, or, where id is "", those that the
// Message-IDs belong to, in their order and the oldest first. Cases that party
// is not in are passed over.
func (s *Store) Cases(ctx context.Context, party gsp.PartyID, id gsp.CaseID, messageIDs []string) ([]gsp.Case, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	defer v.end()
	var cases []gsp.Case
	take := func(c gsp.Case) {
		same := func(other gsp.Case) bool { return other.ID == c.ID }
		if c.Takes(party) && !slices.ContainsFunc(cases, same) {
			cases = append(cases, c)
		}
	}
	if id != "" {
		err = v.cases(`SELECT id, requester, asked, opened FROM case_file WHERE id = ?`, id, take)
	}
	for _, messageID := range messageIDs {
		if id != "" || err != nil {
			break
		}
		err = v.cases(`SELECT id, requester, asked, opened FROM case_file
			JOIN thread ON thread.case_file = case_file.id WHERE thread.message_id = ? ORDER BY opened, id`, threadKey(messageID), take)
	}
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return cases, nil
}

// cases gives the cases that a query finds to do.
func (v view) cases(query string, key any, do func(gsp.Case)) error {
	rows, err := v.rows(query, key)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			c      gsp.Case
			asked  string
			opened int64
		)
		if err := rows.Scan(&c.ID, &c.Requester, &asked, &opened); err != nil {
			return err
		}
		c.Asked, c.Opened = splitParties(asked), timeOf(opened)
		do(c)
	}
	return rows.Err()
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

// followThread remembers that replies to a mail belong to its case.
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
