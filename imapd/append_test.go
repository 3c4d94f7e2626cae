package imapd_test

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/store/storetest"
)

// Each account may put so many mails into mailboxes in an hour, and learns
// when it may again.
func TestAppendsInAnHour(t *testing.T) {
	w := newWorld(t, func(s *imapd.Server) { s.Appends = 2 })
	mail, _ := storetest.Mail(t, 1000)
	appending := fmt.Sprintf("APPEND Drafts {%d+}\r\n%s", len(mail.Raw()), mail.Raw())
	c := w.login("ann")
	c.ok(appending)
	c.refused("APPEND Drafts {0+}\r\n", "NO [CANNOT] not-sealed: ") // counts as well
	_, result := c.do(appending)
	const want = `^NO \[LIMIT\] too-many-mails: your account has used up its 2 drafts and copies an hour\. Try again after \d\d:\d\d UTC\.`
	if !regexp.MustCompile(want).MatchString(result) {
		t.Errorf("got %q, want %s", result, want)
	}
	w.login("ann").refused(appending, "NO [LIMIT]")
	w.login("bob").ok(appending)
	c.ok("SELECT Drafts")
	c.ok("COPY 1 Sent") // takes no room for a mail of its own
}

// While many large mails come in from one account, those of others find room.
func TestAppendsTakeNoMoreThanTheirRoom(t *testing.T) {
	const size = 600 << 10
	w := newWorld(t, func(s *imapd.Server) { s.Room, s.RoomWait = 2<<20, time.Millisecond })
	slow := w.login("ann")
	fmt.Fprintf(slow.Conn, "s APPEND Drafts {%d}\r\n", size)
	if got := slow.line(); !strings.HasPrefix(got, "+") {
		t.Fatalf("got %q, want a continuation request", got)
	}
	whole := fmt.Sprintf("APPEND Drafts {%d}\r\n", size)
	plain := strings.Repeat("x", size)
	other := w.login("ann")
	for result := ""; !strings.HasPrefix(result, "NO [UNAVAILABLE] too-busy: "); { // until the first mail is waited for
		fmt.Fprintf(other.Conn, "o %s", whole)
		other.line()
		io.WriteString(other.Conn, plain+"\r\n")
		if result = strings.TrimPrefix(other.line(), "o "); !strings.HasPrefix(result, "NO") {
			t.Fatalf("got %q, want a refusal", result)
		}
	}
	bob := w.login("bob")
	fmt.Fprintf(bob.Conn, "b %s", whole)
	bob.line()
	io.WriteString(bob.Conn, plain+"\r\n")
	if got := bob.line(); !strings.HasPrefix(got, "b NO [CANNOT] not-sealed: ") {
		t.Errorf("another account: got %q, want its mail to be read", got)
	}
	io.WriteString(slow.Conn, plain+"\r\n")
	if got := slow.line(); !strings.HasPrefix(got, "s NO [CANNOT] not-sealed: ") {
		t.Errorf("the first mail: got %q, want it to be read", got)
	}
}

// Nobody can put a mail into a shared mailbox that says that somebody has read
// it.
func TestAppendsNameNoReader(t *testing.T) {
	w := newWorld(t)
	w.grant("ann", all)
	mail, _ := storetest.Mail(t, 1000)
	c := w.login("ann")
	c.ok(fmt.Sprintf(`APPEND Authority/ke/INBOX (\Seen ReadBy-bob Urgent) {%d+}`+"\r\n%s", len(mail.Raw()), mail.Raw()))
	c.ok("SELECT Authority/ke/INBOX")
	c.want("FETCH 1 FLAGS", `* 1 FETCH (FLAGS (\Seen Urgent))`)
}

// EXPUNGE removes what the client knows: a message that it has not been told of
// stays until it was.
func TestExpungeLeavesWhatTheClientDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 1000)
	a, b := w.login("ann"), w.login("ann")
	a.ok("SELECT INBOX")
	a.ok(`STORE 1 +FLAGS (\Deleted)`)
	mail, _ := storetest.Mail(t, 1000)
	b.ok(fmt.Sprintf(`APPEND INBOX (\Deleted) {%d+}`+"\r\n%s", len(mail.Raw()), mail.Raw()))
	a.want("EXPUNGE", "* 1 EXPUNGE", "* 1 EXISTS")
	a.want("FETCH 1 (UID FLAGS)", `* 1 FETCH (UID 2 FLAGS (\Deleted))`)
	a.want("EXPUNGE", "* 1 EXPUNGE")
}
