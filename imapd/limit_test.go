package imapd_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// A client that sets ever new keywords must not make a mailbox that others
// cannot open: they read all of its keywords in one line.
func TestKeywordsHaveLimits(t *testing.T) {
	w := newWorld(t)
	w.deliver("ke", "INBOX", 1000, 1000, 1000, 1000, 1000, 1000)
	c := w.login("ann")
	c.ok(`SELECT Authority/ke/INBOX`)
	refused := 0
	for i := range 60 {
		var names []string
		for j := range 8 {
			names = append(names, fmt.Sprintf("k%03dx%d%s", i, j, strings.Repeat("z", 50)))
		}
		_, result := c.do(fmt.Sprintf("STORE %d +FLAGS.SILENT (%s)", i/10+1, strings.Join(names, " ")))
		if strings.HasPrefix(result, "NO [LIMIT] ") {
			refused++
		}
	}
	if refused != 60-gsp.MailboxKeywords/8 {
		t.Errorf("%d commands of 60 were refused, want %d", refused, 60-gsp.MailboxKeywords/8)
	}
	w.deliver("ann", "INBOX", 1000)
	c.ok("SELECT INBOX") // one's own, where nobody is named
	c.ok("STORE 1 +FLAGS (ReadBy-x AnsweredBy-y)")
	c.ok("STORE 1 FLAGS (ReadBy-x)")
	c.want("FETCH 1 FLAGS", "* 1 FETCH (FLAGS ())")
	for _, line := range w.login("bob").ok(`SELECT Authority/ke/INBOX`) {
		if len(line) > 20_000 {
			t.Errorf("a line of %d octets: %.60s", len(line), line)
		}
		if strings.Contains(line, "PERMANENTFLAGS") && strings.Contains(line, `\*`) {
			t.Error("the full mailbox says that it takes new keywords")
		}
	}
}

// What was stored before there were limits can still be opened.
func TestManyKeywordsOfOldStayReadable(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 1000)
	var names []string
	for i := range 20_000 {
		names = append(names, fmt.Sprintf("k%d%s", i, strings.Repeat("z", 40)))
	}
	db, err := sql.Open("sqlite3", filepath.Join(w.folder, "gsp.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE item SET keywords = ?", strings.Join(names, " ")); err != nil {
		t.Fatal(err)
	}
	c := w.login("ann")
	for _, command := range []string{"SELECT INBOX", "FETCH 1 FLAGS", "STORE 1 +FLAGS (\\Flagged)"} {
		for _, line := range c.ok(command) {
			if len(line) > 20_000 {
				t.Errorf("%s: a line of %d octets", command, len(line))
			}
		}
	}
	c.ok("STORE 1 FLAGS ()")
	c.ok("STORE 1 FLAGS (a)")
	c.want("FETCH 1 FLAGS", `* 1 FETCH (FLAGS (a))`)
}

func TestMailboxesHaveALimit(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	for i := 5; i < mailboxLimit; i++ {
		c.ok(fmt.Sprintf("CREATE m%d", i))
	}
	c.refused("CREATE more", "NO [LIMIT] ")
	c.ok("DELETE m10")
	c.ok("CREATE more")
}

// Commands on many messages are done in parts, which no client sees.
func TestManyMessagesAtOnce(t *testing.T) {
	const n = 4096
	w := newWorld(t)
	w.deliver("ann", "INBOX", 1000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	for range 12 {
		c.ok("COPY 1:* INBOX")
	}
	other := w.login("ann")
	other.ok("SELECT INBOX")
	if got := c.ok("STORE 1:* +FLAGS (x)"); len(got) != 1+n || got[0] != `* FLAGS (\Seen \Answered \Flagged \Deleted \Draft x)` || got[n] != "* 4096 FETCH (UID 4096 FLAGS (x))" {
		t.Errorf("STORE: got %d lines, from %q to %q", len(got), got[0], got[len(got)-1])
	}
	c.want(`STORE 1:* +FLAGS.SILENT (\Deleted)`)
	c.want("NOOP")
	if got := other.ok("NOOP"); len(got) != 1+n {
		t.Errorf("another session was told %d lines, want %d", len(got), 1+n)
	}
	if got := c.ok("MOVE 1:2000 Archive"); len(got) != 2001 || !strings.HasPrefix(got[0], "* OK [COPYUID ") || !strings.Contains(got[0], " 1:2000 1:2000]") {
		t.Errorf("MOVE: got %d lines, the first %q", len(got), got[0])
	}
	if got := c.ok("EXPUNGE"); len(got) != n-2000 {
		t.Errorf("EXPUNGE: got %d lines, want %d", len(got), n-2000)
	}
	other.ok("NOOP")
	other.want("SEARCH ALL", "* SEARCH")
	c.ok("SELECT Archive")
	for range 3 {
		c.ok("COPY 1:* Archive")
	}
	c.refused("COPY 1:* Archive", "NO [LIMIT] ")
	c.ok("COPY 1:10000 Archive")
}
