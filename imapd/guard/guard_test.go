package guard_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/imapd/guard"
)

// I1: iOS Mail sends empty lines between commands.
func TestI1EmptyLinesAreDropped(t *testing.T) {
	c, _ := start(t)
	c.send("\r\n", "a NOOP\r\n\r\n", "\r\n", "b NOOP\r\n")
	c.want("a OK", "b OK")
	c.send("c IDLE\r\n")
	c.want("+ idling", "* 7 EXISTS")
	c.send("\r\n\r\n", "DONE\r\n\r\n", "d NOOP\r\n")
	c.want("c OK", "d OK")
}

// I2: what stands in a literal that is not taken never runs as a command.
func TestI2RefusedLiteralsDoNotRun(t *testing.T) {
	const pwned = "x CREATE Pwned\r\n"
	long := strings.Repeat(pwned, 400)
	size := strconv.Itoa(len(long))
	for name, test := range map[string]struct {
		send  []string
		want  []string
		alive bool
	}{
		"append beyond LITERAL-":     {[]string{"a APPEND INBOX {", size, "+}\r\n", long, "\r\n"}, []string{"a BAD [TOOBIG]", "* BYE literal too long"}, false},
		"append beyond the limit":    {[]string{"a APPEND INBOX {2000000}\r\n"}, []string{"a NO [TOOBIG]"}, true},
		"append beyond all numbers":  {[]string{"a APPEND INBOX {99999999999999999999999}\r\n"}, []string{"a BAD"}, true},
		"far beyond the bound":       {[]string{"a APPEND INBOX {9000000+}\r\n"}, []string{"a BAD [TOOBIG]", "* BYE literal too long"}, false},
		"bad date":                   {[]string{"a APPEND INBOX \"yesterday\" {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
		"bad flag":                   {[]string{"a APPEND INBOX ((x)) {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
		"mailbox name":               {[]string{"a APPEND {", size, "+}\r\n", long}, []string{"a BAD [TOOBIG]", "* BYE literal too long"}, false},
		"multiappend":                {[]string{"a APPEND INBOX {2+}\r\nhi (\\Seen) {16+}\r\n", pwned, "\r\n"}, []string{"* BYE one message"}, false},
		"search":                     {[]string{"a SEARCH TEXT {", size, "+}\r\n", long}, []string{"a BAD [TOOBIG]", "* BYE literal too long"}, false},
		"rewritten beyond the limit": {[]string{"a SEARCH ", strings.Repeat("SMALLER 5 ", 4500), "TEXT {16+}\r\n", pwned, "\r\n"}, []string{"a BAD [TOOBIG]"}, true},
		"waits":                      {[]string{"a SEARCH TEXT {", size, "}\r\n"}, []string{"a BAD [TOOBIG]"}, true},
		"second string":              {[]string{"a RENAME {1+}\r\nx {", size, "+}\r\n"}, []string{"* BYE literal too long"}, false},
		"too many strings":           {[]string{"a SEARCH TEXT ", strings.Repeat("{4096+}\r\n"+strings.Repeat("x", 4096)+" TEXT ", 16), "{16+}\r\n", pwned, "\r\n"}, []string{"* BYE too many literals"}, false},
		"no command":                 {[]string{"a {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
		"command takes none":         {[]string{"a NOOP {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
		"bad name":                   {[]string{"a CREATE {1+}\r\n& {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
		"after a quote":              {[]string{"a CREATE \"x {16+}\r\n"}, []string{"* BYE line is not well formed"}, false},
		"quote over lines":           {[]string{"a CREATE \"x\r\n"}, []string{"a BAD line is not well formed"}, true},
		"in ID":                      {[]string{"a ID (\"name\" {14+}\r\n", pwned[:14], ")\r\n"}, []string{"* ID (", "a OK"}, true},
		"lines in ID":                {[]string{"a ID (\"name\" {16+}\r\n", pwned, ")\r\n"}, []string{"* BYE a literal or"}, false},
		"long in ID":                 {[]string{"a ID (\"name\" {", size, "+}\r\n", long, ")\r\n"}, []string{"* BYE literal too long"}, false},
		"unknown command":            {[]string{"a XYZZY {16+}\r\n", pwned, "\r\n"}, []string{"a BAD"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, lib := start(t)
			go func() {
				// The connection may end before all is written.
				for _, s := range test.send {
					if _, err := c.Conn.Write([]byte(s)); err != nil {
						return
					}
				}
				if test.alive {
					c.Conn.Write([]byte("z NOOP\r\n"))
				}
			}()
			c.want(test.want...)
			if test.alive {
				c.want("z OK")
			} else if got := c.line(); got != "EOF" {
				t.Errorf("got %q after BYE, want the end", got)
			}
			if calls := lib.noted(); slices.Contains(calls, "CREATE Pwned") {
				t.Errorf("text of a literal was run: %q", calls)
			}
		})
	}
}

// Literals that are taken reach the library whole, asked for or not.
func TestLiteralsAreTaken(t *testing.T) {
	c, lib := start(t)
	c.send("a APPEND INBOX {16+}\r\nx CREATE Pwned\r\n\r\n")
	c.want("a OK")
	c.send("b APPEND {5}\r\n")
	c.want("+ ")
	c.send("INBOX (\\Seen) {3}\r\n")
	c.want("+ ")
	c.send("abc\r\n")
	c.want("b OK")
	c.send("c CREATE {3+}\r\nfoo\r\n", "d APPEND INBOX UTF8 (~{2+}\r\nhi)\r\n", "e CREATE {0+}\r\n\r\n")
	c.want("c OK", "d OK", "e OK")
	want := []string{"LOGIN ann pw", "APPEND INBOX x CREATE Pwned\r\n", "APPEND INBOX abc", "CREATE foo", "APPEND INBOX hi", "CREATE "}
	if got := lib.noted(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// I3: the library falls out of step beyond 50 KiB of text.
func TestI3LongLinesAreRefused(t *testing.T) {
	c, lib := start(t)
	c.selects()
	c.send("a UID SEARCH UID ", strings.Repeat("1234567,", 10_000), "9\r\n")
	c.want("a BAD [TOOBIG]")
	c.send("b UID SEARCH UID ", strings.Repeat("1234567,", 6_000), "9\r\n", "c CREATE foo\r\n")
	c.want("* SEARCH", "b OK", "c OK")
	if got := lib.noted(); !slices.Contains(got, "CREATE foo") {
		t.Errorf("got %q, want CREATE foo", got)
	}
	go c.Conn.Write([]byte("d " + strings.Repeat("x", 1<<20)))
	c.want("* BYE command line far too long", "EOF")
}

// A stranger may say less than somebody who is logged in.
func TestLinesOfStrangersAreShort(t *testing.T) {
	p := newPipes()
	lib := serve(t, guard.Listen(p, config()))
	c := p.dial(t)
	c.send("a NOOP ", strings.Repeat("x", 4<<10), "\r\n", "b NOOP\r\n")
	c.want("a BAD [TOOBIG]", "b OK")
	c.send("c LOGIN {3+}\r\nann ", strings.Repeat("p", 5<<10), "\r\n")
	c.want("* BYE command line too long", "EOF")
	if got := lib.noted(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

// I8: the library forgets SMALLER when a date follows.
func TestI8SmallerSurvives(t *testing.T) {
	c, lib := start(t)
	c.selects()
	c.send("a UID SEARCH RETURN (ALL) SUBJECT smaller SMALLER 5 HEADER x \"smaller 1\" SINCE 1-Jan-2026\r\n")
	c.want("* ESEARCH", "a OK")
	c.send("b SEARCH (SMALLER 6 SUBJECT {7+}\r\nSMALLER SMALLER 7 LARGER 2)\r\n")
	c.want("* SEARCH", "b OK")
	c.send("c UID FETCH 1 BODY[HEADER.FIELDS (x {7+}\r\nSMALLER SMALLER)]\r\n")
	c.want("c OK")
	got := lib.noted()[2:]
	if want := []string{"SMALLER 5", "SMALLER 6", "SMALLER 7", "FETCH x SMALLER SMALLER"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// I16: the library cuts a client that sends ID before login.
func TestI16IDIsAnswered(t *testing.T) {
	p := newPipes()
	lib := serve(t, listen(p))
	c := p.dial(t)
	c.send("a ID (\"name\" \"Thunder \\\"bird\" \"version\" \"1.0\\r\")\r\n", "b id nil\r\n", "c CAPABILITY\r\n")
	c.want(`* ID ("name" "GSP")`, "a OK", `* ID ("name" "GSP")`, "b OK", "* CAPABILITY ID ACL IMAP4rev2 ", "c OK")
	c.login()
	c.send("d ID (\"name\" \"K-9\")\r\n")
	c.want(`* ID ("name" "GSP")`, "d OK")
	c.send("e ID ({4}\r\n")
	c.want("+ ")
	c.send("name {9+}\r\nK \"9\" (7) \"version\" {1+}\r\n1)\r\n", "f NOOP\r\n")
	c.want(`* ID ("name" "GSP")`, "e OK", "f OK")
	_ = lib
}

// What the library does not know the session answers, between two commands.
func TestExtraCommandsAreTheSessions(t *testing.T) {
	p := newPipes()
	lib := serve(t, listen(p))
	c := p.dial(t)
	c.send("a MYRIGHTS INBOX\r\n")
	c.want("a BAD log in first")
	c.login()
	c.send("b myrights \"a \\\"b\\\\\" c\r\n", "c CREATE d\r\n", "d MYRIGHTS\r\n", "e MYRIGHTS a  b\r\n", "f MYRIGHTS (a)\r\n")
	c.want("* MYRIGHTS x lr", "b OK done", "c OK", "* MYRIGHTS x lr", "d OK done", "e BAD arguments cannot be read", "f BAD arguments cannot be read")
	c.send("g MYRIGHTS {14+}\r\nx \"REATE\" \\\\ed\r\n", "h NOOP\r\n")
	c.want("* MYRIGHTS x lr", "g OK", "h OK")
	c.send("i MYRIGHTS {20+}\r\nx CREATE Pwned\r\n    \r\n")
	c.want("* BYE a literal or the line after it", "EOF")
	if got, want := lib.noted()[1:], []string{`MYRIGHTS a "b\ c`, "CREATE d", "MYRIGHTS", `MYRIGHTS x "REATE" \\ed`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each command is told once it is answered, under one of a few names.
func TestCommandsAreObserved(t *testing.T) {
	p := newPipes()
	cfg := config()
	var told []string // by the goroutine of the only connection
	cfg.Answered = func(command, result string, took time.Duration) {
		if took < 0 || took > time.Minute {
			t.Errorf("%s took %v", command, took)
		}
		told = append(told, command+" "+result)
	}
	serve(t, guard.Listen(p, cfg))
	c := p.dial(t).login()
	c.send("a XYZZY\r\n", "b select INBOX\r\n", "c UID FETCH x\r\n", "d STATUS x (MESSAGES)\r\n")
	c.want("a BAD")
	for !strings.HasPrefix(c.line(), "b OK") {
	}
	c.want("c BAD [CLIENTBUG]", "d NO")
	c.send("e MYRIGHTS\r\n", "f ID NIL\r\n", "g ??\r\n")
	c.want("* MYRIGHTS", "e OK", "* ID", "f OK", "g BAD")
	c.send("h LOGOUT\r\n")
	c.want("* BYE", "h OK", "EOF")
	if want := []string{"LOGIN OK", "OTHER BAD", "SELECT OK", "UID BAD", "STATUS NO", "MYRIGHTS OK", "ID OK", "OTHER BAD"}; !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}

func TestAuthenticate(t *testing.T) {
	p := newPipes()
	lib := serve(t, listen(p))
	c := p.dial(t)
	c.send("a AUTHENTICATE PLAIN\r\n")
	c.want("+ ")
	c.send("*\r\n")
	c.want("a BAD")
	c.send("b AUTHENTICATE PLAIN\r\n")
	c.want("+ ")
	c.send("AGFubgBwdw==\r\n")
	c.want("b OK [CAPABILITY ID ")
	if got := lib.noted(); !slices.Equal(got, []string{"LOGIN ann pw"}) {
		t.Errorf("got %q", got)
	}
	c = p.dial(t)
	c.send("a AUTHENTICATE PLAIN\r\n")
	c.want("+ ")
	go c.Conn.Write([]byte(strings.Repeat("A", 5000) + "\r\n"))
	c.want("* BYE command line too long", "EOF")
}

// The configuration says "h2", as one does that net/http has used; a client
// that asks for "imap", or for nothing, connects all the same.
func TestTLS(t *testing.T) {
	p := newPipes()
	serve(t, listen(p))
	for name, test := range map[string]struct {
		config *tls.Config
		ok     bool
	}{
		"imap":        {&tls.Config{NextProtos: []string{"imap"}}, true},
		"no protocol": {&tls.Config{}, true},
		"http":        {&tls.Config{NextProtos: []string{"h2", "http/1.1"}}, false},
		"TLS 1.2":     {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.1":     {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"CBC": {&tls.Config{
			MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA},
		}, false},
	} {
		test.config.InsecureSkipVerify = true
		conn := tls.Client(p.raw(), test.config)
		err := conn.HandshakeContext(t.Context())
		if (err == nil) != test.ok {
			t.Errorf("%s: handshake: %v, want success %v", name, err, test.ok)
		}
		conn.NetConn().Close()
	}
}

// Who fills the house without a login, from many networks of one site,
// displaces himself only.
func TestStrangersMakeRoom(t *testing.T) {
	p := newPipes()
	small := config()
	small.MaxConns = 3
	serve(t, guard.Listen(p, small))
	connect := func(address string) net.Conn {
		far, near := net.Pipe()
		p.conns <- from{near, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))}
		t.Cleanup(func() { far.Close() })
		return far
	}
	officer := func(address string) *client {
		conn := tls.Client(connect(address), &tls.Config{InsecureSkipVerify: true})
		c := &client{t, conn, bufio.NewReader(conn)}
		c.want("* OK ")
		c.send("a LOGIN ann pw\r\n")
		c.want("a OK")
		c.send("b NOOP\r\n")
		c.want("b OK")
		return c
	}
	cut := func(who string, conn net.Conn) {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: got %v, want it closed", who, err)
		}
	}
	first := officer("192.0.2.1:5")
	oldest := connect("[2001:db8:1:1::1]:5")
	second := connect("[2001:db8:1:2::1]:5")
	cut("one more of the site", connect("[2001:db8:1:3::1]:5"))
	officer("192.0.2.2:5")
	cut("the oldest of the site", oldest)
	officer("192.0.2.3:5")
	cut("the other one of the site", second)
	cut("one that comes when all are logged in", connect("192.0.2.4:5"))
	first.send("c NOOP\r\n")
	first.want("c OK")
}

// from is a connection that has an address.
type from struct {
	net.Conn
	address net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.address }

func TestHangUpAfterTheAnswer(t *testing.T) {
	p := newPipes()
	serve(t, listen(p))
	c := p.dial(t)
	c.send("a LOGIN ann wrong\r\n")
	c.want("a NO", "* BYE too many failed logins", "EOF")
}

func TestLibraryLinesAreFollowed(t *testing.T) {
	c, _ := start(t)
	c.send("a STATUS x (MESSAGES)\r\n", "b IDLE {0+}\r\n\r\n", "c IDLE\r\n")
	c.want("a NO", "b BAD", "+ idling", "* 7 EXISTS")
	c.send("DONE\r\n", "a9 LIST \"\" *\r\n", "a9 LIST \"\" *\r\n")
	c.want("c OK")
	for range 2 {
		c.want("* LIST () \"/\" ", "a9 OK LIST")
	}
}

func TestIdle(t *testing.T) {
	c, _ := start(t)
	c.send("a IDLE\r\n")
	c.want("+ idling", "* 7 EXISTS")
	c.send("done\r\n", "b NOOP\r\n")
	c.want("a OK", "b OK")
	c.send("c IDLE\r\n")
	c.want("+ idling", "* 7 EXISTS")
	c.send("d NOOP\r\n")
	c.want("* BYE DONE expected", "EOF")
}

// bare accepts a connection in place of the library, greets, reads the first
// command, and has answer write what it likes. It returns the client, and what
// comes of the second read.
func bare(t *testing.T, answer func(io.Writer)) (*client, <-chan error) {
	p := newPipes()
	l := guard.Listen(p, config())
	second := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			second <- err
			return
		}
		defer conn.Close()
		if err := conn.(*guard.Conn).Handshake(t.Context()); err != nil {
			second <- err
			return
		}
		io.WriteString(conn, "* OK [CAPABILITY IMAP4rev2 ] hello\r\n")
		line := make([]byte, 100)
		conn.Read(line)
		answer(conn)
		_, err = conn.Read(line)
		second <- err
	}()
	return p.dial(t), second
}

// A library that reads on before it has answered would take what follows for
// the rest of the command.
func TestLibraryOutOfStepIsCut(t *testing.T) {
	c, second := bare(t, func(io.Writer) {})
	c.send("a NOOP\r\n")
	c.want("* BYE out of step with the server", "EOF")
	if err := <-second; err != io.EOF {
		t.Errorf("the second read: got %v, want the end", err)
	}
}

// What stands in a mail is neither an answer nor changed, however it is cut,
// and however long the line is before it.
func TestMailsAreNotReadAsAnswers(t *testing.T) {
	const mail = "* CAPABILITY IMAP4rev2 \r\n+ go\r\na OK [CAPABILITY IMAP4rev2 ] done\r\n"
	for _, long := range []int{0, 970, 980, 990, 1000, 2500} {
		whole := "* 1 FETCH (BODY[HEADER.FIELDS (" + strings.Repeat("x", long) + ")] {" + strconv.Itoa(len(mail)) + "}\r\n" + mail + ")\r\n"
		for _, piece := range []int{1, 7, len(whole)} {
			c, second := bare(t, func(w io.Writer) {
				for p := range slices.Chunk([]byte(whole), piece) {
					w.Write(p)
				}
			})
			c.send("a FETCH 1 BODY[]\r\n")
			got := make([]byte, len(whole))
			if _, err := io.ReadFull(c, got); err != nil || string(got) != whole {
				t.Errorf("after %d octets, in pieces of %d: got %q (%v), want %q", long, piece, got, err, whole)
			}
			c.want("* BYE out of step with the server", "EOF") // it was not answered
			<-second
		}
	}
}
