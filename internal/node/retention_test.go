package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/report"
)

// newArchive is an office that keeps closed cases for a month and other mail
// for two, with a closed case of fr1 and ke1, one that waits, and a mail of none.
// The case is returned.
func newArchive(t *testing.T) (*office, gsp.CaseID) {
	o := newOffice(t)
	o.config.Retention = config.Retention{ClosedMonths: 1, OtherMonths: 2, NoticeDays: 30}
	o.config.Notices.UnansweredDays = 0
	o.reopen()
	closed := o.send("fr1", "ke1", client.Draft{MessageID: "<closed@client.example>"}).Case
	o.send("ke1", "fr1", client.Draft{InReplyTo: "<closed@client.example>"})
	o.send("fr1", "ke1", client.Draft{MessageID: "<waits@client.example>"})
	o.send("fr1", "ke1", client.Draft{Type: gsp.Notice})
	return o, closed
}

// pass makes the rounds between two times.
func (o *office) pass(from, to time.Time) {
	o.t.Helper()
	for at := from; !at.After(to); at = at.Add(pause) {
		if err := o.round(o.t.Context(), at); err != nil {
			o.t.Fatal(err)
		}
	}
}

// left returns how many mails of others are in an INBOX.
func (o *office) left(owner string) int {
	o.t.Helper()
	l, err := o.store.Listing(o.t.Context(), o.inbox(owner))
	if err != nil {
		o.t.Fatal(err)
	}
	return len(l.UIDs) - len(o.notices(owner))
}

// removed returns the events of mails that were removed, in short.
func (o *office) removed() (events []string) {
	o.t.Helper()
	for e, err := range o.store.Events(o.t.Context(), 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e.Kind == gsp.MailsRemoved {
			events = append(events, fmt.Sprintf("%s %s %d %d", e.Party, e.Policy, e.Months, e.Mails))
		}
	}
	return events
}

// Mails go when their time is over, after a notice that stood for its days, with
// an event; a case that waits for an answer stays.
func TestMailsGoAfterANotice(t *testing.T) {
	o, closed := newArchive(t)
	begin := time.Now()
	first := begin.AddDate(0, 0, 3)
	o.pass(first, first.Add(pause))
	goes := first.AddDate(0, 0, 30)
	subject := func(who string) string {
		return fmt.Sprintf("Mails in %s@gsp.example will be removed on %s", who, goes.UTC().Format(time.DateOnly))
	}
	o.want("fr1", subject("fr1"))
	o.want("ke1", subject("ke1"))
	text := o.notices("ke1")[0]
	for _, want := range []string{"Messages: 1\n", "- in INBOX: 1\n", "Cases: " + string(closed) + "\n", "1 months after the last mail of the case: 1\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
	if strings.Contains(text, "no case") && strings.Contains(text, "after their date") {
		t.Errorf("got\n%s\nwant nothing of mails that are not due", text)
	}
	o.pass(first.Add(pause), goes.Add(-pause))
	if fr, ke := o.left("fr1"), o.left("ke1"); fr != 1 || ke != 3 {
		t.Fatalf("before that day: %d and %d mails, want 1 and 3", fr, ke)
	}
	o.reopen() // a restart is no matter
	o.pass(goes, goes.Add(pause))
	if fr, ke := o.left("fr1"), o.left("ke1"); fr != 0 || ke != 2 {
		t.Errorf("on that day: %d and %d mails, want 0 and 2", fr, ke)
	}
	if got, want := strings.Join(o.removed(), "; "), "fr closed-case 1 1; ke closed-case 1 1"; got != want {
		t.Errorf("events: got %q, want %q", got, want)
	}
	// The mail of no case goes the same way a month later; that which waits stays.
	o.pass(goes.Add(pause), goes.AddDate(0, 0, 35))
	if got := o.left("ke1"); got != 1 {
		t.Errorf("after two months: %d mails, want the one of the case that waits", got)
	}
	if got := o.removed(); len(got) != 3 || got[2] != "ke no-case 2 1" {
		t.Errorf("events: got %q, want the third for the mail of no case", got)
	}
	stats, err := admin.Stats.Do(t.Context(), o.Office, "test", report.Query{})
	if err != nil || stats.Messages.Received != 4 || stats.Unread.Unread != 4 {
		t.Errorf("statistics: got %d received and %d unread, %v, want 4 each as if nothing had gone", stats.Messages.Received, stats.Unread.Unread, err)
	}
}

// A hold stops the clock, also of what was told; a release begins with a notice.
func TestAHeldCaseStays(t *testing.T) {
	o, closed := newArchive(t)
	at := time.Now().AddDate(0, 0, 3)
	o.pass(at, at)
	carryOut(o, admin.CaseHold, admin.CaseID{ID: strings.ToLower(string(closed))})
	o.pass(at, at.AddDate(0, 0, 40))
	if got := o.left("fr1"); got != 1 {
		t.Fatalf("held: %d mails, want 1", got)
	}
	carryOut(o, admin.CaseRelease, admin.CaseID{ID: string(closed)})
	at = at.AddDate(0, 0, 40)
	o.pass(at.Add(pause), at.AddDate(0, 0, 29))
	if got := o.left("fr1"); got != 1 {
		t.Fatalf("released, before the notice stood: %d mails, want 1", got)
	}
	o.pass(at.AddDate(0, 0, 29), at.AddDate(0, 0, 33))
	if got := o.left("fr1"); got != 0 {
		t.Errorf("released: %d mails, want none", got)
	}
}

// While the gateway is off nobody can read its notice.
func TestTimeOffIsNoNotice(t *testing.T) {
	o, _ := newArchive(t)
	at := time.Now().AddDate(0, 0, 3)
	o.pass(at, at.AddDate(0, 0, 10))
	o.reopen()
	at = at.AddDate(1, 0, 10) // a year later
	o.pass(at, at.AddDate(0, 0, 19))
	if got := o.left("fr1"); got != 1 {
		t.Fatalf("%d mails, want 1: the notice stood for 29 days", got)
	}
	o.pass(at.AddDate(0, 0, 19), at.AddDate(0, 0, 21))
	if got := o.left("fr1"); got != 0 {
		t.Errorf("%d mails, want none after 30 days", got)
	}
}

// A clock that was years ahead for a round, and was put right, stops nothing: the
// owner is told anew.
func TestAClockThatWasAheadStopsNothing(t *testing.T) {
	o, _ := newArchive(t)
	at := time.Now().AddDate(0, 0, 3)
	o.pass(at, at.AddDate(0, 0, 10))
	o.pass(at.AddDate(10, 0, 0), at.AddDate(10, 0, 0))
	at = at.AddDate(0, 0, 11)
	o.pass(at, at.AddDate(0, 0, 29))
	if got := o.left("fr1"); got != 1 {
		t.Fatalf("%d mails, want 1: the new notice stood for 29 days", got)
	}
	o.pass(at.AddDate(0, 0, 29), at.AddDate(0, 0, 32))
	if got := o.left("fr1"); got != 0 {
		t.Errorf("%d mails, want none after 30 days", got)
	}
}

// Of an owner who cannot be told, nothing goes; nor where the rule was given up.
func TestNothingGoesSilently(t *testing.T) {
	o, _ := newArchive(t)
	o.publish("fr1", time.Now().Add(-keyring.Lifetime+aDay)) // ends tomorrow
	fr1 := o.left("fr1")
	at := time.Now().AddDate(0, 0, 3)
	o.pass(at, at.AddDate(0, 0, 3))
	if got := o.log.String(); !strings.Contains(got, "notice cannot be sealed") || !strings.Contains(got, "reason=no-key party=fr") {
		t.Errorf("log: got %q, want a line on the owner without a key", got)
	}
	o.config.Retention.ClosedMonths, o.config.Retention.OtherMonths = 0, 0
	o.reopen()
	o.pass(at.AddDate(0, 0, 3), at.AddDate(0, 0, 40))
	if fr, ke := o.left("fr1"), o.left("ke1"); fr != fr1 || ke != 3 {
		t.Errorf("%d and %d mails, want %d and 3", fr, ke, fr1)
	}
	o.config.Retention.ClosedMonths = 1
	o.reopen()
	o.pass(at.AddDate(0, 0, 40), at.AddDate(0, 0, 69))
	if got := o.left("ke1"); got != 3 {
		t.Errorf("with the rule again: %d mails, want 3 until a new notice stood", got)
	}
	o.pass(at.AddDate(0, 0, 69), at.AddDate(0, 0, 71))
	if fr, ke := o.left("fr1"), o.left("ke1"); fr != fr1 || ke != 2 {
		t.Errorf("%d and %d mails, want %d, whose owner has no key, and 2", fr, ke, fr1)
	}
}

// The default keeps all.
func TestMailIsKeptForEverUnlessTheConfigurationSaysSo(t *testing.T) {
	o, _ := newArchive(t)
	o.config.Retention = config.Default().Retention
	o.reopen()
	at := time.Now().AddDate(10, 0, 0)
	o.pass(at, at.AddDate(0, 0, 40))
	if got := len(o.removed()) + len(o.notices("ke1")); got != 0 {
		t.Errorf("got %d events and notices, want none", got)
	}
}

// A copy that a client keeps of what it sent is a mail of the case too; a draft
// that was never sent is one of none.
func TestAKeptCopyGoesWithItsCase(t *testing.T) {
	o, closed := newArchive(t)
	for _, id := range []string{"<closed@client.example>", "<draft@client.example>"} {
		o.keep("fr1", "Sent", client.Draft{MessageID: id})
	}
	due, err := o.store.Due(t.Context(), "fr1", gsp.Horizon{Closed: time.Now().Add(time.Hour), Other: time.Now().Add(time.Hour)}, false)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[gsp.CaseID]int{}
	for _, d := range due {
		if d.Mailbox == "Sent" {
			cases[d.Case]++
		}
	}
	if cases[closed] != 1 || cases[""] != 1 || len(cases) != 2 {
		t.Errorf("kept copies by case: got %v, want one of %s and one of none", cases, closed)
	}
}

// keep appends a sealed mail to one of the account's own mailboxes.
func (o *office) keep(login, name string, d client.Draft) {
	o.t.Helper()
	cert, err := o.keys[login].Cert()
	if err != nil {
		o.t.Fatal(err)
	}
	d.From, d.To, d.For, d.Signer = mailbox(login), []gsp.Address{mailbox("ke")}, []*pgpcert.Cert{cert}, o.keys[login]
	raw, err := client.Compose(d)
	if err != nil {
		o.t.Fatal(err)
	}
	boxes, err := o.store.Mailboxes(o.t.Context(), login)
	if err != nil {
		o.t.Fatal(err)
	}
	account, _ := o.registry.Snapshot().Account(login)
	i := slices.IndexFunc(boxes, func(b gsp.Mailbox) bool { return b.Name.Name == name })
	_, err = o.Core.router.Keep(o.t.Context(), gsp.Keeping{
		Account: account, Mailbox: boxes[i].ID, Received: time.Now(), Raw: raw, At: time.Now(),
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// The plan says what becomes of each owner's mails, and when.
func TestThePlanSaysWhatBecomesOfMails(t *testing.T) {
	o, closed := newArchive(t)
	at := time.Now().AddDate(0, 0, 3)
	plan := func(in admin.RetentionRule) map[string]admin.PlanRow {
		t.Helper()
		o.Office.Now = func() time.Time { return at }
		rows := map[string]admin.PlanRow{}
		for _, row := range carryOut(o, admin.RetentionPlan, in).Rows {
			rows[strings.TrimSuffix(row.Address, "@gsp.example")] = row
		}
		return rows
	}
	want := func(rows map[string]admin.PlanRow, owner string, fate admin.Fate, mails, cases, other int) {
		t.Helper()
		if got := rows[owner]; got.Fate != fate || got.Mails != mails || len(got.Cases) != cases || got.Other != other {
			t.Errorf("%s: got %+v, want %s with %d mails, %d cases, %d of none", owner, got, fate, mails, cases, other)
		}
	}
	rows := plan(admin.RetentionRule{})
	want(rows, "ke1", admin.Next, 1, 1, 0)
	want(rows, "fr1", admin.Next, 1, 1, 0)
	if got := rows["ke1"]; !got.Goes.Equal(at.AddDate(0, 0, 30)) || got.Cases[0] != closed || len(rows) != 2 {
		t.Errorf("got %+v of %d, want the closed case to go in 30 days", got, len(rows))
	}
	rows = plan(admin.RetentionRule{Rule: &gsp.Retention{OtherMonths: 1}})
	want(rows, "ke1", admin.Supposed, 1, 0, 1)

	o.pass(at, at) // they are told
	carryOut(o, admin.AccountDisable, admin.AccountLogin{Login: "fr1"})
	told := at
	at = at.AddDate(0, 0, 7)
	rows = plan(admin.RetentionRule{})
	want(rows, "ke1", admin.Told, 1, 1, 0)
	want(rows, "fr1", admin.Left, 1, 1, 0)
	if got := rows["ke1"].Goes.Sub(told.AddDate(0, 0, 30)).Abs(); got > time.Second {
		t.Errorf("goes %v, want 30 days after it was told", rows["ke1"].Goes)
	}
	carryOut(o, admin.CaseHold, admin.CaseID{ID: string(closed)})
	if rows = plan(admin.RetentionRule{}); len(rows) != 0 {
		t.Errorf("held: got %+v, want nothing due", rows)
	}
}
