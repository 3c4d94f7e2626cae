package smtpd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
	"gsp.example/gsp/smtpd"
)

const (
	domain    = "gsp.example"
	officer   = "customs1.ke@gsp.example"
	password  = "correct"
	colleague = "colleague" // the password of another account, which may send as the officer
	body      = "From: customs1.ke@gsp.example\r\n\r\nhello\r\n"
)

// roll is who may log in and which addresses there are.
type roll struct{}

func (roll) Authenticate(_ context.Context, login, secret string) (gsp.Account, error) {
	switch {
	case secret == "busy":
		return gsp.Account{}, &gsp.Refusal{Reason: gsp.TooBusy, Cause: "too many failed logins", Remedy: "wait"}
	case secret == "broken":
		return gsp.Account{}, fmt.Errorf("read secret file: %w", context.DeadlineExceeded)
	case secret == colleague:
		return gsp.Account{ID: 8, Login: "customs1.ke", Party: "ke"}, nil
	case login != officer || secret != password:
		return gsp.Account{}, &gsp.Refusal{Reason: gsp.BadLogin, Cause: "login or password is wrong", Remedy: "look again"}
	}
	return gsp.Account{ID: 7, Login: "customs1.ke", Party: "ke"}, nil
}

func (roll) Mechanisms(peer.Peer) []string { return []string{sasl.Plain} }

func (r roll) Exchange(mechanism string, _ peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool) {
	if mechanism != sasl.Plain {
		return nil, false
	}
	return sasl.NewPlainServer(func(_, login, secret string) error {
		account, err := r.Authenticate(context.Background(), login, secret)
		if err == nil {
			loggedIn(account)
		}
		return err
	}), true
}

func (roll) Sender(account gsp.AccountID, from gsp.Address) error {
	if account != 7 && account != 8 || from.String() != officer {
		return &gsp.Refusal{Reason: gsp.WrongSender, Cause: "not your address", Remedy: "use your own"}
	}
	return nil
}

func (roll) Recipient(to gsp.Address) error {
	if to.Domain != domain || to.Local == "nobody" {
		return &gsp.Refusal{Reason: gsp.UnknownRecipient, Cause: "not registered", Remedy: "look it up"}
	}
	return nil
}

// recorder keeps what the door hands in and answers as it was told.
type recorder struct {
	mu     sync.Mutex
	got    []gsp.Submission
	answer func(context.Context, gsp.Submission) (gsp.Receipt, error)
	forget bool
}

func (r *recorder) Submit(ctx context.Context, s gsp.Submission) (gsp.Receipt, error) {
	if r.forget {
		return gsp.Receipt{Case: "2026-KE-7Q4M2"}, nil
	}
	r.mu.Lock()
	r.got = append(r.got, s)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		return answer(ctx, s)
	}
	return gsp.Receipt{Case: "2026-KE-7Q4M2"}, nil
}

func (r *recorder) mails() []gsp.Submission {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// take returns what was handed in since the last take.
func (r *recorder) take() []gsp.Submission {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// door is a running Server with what it needs around it.
type door struct {
	server *smtpd.Server
	addr   string
	tls    *tls.Config // for clients
	store  *recorder
	log    *syncBuffer
	served chan error
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func openDoor(t testing.TB, change func(*smtpd.Server)) *door {
	t.Helper()
	serverTLS, clientTLS := certificate(t)
	d := &door{store: &recorder{}, log: &syncBuffer{}, tls: clientTLS, served: make(chan error, 1)}
	d.server = &smtpd.Server{
		Accounts:  roll{},
		Submitter: d.store,
		TLS:       serverTLS,
		Domain:    domain,
		Help:      "https://gsp.example/help/",
		Log:       slog.New(slog.NewTextHandler(d.log, nil)),
	}
	if change != nil {
		change(d.server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = l.Addr().String()
	go func() { d.served <- d.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		d.server.Shutdown(ctx)
	})
	return d
}

var certificate = func() func(testing.TB) (server, client *tls.Config) {
	make := sync.OnceValues(func() (tls.Certificate, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1),
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter:     time.Now().Add(time.Hour),
			DNSNames:     []string{domain},
			IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			return tls.Certificate{}, err
		}
		leaf, err := x509.ParseCertificate(der)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
	})
	return func(t testing.TB) (server, client *tls.Config) {
		t.Helper()
		c, err := make()
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AddCert(c.Leaf)
		return &tls.Config{Certificates: []tls.Certificate{c}}, &tls.Config{RootCAs: pool, ServerName: domain}
	}
}()

// client speaks to the door line by line.
type client struct {
	t    testing.TB
	conn interface {
		net.Conn
		CloseWrite() error
	}
	in       *bufio.Reader
	dripping sync.WaitGroup
}

func (d *door) dial(t testing.TB) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", d.addr, d.tls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatalf("send %.40q: %v", text, err)
	}
}

// reply reads one whole reply.
func (c *client) reply() string {
	c.t.Helper()
	var all strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", all.String(), err)
		}
		if len(line) > 512 {
			c.t.Errorf("reply line of %d octets, want at most 512", len(line))
		}
		all.WriteString(line)
		if len(line) > 3 && line[3] == ' ' {
			return strings.TrimRight(all.String(), "\r\n")
		}
	}
}

// want sends text and compares the beginning of the reply to it.
func (c *client) want(text, reply string) string {
	c.t.Helper()
	if text != "" {
		c.send(text)
	}
	got := c.reply()
	if !strings.HasPrefix(got, reply) {
		c.t.Fatalf("%.60q: got %q, want %q", text, got, reply)
	}
	return got
}

// gone wants the connection to end without another reply.
func (c *client) gone() {
	c.t.Helper()
	if line, err := c.in.ReadString('\n'); err == nil || line != "" {
		c.t.Errorf("got %q, %v, want the end of the connection", line, err)
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		c.t.Error("the connection stays open")
	}
}

func plain(login, secret string) string {
	return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+login+"\x00"+secret)) + "\r\n"
}

// login returns a client that is logged in.
func (d *door) login(t testing.TB) *client {
	t.Helper()
	return d.loginBy(t, password)
}

func (d *door) loginBy(t testing.TB, secret string) *client {
	t.Helper()
	c := d.dial(t)
	c.want("", "220 "+domain+" ")
	c.want("EHLO client.example\r\n", "250-"+domain+"\r\n")
	c.want(plain(officer, secret), "235 2.7.0")
	return c
}

// ready returns a client that may send DATA.
func (d *door) ready(t testing.TB) *client {
	t.Helper()
	c := d.login(t)
	c.envelope()
	return c
}

func (c *client) envelope() {
	c.t.Helper()
	c.want("MAIL FROM:<"+officer+">\r\n", "250 2.")
	c.want("RCPT TO:<ke@gsp.example>\r\n", "250 2.")
}
