package stories_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/report"
)

// recount compares the gateway's statistics with what plain SQL over the
// events in the database gives: another program, another language.
func (w *world) recount(ctx context.Context, _ []string) (string, error) {
	s, err := carryOut(ctx, w, admin.Stats, report.Query{})
	if err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.config.Data, "gsp.db")+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer db.Close()
	for _, n := range []struct {
		what string
		got  int
		sql  string
	}{
		{"Parties registered", s.Registered.AtEnd, `SELECT count(*) FROM event WHERE kind = 'party-registered'`},
		{"users", s.Users.AtEnd, `SELECT count(*) FROM event WHERE kind = 'account-issued'`},
		{"Parties sending", s.Active.Sending, `SELECT count(DISTINCT party) FROM event WHERE kind = 'mail-accepted' AND type = 'request'`},
		{"messages", s.Messages.Sent, `SELECT count(*) FROM event WHERE kind = 'mail-accepted'`},
		{"requests", s.Requests, `SELECT count(*) FROM event WHERE kind = 'mail-accepted' AND type = 'request'`},
		{"UIMs", s.UIMs, `SELECT coalesce(sum(uims), 0) FROM event WHERE kind = 'mail-accepted' AND type = 'request'`},
		{"answered", s.Replies.All.Answered, `SELECT count(DISTINCT case_file || party) FROM event WHERE kind = 'mail-accepted' AND type = 'reply'`},
	} {
		var want int
		if err := db.QueryRowContext(ctx, n.sql).Scan(&want); err != nil {
			return "", fmt.Errorf("recount %s: %w", n.what, err)
		}
		if n.got != want {
			text, _ := json.Marshal(s)
			return "", fmt.Errorf("%s: got %d, want %d as the events say; statistics: %s", n.what, n.got, want, text)
		}
	}
	return "", nil
}
