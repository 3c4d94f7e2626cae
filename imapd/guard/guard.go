// Package guard stands between an IMAP client and an IMAP server library that
// trusts its client more than the internet allows (go-imap v2, beta.8).
//
// It ends TLS itself, reads what the client sends command by command, aware
// of quoted strings and literals (RFC 9051, section 4.3), and hands the
// library nothing but whole commands within limits, and a literal only after
// the library has asked for it. So the text of a message can never run as a
// command. It closes connections that are too slow, keeps idle ones alive,
// answers ID (RFC 2971) in every state, lets the session answer what the
// library does not know, tells of each command that was answered, and lets
// sessions end with BYE between two commands.
//
// It knows no mailbox, no account and no policy: the library reads and writes
// a net.Conn.
package guard

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"gsp.example/gsp/internal/peer"
)

// Config is what a Listener needs to know.
type Config struct {
	TLS          *tls.Config // certificates; the guard sets the rest
	Certificates func() bool // whether clients are asked for one of theirs, nil for never

	Name       string // told to clients in answer to ID
	MaxConns   int    // 10,000 where it is 0
	PerAddress int    // of one IPv4 address or IPv6 /64; 1,000 where it is 0

	Extra Extra
	// BrokenName is what NO says of a command with a mailbox name that cannot be
	// read, which the library takes for a bug of its own; BAD where it is "".
	BrokenName string

	// Answered is told of each command that was answered, nil for nobody: its
	// name in capitals, OTHER for one that is no command, OK, NO or BAD, and how
	// long it took from its first line.
	Answered func(command, result string, took time.Duration)
}

// How long a client may take (RFC 9051, section 5.4, wants 30 minutes at least
// for an idle one).
const (
	handshakeTime = 10 * time.Second
	loginTime     = time.Minute      // from the handshake to a successful login
	lineTime      = 30 * time.Second // from the first octet of a line to its last
	idleTime      = 35 * time.Minute // without a command
	beatTime      = 2 * time.Minute  // between signs of life during IDLE
	busyTime      = 5 * time.Second  // between those during another command
	rateTime      = 30 * time.Second // over which the rate of a literal is averaged
	rate          = 500              // octets a second, at least
	lingerTime    = time.Second      // for a client to read why it was cut
	pieceTime     = 30 * time.Second // for the client to take a piece of an answer
	pieceSize     = 64 << 10         // octets
)

// Listener accepts guarded connections.
type Listener struct {
	net.Listener // Close stops accepting; connections live on
	cfg          Config

	mu       sync.Mutex
	house    peer.House[*Conn]
	stopping string        // the text of BYE, "" while serving
	empty    chan struct{} // closed when stopping and without connections
}

// Listen guards the connections that inner accepts.
func Listen(inner net.Listener, cfg Config) *Listener {
	cfg.TLS = peer.Config(cfg.TLS, "imap", cfg.Certificates)
	cfg.MaxConns = cmp.Or(cfg.MaxConns, 10_000)
	cfg.PerAddress = cmp.Or(cfg.PerAddress, 1000)
	return &Listener{
		Listener: inner,
		cfg:      cfg,
		empty:    make(chan struct{}),
	}
}

// Accept returns the next connection as a *Conn. The TLS handshake is not
// done yet: a slow client holds up nobody else. Connections beyond the limits
// are closed and not returned.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := newConn(raw, l.cfg)
		c.entered, c.closed = func() { l.know(c) }, func() { l.forget(c) }
		if l.admit(c) {
			return c, nil
		}
		raw.Close()
	}
}

// Connections returns how many there are.
func (l *Listener) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.house.Len()
}

// Shutdown stops accepting and ends each connection with BYE once its running
// command is answered. When ctx is done the rest are cut, and it returns the
// error of ctx.
func (l *Listener) Shutdown(ctx context.Context, text string) error {
	l.Listener.Close()
	l.mu.Lock()
	if l.stopping == "" {
		l.stopping = text
		if l.house.Len() == 0 {
			close(l.empty)
		}
	}
	l.house.Each(func(c *Conn) { c.stop(text) })
	l.mu.Unlock()

	select {
	case <-l.empty:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	l.house.Each((*Conn).cut)
	l.mu.Unlock()
	return ctx.Err()
}

// admit counts a connection in. In a full house a stranger makes room, or c is
// not let in.
func (l *Listener) admit(c *Conn) bool {
	from := peer.Network(c.Conn.RemoteAddr().String())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping != "" || l.house.From(from) >= l.cfg.PerAddress {
		return false
	}
	if l.house.Len() >= l.cfg.MaxConns {
		stranger, ok := l.house.Displace(from)
		if !ok {
			return false
		}
		stranger.cut()
	}
	l.house.Enter(c, from)
	return true
}

func (l *Listener) know(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.house.Know(c)
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.house.Leave(c) {
		return
	}
	if l.stopping != "" && l.house.Len() == 0 {
		close(l.empty)
	}
}
