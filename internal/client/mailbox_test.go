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
	"github.com/emersion/go-sasl"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/bell"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/store/sqlite"
)

// post delivers a sealed mail to the INBOX of ke1.ke.
type post func(raw []byte)

// servers are the gateway's own reading door and one that somebody else wrote,
// each with the account ke1.ke and an empty INBOX.
var servers = map[string]func(*testing.T) (post, client.Login){"gateway": gateway, "go-imap": library}

func gateway(t *testing.T) (post, client.Login) {
	t.Helper()
	config, roots := authority(t)
	var bells bell.Tower[gsp.MailboxID]
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{
		OnCommit: func(ids []gsp.MailboxID) { bells.Ring(ids...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if _, err := store.Apply(t.Context(), gsp.Change{
		Parties:  []gsp.Party{{ID: "ke", Name: "Kenya", Registered: time.Now()}},
		Accounts: []gsp.Account{{Login: "ke1.ke", Party: "ke", Kind: gsp.Officer, Issued: time.Now()}},
	}); err != nil {
		t.Fatal(err)
	}
	door := &imapd.Server{Accounts: reader{}, Tree: store, Messages: store, Bells: &bells, TLS: config, Domain: "gsp.example"}
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- door.Serve(l) }()
	t.Cleanup(func() {
		if err := door.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	})
	deliver := func(raw []byte) {
		m, err := sealed.Inspect(raw)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := store.Post(context.Background(), gsp.Posting{
			Message:    m,
			Summary:    gsp.Summary{Layout: m.Layout()},
			Deliveries: []gsp.Delivery{{Mailbox: gsp.Inbox("ke1.ke"), Party: "ke", Received: time.Now()}},
			Event:      gsp.Event{At: time.Now(), Kind: gsp.MailAccepted},
		}); err != nil {
			t.Error(err)
		}
	}
	return deliver, client.Login{
		Server: l.Addr().String(), TLS: &tls.Config{RootCAs: roots}, User: "ke1.ke", Password: "correct horse",
	}
}

// reader answers for the registry: ke1.ke may read its own mailboxes.
type reader struct{}

func (reader) Authenticate(_ context.Context, _ peer.Peer, login, password string) (gsp.Account, error) {
	if login != "ke1.ke" || password != "correct horse" {
		return gsp.Account{}, &gsp.Refusal{Reason: gsp.BadLogin, Cause: "login or password is wrong", Remedy: "check both"}
	}
	return gsp.Account{ID: 1, Login: login, Party: "ke"}, nil
}

func (reader) Mechanisms(peer.Peer) []string { return []string{sasl.Plain} }

func (r reader) Exchange(_ string, p peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool) {
	return sasl.NewPlainServer(func(_, login, password string) error {
		account, err := r.Authenticate(context.Background(), p, login, password)
		if err == nil {
			loggedIn(account)
		}
		return err
	}), true
}

func (reader) Shelves(gsp.AccountID) []gsp.Shelf {
	return []gsp.Shelf{{Owner: "ke1.ke", Rights: gsp.MayRead | gsp.MayFlag}}
}

func library(t *testing.T) (post, client.Login) {
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
	deliver := func(raw []byte) {
		if _, err := user.Append("INBOX", bytes.NewReader(raw), &imap.AppendOptions{}); err != nil {
			t.Error(err)
		}
	}
	return deliver, client.Login{
		Server: l.Addr().String(), TLS: &tls.Config{RootCAs: roots}, User: "ke1.ke", Password: "correct horse",
	}
}

func TestWaitForMail(t *testing.T) {
	ke, keCert := generate(t, "ke")
	fr, frCert := generate(t, "fr1.fr")
	mail := func(subject string) []byte {
		return compose(t, client.Draft{
			From: address("fr1.fr"), To: []gsp.Address{address("ke")}, Subject: subject, Text: "When?\n", For: certs(keCert), Signer: fr,
		})
	}
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			// A mail that never comes fails the test, not the whole run.
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			deliver, login := serve(t)
			deliver(mail("old"))
			m, err := client.OpenMailbox(t.Context(), login, "INBOX")
			if err != nil {
				t.Fatal(err)
			}
			// One that comes before the client waits, and one while it does.
			subjects := []string{"900 packs", "one carton"}
			deliver(mail(subjects[0]))
			for i, want := range subjects {
				uids, err := m.WaitNew(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(uids, []uint32{uint32(i + 2)}) {
					t.Fatalf("got UIDs %d, want %d", uids, i+2)
				}
				raw, err := m.Fetch(t.Context(), uids[0])
				if err != nil {
					t.Fatal(err)
				}
				o, err := client.Open(raw, keys(ke), certs(frCert))
				if err != nil || o.Subject != want || o.Text != "When?\n" || o.SignedBy != frCert {
					t.Errorf("got %+v, %v, want %q", o, err, want)
				}
				switch {
				case i > 0:
				case name == "gateway":
					go deliver(mail(subjects[1]))
				default:
					// go-imap's server (v2.0.0-beta.8) does not tell of what comes between
					// the last command and IDLE.
					deliver(mail(subjects[1]))
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
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			_, login := serve(t)
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
		})
	}
}

func TestMailboxThatIsNotThere(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			_, login := serve(t)
			if _, err := client.OpenMailbox(t.Context(), login, "Elsewhere"); err == nil {
				t.Error("opened")
			}
			login.Password = "guess"
			if _, err := client.OpenMailbox(t.Context(), login, "INBOX"); err == nil {
				t.Error("logged in with a wrong password")
			}
		})
	}
}
