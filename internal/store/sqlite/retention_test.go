package sqlite_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
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

// A mail of which its owner has made many copies goes in steps, too: whoever
// sends a mail meanwhile waits for one of them.
func TestManyCopiesGoInSteps(t *testing.T) {
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	long := now.AddDate(-2, 0, 0)
	if _, err := s.Apply(t.Context(), gsp.Change{Accounts: []gsp.Account{{Login: "ann", Kind: gsp.Officer, Issued: long}}}); err != nil {
		t.Fatal(err)
	}
	mail, summary := storetest.Mail(t, 1000)
	receipt, err := s.Post(t.Context(), gsp.Posting{
		Message: mail, Summary: summary, Event: gsp.Event{At: long, Kind: gsp.MailKept},
		Deliveries: []gsp.Delivery{{Mailbox: gsp.Inbox("ann"), Received: long}},
	})
	if err != nil {
		t.Fatal(err)
	}
	inbox := receipt.Placed[0].Mailbox
	for n := uint32(1); n < 2048; n *= 2 {
		uids := make([]uint32, n)
		for i := range uids {
			uids[i] = uint32(i) + 1
		}
		if _, err := s.Copy(t.Context(), inbox, inbox, uids); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.PrepareRemoval(t.Context(), "ann", []gsp.MailID{receipt.Mail}), s.Announce(t.Context(), "ann", long, long)); err != nil {
		t.Fatal(err)
	}
	var left []int
	for more := true; more && len(left) < 10; {
		e := gsp.Event{At: now, Kind: gsp.MailsRemoved}
		if more, err = s.CarryOut(t.Context(), "ann", gsp.Retention{OtherMonths: 12}, gsp.Horizon{Other: now}, e); err != nil {
			t.Fatal(err)
		}
		room, err := s.Room(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, room.Messages)
	}
	if want := []int{1048, 48, 0}; !slices.Equal(left, want) {
		t.Errorf("of 2048 copies are left after each step %v, want %v", left, want)
	}
}
