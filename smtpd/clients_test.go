package smtpd_test

import (
	"crypto/tls"
	"errors"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

func TestGoSMTPClient(t *testing.T) {
	d := openDoor(t, nil)
	c, err := gosmtp.DialTLS(d.addr, d.tls)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Auth(sasl.NewPlainClient("", officer, password)); err != nil {
		t.Fatal(err)
	}
	if size, ok := c.MaxMessageSize(); !ok || size != 25<<20 {
		t.Errorf("SIZE: got %d, %v, want %d", size, ok, 25<<20)
	}
	for range 2 {
		if err := c.SendMail(officer, []string{"ke@gsp.example", "eu@gsp.example"}, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	err = c.SendMail(officer, []string{"nobody@gsp.example"}, strings.NewReader(body))
	var refused *gosmtp.SMTPError
	if !errors.As(err, &refused) || refused.Code != 550 || refused.EnhancedCode != (gosmtp.EnhancedCode{5, 1, 1}) ||
		!strings.HasPrefix(refused.Message, "unknown-recipient: ") {
		t.Errorf("nobody: got %v", err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	for _, m := range d.store.mails() {
		if string(m.Raw) != body || len(m.Recipients) != 2 {
			t.Errorf("got %q to %v", m.Raw, m.Recipients)
		}
	}
}

// net/smtp announces no size, so the mail's room has to grow.
func TestStandardLibraryClient(t *testing.T) {
	d := openDoor(t, nil)
	conn, err := tls.Dial("tcp", d.addr, d.tls)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, domain)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Auth(smtp.PlainAuth("", officer, password, domain)); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 20_000)
	if err := c.Mail(officer); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("ke@gsp.example"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(large)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if mails := d.store.mails(); len(mails) != 1 || string(mails[0].Raw) != large {
		t.Error("the mail was changed on the way")
	}
	var refused *textproto.Error
	if err := c.Mail("fr1@gsp.example"); !errors.As(err, &refused) || refused.Code != 550 {
		t.Errorf("another's address: got %v", err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
}

// A browser led to this port by an attacker does not get as far as a word.
func TestOtherProtocolIsRefused(t *testing.T) {
	d := openDoor(t, nil)
	config := d.tls.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	if _, err := tls.Dial("tcp", d.addr, config); err == nil {
		t.Error("a client of HTTP was let in")
	}
	config.NextProtos = []string{"smtp"}
	conn, err := tls.Dial("tcp", d.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != "smtp" {
		t.Errorf("protocol: got %q, want smtp", got)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	d := openDoor(t, nil)
	config := d.tls.Clone()
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if _, err := tls.Dial("tcp", d.addr, config); err == nil {
		t.Error("TLS 1.1 was let in")
	}
}
