package imapd_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/store/storetest"
)

// The tests of this file are named after the rows of the list of defects that
// were found in go-imap beta.8. Those that the guard deals with alone are
// tested there.

// I1 to I3, I16: the guard is in place.
func TestI1I2I3I16GuardIsInPlace(t *testing.T) {
	w := newWorld(t)
	c := w.connect()
	c.want(`ID ("name" "test")`, `* ID ("name" "GSP gsp.example")`)
	c.ok("LOGIN ann pw")
	pwned := strings.Repeat("x CREATE Pwned\r\n", 200)
	fmt.Fprintf(c.Conn, "\r\na APPEND Nowhere {%d+}\r\n%s\r\n", len(pwned), pwned)
	if got := c.line(); !strings.HasPrefix(got, "a NO [TRYCREATE]") {
		t.Errorf("got %q", got)
	}
	c.refused("UID FETCH "+strings.Repeat("1,", 30_000)+"1 FLAGS", "BAD [TOOBIG]")
	c.want("LIST \"\" Pwned")
	if got := strings.Join(c.ok("CAPABILITY"), ""); strings.Contains(got, "LITERAL+") {
		t.Errorf("LITERAL+ is offered: %q", got)
	}
}

// A client that goes on sending hears why it is cut.
func TestReasonsAreHeard(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		c := w.login("ann")
		go io.WriteString(c.Conn, "a APPEND INBOX {300000+}\r\n"+strings.Repeat("x", 300_000)+"\r\n")
		if got := c.line() + c.line() + c.line(); got != "a BAD [TOOBIG] literals are limited to 4096 octets here* BYE literal too longEOF" {
			t.Fatalf("got %q", got)
		}
	}
}

// I5, I6: sections and structure are our own.
func TestI5PartialsDoNotOverflow(t *testing.T) {
	w := newWorld(t)
	raw := string(w.deliver("ann", "INBOX", 2000)[0])
	c := w.login("ann")
	c.ok("EXAMINE INBOX")
	for partial, want := range map[string]string{
		"<0.10>":                  "<0> " + raw[:10],
		"<5.9223372036854775807>": "<5> " + raw[5:],
		"<1000000.10>":            "<1000000> ",
		"<0.0>":                   "<0> ",
		"<4294967295.4294967295>": "<4294967295> ",
	} {
		c.want("FETCH 1 BODY[]"+partial, "* 1 FETCH (BODY[]"+want+")")
		c.want("FETCH 1 BODY.PEEK[TEXT]<0.3>", "* 1 FETCH (BODY[TEXT]<0> --"+raw[strings.Index(raw, "\r\n\r\n--")+6:][:1]+")")
	}
	c.refused("FETCH 1 BODY[]<9223372036854775807.9223372036854775807>", "BAD")
	c.refused("FETCH 1 BODY[]<99999999999999999999.1>", "BAD")
	c.ok("NOOP")
}

// I6: a multipart without parts has no structure that the library could write.
// It cannot come in, and what is told of a mail is what was found when it did.
func TestI6EmptyMultipartsStayOutside(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	for _, body := range []string{"--x--\r\n", "\r\n", "--x\r\n\r\n--x--\r\n"} {
		mail := "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x\r\n\r\n" + body
		c.refused(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(mail), mail), "NO [CANNOT] ")
	}
	w.deliver("ann", "INBOX", 2000)
	c.ok("SELECT INBOX")
	if got := c.ok("FETCH 1:* (BODY BODYSTRUCTURE)"); len(got) != 1 || !strings.Contains(got[0], `BODYSTRUCTURE (("application" "pgp-encrypted" `) {
		t.Errorf("got %q", got)
	}
}

// I7: levels of messages in messages cost nothing: they are not gone into.
func TestI7NestingCostsNothing(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	var mail strings.Builder
	for range 2000 {
		mail.WriteString("Content-Type: message/rfc822\r\n\r\n")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fmt.Fprintf(c.Conn, "a APPEND INBOX {%d}\r\n", mail.Len())
	c.line()
	fmt.Fprintf(c.Conn, "%s\r\n", &mail)
	if got := c.line(); !strings.HasPrefix(got, "a NO [CANNOT] ") {
		t.Errorf("got %q, want a refusal", got)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("took %d octets, want at most 4 MiB", took)
	}
}

// I8: SMALLER counts beside dates and LARGER.
func TestI8SearchKeepsSmaller(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 9000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.want("SEARCH SMALLER 5000 SINCE 1-Jan-2026", "* SEARCH 1")
	c.want("SEARCH SMALLER 5000 LARGER 100", "* SEARCH 1")
	c.want("UID SEARCH SMALLER 100 BEFORE 1-Jan-2030", "* SEARCH")
}

// I9: no pattern of LIST takes long.
func TestI9ListPatternsAreCheap(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("CREATE " + strings.Repeat("a", 200))
	// One that tried each way to match would not be through at the connection's
	// deadline, on whatever machine.
	c.want(`LIST "" "` + strings.Repeat("*a%", 300) + `b"`)
	c.refused(`LIST "" "`+strings.Repeat("*a", 3000)+`b"`, "NO [TOOBIG] too-large: ")
}

// I10: a name with "&" would change its meaning after ENABLE.
func TestI10AmpersandIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.refused(`CREATE "R&-D"`, "NO [CANNOT] broken-name: ")
	c.ok(`CREATE "Entw&APw-rfe"`)
	c.want("ENABLE UTF8=ACCEPT", "* ENABLED UTF8=ACCEPT")
	c.refused(`CREATE "R&-D"`, "NO [CANNOT] broken-name: ")
	c.want(`LIST "" "Entw%"`, `* LIST (\HasNoChildren) "/" "Entwürfe"`)
	c.want(`STATUS "Entwürfe" (MESSAGES)`, `* STATUS "Entwürfe" (MESSAGES 0)`)
}

// I11, I17: what comes before or during IDLE is told at once.
func TestI11IdleMissesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	w.deliver("ann", "INBOX", 2000)
	fmt.Fprintf(c.Conn, "i IDLE\r\n")
	for _, want := range []string{"+ idling", "* 1 EXISTS"} {
		if got := c.line(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for n := 2; n < 20; n++ {
		w.deliver("ann", "INBOX", 2000)
		if got, want := c.line(), fmt.Sprintf("* %d EXISTS", n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	other := w.login("ann")
	other.ok("SELECT INBOX")
	other.ok(`STORE 3 +FLAGS.SILENT (\Deleted)`)
	if got, want := c.line(), `* 3 FETCH (UID 3 FLAGS (\Deleted))`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	other.ok("EXPUNGE")
	if got, want := c.line(), "* 3 EXPUNGE"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	fmt.Fprintf(c.Conn, "DONE\r\n")
	if got := c.line(); !strings.HasPrefix(got, "i OK") {
		t.Errorf("got %q", got)
	}
}

func TestI17BrokenIdleDoesNotHarm(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		c := w.login("ann")
		c.ok("SELECT INBOX")
		fmt.Fprintf(c.Conn, "i IDLE\r\n")
		c.line()
		var delivered sync.WaitGroup
		delivered.Go(func() { w.deliver("ann", "INBOX", 2000) })
		c.Conn.Close()
		delivered.Wait()
	}
}

// I12, I13: numbers are those of the session's own view.
func TestI12I13NumbersAreTheSessionsOwn(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 2000, 2000)
	a, b := w.login("ann"), w.login("ann")
	a.ok("SELECT INBOX")
	b.ok("SELECT INBOX")
	w.deliver("ann", "INBOX", 2000, 2000)
	// Not announced: not there, by UID neither.
	a.want("UID FETCH 4 FLAGS", "* 5 EXISTS")
	b.ok(`STORE 2 +FLAGS.SILENT (\Deleted)`)
	b.want("EXPUNGE", "* 2 EXPUNGE")
	// No EXPUNGE within FETCH, STORE and SEARCH by number; 3 is UID 3 still.
	a.want("FETCH 3 UID", "* 3 FETCH (UID 3)")
	a.refused("FETCH 1:* ENVELOPE", "NO [EXPUNGEISSUED]")
	w.deliver("ann", "INBOX", 2000)
	a.want(`STORE 3 +FLAGS (\Flagged)`, `* 3 FETCH (UID 3 FLAGS (\Flagged))`)
	a.want("SEARCH UID 3", "* SEARCH 3")
	a.want("NOOP", "* 2 EXPUNGE", "* 5 EXISTS")
	a.want("FETCH 2 (UID FLAGS)", `* 2 FETCH (UID 3 FLAGS (\Flagged))`)
	// MOVE of the first message: one COPYUID, one EXPUNGE.
	validity := w.box("ann", "Archive").UIDValidity
	a.want("MOVE 1 Archive", fmt.Sprintf("* OK [COPYUID %d 1 1] COPY completed", validity), "* 1 EXPUNGE")
}

// I14: nothing copied is no COPYUID.
func TestI14NothingToCopy(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.want("UID COPY 9 Archive")
	c.want("UID MOVE 9 Archive")
	c.refused("COPY 1 Nowhere", "NO [TRYCREATE] no-mailbox: ")
	validity := w.box("ann", "Archive").UIDValidity
	if _, got := c.do("COPY 1 Archive"); got != fmt.Sprintf("OK [COPYUID %d 1 1] COPY completed", validity) {
		t.Errorf("got %q", got)
	}
}

// I15: what is not offered is refused, and the session goes on.
func TestI15WhatIsNotOffered(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	c := w.login("ann")
	for _, command := range []string{"SELECT INBOX (CONDSTORE)", "STATUS INBOX (HIGHESTMODSEQ)", "COMPRESS DEFLATE", "SETQUOTA ann (STORAGE 512)"} {
		c.refused(command, "BAD")
	}
	c.ok("SELECT INBOX")
	for _, command := range []string{"FETCH 1 MODSEQ", "FETCH 1 (FLAGS) (CHANGEDSINCE 1)", "STORE 1 (UNCHANGEDSINCE 1) FLAGS ()", "SORT (DATE) UTF-8 ALL"} {
		c.refused(command, "BAD")
	}
}

// I18: EXAMINE writes nothing, and CLOSE after it removes nothing.
func TestI18ExamineIsReadOnly(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.ok(`STORE 1 +FLAGS (\Deleted)`)
	if got := c.ok("EXAMINE INBOX"); !slices.Contains(got, "* OK [PERMANENTFLAGS ()] Permanent flags") {
		t.Errorf("got %q", got)
	}
	c.refused(`STORE 1 -FLAGS (\Deleted)`, "NO [NOPERM] read-only: ")
	c.refused("EXPUNGE", "NO [NOPERM] read-only: ")
	c.refused("MOVE 1 Trash", "NO [NOPERM] read-only: ")
	c.ok("FETCH 1 BODY[]")
	c.want("FETCH 1 FLAGS", `* 1 FETCH (FLAGS (\Deleted))`)
	c.ok("COPY 1 Archive")
	c.ok("CLOSE")
	c.want("STATUS INBOX (MESSAGES UNSEEN DELETED)", "* STATUS INBOX (MESSAGES 1 UNSEEN 1 DELETED 1)")
	c.ok("SELECT INBOX")
	c.want("CLOSE")
	c.want("STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 0)")
}

// I19: every counter that STATUS can ask for is there.
func TestI19StatusIsWhole(t *testing.T) {
	w := newWorld(t)
	size := len(w.deliver("ann", "INBOX", 2000)[0])
	box := w.box("ann", "INBOX")
	c := w.login("ann")
	c.want("STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE APPENDLIMIT)",
		fmt.Sprintf("* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY %d UNSEEN 1 DELETED 0 SIZE %d APPENDLIMIT 1048576 RECENT 0)", box.UIDValidity, size))
	c.want(`LIST "" (INBOX S%) RETURN (STATUS (SIZE APPENDLIMIT))`,
		`* LIST (\HasNoChildren) "/" INBOX`,
		fmt.Sprintf("* STATUS INBOX (SIZE %d APPENDLIMIT 1048576)", size),
		`* LIST (\HasNoChildren \Sent) "/" "Sent"`,
		`* STATUS "Sent" (SIZE 0 APPENDLIMIT 1048576)`)
}

// I20: SAVE with MIN or MAX keeps those only.
func TestI20SearchResultsAreSaved(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 2000, 2000, 2000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.want("UID SEARCH RETURN (SAVE COUNT) UID 2:4", fmt.Sprintf(`* ESEARCH (TAG "t%d") UID COUNT 3`, c.tags+1))
	c.want("FETCH $ UID", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "* 4 FETCH (UID 4)")
	for i, command := range []string{"SEARCH RETURN (SAVE) UID 2:4", "uid search return (save) UID 2:4", "UID SEARCH RETURN (SAVE) NOT FROM {1+}\r\nq UID 2:4"} {
		c.want(command) // nothing is told (RFC 5182, section 2.1)
		if got := c.ok("FETCH $ UID"); len(got) != 3 {
			t.Errorf("saved by SAVE alone, %d: got %q, want three", i, got)
		}
	}
	c.want("SEARCH RETURN (SAVE ALL) UID 2:4", fmt.Sprintf(`* ESEARCH (TAG "t%d") ALL 2:4`, c.tags+1))
	c.ok("SEARCH RETURN (SAVE MIN) UID 2:4")
	c.want("UID STORE $ +FLAGS.SILENT (\\Flagged)")
	c.want("SEARCH FLAGGED", "* SEARCH 2")
	c.want("SEARCH NOT $", "* SEARCH 1 3 4")
	c.ok("UID EXPUNGE $")
}

// I22: whatever is logged, no password is, neither in clear nor as it is sent.
func TestI22PasswordsAreNotLogged(t *testing.T) {
	w := newWorld(t)
	log := new(lines)
	door := &imapd.Server{
		Accounts: w, Keeper: w, Tree: w.store, Messages: w.store, Bells: w.bells,
		TLS: w.door.TLS, Domain: "gsp.example",
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.Level(-100)})),
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- door.Serve(l) }()

	secret := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00geheim"))
	c := w.connect()
	c.refused("LOGIN ann geheim", "NO")
	c.refused("LOGIN ann {6+}\r\ngeheim", "NO")
	c.do("AUTHENTICATE PLAIN " + secret) // the third failure
	c = w.connect()
	c.refused("LOGIN ann geheim geheim", "BAD")
	c.refused("LOGIN ann (geheim", "BAD")
	c.do("XLOGIN ann geheim") // which the library takes for an attack
	c = w.connect()
	c.ok("LOGIN ann pw")
	c.ok("LOGOUT")
	if err := door.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-done
	got := log.String()
	if !strings.Contains(got, "imap login") || !strings.Contains(got, "imap session ended") {
		t.Fatalf("the log is not whole: %q", got)
	}
	if strings.Contains(got, "geheim") || strings.Contains(got, secret) || strings.Contains(got, "127.0.0.1") {
		t.Errorf("the log tells a secret: %q", got)
	}
}

// Literals of BINARY and of UTF8=ACCEPT are literals of APPEND like others
// (RFC 3516, section 4.4).
func TestAppendedLiteralsOfBothKinds(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	mail, _ := storetest.Mail(t, 2000)
	size, octets := len(mail.Raw()), mail.Raw()
	c.ok(fmt.Sprintf("APPEND Sent (\\Seen) ~{%d+}\r\n%s", size, octets))
	c.ok("ENABLE UTF8=ACCEPT")
	c.ok(fmt.Sprintf("APPEND Sent (\\Seen) UTF8 (~{%d+}\r\n%s)", size, octets))
	c.ok("SELECT Sent")
	want := fmt.Sprintf("* 1 FETCH (FLAGS (\\Seen) RFC822.SIZE %d BODY[] %s)", size, octets)
	c.want("FETCH 1:2 (FLAGS RFC822.SIZE BODY.PEEK[])", want, strings.Replace(want, "* 1", "* 2", 1))
	lines, _ := c.do("APPEND Sent {5+}\r\nplain (\\Seen) {5+}\r\nplain") // MULTIAPPEND
	if want := []string{"* BYE one message in a command, please"}; !slices.Equal(lines, want) {
		t.Errorf("two messages: got %q, want %q", lines, want)
	}
}

// F22: what is absurd is refused, or done at little cost.
func TestAbsurdCommands(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.refused("APPEND INBOX {9223372036854775807}", "NO [TOOBIG]")
	c.refused("SEARCH "+strings.Repeat("(", 60_000), "BAD [TOOBIG]")
	c.refused("SEARCH "+strings.Repeat("(", 20_000), "BAD [CLIENTBUG]")
	c.refused("SEARCH "+strings.Repeat("NOT ", 10_000)+"SEEN", "NO [TOOBIG] too-large: ")
	c.refused("SEARCH "+strings.Repeat("OR SEEN ", 5_000)+"SEEN", "NO [TOOBIG] too-large: ")
	c.refused("FETCH 1 BODY["+strings.Repeat("1.", 10_000)+"1]", "OK")
	c.want("UID FETCH 1:4294967295,*:1,4294967295:* UID", "* 1 FETCH (UID 1)")
	c.want("FETCH 4294967295:5 UID")
	c.want("FETCH *:4294967295 UID", "* 1 FETCH (UID 1)")
}
