// Package guard stands between an IMAP client and an IMAP server library that
// trusts its client more than the internet allows (go-imap v2, beta.8).
//
// It ends TLS itself, reads what the client sends command by command, aware
// of quoted strings and literals (RFC 9051, section 4.3), and hands the
// library nothing but whole commands within limits, and a literal only after
// the library has asked for it. So the text of a message can never run as a
// command. It closes connections that are too slow, keeps idle ones alive,
// answers ID (RFC 2971) in every state, and lets sessions end with BYE between
// two commands.
//
// It knows no mailbox, no account and no policy, and it imports nothing of
// ours: the library reads and writes a net.Conn.
package guard

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Config sets the limits of a Listener. Zero durations and counts take the
// defaults named here.
type Config struct {
	TLS  *tls.Config // certificates; the protocol list is replaced by "imap"
	Name string      // told to clients in answer to ID

	Handshake time.Duration // 10 s for the whole TLS handshake
	Login     time.Duration // 60 s from the handshake to a successful login
	Command   time.Duration // 30 s from the first octet of a line to its last
	Idle      time.Duration // 35 min without any command; RFC 9051, section 5.4 wants 30 at least
	StillHere time.Duration // 2 min between signs of life during IDLE
	Rate      int64         // 500 octets/s, the least for a literal, averaged over 30 s

	MaxConns   int // 10,000 connections
	PerAddress int // 200 connections of one IPv4 address or IPv6 /64
}

func (cfg Config) withDefaults() Config {
	duration := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	duration(&cfg.Handshake, 10*time.Second)
	duration(&cfg.Login, time.Minute)
	duration(&cfg.Command, 30*time.Second)
	duration(&cfg.Idle, 35*time.Minute)
	duration(&cfg.StillHere, 2*time.Minute)
	if cfg.Rate == 0 {
		cfg.Rate = 500
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 10_000
	}
	if cfg.PerAddress == 0 {
		cfg.PerAddress = 200
	}
	// A tls.Config shared with net/http gains "h2", which makes every mail
	// client that sends ALPN fail, so the list is our own (RFC 7301; "imap" is
	// registered by RFC 7817's successors at IANA).
	cfg.TLS = cfg.TLS.Clone()
	cfg.TLS.NextProtos = []string{"imap"}
	cfg.TLS.MinVersion = max(cfg.TLS.MinVersion, tls.VersionTLS12)
	return cfg
}

// Listener accepts guarded connections.
type Listener struct {
	inner net.Listener
	cfg   Config

	mu        sync.Mutex
	conns     map[*Conn]netip.Prefix
	addresses map[netip.Prefix]int
	stopping  string        // the text of BYE, "" while serving
	empty     chan struct{} // closed when stopping and without connections
}

// Listen guards the connections that inner accepts.
func Listen(inner net.Listener, cfg Config) *Listener {
	return &Listener{
		inner:     inner,
		cfg:       cfg.withDefaults(),
		conns:     make(map[*Conn]netip.Prefix),
		addresses: make(map[netip.Prefix]int),
		empty:     make(chan struct{}),
	}
}

// Accept returns the next connection as a *Conn. The TLS handshake is not
// done yet: a slow client holds up nobody else. Connections beyond the limits
// are closed and not returned.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.inner.Accept()
		if err != nil {
			return nil, err
		}
		c := newConn(raw, l.cfg)
		c.closed = func() { l.forget(c) }
		if l.admit(c) {
			return c, nil
		}
		raw.Close()
	}
}

// Addr returns the address of the listener below.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close stops accepting. Connections live on.
func (l *Listener) Close() error { return l.inner.Close() }

// Shutdown stops accepting and ends each connection with BYE once its running
// command is answered. When ctx is done the rest are cut, and it returns the
// error of ctx.
func (l *Listener) Shutdown(ctx context.Context, text string) error {
	l.inner.Close()
	l.mu.Lock()
	if l.stopping == "" {
		l.stopping = text
		if len(l.conns) == 0 {
			close(l.empty)
		}
	}
	for c := range l.conns {
		c.stop(text)
	}
	l.mu.Unlock()

	select {
	case <-l.empty:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	for c := range l.conns {
		c.raw.Close()
	}
	l.mu.Unlock()
	return ctx.Err()
}

func (l *Listener) admit(c *Conn) bool {
	from := network(c.raw.RemoteAddr())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping != "" || len(l.conns) >= l.cfg.MaxConns || l.addresses[from] >= l.cfg.PerAddress {
		return false
	}
	l.conns[c] = from
	l.addresses[from]++
	return true
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, ok := l.conns[c]
	if !ok {
		return
	}
	delete(l.conns, c)
	if l.addresses[from]--; l.addresses[from] == 0 {
		delete(l.addresses, from)
	}
	if l.stopping != "" && len(l.conns) == 0 {
		close(l.empty)
	}
}

// network is what one customer usually has: an IPv4 address or an IPv6 /64.
func network(addr net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := ap.Addr().Unmap(), 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}
