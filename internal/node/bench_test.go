package node_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/localca"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/pgpcert"
)

const domain = "gsp.example"

// BenchmarkSubmission measures sealed mails of 8 KiB accepted a second, over
// TLS, on 1, 16 and 64 connections: by the gateway, where accepted means
// stored and synced, and in the same run by a peer made of the same libraries
// that keeps mail in memory and looks at nothing. The load client runs on the
// same processors.
func BenchmarkSubmission(b *testing.B) {
	for _, connections := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("gateway/%d", connections), func(b *testing.B) {
			target, mail := benchGateway(b)
			load(b, target, mail, connections)
		})
		b.Run(fmt.Sprintf("peer/%d", connections), func(b *testing.B) {
			_, mail := benchGateway(b) // the same mail, and as much else in memory
			load(b, benchPeer(b), mail, connections)
		})
	}
}

// BenchmarkFullMailbox measures the same where the mailbox that receives is
// empty, where it holds 20,000 mails, and where besides a session in IDLE
// watches it. The three are to be within a tenth of each other.
func BenchmarkFullMailbox(b *testing.B) {
	full, mail := benchGateway(b)
	fillers := make([]*smtp.Client, 64)
	for i := range fillers {
		fillers[i] = dialSender(b, full)
	}
	send(b, full, fillers, mail, 20_000)
	for _, connections := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("empty/%d", connections), func(b *testing.B) {
			empty, mail := benchGateway(b)
			load(b, empty, mail, connections)
		})
		b.Run(fmt.Sprintf("full/%d", connections), func(b *testing.B) { load(b, full, mail, connections) })
		b.Run(fmt.Sprintf("watched/%d", connections), func(b *testing.B) {
			r := dialReader(b, full, "ke1", full.reader)
			r.do(b, "SELECT Authority/ke/INBOX")
			r.do(b, "IDLE")
			go io.Copy(io.Discard, r)
			load(b, full, mail, connections)
		})
	}
}

// target is a server to be loaded.
type target struct {
	addr     string // of submission
	imap     string // of reading, "" for none
	roots    *x509.CertPool
	password string // of fr1
	reader   string // of ke1
	tls      *tls.Config
	sent     *atomic.Int64 // the number of the last mail
}

// placeholder is what send replaces, so that each mail has a Message-ID of its
// own.
const placeholder = "00000000"

// load submits b.N mails over a number of connections.
func load(b *testing.B, at target, mail []byte, connections int) {
	clients := make([]*smtp.Client, connections)
	for i := range clients {
		clients[i] = dialSender(b, at)
	}
	b.SetBytes(int64(len(mail)))
	before := processorTime(b)
	b.ResetTimer()
	send(b, at, clients, mail, b.N)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-us/mail")
}

// dialSender logs fr1 in.
func dialSender(b *testing.B, at target) *smtp.Client {
	conn, err := tls.Dial("tcp", at.addr, &tls.Config{RootCAs: at.roots, ServerName: domain})
	if err != nil {
		b.Fatal(err)
	}
	c, err := smtp.NewClient(conn, domain)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	if err := c.Auth(plainAuth{"fr1", at.password}); err != nil {
		b.Fatal(err)
	}
	return c
}

// send submits n mails that were not sent before.
func send(b *testing.B, at target, clients []*smtp.Client, mail []byte, n int) {
	place := bytes.Index(mail, []byte(placeholder))
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			own := bytes.Clone(mail)
			for left.Add(-1) >= 0 {
				copy(own[place:], fmt.Sprintf("%08d", at.sent.Add(1)))
				if err := submit(c, own); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func submit(c *smtp.Client, mail []byte) error {
	if err := c.Mail("fr1@" + domain); err != nil {
		return err
	}
	if err := c.Rcpt("ke@" + domain); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(mail); err != nil {
		return err
	}
	return w.Close()
}

// plainAuth is AUTH PLAIN without net/smtp's own check of the server's name.
type plainAuth struct{ user, password string }

func (a plainAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}
func (plainAuth) Next([]byte, bool) ([]byte, error) { return nil, nil }

// benchGateway starts a gateway with two Parties and an officer, and makes a
// mail that it accepts.
func benchGateway(tb testing.TB) (target, []byte) {
	c := config.Default()
	c.Data = filepath.Join(tb.TempDir(), "data")
	c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Limits.MailsPerHour, c.Limits.RecipientsPerHour, c.Limits.AppendsPerHour = 0, 0, 0
	c.IMAP.ConnectionsPerAccount, c.IMAP.ConnectionsPerAddress = 2000, 2000
	g, err := node.Start(tb.Context(), c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Shutdown(tb.Context()); err != nil && !errors.Is(err, tb.Context().Err()) {
			tb.Error(err)
		}
	})
	pem, err := os.ReadFile(g.CA)
	if err != nil {
		tb.Fatal(err)
	}
	at := target{addr: g.SMTP.String(), imap: g.IMAP.String(), roots: x509.NewCertPool(), sent: new(atomic.Int64)}
	at.roots.AppendCertsFromPEM(pem)

	do(tb, c, admin.LibraryImport, admin.NewLibrary{File: "library", Text: configs.Library})
	do(tb, c, admin.PartyAdd, admin.NewParty{ID: "fr", Name: "France"})
	do(tb, c, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	at.password = do(tb, c, admin.AccountAdd, admin.NewAccount{Login: "fr1", Party: "fr"}).Password
	at.reader = do(tb, c, admin.AccountAdd, admin.NewAccount{Login: "ke1", Party: "ke"}).Password
	ke, fr1 := publish(tb, c, "ke"), publish(tb, c, "fr1")
	return at, sealedMail(tb, fr1, ke)
}

func do[In, Out any](tb testing.TB, c config.Config, verb admin.Verb[In, Out], in In) Out {
	tb.Helper()
	out, err := control.Do(tb.Context(), c.Data, verb, in)
	if err != nil {
		tb.Fatalf("%s: %v", verb.Name, err)
	}
	return out
}

func publish(tb testing.TB, c config.Config, local string) *keyring.Key {
	tb.Helper()
	key, err := keyring.Generate(local, gsp.Address{Local: local, Domain: domain}, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		tb.Fatal(err)
	}
	do(tb, c, admin.KeyImport, admin.NewKey{Address: local, Bytes: public})
	return key
}

// sealedMail makes a request of about 8 KiB.
func sealedMail(tb testing.TB, from, to *keyring.Key) []byte {
	tb.Helper()
	cert, err := to.Cert()
	if err != nil {
		tb.Fatal(err)
	}
	return sealedMailFor(tb, from, cert)
}

// sealedMailFor makes one for a certificate alone.
func sealedMailFor(tb testing.TB, from *keyring.Key, cert *pgpcert.Cert) []byte {
	tb.Helper()
	text := make([]byte, 2400) // in hexadecimal twice as long; sealed and armoured 8 KiB
	if _, err := rand.Read(text); err != nil {
		tb.Fatal(err)
	}
	mail, err := client.Compose(client.Draft{
		From: from.Address(), To: []gsp.Address{cert.Address()}, MessageID: "<" + placeholder + "@" + domain + ">",
		Subject: "Packs", Text: fmt.Sprintf("%x", text), For: []*pgpcert.Cert{cert}, Signer: from,
		Claims: []gsp.Claim{{UIM: gsp.NewUIM("KE7########"), Count: 12, Level: gsp.Unit}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return mail
}

// benchPeer starts go-smtp in front of go-imap's store in memory.
func benchPeer(tb testing.TB) target {
	issued, err := localca.Ensure(tb.TempDir(), localca.Names(domain), localca.Loopback(), time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	pair, err := localca.Open(issued.Certificate, issued.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	user := imapmemserver.NewUser("ke", "")
	if err := user.Create("INBOX", nil); err != nil {
		tb.Fatal(err)
	}
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &memorySession{user: user}, nil }))
	s.Domain, s.MaxMessageBytes = domain, 25<<20
	l, err := tls.Listen("tcp", "127.0.0.1:0", pair.Config())
	if err != nil {
		tb.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	tb.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil && !errors.Is(err, gosmtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			tb.Error(err)
		}
	})
	pem, err := os.ReadFile(issued.CA)
	if err != nil {
		tb.Fatal(err)
	}
	at := target{addr: l.Addr().String(), roots: x509.NewCertPool(), tls: pair.Config(), sent: new(atomic.Int64)}
	at.roots.AppendCertsFromPEM(pem)
	return at
}

// memorySession takes any login and any mail.
type memorySession struct{ user *imapmemserver.User }

func (*memorySession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (*memorySession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}
func (*memorySession) Mail(string, *gosmtp.MailOptions) error { return nil }
func (*memorySession) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (*memorySession) Reset()                                 {}
func (*memorySession) Logout() error                          { return nil }

func (s *memorySession) Data(r io.Reader) error {
	mail, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, err = s.user.Append("INBOX", literal{bytes.NewReader(mail)}, &imap.AppendOptions{Time: time.Now()})
	return err
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }
