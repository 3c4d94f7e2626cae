package sqlite

import (
	"database/sql"

	"gsp.example/gsp/internal/gsp"
)

func loadTerms(v view, r *gsp.Roll) error {
	return v.each(`SELECT account, until, set_by, at FROM account_term ORDER BY id`, func(rows *sql.Rows) error {
		var (
			t   gsp.Term
			set int64
		)
		err := rows.Scan(&t.Account, &t.Until, &t.SetBy, &set)
		t.Set = timeOf(set)
		r.Terms = append(r.Terms, t)
		return err
	})
}

func (t *tx) applyTerm(term gsp.Term) error {
	return t.exec(`INSERT INTO account_term (account, until, set_by, at) VALUES (?, ?, ?, ?)`,
		term.Account, term.Until, term.SetBy, millis(term.Set))
}
