package guard_test

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answers sends octets to a new server, after a login, and returns the tags of
// what was answered to them and the calls of the library.
func answers(t *testing.T, octets []byte) (tags, calls []string) {
	p := newPipes()
	lib := serve(t, listen(p))
	c := p.dial(t).login()
	c.selects()
	// A server that waits for more than is sent would wait for half an hour.
	c.Conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() {
		c.Conn.Write(octets)
		c.Conn.Write([]byte("\r\n")) // the last line may lack its end
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	out, err := io.ReadAll(c.Reader)
	if err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatalf("%q: no end after %q", octets, out)
	}
	for _, line := range lines(out, announced) {
		tag, _, _ := bytes.Cut(line, []byte(" "))
		if string(tag) != "*" && string(tag) != "+" {
			tags = append(tags, string(tag))
		}
	}
	return tags, lib.noted()[2:]
}

var (
	announced = regexp.MustCompile(`\{(\d+)\}$`)
	unasked   = regexp.MustCompile(`\{(\d+)\+\} *$`)
)

// lines is another reading of the framing than the guard's: the first lines of
// commands or responses, past all literals.
func lines(b []byte, literal *regexp.Regexp) (firsts [][]byte) {
	goesOn := false
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !goesOn {
			firsts = append(firsts, line)
		}
		goesOn = false
		if m := literal.FindSubmatch(line); m != nil {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				n = len(b)
			}
			b, goesOn = b[min(n, len(b)):], true
		}
	}
	return firsts
}

// FuzzConversation sends anything. What is answered must be commands that
// another reading of the same octets finds as well, in their order, and
// nothing out of a literal.
func FuzzConversation(f *testing.F) {
	for _, seed := range []string{
		"a NOOP\r\n\r\nb CREATE {3+}\r\nfoo\r\n",
		"a APPEND INBOX (\\Seen) {16+}\r\nx CREATE Pwned\r\n\r\nb LOGOUT\r\n",
		"a APPEND INBOX {2+}\r\nhi {3+}\r\nabc\r\nb NOOP\r\n",
		"a CREATE \"x {9+}\r\nb NOOP\r\n",
		"a IDLE\r\nDONE\r\nb NOOP\r\n",
		"a ID (\"name\" \"x\")\r\nb LIST \"\" *\r\n",
		"a CREATE {1+}\r\n&\r\nb NOOP\r\n",
		"a UID SEARCH SMALLER 5 SUBJECT {3+}\r\nfoo SINCE 1-Jan-2026\r\n",
		"a ENABLE UTF8=ACCEPT\nb CREATE \"\xc3\xa9\"\r\nc STATUS x (MESSAGES)\r\n",
		"a RENAME {1+} \r\nx {1+}\r\ny\r\nb UID FETCH 1:* (BODY[HEADER.FIELDS ({1+}\r\nx)])\r\n",
		"a APPEND x UTF8 (~{2+}\r\nhi)\r\nb EXPUNGE\r\n",
		"a MYRIGHTS \"x\\\"\" y\r\nb MYRIGHTS {3+}\r\nfoo\r\nc NOOP\r\n",
	} {
		f.Add([]byte(seed))
	}
	sync := regexp.MustCompile(`\{(\d+)\}( *\r?\n)`)
	f.Fuzz(func(t *testing.T, octets []byte) {
		if len(octets) > 60_000 {
			return
		}
		// A client that is refused what it asked for goes on with its next
		// command, so only literals sent unasked have one reading.
		octets = sync.ReplaceAll(octets, []byte("{$1+}$2"))
		var want []string
		for _, line := range lines(octets, unasked) {
			tag, _, _ := bytes.Cut(line, []byte(" "))
			want = append(want, string(tag))
		}
		got, _ := answers(t, octets)
		rest := want
		for _, tag := range got {
			i := slices.Index(rest, tag)
			if i < 0 {
				t.Fatalf("%q: answered %q, but its commands are %q", octets, got, want)
			}
			rest = rest[i+1:]
		}
	})
}

// FuzzLiteral puts hostile text into a literal behind any line: none of it
// may run (I2).
func FuzzLiteral(f *testing.F) {
	f.Add("APPEND INBOX ", "", "x CREATE Pwned\r\n")
	f.Add("CREATE ", "\r\n", "x CREATE Pwned\r\n")
	f.Add("APPEND INBOX \"1-Jan-2026\" ", " (x)", "}\r\nx CREATE Pwned\r\n")
	f.Add("RENAME x~", "\"\r\n", "\r\n\r\nx CREATE Pwned\r\nx")
	f.Add("LIST \"\" \"\\", "", "x CREATE Pwned")
	f.Fuzz(func(t *testing.T, before, after, text string) {
		if strings.ContainsAny(before, "\r\n") || strings.ContainsAny(after, "\r\n") || strings.Contains(before+after, "Pwned") {
			return
		}
		text += "\r\nx CREATE Pwned\r\n"
		octets := "a " + before + "{" + strconv.Itoa(len(text)) + "+}\r\n" + text + after + "\r\nb NOOP\r\n"
		tags, calls := answers(t, []byte(octets))
		if slices.Contains(calls, "CREATE Pwned") || slices.Contains(tags, "x") {
			t.Fatalf("%q: answered %q, called %q", octets, tags, calls)
		}
	})
}
