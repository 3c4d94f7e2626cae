package imapd_test

import (
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// A client that opens one level after the other finds what is subscribed
// below a level that is not, by LSUB (RFC 3501, section 6.3.9) as by LIST (RFC
// 9051, section 6.3.9.6), and hears of that level only where it leads on.
func TestLevelsAboveWhatIsSubscribed(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("CREATE Cases/2026")
	c.ok("DELETE Cases") // what is below stays
	c.ok("CREATE Old")
	c.ok("CREATE Old/2025")
	c.ok("UNSUBSCRIBE Old")

	c.want(`LSUB "" %`,
		`* LSUB (\HasNoChildren \Subscribed) "/" INBOX`,
		`* LSUB (\HasNoChildren \Archive \Subscribed) "/" "Archive"`,
		`* LSUB (\Noselect \HasChildren) "/" "Authority"`,
		`* LSUB (\Noselect \HasChildren) "/" "Cases"`,
		`* LSUB (\HasNoChildren \Drafts \Subscribed) "/" "Drafts"`,
		`* LSUB (\Noselect \HasChildren) "/" "Old"`,
		`* LSUB (\HasNoChildren \Sent \Subscribed) "/" "Sent"`,
		`* LSUB (\HasNoChildren \Trash \Subscribed) "/" "Trash"`)
	c.want(`LSUB Cases/ %`, `* LSUB (\HasNoChildren \Subscribed) "/" "Cases/2026"`)
	c.want(`LSUB "" Old*`, `* LSUB (\HasNoChildren \Subscribed) "/" "Old/2025"`)

	c.want(`LIST (SUBSCRIBED) "" (Cases Old)`)
	c.want(`LIST (SUBSCRIBED RECURSIVEMATCH) "" (Cases Old)`,
		`* LIST (\NonExistent \Noselect \HasChildren) "/" "Cases" (CHILDINFO ("SUBSCRIBED"))`,
		`* LIST (\HasChildren) "/" "Old" (CHILDINFO ("SUBSCRIBED"))`)
	c.want(`LIST (SUBSCRIBED RECURSIVEMATCH) "" (Cases* Old*)`,
		`* LIST (\HasNoChildren \Subscribed) "/" "Cases/2026"`,
		`* LIST (\HasNoChildren \Subscribed) "/" "Old/2025"`)

	c.ok("UNSUBSCRIBE Old/2025")
	c.want(`LSUB "" O%`)
	c.want(`LIST (SUBSCRIBED RECURSIVEMATCH) "" O%`)
}

// A name makes the levels above it (RFC 9051, sections 6.3.4 and 6.3.6), so
// that each that a client shows can be renamed.
func TestLevelsAreMailboxes(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("CREATE Cases/2026/May")
	c.ok("RENAME Cases Closed/Cases")
	c.ok("RENAME Closed/Cases/2026 Closed/Cases/2026/Old")
	c.want(`LIST "" C*`,
		`* LIST (\HasChildren) "/" "Closed"`,
		`* LIST (\HasChildren) "/" "Closed/Cases"`,
		`* LIST (\HasChildren) "/" "Closed/Cases/2026"`,
		`* LIST (\HasChildren) "/" "Closed/Cases/2026/Old"`,
		`* LIST (\HasNoChildren) "/" "Closed/Cases/2026/Old/May"`)
	c.refused("CREATE Authority/ke/x/y", "NO [NOPERM]")
}

// A name that cannot be is told as that, in whichever way it is written.
func TestBrokenNamesAreToldAsThat(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	for _, enabled := range []string{"NOOP", "ENABLE UTF8=ACCEPT"} {
		c.ok(enabled)
		for _, command := range []string{`CREATE "R&D"`, `CREATE R&D`, `RENAME Sent "R&D"`, `CREATE "a%"`, `STATUS "R&D" (MESSAGES)`} {
			c.refused(command, "NO [CANNOT] broken-name: this cannot be the name of a mailbox. ")
		}
	}
	c.ok("CREATE RuD")
}

// A name is the same whether its accents stand apart or not, also one that was
// stored before.
func TestAccentsAreComposed(t *testing.T) {
	const composed, apart = "\u00c9tat", "E\u0301tat"
	w := newWorld(t)
	c := w.login("ann")
	c.ok("ENABLE IMAP4rev2")
	c.ok(`CREATE "` + apart + `"`)
	c.refused(`CREATE "`+composed+`"`, "NO [ALREADYEXISTS]")
	if got := w.box("ann", composed); got.Messages != 0 {
		t.Errorf("got %+v", got)
	}
	c.ok(`SELECT "` + apart + `"`)
	c.ok(`SELECT "` + composed + `"`)
	for _, pattern := range []string{apart, composed} {
		if got := c.ok(`LIST "" "` + pattern + `"`); len(got) != 1 {
			t.Errorf("LIST %+q: got %q", pattern, got)
		}
	}
	c.ok(`DELETE "` + apart + `"`)
	if _, err := w.store.CreateMailbox(t.Context(), gsp.MailboxName{Owner: "ann", Name: apart}, ""); err != nil {
		t.Fatal(err)
	}
	c.ok(`SELECT "` + composed + `"`)
	if got := c.ok(`LIST "" "` + composed + `"`); !slices.Contains(got, `* LIST (\HasNoChildren) "/" "`+apart+`"`) {
		t.Errorf("got %q", got)
	}
}
