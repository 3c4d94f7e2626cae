package imapd_test

import (
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func TestSharedMailboxFollowsRights(t *testing.T) {
	w := newWorld(t)
	w.deliver("ke", "INBOX", 2000, 2000)
	ann, bob, eve := w.login("ann"), w.login("bob"), w.login("eve")

	// Flags are shared; nothing can be taken away or put in.
	if got := ann.ok("SELECT Authority/ke/INBOX"); got[0] != "* 2 EXISTS" ||
		!strings.Contains(strings.Join(got, "\n"), `PERMANENTFLAGS (\Seen \Answered \Flagged \Draft \*)]`) {
		t.Errorf("got %q", got)
	}
	bob.ok("SELECT Authority/ke/inbox")
	ann.want(`STORE 1 +FLAGS (\Flagged)`, `* 1 FETCH (UID 1 FLAGS (\Flagged))`)
	bob.want("NOOP", `* 1 FETCH (UID 1 FLAGS (\Flagged))`)
	ann.refused(`STORE 1 +FLAGS (\Deleted)`, "NO [NOPERM] not-allowed: ")
	ann.refused("EXPUNGE", "NO [NOPERM] not-allowed: ")
	ann.refused("MOVE 1 INBOX", "NO [NOPERM] not-allowed: ")
	ann.refused("DELETE Authority/ke/Archive", "NO [NOPERM] not-allowed: ")
	ann.refused("RENAME Authority/ke/Archive Authority/ke/Mine", "NO [NOPERM] not-allowed: ")
	ann.refused("CREATE Authority/ke/Mine", "NO [NOPERM] not-allowed: ")
	ann.refused("COPY 1 Authority/ke/Archive", "NO [NOPERM] not-allowed: ")
	ann.ok("COPY 1 INBOX")

	// Who has no right to it does not even see it, and cannot take its name.
	if got := strings.Join(eve.ok(`LIST "" *`), "\n"); strings.Contains(got, "Authority") {
		t.Errorf("eve sees %q", got)
	}
	eve.want("NAMESPACE", `* NAMESPACE (("" "/")) NIL NIL`)
	eve.refused("SELECT Authority/ke/INBOX", "NO [NONEXISTENT] no-mailbox: ")
	eve.refused("STATUS Authority/ke/INBOX (MESSAGES)", "NO [NONEXISTENT] no-mailbox: ")
	eve.refused("CREATE Authority/ke/INBOX", "NO [NOPERM] not-allowed: ")
	eve.refused("CREATE authority", "NO [NOPERM] not-allowed: ")

	// A grant that ends bites at once, in the mailbox that is open.
	w.grant("bob", 0)
	bob.refused("FETCH 1 BODY[]", "NO [NONEXISTENT] no-mailbox: ")
	bob.refused("SELECT Authority/ke/INBOX", "NO [NONEXISTENT] no-mailbox: ")
	w.grant("ann", all)
	ann.want(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	ann.want("EXPUNGE", "* 1 EXPUNGE")
}

// Who answers for a Party files its mails: nothing can be lost by it, doubled,
// or taken out of sight of the others.
func TestRepliersFileTheMails(t *testing.T) {
	w := newWorld(t)
	w.grant("ann", gsp.MayRead|gsp.MayFlag|gsp.MayFile)
	w.deliver("ke", "INBOX", 2000, 2000)
	ann, bob := w.login("ann"), w.login("bob")
	ann.ok("SELECT Authority/ke/INBOX")
	bob.ok("SELECT Authority/ke/INBOX")
	ann.want("MYRIGHTS Authority/ke/Archive", `* MYRIGHTS "Authority/ke/Archive" lrswi`)
	if got := ann.ok("MOVE 1 Authority/ke/Archive"); len(got) != 2 || !strings.Contains(got[0], "[COPYUID ") || got[1] != "* 1 EXPUNGE" {
		t.Errorf("got %q, want that one moved", got)
	}
	bob.want("NOOP", "* 1 EXPUNGE")
	for _, command := range []string{
		"MOVE 1 Trash", "MOVE 1 INBOX", "COPY 1 Authority/ke/Archive", "EXPUNGE", `STORE 1 +FLAGS (\Deleted)`,
		"APPEND Authority/ke/Archive {1+}\r\nx",
	} {
		ann.refused(command, "NO [NOPERM] not-allowed: your role does not allow this in this mailbox. Where mail of a competent authority is, nobody deletes: move it to the Archive beside the INBOX")
	}
	bob.refused("MOVE 1 Authority/ke/Archive", "NO [NOPERM] not-allowed: ")
	ann.ok("EXAMINE Authority/ke/Archive")
	ann.refused("MOVE 1 Authority/ke/INBOX", "NO [NOPERM] read-only: ")
	ann.ok("SELECT Authority/ke/Archive")
	ann.ok("MOVE 1 Authority/ke/INBOX")
	if got := w.box("ke", "INBOX").Messages + w.box("ke", "Archive").Messages; got != 2 {
		t.Errorf("got %d messages, want both", got)
	}
}

// Who deletes the mailbox that is open goes on without one.
func TestDeletedMailboxIsClosed(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("CREATE x")
	c.ok("SELECT x")
	c.want("DELETE x", "* OK [CLOSED] the open mailbox is the one that was deleted")
	c.want("NOOP")
	for _, command := range []string{"FETCH 1 FLAGS", "SEARCH ALL", "STORE 1 +FLAGS (a)", "COPY 1 INBOX", "MOVE 1 INBOX", "EXPUNGE"} {
		c.refused(command, "BAD [CLIENTBUG] no mailbox is open any more")
	}
	c.ok("CLOSE")
	c.ok("SELECT INBOX")
	c.ok("CREATE x")
	c.ok("SELECT x")
	c.ok("DELETE x")
	c.idle()
	fmt.Fprintf(c.Conn, "DONE\r\n")
	if got := c.line(); got != "i OK IDLE completed" {
		t.Errorf("got %q, want to go on", got)
	}
}

// Who of a Party's officers was the first to open and to answer a mail is told
// to all of them, by keywords that nobody can take away or invent.
func TestFirstReaderIsKnownToTheParty(t *testing.T) {
	w := newWorld(t)
	w.deliver("ke", "INBOX", 2000, 2000)
	ann, bob := w.login("ann"), w.login("bob")
	ann.ok("SELECT Authority/ke/INBOX")
	bob.ok("SELECT Authority/ke/INBOX")

	const flags = `* FLAGS (\Seen \Answered \Flagged \Deleted \Draft ReadBy-ann)`
	ann.want("FETCH 1 BODY[1]<0.0>", flags, `* 1 FETCH (FLAGS (\Seen ReadBy-ann) BODY[1]<0> )`)
	bob.want("NOOP", flags, `* 1 FETCH (UID 1 FLAGS (\Seen ReadBy-ann))`)
	bob.want("FETCH 1 BODY[1]<0.0>", `* 1 FETCH (BODY[1]<0> )`)
	bob.want(`STORE 1 FLAGS.SILENT (\Seen)`, `* 1 FETCH (UID 1 FLAGS (\Seen ReadBy-ann))`) // it is told what it did not expect
	bob.want(`STORE 2 +FLAGS (AnsweredBy-ann ReadBy-ann)`, `* 2 FETCH (UID 2 FLAGS ())`)
	bob.ok(`STORE 1 +FLAGS.SILENT (\Answered)`)
	ann.ok(`STORE 1 FLAGS ()`)
	ann.want("FETCH 1:2 FLAGS", `* 1 FETCH (FLAGS (AnsweredBy-bob ReadBy-ann))`, `* 2 FETCH (FLAGS ())`)
	ann.want("SEARCH KEYWORD AnsweredBy-bob", "* SEARCH 1")

	// In a mailbox of one's own nobody is named, and a copy is one's own.
	ann.ok("COPY 1 INBOX")
	ann.ok("SELECT INBOX")
	ann.want("FETCH 1 FLAGS", `* 1 FETCH (FLAGS (AnsweredBy-bob ReadBy-ann))`)
	ann.want(`STORE 1 FLAGS (\Seen)`, `* 1 FETCH (UID 1 FLAGS (\Seen))`)
}

func TestDisabledAccountIsCut(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	w.disable("ann")
	c.refused("SEARCH ALL", "NO [AUTHENTICATIONFAILED] bad-login: this account may not log in any more.")
	if got := c.line(); !strings.HasPrefix(got, "* BYE bad-login: ") {
		t.Errorf("got %q, want BYE", got)
	}
}

// A change of rights ends IDLE as soon as the bells ring for it. No mail has to
// come first, and no mailbox to be open.
func TestEndedRightsEndIdle(t *testing.T) {
	const (
		lost     = "* BYE the mailbox cannot be followed any more"
		disabled = "* BYE bad-login: this account may not log in any more. Ask your Party's administrator. https://gsp.example/help/bad-login"
	)
	for _, test := range []struct {
		name, open string
		change     func(*world)
		want       string
	}{
		{"grant", "SELECT Authority/ke/INBOX", func(w *world) { w.grant("bob", 0) }, lost},
		{"account", "SELECT Authority/ke/INBOX", func(w *world) { w.disable("bob") }, disabled},
		{"account, own mailbox", "EXAMINE INBOX", func(w *world) { w.disable("bob") }, disabled},
		{"account, no mailbox", "NOOP", func(w *world) { w.disable("bob") }, disabled},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			c, other := w.login("bob"), w.login("ann")
			for _, c := range []*client{c, other} {
				c.ok(test.open)
				c.idle()
			}
			w.bells.RingAll() // nothing has changed, so nobody is told anything
			test.change(w)
			w.bells.RingAll()
			if got := c.line() + c.line(); got != test.want+"EOF" {
				t.Errorf("got %q, want %q and the end", got, test.want)
			}
			fmt.Fprintf(other.Conn, "DONE\r\n")
			if got := other.line(); got != "i OK IDLE completed" {
				t.Errorf("another account: got %q, want to go on", got)
			}
		})
	}
}

func TestThreeFailedLoginsEndTheConnection(t *testing.T) {
	w := newWorld(t)
	c := w.connect()
	c.refused("LOGIN ann no", "NO [AUTHENTICATIONFAILED] bad-login: login or password is wrong. Copy both from your credential sheet, dashes included, or ask your administrator for a new password. https://gsp.example/help/bad-login")
	c.refused("LOGIN nobody pw", "NO [AUTHENTICATIONFAILED] bad-login: login or password is wrong.")
	c.refused("AUTHENTICATE PLAIN AGFubgBubw==", "NO [AUTHENTICATIONFAILED] bad-login: ")
	if got := c.line() + c.line(); got != "* BYE too many failed loginsEOF" {
		t.Errorf("got %q, want BYE and the end", got)
	}
	c = w.connect()
	c.refused("AUTHENTICATE PLAIN ====", "BAD [CLIENTBUG]")
	c.refused("AUTHENTICATE PLAIN AGFubg==", "NO [AUTHENTICATIONFAILED] bad-login: the login cannot be read.")
	c.refused("AUTHENTICATE PLAIN Ym9iAGFubgBwdw==", "NO [AUTHENTICATIONFAILED] bad-login: acting for another account")
	c.refused("AUTHENTICATE CRAM-MD5", "NO")
	c.ok("AUTHENTICATE PLAIN AGFubgBwdw==")
	c.ok("SELECT INBOX")
}

// The first who opens a mail of the Party is an event; a preview is not.
func TestReadingIsAnEvent(t *testing.T) {
	w := newWorld(t)
	w.deliver("ke", "INBOX", 2000)
	c := w.login("ann")
	reads := func() (n int) {
		for e, err := range w.store.Events(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == gsp.MailRead {
				n++
			}
		}
		return n
	}
	c.ok("EXAMINE Authority/ke/INBOX")
	c.ok("FETCH 1 BODY[]")
	c.ok("SELECT Authority/ke/INBOX")
	c.ok("FETCH 1 BODY.PEEK[]")
	if n := reads(); n != 0 {
		t.Errorf("got %d reads of a mail that was looked at only", n)
	}
	c.ok("FETCH 1 BODY[]")
	c.ok("FETCH 1 BODY[TEXT]")
	if n := reads(); n != 1 {
		t.Errorf("got %d reads, want 1", n)
	}
}

// What clients ask to know of rights is answered, and nothing can be changed.
func TestRightsAreTold(t *testing.T) {
	w := newWorld(t)
	if _, result := w.connect().do("MYRIGHTS INBOX"); result != "BAD log in first" {
		t.Errorf("before login: got %q", result)
	}
	c := w.login("ann")
	c.want("MYRIGHTS inbox", `* MYRIGHTS "inbox" lrswikxcted`)
	c.want(`MYRIGHTS "Authority/ke/INBOX"`, `* MYRIGHTS "Authority/ke/INBOX" lrsw`)
	c.want("GETACL Sent", `* ACL "Sent" "ann" lrswikxcted`)
	c.want("LISTRIGHTS Sent ann", `* LISTRIGHTS "Sent" "ann" lrswikxcted`)
	c.want("LISTRIGHTS Sent bob", `* LISTRIGHTS "Sent" "bob" ""`)
	for _, command := range []string{
		"GETACL Authority/ke/INBOX", "LISTRIGHTS Authority/ke/INBOX bob", "SETACL Sent bob lr", "DELETEACL Sent ann",
	} {
		c.refused(command, "NO [NOPERM] not-allowed: ")
	}
	c.refused("MYRIGHTS Nowhere", "NO [NONEXISTENT] no-mailbox: ")
	c.refused("MYRIGHTS", "BAD MYRIGHTS with a wrong number of arguments")
	c.refused("MYRIGHTS (Sent)", "BAD arguments cannot be read")
	c.want("MYRIGHTS {4+}\r\nSent", `* MYRIGHTS "Sent" lrswikxcted`)

	c.ok(`CREATE "Entw&APw-rfe \"1\""`)
	c.want(`MYRIGHTS "Entw&APw-rfe \"1\""`, `* MYRIGHTS "Entw&APw-rfe \"1\"" lrswikxcted`)
	c.refused(`MYRIGHTS "Entw&APw"`, "NO [CANNOT] broken-name: ")
	c.ok("ENABLE IMAP4rev2")
	c.want(`MYRIGHTS "Entwürfe \"1\""`, `* MYRIGHTS "Entwürfe \"1\"" lrswikxcted`)

	w.disable("ann")
	c.refused("MYRIGHTS INBOX", "NO [AUTHENTICATIONFAILED] bad-login: ")
	if got := c.line(); !strings.HasPrefix(got, "* BYE bad-login: ") {
		t.Errorf("got %q, want BYE", got)
	}
}
