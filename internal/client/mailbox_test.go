package client_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
)

// readable is a server that somebody else wrote, with one account and an
// empty INBOX.
func readable(t *testing.T) (deliver func(raw []byte), login client.Login) {
	t.Helper()
	config, roots := authority(t)
	user := imapmemserver.NewUser("ke1.ke", "correct horse")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	memory := imapmemserver.New()
	memory.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIdle: {}},
	})
	l := tls.NewListener(listen(t), config)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	deliver = func(raw []byte) {
		if _, err := user.Append("INBOX", bytes.NewReader(raw), &imap.AppendOptions{}); err != nil {
			t.Error(err)
		}
	}
	return deliver, client.Login{
		Server: l.Addr().String(), TLS: &tls.Config{RootCAs: roots}, User: "ke1.ke", Password: "correct horse",
	}
}

func TestWaitForMail(t *testing.T) {
	deliver, login := readable(t)
	deliver([]byte("Subject: old\r\n\r\n"))
	m, err := client.OpenMailbox(t.Context(), login, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	// One that comes before the client waits, and one while it does.
	mails := [][]byte{[]byte("Subject: one\r\n\r\n1\r\n"), []byte("Subject: two\r\n\r\n2\r\n")}
	deliver(mails[0])
	for i, want := range mails {
		uids, err := m.WaitNew(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(uids) != 1 || uids[0] != uint32(i+2) {
			t.Fatalf("got UIDs %d, want %d", uids, i+2)
		}
		raw, err := m.Fetch(t.Context(), uids[0])
		if err != nil || !bytes.Equal(raw, want) {
			t.Errorf("got %q, %v, want %q", raw, err, want)
		}
		if i == 0 {
			go deliver(mails[1])
		}
	}
	if uids, err := m.UIDs(t.Context()); err != nil || !slices.Equal(uids, []uint32{1, 2, 3}) {
		t.Errorf("got %d, %v", uids, err)
	}
	if _, err := m.Fetch(t.Context(), 99); err == nil {
		t.Error("fetched a message that is not there")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	_, login := readable(t)
	m, err := client.OpenMailbox(t.Context(), login, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	reason := errors.New("the officer went home")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, reason)
	defer cancel()
	if _, err := m.WaitNew(ctx); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
}

func TestMailboxThatIsNotThere(t *testing.T) {
	_, login := readable(t)
	if _, err := client.OpenMailbox(t.Context(), login, "Elsewhere"); err == nil {
		t.Error("opened")
	}
	login.Password = "guess"
	if _, err := client.OpenMailbox(t.Context(), login, "INBOX"); err == nil {
		t.Error("logged in with a wrong password")
	}
}

// A sealed mail comes whole through a mailbox.
func TestFetchAndOpen(t *testing.T) {
	deliver, login := readable(t)
	ke, keCert := generate(t, "ke")
	fr, frCert := generate(t, "fr1.fr")
	m, err := client.OpenMailbox(t.Context(), login, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	deliver(compose(t, client.Draft{
		From: address("fr1.fr"), To: []gsp.Address{address("ke")}, Subject: "900 packs", Text: "When?\n", For: certs(keCert), Signer: fr,
	}))
	uids, err := m.WaitNew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := m.Fetch(t.Context(), uids[0])
	if err != nil {
		t.Fatal(err)
	}
	o, err := client.Open(raw, keys(ke), certs(frCert))
	if err != nil || o.Subject != "900 packs" || o.Text != "When?\r\n" || o.SignedBy != frCert {
		t.Errorf("got %+v, %v", o, err)
	}
}
