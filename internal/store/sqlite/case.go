package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

const caseColumns = `id, requester, asked, opened, marks, waiting, since`

// pendingCases walks along case_waiting from the first case that is asked for.
const pendingCases = `SELECT ` + caseColumns + ` FROM case_file
	WHERE waiting <> '' AND (since, id) > (?, ?) AND since < ? ORDER BY since, id LIMIT ?`

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
		err = v.cases(take, `SELECT `+caseColumns+` FROM case_file WHERE id = ?`, id)
	}
	for _, messageID := range messageIDs {
		if id != "" || err != nil {
			break
		}
		err = v.cases(take, `SELECT `+caseColumns+` FROM case_file
			JOIN thread ON thread.case_file = case_file.id WHERE thread.message_id = ? ORDER BY opened, id`, threadKey(messageID))
	}
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return cases, nil
}

// PendingCases returns, the longest waiting first, at most limit cases that wait
// for an answer since after another case, at the same time with a higher number,
// and since before a time. What it costs grows with the cases that it
// returns, not with those that wait or were ever opened.
func (s *Store) PendingCases(ctx context.Context, after gsp.Case, before time.Time, limit int) ([]gsp.Case, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, fmt.Errorf("read pending cases: %w", err)
	}
	defer v.end()
	var cases []gsp.Case
	err = v.cases(func(c gsp.Case) { cases = append(cases, c) }, pendingCases, millis(after.Since), after.ID, millis(before), limit)
	if err != nil {
		return nil, fmt.Errorf("read pending cases: %w", err)
	}
	return cases, nil
}

// cases gives the cases that a query finds to do.
func (v view) cases(do func(gsp.Case), query string, args ...any) error {
	rows, err := v.rows(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			c              gsp.Case
			asked, waiting string
			opened, since  int64
			marks          []byte
		)
		if err := rows.Scan(&c.ID, &c.Requester, &asked, &opened, &marks, &waiting, &since); err != nil {
			return err
		}
		c.Asked, c.Waiting, c.Opened = splitParties(asked), splitParties(waiting), timeOf(opened)
		c.Since = timeOf(since)
		copy(c.Marks[:], marks)
		do(c)
	}
	return rows.Err()
}

// openCase writes a new case. The error is gsp.ErrCaseTaken, and nothing has
// changed, where its number is in use.
func (t *tx) openCase(c gsp.Case) error {
	n, err := t.affect(`INSERT INTO case_file (`+caseColumns+`, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.ID, c.Requester, joinSorted(c.Asked), millis(c.Opened), marksKey(c.Marks), joinSorted(c.Waiting), millis(c.Opened), millis(c.Opened))
	if err == nil && n == 0 {
		err = gsp.ErrCaseTaken
	}
	return err
}

// repeated returns the newest pending case by which the Party that opens c
// asked the same Parties about the same marks, "" for none.
func (t *tx) repeated(c gsp.Case) (id gsp.CaseID, err error) {
	if c.Marks == [32]byte{} {
		return "", nil
	}
	// For a parameter alone SQLite would prepare the query anew with each value,
	// because a plan may depend on it; for an expression it does not.
	err = t.row(`SELECT id FROM case_file WHERE requester = +? AND asked = +? AND marks = +? AND waiting <> ''
		ORDER BY opened DESC, id DESC LIMIT 1`, c.Requester, joinSorted(c.Asked), marksKey(c.Marks)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// settle takes Parties from those whose answer a case waits for, and adds others,
// who were asked before, since a time. Where it waits for somebody already it
// goes on to wait since then.
func (t *tx) settle(id gsp.CaseID, parties, anew []gsp.PartyID, since time.Time) error {
	var waiting string
	err := t.row(`SELECT waiting FROM case_file WHERE id = ?`, id).Scan(&waiting)
	if errors.Is(err, sql.ErrNoRows) {
		return gsp.ErrNotFound
	}
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(splitParties(waiting), func(p gsp.PartyID) bool { return slices.Contains(parties, p) })
	for _, p := range anew {
		if !slices.Contains(left, p) {
			left = append(left, p)
		}
	}
	joined := joinSorted(left)
	switch {
	case joined == waiting:
		return nil
	case waiting == "":
		return t.exec(`UPDATE case_file SET waiting = ?, since = ? WHERE id = ?`, joined, millis(since), id)
	}
	return t.exec(`UPDATE case_file SET waiting = ? WHERE id = ?`, joined, id)
}

// goOn notes the time of the latest mail of a case.
func (t *tx) goOn(id gsp.CaseID, at time.Time) error {
	return t.exec(`UPDATE case_file SET last = max(last, ?) WHERE id = ?`, millis(at), id)
}

// marksKey is how a digest of marks is stored: nothing for no marks.
func marksKey(digest [32]byte) []byte {
	if digest == [32]byte{} {
		return []byte{}
	}
	return digest[:]
}

// joinSorted writes Parties as a set, so that equal ones compare equal.
func joinSorted(parties []gsp.PartyID) string {
	return joinParties(slices.Sorted(slices.Values(parties)))
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
