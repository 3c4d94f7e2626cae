package guard_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/imapd/guard"
)

// library is go-imap's server with a session that notes what it is asked.
type library struct {
	mu    sync.Mutex
	calls []string
}

func (l *library) note(call ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, strings.Join(call, " "))
	return nil
}

func (l *library) noted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.calls...)
}

type session struct {
	*library
	conn *guard.Conn
}

var errNo = &imap.Error{Type: imap.StatusResponseTypeNo, Text: "looks like {7}"}

func (s session) Close() error { return nil }
func (s session) Login(user, pass string) error {
	if pass == "wrong" {
		s.conn.HangUp("too many failed logins")
		return errNo
	}
	return s.note("LOGIN", user, pass)
}
func (s session) Select(name string, _ *imap.SelectOptions) (*imap.SelectData, error) {
	return &imap.SelectData{}, s.note("SELECT", name)
}
func (s session) Create(name string, _ *imap.CreateOptions) error       { return s.note("CREATE", name) }
func (s session) Delete(name string) error                              { return s.note("DELETE", name) }
func (s session) Rename(a, b string, _ *imap.RenameOptions) error       { return s.note("RENAME", a, b) }
func (s session) Subscribe(name string) error                           { return s.note("SUBSCRIBE", name) }
func (s session) Unsubscribe(name string) error                         { return s.note("UNSUBSCRIBE", name) }
func (s session) Poll(*imapserver.UpdateWriter, bool) error             { return nil }
func (s session) Unselect() error                                       { return nil }
func (s session) Expunge(*imapserver.ExpungeWriter, *imap.UIDSet) error { return s.note("EXPUNGE") }
func (s session) List(w *imapserver.ListWriter, ref string, patterns []string, _ *imap.ListOptions) error {
	s.note("LIST", strings.Join(patterns, " "))
	// A name that goes as a literal, and text in it that looks like a response.
	return w.WriteList(&imap.ListData{Delim: '/', Mailbox: "a\r\na9 OK [CAPABILITY x] {7}\r\n+ b"})
}
func (s session) Status(name string, _ *imap.StatusOptions) (*imap.StatusData, error) {
	return nil, errNo
}
func (s session) Append(name string, r imap.LiteralReader, _ *imap.AppendOptions) (*imap.AppendData, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return nil, s.note("APPEND", name, string(body))
}
func (s session) AppendLimit() uint32 { return 1 << 20 }
func (s session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := w.WriteNumMessages(7); err != nil {
		return err
	}
	<-stop
	return nil
}
func (s session) Search(_ imapserver.NumKind, c *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	for _, not := range c.Not {
		if len(not.Not) == 1 {
			s.note("SMALLER", strconv.FormatInt(not.Not[0].Smaller, 10))
		}
	}
	return &imap.SearchData{All: imap.SeqSet{}}, nil
}
func (s session) Fetch(_ *imapserver.FetchWriter, _ imap.NumSet, options *imap.FetchOptions) error {
	return s.note("FETCH", strings.Join(options.BodySection[0].HeaderFields, " "))
}
func (s session) Store(*imapserver.FetchWriter, imap.NumSet, *imap.StoreFlags, *imap.StoreOptions) error {
	return nil
}

// Copy to "slow" takes 12 seconds, to another mailbox as long as the connection.
func (s session) Copy(_ imap.NumSet, name string) (*imap.CopyData, error) {
	since, slow := time.Now(), make(<-chan time.Time)
	if name == "slow" {
		slow = time.After(12 * time.Second)
	}
	select {
	case <-slow:
		return nil, nil
	case <-s.conn.Context().Done():
		s.note("COPY ended after", time.Since(since).String())
		return nil, errNo
	}
}

// serve runs the library on connections of l until the test ends.
func serve(t testing.TB, l *guard.Listener) *library {
	lib := new(library)
	server := imapserver.New(&imapserver.Options{
		InsecureAuth: true,
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapUIDPlus: {}},
		Logger:       quiet{},
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			conn := c.NetConn().(*guard.Conn)
			if err := conn.Handshake(t.Context()); err != nil {
				return nil, nil, &imap.Error{Type: imap.StatusResponseTypeBye, Text: "handshake"}
			}
			conn.Handle(func(command string, args []string) guard.Answer {
				lib.note(append([]string{command}, args...)...)
				return guard.Answer{Untagged: []string{"* MYRIGHTS x lr"}, Status: "OK", Text: "done"}
			})
			return both{session{lib, conn}}, nil, nil
		},
	})
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return lib
}

// both adds what IMAP4rev2 asks for.
type both struct{ session }

func (both) Namespace() (*imap.NamespaceData, error)                { return &imap.NamespaceData{}, nil }
func (both) Move(*imapserver.MoveWriter, imap.NumSet, string) error { return nil }

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// pipes is a listener whose connections are pairs in memory.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// raw connects without TLS.
func (p *pipes) raw() net.Conn {
	far, near := net.Pipe()
	p.conns <- near
	return far
}

// client is the far side, a line at a time.
type client struct {
	t testing.TB
	net.Conn
	*bufio.Reader
}

func (p *pipes) dial(t testing.TB) *client {
	conn := tls.Client(p.raw(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"imap"}})
	t.Cleanup(func() { conn.NetConn().Close() })
	c := &client{t, conn, bufio.NewReader(conn)}
	c.want("* OK [CAPABILITY ID ACL IMAP4rev2 ")
	return c
}

func (c *client) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func (c *client) send(lines ...string) {
	c.t.Helper()
	// A pipe has no buffer: nobody may have to read while we write.
	if _, err := io.WriteString(c.Conn, strings.Join(lines, "")); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// line returns the next line, or "EOF".
func (c *client) line() string {
	line, err := c.ReadString('\n')
	if err != nil {
		return line + "EOF"
	}
	return strings.TrimRight(line, "\r\n")
}

// want reads lines that begin so.
func (c *client) want(begins ...string) {
	c.t.Helper()
	for _, begin := range begins {
		if got := c.line(); !strings.HasPrefix(got, begin) {
			c.t.Fatalf("got %q, want %q...", got, begin)
		}
	}
}

func (c *client) login() *client {
	c.t.Helper()
	c.send("L LOGIN ann pw\r\n")
	c.want("L OK [CAPABILITY ID ACL IMAP4rev2 ")
	return c
}

func (c *client) selects() {
	c.t.Helper()
	c.send("S SELECT INBOX\r\n")
	for line := ""; !strings.HasPrefix(line, "S OK"); line = c.line() {
		if line == "EOF" {
			c.t.Fatal("no answer to SELECT")
		}
	}
}

var certificate = sync.OnceValue(func() tls.Certificate {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "imap.gsp.example"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

func config() guard.Config {
	return guard.Config{
		TLS:   &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}},
		Name:  "GSP",
		Extra: guard.Extra{Capabilities: []string{"ACL"}, Commands: []string{"MYRIGHTS"}},
	}
}

// start serves over pipes and returns a client that is logged in.
func start(t testing.TB) (*client, *library) {
	p := newPipes()
	lib := serve(t, guard.Listen(p, config()))
	return p.dial(t).login(), lib
}
