package smtpd_test

import (
	"strings"
	"testing"
)

func TestSubmission(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial(t)
	c.want("", "220 gsp.example ")
	got := c.want("EHLO client.example\r\n", "250-")
	want := strings.Join([]string{
		"250-gsp.example",
		"250-PIPELINING",
		"250-8BITMIME",
		"250-ENHANCEDSTATUSCODES",
		"250-AUTH PLAIN LOGIN",
		"250-SMTPUTF8",
		"250-LIMITS RCPTMAX=100",
		"250-REQUIRETLS",
		"250 SIZE 26214400",
	}, "\r\n")
	if got != want {
		t.Errorf("EHLO:\ngot  %q\nwant %q", got, want)
	}
	c.want(plain(officer, password), "235 ")
	c.want("MAIL FROM:<Customs1.KE@GSP.example> SIZE=100 BODY=8BITMIME REQUIRETLS SMTPUTF8\r\n", "250 ")
	c.want("RCPT TO:<KE@gsp.example>\r\n", "250 ")
	c.want("RCPT TO:<ke@gsp.example>\r\n", "250 ")
	c.want("RCPT TO:<h\xc3\xa9l\xc3\xa8ne@gsp.example>\r\n", "550 5.1.1 unknown-recipient: every address here consists of letters a to z, ")
	c.want("RCPT TO:<nobody@gsp.example>\r\n",
		"550 5.1.1 unknown-recipient: not registered. Look it up. https://gsp.example/help/unknown-recipient")
	c.want("DATA\r\n", "354 ")
	c.want("A: b\r\n\r\n..dot\r\n...\r\n\xc3\xa9\r\n.\r\n", "250 2.0.0 stored, case 2026-KE-7Q4M2")
	c.want("QUIT\r\n", "221 ")
	c.gone()

	mails := d.store.mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	m := mails[0]
	if got, want := string(m.Raw), "A: b\r\n\r\n.dot\r\n..\r\n\xc3\xa9\r\n"; got != want {
		t.Errorf("mail: got %q, want %q", got, want)
	}
	if m.Account.ID != 7 || m.Sender.String() != officer || m.At.IsZero() {
		t.Errorf("submission: account %d, sender %s, at %v", m.Account.ID, m.Sender, m.At)
	}
	if len(m.Recipients) != 1 || m.Recipients[0].String() != "ke@gsp.example" {
		t.Errorf("recipients: got %v, want ke@gsp.example once", m.Recipients)
	}
}
