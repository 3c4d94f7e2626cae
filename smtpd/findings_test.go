package smtpd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/smtpd"
)

// The tests of this file are numbered after what was found in go-smtp 0.25.1.

func (d *door) wantNothingStored(t *testing.T) {
	t.Helper()
	if n := len(d.store.mails()); n != 0 {
		t.Errorf("%d mails stored, want none", n)
	}
}

// A silence inside a mail must not make commands of the rest of it.
func TestS1SilenceInMailEndsTheSession(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		c := connect()
		c.logIn()
		c.envelope()
		c.want("DATA\r\n", "354 ")
		began := time.Now()
		c.send("A: b\r\n\r\nfirst half\r\n")
		c.wantAfter(began, 30*time.Second, "421 4.4.2 interrupted-input: ")
	})
}

func TestS1DisconnectInMail(t *testing.T) {
	d := openDoor(t, nil)
	for _, part := range []string{"", "A: b\r\n", "A: b\r\n\r\nx\r\n.", "A: b\r\n\r\nx\r\n.\r"} {
		c := d.ready(t)
		c.want("DATA\r\n", "354 ")
		c.send(part)
		c.conn.CloseWrite()
		c.want("", "421 4.4.2 interrupted-input: ")
		c.gone()
	}
	d.wantNothingStored(t)
}

// A chunk cut by a lost connection looked like a whole mail (S3), a faulty
// BDAT let its chunk be run as commands (S5), and chunks were read in a second
// goroutine (S12).
func TestS3S4S5S12NoBDAT(t *testing.T) {
	for _, command := range []string{
		"BDAT 100 LAST\r\nhalf of it",
		"BDAT 5000 LAST\r\n" + strings.Repeat("x", 5000),
		"BDAT 30 FIRST\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n",
		"BDAT 0 LAST\r\n",
		"bdat\r\n",
		"BDAT 6\r\nA: b\r\nBDAT 0 LAST\r\n",
	} {
		d := openDoor(t, nil)
		c := d.ready(t)
		c.want(command, "503 5.5.1 bad-sequence: BDAT is not offered here.")
		c.gone()
		d.wantNothingStored(t)
	}
}

// One mail or none, whatever the sender takes for the end of it.
func TestS6EndOfData(t *testing.T) {
	const smuggled = "MAIL FROM:<customs1.ke@gsp.example>\r\nRCPT TO:<fr@gsp.example>\r\nDATA\r\nA: b\r\n\r\nsmuggled\r\n.\r\n"
	for _, end := range []string{
		"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n",
		"\r\r\n.\r\n", "\r\n.\r\r\n", "\n\n.\r\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n", "\n\r.\r\n",
	} {
		d := openDoor(t, nil)
		c := d.ready(t)
		c.want("DATA\r\n", "354 ")
		c.send("A: b\r\n\r\nline" + end + smuggled)
		c.conn.CloseWrite()
		replies, err := io.ReadAll(c.in)
		if err != nil {
			t.Fatalf("%q: %v", end, err)
		}
		first, _, _ := strings.Cut(string(replies), "\r\n")
		if !strings.HasPrefix(first, "550 5.6.0 broken-lines: ") {
			t.Errorf("%q: got %q, want 550 5.6.0 broken-lines", end, first)
		}
		if strings.Contains(string(replies), "354 ") || strings.Contains(string(replies), "\r\n250 ") {
			t.Errorf("%q: the rest was run as commands: %q", end, replies)
		}
		d.wantNothingStored(t)
	}
}

// Who takes something else for the end waits for a reply, and gets it at once.
func TestS6StrangeEndIsToldAtOnce(t *testing.T) {
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r\n.\r\r\n", "\r\r\n.\r\n"} {
		d := openDoor(t, nil)
		c := d.ready(t)
		c.want("DATA\r\n", "354 ")
		c.want("A: b\r\n\r\nline"+end, "550 5.6.0 broken-lines: the line that ends the mail is not CR LF, a dot, CR LF.")
		c.gone()
		d.wantNothingStored(t)
	}
}

func TestS6BrokenLinesLeaveTheSessionUsable(t *testing.T) {
	d := openDoor(t, nil)
	c := d.login(t)
	for _, mail := range []string{
		"a\x00b\r\n", "a\rb\r\n", "a\nb\r\n", "\x00\r\n", "\r\r\n\r\n", "\n\r\n",
		strings.Repeat("x", 999) + "\r\n",
		strings.Repeat("y", 100_000) + "\r\n" + strings.Repeat("z", 4096) + "\r\n",
		"." + strings.Repeat("w", 4095) + "\r\n",
	} {
		c.envelope()
		c.want("DATA\r\n", "354 ")
		c.want("A: b\r\n\r\n"+mail+".\r\n", "550 5.6.0 broken-lines: ")
	}
	d.wantNothingStored(t)
	c.envelope()
	c.want("DATA\r\n", "354 ")
	c.want(strings.Repeat("x", 998)+"\r\n."+strings.Repeat(".", 998)+"\r\n.\r\n", "250 ")
}

// A mail of exactly the announced size is taken, one octet more is not.
func TestS7SizeIsExact(t *testing.T) {
	const limit = 20_000
	d := openDoor(t, func(s *smtpd.Server) { s.MaxMessage = limit })
	c := d.login(t)
	line := strings.Repeat("x", 98) + "\r\n"
	full := strings.Repeat(line, limit/len(line))
	for _, announce := range []string{"", " SIZE=20000", " SIZE=10"} {
		for _, test := range []struct{ mail, reply string }{
			{full, "250 "},
			{"x" + full, "552 5.3.4 too-large: the mail is larger than 19.5 KiB."},
			{full + "x\r\n", "552 5.3.4 "},
		} {
			c.want("MAIL FROM:<"+officer+">"+announce+"\r\n", "250 ")
			c.want("RCPT TO:<ke@gsp.example>\r\n", "250 ")
			c.want("DATA\r\n", "354 ")
			c.want(test.mail+".\r\n", test.reply)
		}
	}
	c.want("MAIL FROM:<"+officer+"> SIZE=20001\r\n", "552 5.3.4 too-large: ")
	c.want("MAIL FROM:<"+officer+"> SIZE=20000\r\n", "250 ")
	for _, m := range d.store.mails() {
		if len(m.Raw) != limit {
			t.Errorf("a mail of %d octets, want %d", len(m.Raw), limit)
		}
	}
}

// What is refused as too large is not read without end.
func TestS7EndlessMail(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.MaxMessage = 20_000 })
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.send(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 410))
	c.want("", "552 5.3.4 too-large: ")
	c.gone()
	d.wantNothingStored(t)
}

// The recipients of the first MAIL would stay for the second.
func TestS8NestedMailEndsTheSession(t *testing.T) {
	d := openDoor(t, nil)
	c := d.ready(t)
	c.want("MAIL FROM:<"+officer+">\r\nDATA\r\n"+body+".\r\n", "503 5.5.1 bad-sequence: ")
	c.gone()
	d.wantNothingStored(t)

	c = d.ready(t)
	c.want("RSET\r\n", "250 ")
	c.want("MAIL FROM:<"+officer+">\r\n", "250 ")
	c.want("DATA\r\n", "503 5.5.1 bad-sequence: ") // the recipient before RSET is gone
	c.want("EHLO again.example\r\n", "250-gsp.example\r\n")
	c.want("MAIL FROM:<"+officer+">\r\n", "250 ")
}

func TestS9ThreeBadLogins(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial(t)
	c.want("", "220 ")
	c.want("EHLO x\r\n", "250-")
	c.want(plain(officer, "wrong"), "535 5.7.8 bad-login: login or password is wrong. Look again. https://gsp.example/help/bad-login")
	c.want(plain("nobody", password), "535 5.7.8 bad-login: ")
	c.want(plain(officer, "wrong"), "421 4.7.0 bad-login: ")
	c.gone()
}

func TestS9CommandsBeforeLogin(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.Limits.EarlyLines = 10 })
	c := d.dial(t)
	c.want("", "220 ")
	for range 10 {
		c.want("NOOP\r\n", "250 ")
	}
	c.want("NOOP\r\n", "503 5.5.1 bad-sequence: too many commands before login.")
	c.gone()

	c = d.login(t)
	for range 20 {
		c.want("NOOP\r\n", "250 ")
	}
}

func TestS10Addresses(t *testing.T) {
	d := openDoor(t, nil)
	c := d.login(t)
	c.want("MAIL FROM:<"+officer+">\r\n", "250 ")
	for reply, paths := range map[string][]string{
		"550 5.1.1 unknown-recipient: the recipient is not an address of the form name@domain. ": {
			`<"x@y"@gsp.example>`, `<"ke@gsp.example"@elsewhere.example>`, `<"k e"@gsp.example>`,
			"<c@../../x>", "<ke@[127.0.0.1]>", "<ke@gsp.example.>", "<ke..x@gsp.example>", "<.ke@gsp.example>",
			"<" + strings.Repeat("k", 65) + "@gsp.example>",
		},
		"550 5.1.1 unknown-recipient: not registered. ": {"<ke@elsewhere.example>", "<Postmaster@elsewhere.example>"},
		"501 5.5.2 bad-sequence: the recipient is not written as RCPT TO:<name@domain>. ": {
			"ke@gsp.example", " ke@gsp.example", "postmaster", "ke@", "@gsp.example", "", "<", "<>", "<ke>", "<postmasters>",
			"<ke@gsp.example", "<ke @gsp.example>", `<"ke\@gsp.example">`, "\"ke\"@gsp.example",
			"<@elsewhere.example:ke@gsp.example>", "<@a.example,@b.example:ke@gsp.example>", "<@ke@gsp.example>", "@a.example:ke@gsp.example",
		},
		"555 5.5.4 bad-sequence: the program asks for an extension that is not offered. ": {"<ke@gsp.example>x", "<ke@gsp.example> <de@gsp.example>"},
	} {
		for _, path := range paths {
			if got := c.want("RCPT TO:"+path+"\r\n", ""); !strings.HasPrefix(got, reply) {
				t.Errorf("%s: got %q, want %q", path, got, reply)
			}
		}
	}
	c.want("RCPT FROM:<ke@gsp.example>\r\n", "501 5.5.2 bad-sequence: ")
	c.want("RCPT TO:<k\xc3\xa9@gsp.example>\r\n", "550 5.1.1 unknown-recipient: every address here consists of letters a to z")
	c.want("RCPT TO:<k\xc3\xa9\x00@gsp.example>\r\n", "550 5.6.0 broken-lines: ")
	c.gone()
	d.wantNothingStored(t)

	for _, sender := range []string{"<>", "<fr1@gsp.example>", `<"customs1.ke@gsp.example"@x>`, "<a@b@c>"} {
		c := d.login(t)
		c.want("MAIL FROM:"+sender+"\r\n", "550 5.7.1 wrong-sender: ")
	}
	for _, sender := range []string{officer, "", "<", "<@a.example:" + officer + ">", "<" + officer} {
		c := d.login(t)
		c.want("MAIL FROM:"+sender+"\r\n", "501 5.5.2 bad-sequence: the sender is not written as MAIL FROM:<name@domain>. ")
		c.want("MAIL FROM:<"+officer+">\r\n", "250 ") // in the same session
	}
}

// One mailbox has several paths: Postmaster without a domain must be taken (RFC
// 5321, section 4.5.1), quotes that say nothing change nothing (section 4.1.2),
// and Outlook writes a space behind the colon.
func TestS10OneMailboxManyPaths(t *testing.T) {
	d := openDoor(t, nil)
	for want, paths := range map[string][]string{
		"postmaster@gsp.example": {"<Postmaster>", "<postmaster>", "<POSTMASTER>", " <Postmaster>", "<PostMaster@GSP.example>"},
		"ke@gsp.example":         {"<ke@gsp.example>", "<KE@Gsp.Example>", `<"ke"@gsp.example>`, " <ke@gsp.example>", "  <ke@gsp.example> "},
	} {
		for _, path := range paths {
			c := d.login(t)
			c.want("mail from: <"+officer+"> SIZE=4000\r\n", "250 ")
			c.want("rcpt to:"+path+"\r\n", "250 ")
			c.want("DATA\r\n", "354 ")
			c.want(body+".\r\n", "250 ")
			if got := d.store.take()[0].Recipients; len(got) != 1 || got[0].String() != want {
				t.Errorf("%s: got %v, want %s", path, got, want)
			}
		}
	}
}

// go-smtp shows any error that is not its own to the client.
func TestS11ErrorsAreNotShown(t *testing.T) {
	d := openDoor(t, nil)
	c := d.ready(t)
	d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) {
		return gsp.Receipt{}, errors.New("disk /var/lib/gsp is full")
	}
	c.want("DATA\r\n", "354 ")
	got := c.want(body+".\r\n", "451 4.3.0 ")
	if strings.Contains(got, "/var") || !strings.Contains(d.log.String(), "/var/lib/gsp") {
		t.Errorf("reply %q, log %q, want the cause in the log only", got, d.log)
	}

	d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) {
		return gsp.Receipt{}, fmt.Errorf("inspect mail: %w", &gsp.Refusal{
			Reason: gsp.NotSealed,
			Cause:  "this mail is not encrypted",
			Remedy: "turn on OpenPGP encryption and send it again",
			Err:    errors.New("private cause"),
		})
	}
	c.envelope()
	c.want("DATA\r\n", "354 ")
	got = c.want(body+".\r\n", "550 5.7.1 not-sealed: this mail is not encrypted. "+
		"Turn on OpenPGP encryption and send it again. https://gsp.example/help/not-sealed")
	if strings.Contains(got, "private") || !strings.Contains(d.log.String(), "private cause") {
		t.Errorf("reply %q, log %q, want the private cause in the log only", got, d.log)
	}

	c = d.dial(t)
	c.want("", "220 ")
	c.want("EHLO x\r\n", "250-")
	if got := c.want(plain(officer, "broken"), "451 4.3.0 "); strings.Contains(got, "secret") {
		t.Errorf("login: got %q", got)
	}
	c.want("AUTH PLAIN *not base 64*\r\n", "501 5.5.2 bad-sequence: the login cannot be decoded.")
	c.want("AUTH CRAM-MD5\r\n", "504 5.5.4 ")
	c.want("MAIL FROM:<"+officer+">\r\n", "530 5.7.0 login-first: ")
	if strings.Contains(d.log.String(), "127.0.0.1") {
		t.Errorf("the log holds a client's address: %s", d.log)
	}
}

// A panic behind the door costs one session and tells nothing.
func TestS11Panic(t *testing.T) {
	d := openDoor(t, nil)
	d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) { panic("a secret") }
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	if got := c.want(body+".\r\n", "421 "); strings.Contains(got, "secret") {
		t.Errorf("got %q", got)
	}
	c.gone()
	d.store.answer = nil
	c = d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	if err := d.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := d.log.String(); !strings.Contains(log, "panic") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("log %q, want the panic without the client's address", log)
	}
}

// STARTTLS is nothing to a connection that has TLS, AUTH belongs outside of a
// mail, and the address without a domain that RFC 5321 knows is refused.
func TestS14OrderOfCommands(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial(t)
	c.want("", "220 ")
	c.want("EHLO x\r\n", "250-")
	c.want("STARTTLS\r\n", "502 ")
	c.want("STARTTLSx\r\n", "502 ")
	c.want("MAIL FROM:<"+officer+">\r\n", "530 ")
	c.want(plain(officer, "busy"), "454 4.7.0 too-busy: ")
	c.want(plain(officer, password), "235 ")
	c.want("MAIL FROM:<"+officer+">\r\n", "250 ")
	c.want(plain(officer, password), "503 ")
}

// What go-smtp does not do is this door's or the router's: the limits of
// connections are in limits_test.go; no field is added to what was sent.
func TestS15MailIsHandedOnAsItCame(t *testing.T) {
	d := openDoor(t, nil)
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	if got := string(d.store.mails()[0].Raw); got != body {
		t.Errorf("got %q, want %q", got, body)
	}
}

func TestS16NoJokes(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial(t)
	c.want("", "220 ")
	c.want("EHLO x\r\n", "250-")
	for _, said := range []struct{ command, reply string }{
		{strings.TrimSuffix(plain(officer, password), "\r\n"), "235 2.7.0 logged in"},
		{"NOOP", "250 2.0.0 nothing done"},
		{"MAIL FROM:<" + officer + ">", "250 2.1.0 sender accepted"},
		{"RCPT TO:<ke@gsp.example>", "250 2.1.5 recipient accepted"},
		{"RSET", "250 2.0.0 Session reset"},
		{"MAIL FROM:<" + officer + "> HOLDFOR=1", "555 5.5.4 bad-sequence: the program asks for an extension that is not offered. " +
			"Correct it: it can see in the reply to EHLO what is. https://gsp.example/help/bad-sequence"},
	} {
		if got := c.want(said.command+"\r\n", said.reply); got != said.reply {
			t.Errorf("%s: got %q, want %q", said.command, got, said.reply)
		}
	}
}

// What go-smtp finds wrong is told with the code that the RFCs have for it,
// and with a token.
func TestMistakesOfThePeer(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial(t)
	c.want("", "220 ")
	c.want("MAIL FROM:<"+officer+">\r\n", "503 5.5.1 bad-sequence: the program has not introduced itself.")
	c.want("EHLO x\r\n", "250-")
	c.want("VRFY ke\r\n", "252 2.5.0 an address is checked")
	c.want("AUTH\r\n", "501 5.5.4 bad-sequence: AUTH came without a mechanism.")
	c.want("MAIL FROM:<"+officer+"> SIZE=99999999999999999999\r\n", "530 5.7.0 login-first: ")
	c.want(plain(officer, password), "235 ")
	c.want(plain(officer, password), "503 5.5.1 bad-sequence: this connection is logged in already.")
	c.want("RCPT TO:<ke@gsp.example>\r\n", "503 5.5.1 bad-sequence: no sender was accepted for this mail.")
	for _, size := range []string{"4294967295", "4294967296", "99999999999999999999"} {
		c.want("MAIL FROM:<"+officer+"> size="+size+"\r\n", "552 5.3.4 too-large: ")
	}
	c.want("MAIL FROM:<"+officer+"> SIZE=ten\r\n", "501 5.5.4 bad-sequence: the size of the mail is not a number.")
	c.want("MAIL FROM:<"+officer+"> HOLDFOR=10\r\n", "555 5.5.4 bad-sequence: the program asks for an extension")
	c.want("MAIL FROM:<"+officer+">\r\n", "250 ")
	c.want("DATA\r\n", "503 5.5.1 bad-sequence: no recipient was accepted for this mail.")
	c.want("RCPT TO:<ke@gsp.example> X=Y\r\n", "555 5.5.4 bad-sequence: ")
	for range 4 {
		c.want("NOPE\r\n", "500 5.5.2 bad-sequence: this is no command.")
	}
	c.want("", "421 4.7.0 bad-sequence: too many commands were no commands.")
	c.gone()
}

// Whatever a client says, each refusal has a token and a remedy.
func TestEveryMistakeHasAToken(t *testing.T) {
	d := openDoor(t, nil)
	for _, said := range []struct {
		ready  bool // logged in, and a mail begun
		line   string
		status string
	}{
		{false, "EHLO", "501 5.5.2"},
		{false, "HELO", "501 5.5.2"},
		{false, "LHLO x", "500 5.5.1"},
		{false, "STARTTLS", "502 5.5.1"},
		{false, "X", "500 5.5.2"},
		{false, "AUTH NTLM", "504 5.5.4"},
		{false, "AUTH PLAIN ?", "501 5.5.2"},
		{true, "MAIL", "501 5.5.2"},
		{true, "RCPT", "501 5.5.2"},
		{true, "RCPT FROM:<ke@gsp.example>", "501 5.5.2"},
		{true, "RCPT TO:ke", "501 5.5.2"},
		{true, "RCPT TO:<ke@gsp.example", "501 5.5.2"},
		{true, "RCPT TO:<ke@gsp.example> NOTIFY=NEVER", "555 5.5.4"},
		{true, "RCPT TO:<ke@gsp.example> ORCPT=rfc822;x", "555 5.5.4"},
		{true, "RCPT TO:<ke@gsp.example> =", "555 5.5.4"},
		{true, "DATA now", "501 5.5.4"},
		{true, "HELP", "502 5.5.1"},
		{true, "EXPN ke", "502 5.5.1"},
		{true, "TURN", "502 5.5.1"},
	} {
		c := d.dial(t)
		c.want("", "220 ")
		if said.ready {
			c = d.ready(t)
		} else if !strings.HasPrefix(said.line, "EHLO") {
			c.want("EHLO x\r\n", "250-")
		}
		got := c.want(said.line+"\r\n", said.status+" ")
		if token, rest, ok := strings.Cut(got[len("501 5.5.2 "):], ": "); !ok || !slices.Contains(gsp.Reasons, gsp.Reason(token)) || !strings.Contains(rest, "/help/"+token) {
			t.Errorf("%s: got %q, want a token and its help page", said.line, got)
		}
	}
	for _, parameters := range []string{"SIZE=x", "BODY=BINARYMIME", "BODY=7", "RET=FULL", "ENVID=x", "AUTH=<", "AUTH=<a b>", "HOLDFOR=1", "="} {
		c := d.login(t)
		if got := c.want("MAIL FROM:<"+officer+"> "+parameters+"\r\n", "5"); !strings.Contains(got, " bad-sequence: ") {
			t.Errorf("%s: got %q, want a token", parameters, got)
		}
	}
}
