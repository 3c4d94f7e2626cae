package smtpd_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/smtpd"
)

// openClear is openDoor with a second listener, for STARTTLS.
func openClear(t testing.TB, change func(*smtpd.Server)) *door {
	t.Helper()
	d := openDoor(t, change)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- d.server.ServeSTARTTLS(l) }()
	t.Cleanup(func() {
		d.server.Shutdown(t.Context()) // which is over by now, and cuts off
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

// dialClear connects without TLS.
func (d *door) dialClear(t testing.TB) *client {
	t.Helper()
	conn, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t: t, conn: conn.(*net.TCPConn), in: bufio.NewReader(conn)}
}

// secure shakes hands after STARTTLS.
func (c *client) secure(config *tls.Config) {
	c.t.Helper()
	conn := tls.Client(c.conn, config)
	if err := conn.HandshakeContext(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
}

func TestSTARTTLS(t *testing.T) {
	d := openClear(t, nil)
	c := d.dialClear(t)
	c.want("", "220 gsp.example ")
	for _, said := range []struct{ command, reply string }{
		{"EHLO client.example", "250-gsp.example\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS"},
		{"HELO client.example", "250 gsp.example"},
		{"EHLO", "501 5.5.2 bad-sequence: the program has not said its name. Correct it: EHLO takes the name of the client. https://gsp.example/help/bad-sequence"},
		{"noop", "250 2.0.0 nothing done"},
		{"RSET", "250 2.0.0 nothing to forget"},
		{"STARTTLS now", "501 5.5.4 bad-sequence: STARTTLS takes no parameter. Correct the program that sent it. https://gsp.example/help/bad-sequence"},
	} {
		if got := c.want(said.command+"\r\n", said.reply); got != said.reply {
			t.Errorf("%s: got %q, want %q", said.command, got, said.reply)
		}
	}
	for _, command := range []string{
		"STARTTLSx", "MAIL FROM:<" + officer + ">", "RCPT TO:<ke@gsp.example>", "DATA", "VRFY ke", "HELP", "",
		strings.TrimSpace(plain(officer, password)), "AUTH PLAIN", "XCLIENT ADDR=1.2.3.4",
	} {
		c.want(command+"\r\n", "530 5.7.0 tls-first: this connection is not encrypted yet. Set the connection security "+
			"for outgoing mail to STARTTLS, or to SSL/TLS with the port for it. https://gsp.example/help/tls-first")
	}
	c.want("StartTLS\r\n", "220 2.0.0 begin TLS")
	c.secure(d.tls)

	// Nothing of what was said in clear is known any more.
	c.want("MAIL FROM:<"+officer+">\r\n", "503 ")
	if got := c.want("EHLO client.example\r\n", "250-gsp.example\r\n"); strings.Contains(got, "STARTTLS") || !strings.Contains(got, "AUTH PLAIN") {
		t.Errorf("EHLO after TLS: %q", got)
	}
	c.want(plain(officer, password), "235 ")
	c.want("STARTTLS\r\n", "502 ")
	c.envelope()
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	c.want("QUIT\r\n", "221 ")
	c.gone()
	if n := len(d.store.mails()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}

	c = d.dialClear(t)
	c.want("", "220 ")
	c.want("QUIT\r\n", "221 2.0.0 closing")
	c.gone()
}

// What comes behind STARTTLS in clear is never run (CVE-2011-0411): not if it
// is there at once, and not if it comes while the handshake is awaited.
func TestCommandsBehindSTARTTLS(t *testing.T) {
	for _, injected := range []string{
		"NOOP\r\n", "EHLO x\r\n" + plain(officer, password), "RSET\r\nMAIL FROM:<" + officer + ">\r\n", "x", "\r\n", "STARTTLS\r\n",
	} {
		d := openClear(t, nil)
		c := d.dialClear(t)
		c.want("", "220 ")
		c.want("EHLO x\r\n", "250-")
		c.want("STARTTLS\r\n"+injected, "503 5.5.1 bad-sequence: something came behind STARTTLS before the handshake.")
		c.gone()

		c = d.dialClear(t)
		c.want("", "220 ")
		c.want("STARTTLS\r\n", "220 ")
		c.send(injected)
		c.conn.CloseWrite()
		rest, err := io.ReadAll(c.in)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatal(err)
		}
		if strings.Contains(string(rest), "\r\n") {
			t.Errorf("%q was answered in clear: %q", injected, rest)
		}
		d.wantNothingStored(t)
	}
}

// A client may send several commands at once, as long as STARTTLS is the last.
func TestPipeliningBeforeTLS(t *testing.T) {
	d := openClear(t, nil)
	c := d.dialClear(t)
	c.want("EHLO x\r\nNOOP\r\nSTARTTLS\r\n", "220 gsp.example ")
	c.want("", "250-gsp.example")
	c.want("", "250 2.0.0 nothing done")
	c.want("", "220 2.0.0 begin TLS")
	c.secure(d.tls)
	c.want("EHLO x\r\n", "250-")
	c.want(plain(officer, password), "235 ")
}

func TestClearTextIsBounded(t *testing.T) {
	d := openClear(t, func(s *smtpd.Server) {
		s.Limits = smtpd.Limits{EarlyLines: 10}
	})
	c := d.dialClear(t)
	c.want("", "220 ")
	for range 10 {
		c.want("NOOP\r\n", "250 ")
	}
	c.want("NOOP\r\n", "503 5.5.1 bad-sequence: too many commands before login.")
	c.gone()

	c = d.dialClear(t)
	c.want("", "220 ")
	c.want("NOOP\n", "550 5.6.0 broken-lines: ")
	c.gone()

	c = d.dialClear(t)
	c.want("", "220 ")
	c.want(strings.Repeat("x", 5000)+"\r\n", "550 5.6.0 broken-lines: a command line is too long.")
	c.gone()

}

func TestClearTextConnections(t *testing.T) {
	d := openClear(t, func(s *smtpd.Server) { s.Limits.PerPeer = 2 })
	c := d.dialClear(t)
	c.want("", "220 ")
	second := d.dialClear(t)
	second.want("", "220 ")
	third := d.dialClear(t)
	third.want("", "421 4.3.2 stopping: too many connections from your network.")
	third.gone()
	c.want("NOOP\r\n", "250 ")
}

// Without TLS from its first octet nobody gets a word out of the other port.
func TestClearTextOnTheTLSPort(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dialClear(t)
	c.send("EHLO x\r\n" + plain(officer, password) + "MAIL FROM:<" + officer + ">\r\n")
	c.conn.CloseWrite()
	rest, err := io.ReadAll(c.in)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
	if strings.Contains(string(rest), "\r\n") {
		t.Errorf("got %q, want no reply", rest)
	}
	d.wantNothingStored(t)
}

func TestShutdownOfBothListeners(t *testing.T) {
	d := openClear(t, nil)
	c := d.dialClear(t)
	c.want("", "220 ")
	if err := d.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.want("", "421 4.3.2 stopping: ")
	c.gone()
	if conn, err := net.Dial("tcp", d.addr); err == nil {
		conn.Close()
		t.Error("the door is still open")
	}
}
