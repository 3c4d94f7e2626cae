package sqlite_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
)

// Which case a mail belongs to was not kept before version 11, and follows from
// its event, as does when the latest mail of a case came.
func TestAnUpgradeFindsTheCasesOfMails(t *testing.T) {
	schema, err := os.ReadFile("testdata/schema-3.sql")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	db := other(t, folder)
	alter(t, db, string(schema)+`
		INSERT INTO mail (id, size, sha256, summary, file) VALUES (101, 0, x'', x'', ''), (102, 0, x'', x'', ''), (103, 0, x'', x'', '');
		INSERT INTO item (mailbox, uid, modseq, mail, flags, keywords, received, size, reader)
			VALUES (1, 1, 2, 101, 0, '', 1000, 7, ''), (1, 2, 3, 102, 0, '', 1000, 7, ''), (1, 3, 4, 103, 0, '', 1000, 7, '');
		INSERT INTO event (at, kind, party, account, peers, mail, case_file, type, uims, reason, role, pattern, library)
			VALUES (8000, 'mail-accepted', 'de', 1, 'fr', 101, '2026-DE-00003', 'notice', 0, '', '', '', 0),
				(9000, 'mail-read', 'fr', 0, '', 101, '', '', 0, '', '', '', 0),
				(9000, 'notice-sent', 'ke', 0, '', 102, '', '', 0, '', '', '', 0);`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, folder, sqlite.Options{})
	of := func(mail gsp.MailID, id gsp.CaseID, p gsp.Policy, own bool) gsp.Due {
		return gsp.Due{Mail: mail, Mailbox: "INBOX", Case: id, Policy: p, Octets: 7, Own: own}
	}
	rest := []gsp.Due{of(102, "", gsp.NoCase, true), of(103, "", gsp.NoCase, false)}
	for _, tt := range []struct {
		closed int64 // milliseconds
		want   []gsp.Due
	}{{8000, rest}, {8001, append([]gsp.Due{of(101, "2026-DE-00003", gsp.ClosedCase, false)}, rest...)}} {
		got, err := s.Due(t.Context(), "ke", gsp.Horizon{Closed: time.UnixMilli(tt.closed), Other: time.UnixMilli(1001)}, false)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("cases closed before %d:\n got %+v, %v\nwant %+v", tt.closed, got, err, tt.want)
		}
	}
}
