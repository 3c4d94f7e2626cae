package imapd_test

import (
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/store/storetest"
)

func TestFirstVisit(t *testing.T) {
	w := newWorld(t)
	mails := w.deliver("ann", "INBOX", 2000, 3000)
	c := w.login("ann")
	c.want(`LIST "" *`,
		`* LIST (\HasNoChildren) "/" INBOX`,
		`* LIST (\HasNoChildren \Archive) "/" "Archive"`,
		`* LIST (\NonExistent \Noselect \HasChildren) "/" "Authority"`,
		`* LIST (\NonExistent \Noselect \HasChildren) "/" "Authority/ke"`,
		`* LIST (\HasNoChildren \Archive) "/" "Authority/ke/Archive"`,
		`* LIST (\HasNoChildren) "/" "Authority/ke/INBOX"`,
		`* LIST (\HasNoChildren \Drafts) "/" "Drafts"`,
		`* LIST (\HasNoChildren \Sent) "/" "Sent"`,
		`* LIST (\HasNoChildren \Trash) "/" "Trash"`)
	c.want("NAMESPACE", `* NAMESPACE (("" "/")) NIL (("Authority/" "/"))`)
	validity := w.box("ann", "INBOX").UIDValidity
	c.want("SELECT inbox",
		"* 2 EXISTS", "* 0 RECENT", "* OK [UNSEEN 1] First unseen message",
		fmt.Sprintf("* OK [UIDVALIDITY %d] UIDs valid", validity),
		"* OK [UIDNEXT 3] Predicted next UID",
		`* FLAGS (\Seen \Answered \Flagged \Deleted \Draft)`,
		`* OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Permanent flags`)
	c.want("FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)",
		fmt.Sprintf(`* 1 FETCH (UID 1 FLAGS () INTERNALDATE "23-Nov-2026 10:30:00 +0000" RFC822.SIZE %d)`, len(mails[0])),
		fmt.Sprintf(`* 2 FETCH (UID 2 FLAGS () INTERNALDATE "23-Nov-2026 10:30:00 +0000" RFC822.SIZE %d)`, len(mails[1])))
	c.want("UID FETCH 2 BODY.PEEK[]", "* 2 FETCH (UID 2 BODY[] "+string(mails[1])+")")
	c.want("FETCH 1 RFC822", `* 1 FETCH (FLAGS (\Seen) RFC822 `+string(mails[0])+")")
}

func TestAppendIsAsStrictAsSending(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	plain := "Subject: draft\r\n\r\nnot sealed\r\n"
	c.refused(fmt.Sprintf("APPEND Drafts {%d+}\r\n%s", len(plain), plain),
		"NO [CANNOT] not-sealed: this mail is not encrypted. In the settings of your account turn on OpenPGP encryption, for drafts and copies too, or have them kept on this computer. https://gsp.example/help/not-sealed")
	m, _ := storetest.Mail(t, 2000)
	c.tags++
	fmt.Fprintf(c.Conn, "t%d APPEND Drafts (\\Draft \\Seen $Forwarded) \"20-Nov-2026 09:00:00 +0200\" {%d}\r\n", c.tags, len(m.Raw()))
	if got := c.line(); !strings.HasPrefix(got, "+ ") {
		t.Fatalf("got %q, want a continuation request", got)
	}
	fmt.Fprintf(c.Conn, "%s\r\n", m.Raw())
	box := w.box("ann", "Drafts")
	if got, want := c.line(), fmt.Sprintf("t%d OK [APPENDUID %d 1] ", c.tags, box.UIDValidity); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q...", got, want)
	}
	c.ok("SELECT Drafts")
	c.want("FETCH 1 (FLAGS INTERNALDATE)", `* 1 FETCH (FLAGS (\Seen \Draft $Forwarded) INTERNALDATE "20-Nov-2026 07:00:00 +0000")`)
	c.refused("APPEND Nowhere {0+}\r\n", "NO [TRYCREATE] no-mailbox: ")
	c.refused("APPEND Authority/ke/INBOX {0+}\r\n", "NO [NOPERM] not-allowed: ")
	c.refused("APPEND INBOX {2000000}", "NO [TOOBIG]")
}
