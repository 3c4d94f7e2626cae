package imapd_test

import (
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"
)

// A program opens its mailbox with the key of its certificate, and is offered
// that only where the key is known.
func TestCertificateLogsIn(t *testing.T) {
	w := newWorld(t)
	own, strange := newCertificate(), newCertificate()
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	w.pin = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)

	c := w.connect(own)
	if !strings.Contains(c.greeting, " AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=EXTERNAL]") {
		t.Errorf("greeting %q, want EXTERNAL in it", c.greeting)
	}
	c.refused("AUTHENTICATE EXTERNAL YW5u", "NO [AUTHENTICATIONFAILED] bad-login: acting for another account") // ann
	c.ok("AUTHENTICATE EXTERNAL =")
	c.ok("SELECT INBOX")
	c.want("NAMESPACE", `* NAMESPACE (("" "/")) NIL (("Authority/" "/"))`)

	for _, c := range []*client{w.connect(strange), w.connect()} {
		if strings.Contains(c.greeting, "EXTERNAL") || !strings.Contains(c.greeting, " AUTH=SCRAM-SHA-256-PLUS ") {
			t.Errorf("greeting %q, want no EXTERNAL", c.greeting)
		}
		c.refused("AUTHENTICATE EXTERNAL =", "NO [CANNOT] this login mechanism is not offered")
		c.ok("LOGIN bob pw")
	}
}

// Several lines go to and fro, and a client may give up between them.
func TestExchangeOfSeveralLines(t *testing.T) {
	w := newWorld(t)
	c := w.connect()
	c.tags++
	c.Conn.Write([]byte("t1 AUTHENTICATE SCRAM-SHA-256\r\n"))
	for _, step := range []struct{ want, answer string }{
		{"+ ", "biwsbj1hbm4scj14"}, // n,,n=ann,r=x
		{"+ cj14", "*"},            // r=x...
		{"t1 BAD ", ""},
	} {
		if got := c.line(); !strings.HasPrefix(got, step.want) {
			t.Fatalf("got %q, want %q...", got, step.want)
		}
		if step.answer != "" {
			c.Conn.Write([]byte(step.answer + "\r\n"))
		}
	}
	c.refused("AUTHENTICATE SCRAM-SHA-256 eSwsbj1hbm4scj14", // y,,n=ann,r=x
		"NO [AUTHENTICATIONFAILED] bad-login: the login is not bound to this connection")
	c.ok("LOGIN ann pw")
}

func TestConnectionsOfAnAccount(t *testing.T) {
	w := newWorld(t)
	w.door.PerAccount = 2
	first, second := w.login("ann"), w.login("ann")
	third := w.connect()
	third.refused("LOGIN ann pw", "NO [UNAVAILABLE] too-busy: too many connections of your account are open.")
	third.refused("AUTHENTICATE PLAIN AGFubgBwdw==", "NO [UNAVAILABLE] too-busy: ")
	third.ok("LOGIN bob pw")
	first.ok("LOGOUT")
	// The door counts the first one out when it has seen it close.
	for {
		c := w.connect()
		if _, result := c.do("LOGIN ann pw"); strings.HasPrefix(result, "OK") {
			break
		}
		c.ok("LOGOUT")
	}
	second.ok("NOOP")
}
