package imapd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/bell"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
)

// world is a reading door on a real store, with three accounts: ann and bob of
// Kenya, who may read ke@, and eve, who may not.
type world struct {
	*auth.Authenticator
	t      testing.TB
	folder string
	store  *sqlite.Store
	bells  *bell.Tower[gsp.MailboxID]
	door   *imapd.Server
	log    *lines
	addr   string

	pin [sha256.Size]byte // of bob's certificate

	mu      sync.Mutex
	shelves map[gsp.AccountID][]gsp.Shelf
	ids     map[string]gsp.AccountID
}

// mailboxLimit is how many mailboxes an account may have.
const mailboxLimit = 40

const all = gsp.MayRead | gsp.MayFlag | gsp.MayInsert | gsp.MayRemove | gsp.MayManage

// newWorld opens a door, with settings of the test's own.
func newWorld(t testing.TB, settings ...func(*imapd.Server)) *world {
	bells := new(bell.Tower[gsp.MailboxID])
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{
		OnCommit: func(ids []gsp.MailboxID) { bells.Ring(ids...) }, Mailboxes: mailboxLimit,
	})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{t: t, folder: folder, store: store, bells: bells, log: new(lines), shelves: make(map[gsp.AccountID][]gsp.Shelf), ids: make(map[string]gsp.AccountID)}

	w.Authenticator = auth.NewAuthenticator(auth.Options{Domain: "gsp.example", Login: w.known, Pin: w.pinned, Now: time.Now})

	now := time.Now().UTC()
	change := gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya", Registered: now}}}
	for _, login := range []string{"ann", "bob", "eve"} {
		change.Accounts = append(change.Accounts, gsp.Account{Login: login, Party: "ke", Kind: gsp.Officer, Issued: now})
	}
	for _, a := range change.Accounts {
		made, err := store.Apply(t.Context(), gsp.Change{Parties: change.Parties, Accounts: []gsp.Account{a}})
		if err != nil {
			t.Fatalf("make account: %v", err)
		}
		id := made.Accounts[0].ID
		w.ids[a.Login] = id
		w.shelves[id] = []gsp.Shelf{{Owner: a.Login, Rights: all}}
		if a.Login != "eve" {
			w.shelves[id] = append(w.shelves[id], gsp.Shelf{
				Owner: "ke", Prefix: "Authority/ke/", Rights: gsp.MayRead | gsp.MayFlag,
			})
		}
	}
	w.door = &imapd.Server{
		Accounts: w, Keeper: w, Tree: store, Messages: store, Bells: bells,
		TLS:          &tls.Config{Certificates: []tls.Certificate{certificate()}},
		Certificates: func() bool { return true },

		Domain: "gsp.example", Help: "https://gsp.example/help/", MaxMessage: 1 << 20,
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Appends: -1,
	}
	for _, set := range settings {
		set(w.door)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- w.door.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.door.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-done; err != imapd.ErrStopped {
			t.Errorf("serve: got %v, want %v", err, imapd.ErrStopped)
		}
	})
	return w
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// known finds the people, who all have the password "pw".
func (w *world) known(login string) (gsp.Account, gsp.Credential, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, ok := w.ids[login]
	return gsp.Account{ID: id, Login: login, Party: "ke"}, everybodys(), ok
}

// pinned finds bob by his certificate.
func (w *world) pinned(pin [sha256.Size]byte) (gsp.Account, bool) {
	account, _, _ := w.known("bob")
	return account, pin == w.pin
}

var everybodys = sync.OnceValue(func() gsp.Credential { return auth.NewCredential(0, "pw", time.Time{}) })

// Shelves answers from memory, as the registry does.
func (w *world) Shelves(id gsp.AccountID) []gsp.Shelf {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.shelves[id])
}

// grant changes what login may do with the mailboxes of ke@.
func (w *world) grant(login string, rights gsp.Rights) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shelves := slices.Clone(w.shelves[w.ids[login]])
	shelves[1].Rights = rights
	w.shelves[w.ids[login]] = shelves
}

// disable leaves login nothing that it may open.
func (w *world) disable(login string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.shelves, w.ids[login])
}

// Keep puts a sealed mail away as it is: who may keep what is the router's
// business.
func (w *world) Keep(ctx context.Context, k gsp.Keeping) (gsp.Receipt, error) {
	m, err := sealed.Inspect(k.Raw)
	if err != nil {
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.NotSealed,
			Cause:  "this mail is not encrypted",
			Remedy: "turn on OpenPGP encryption and save it again",
			Err:    err,
		}
	}
	box, err := w.store.Mailbox(ctx, k.Mailbox)
	if err != nil {
		return gsp.Receipt{}, err
	}
	return w.store.Post(ctx, gsp.Posting{
		Message: m,
		Summary: gsp.Summary{Envelope: envelope, Layout: m.Layout()},
		Deliveries: []gsp.Delivery{{
			Mailbox: box.Name, Flags: k.Flags, Keywords: k.Keywords, Received: k.Received,
		}},
		Event: gsp.Event{At: k.At, Kind: gsp.MailKept, Account: k.Account.ID},
	})
}

var envelope = gsp.Envelope{
	Date:      time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
	Subject:   "GSP reply 2026-KE-7Q4M2",
	From:      gsp.Address{Local: "ann", Domain: "gsp.example"},
	To:        []gsp.Address{{Local: "fr", Domain: "gsp.example"}},
	MessageID: "<kept@gsp.example>",
	InReplyTo: []string{"<one@gsp.example>", "<two@gsp.example>"},
}

var received = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

// deliver posts mails of some sizes and returns their octets.
func (w *world) deliver(owner, name string, sizes ...int) (mails [][]byte) {
	w.t.Helper()
	for _, size := range sizes {
		m, summary := storetest.Mail(w.t, size)
		_, err := w.store.Post(w.t.Context(), gsp.Posting{
			Message: m, Summary: summary,
			Deliveries: []gsp.Delivery{{Mailbox: gsp.MailboxName{Owner: owner, Name: name}, Party: "ke", Received: received}},
			Event:      gsp.Event{At: received, Kind: gsp.MailAccepted, Party: "fr"},
		})
		if err != nil {
			w.t.Fatalf("deliver: %v", err)
		}
		mails = append(mails, m.Raw())
	}
	return mails
}

func (w *world) box(owner, name string) gsp.Mailbox {
	w.t.Helper()
	boxes, err := w.store.Mailboxes(w.t.Context(), owner)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, box := range boxes {
		if box.Name.Name == name {
			return box
		}
	}
	w.t.Fatalf("no mailbox %s of %s", name, owner)
	return gsp.Mailbox{}
}

// client is a connection on which lines are written and read as they are.
type client struct {
	t testing.TB
	net.Conn
	*bufio.Reader
	tags     int
	greeting string
}

func (w *world) connect(own ...tls.Certificate) *client {
	w.t.Helper()
	conn, err := tls.Dial("tcp", w.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"imap"}, Certificates: own})
	if err != nil {
		w.t.Fatalf("connect: %v", err)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := &client{t: w.t, Conn: conn, Reader: bufio.NewReader(conn)}
	if got := c.line(); !strings.HasPrefix(got, "* OK [CAPABILITY ID ACL RIGHTS=texk QUOTA QUOTA=RES-STORAGE IMAP4rev2 IMAP4rev1 ") {
		w.t.Fatalf("greeting %q", got)
	} else {
		c.greeting = got
	}
	return c
}

func (w *world) login(name string) *client {
	w.t.Helper()
	c := w.connect()
	c.ok("LOGIN " + name + " pw")
	return c
}

func (c *client) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// line reads a line, with the literals in it.
func (c *client) line() string {
	line, err := c.ReadString('\n')
	if err != nil {
		return line + "EOF"
	}
	line = strings.TrimSuffix(line, "\r\n")
	var n int
	if i := strings.LastIndexByte(line, '{'); i >= 0 && strings.HasSuffix(line, "}") {
		if _, err := fmt.Sscanf(line[i:], "{%d}", &n); err == nil {
			literal := make([]byte, n)
			io.ReadFull(c.Reader, literal)
			return line[:i] + string(literal) + c.line()
		}
	}
	return line
}

// do sends a command and returns the untagged lines and the text after the tag.
func (c *client) do(command string) (untagged []string, result string) {
	c.t.Helper()
	c.tags++
	tag := fmt.Sprintf("t%d", c.tags)
	if _, err := io.WriteString(c.Conn, tag+" "+command+"\r\n"); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	for {
		line := c.line()
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			return untagged, rest
		}
		if strings.HasSuffix(line, "EOF") {
			return untagged, line
		}
		untagged = append(untagged, line)
	}
}

// ok is do for a command that must succeed.
func (c *client) ok(command string) []string {
	c.t.Helper()
	untagged, result := c.do(command)
	if !strings.HasPrefix(result, "OK") {
		c.t.Fatalf("%s: got %q, want OK", command, result)
	}
	return untagged
}

// want sends a command that must be answered with exactly these lines.
func (c *client) want(command string, lines ...string) {
	c.t.Helper()
	if got := c.ok(command); !slices.Equal(got, lines) {
		c.t.Errorf("%s: got %q, want %q", command, got, lines)
	}
}

// refused sends a command that must be answered so.
func (c *client) refused(command, begin string) {
	c.t.Helper()
	if _, result := c.do(command); !strings.HasPrefix(result, begin) {
		c.t.Errorf("%.300s: got %.300q, want %q...", command, result, begin)
	}
}

// idle sends IDLE with the tag "i" and waits for it to begin.
func (c *client) idle() {
	c.t.Helper()
	fmt.Fprintf(c.Conn, "i IDLE\r\n")
	if got := c.line(); !strings.HasPrefix(got, "+ ") {
		c.t.Fatalf("IDLE: got %q, want a continuation request", got)
	}
}

var certificate = sync.OnceValue(newCertificate)

func newCertificate() tls.Certificate {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "imap.gsp.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
