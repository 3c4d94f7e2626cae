package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/allowance"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// Server is the submission door. Set its fields before the first Serve and
// leave them alone afterwards.
type Server struct {
	Accounts      Accounts
	Submitter     Submitter
	TLS           *tls.Config      // its certificates; the door sets the rest
	Certificates  func() bool      // whether clients are asked for one of theirs, nil for never
	Domain        string           // greets with it
	Help          string           // base of help links, such as "https://gsp.example/help/"
	MaxMessage    int64            // octets of a mail, 0 for DefaultMaxMessage
	MaxRecipients int              // of a mail, 0 for DefaultMaxRecipients
	Limits        Limits           // the zero Limits is DefaultLimits
	Log           *slog.Logger     // nil for none
	Now           func() time.Time // stamps submissions, nil for time.Now

	start   sync.Once
	inner   *smtp.Server
	tls     *tls.Config
	room    *allowance.Room
	ctx     context.Context // of all submissions; go-smtp passes none
	cancel  context.CancelFunc
	serving sync.WaitGroup // calls of Serve

	mu        sync.Mutex
	listeners []*listener
	house     peer.House[*guard]
	accounts  map[gsp.AccountID]int // open sessions that are logged in
	closing   bool

	mails, copies allowance.Hourly
}

// Defaults of a Server.
const (
	DefaultMaxMessage    = 25 << 20 // octets
	DefaultMaxRecipients = 100
)

// Limits bound what a session may cost. A zero field means the one of
// DefaultLimits.
type Limits struct {
	Handshake time.Duration // TLS, whole
	Login     time.Duration // from connection to login, whole
	Command   time.Duration // idle between commands, once logged in
	Write     time.Duration // one reply

	Stall   time.Duration // silence within a mail
	Message time.Duration // one mail, whole
	Grace   time.Duration // before MinRate counts
	MinRate int64         // octets a second, averaged over a mail

	Room        int64         // octets of all mails that are being read or submitted
	RoomWait    time.Duration // how long a mail waits for its part of Room
	Sessions    int           // at once; strangers make room for more
	PerPeer     int           // sessions at once from one IPv4 address or IPv6 /64
	PerAccount  int           // sessions at once of one account
	Mails       int           // of one account in an hour, below 0 for no limit
	Recipients  int           // of all mails of one account in an hour, below 0 for no limit
	BadLogins   int           // before the session ends
	EarlyLines  int           // commands before login
	LingerAfter time.Duration // how long a peer cut off in mid-mail may take to read why
}

// DefaultLimits suits a gateway of some thousand officers on a small machine.
// Idle sessions may stay longer than RFC 5321, section 4.5.3.2 asks; all other
// waits are shorter, since officers' programs, not relays, call here.
var DefaultLimits = Limits{
	Handshake: 10 * time.Second,
	Login:     time.Minute,
	Command:   5 * time.Minute,
	Write:     time.Minute,

	Stall:   time.Minute,
	Message: 30 * time.Minute,
	Grace:   30 * time.Second,
	MinRate: 500,

	Room:        96 << 20,
	RoomWait:    time.Minute,
	Sessions:    4096,
	PerPeer:     256,
	PerAccount:  128,
	Mails:       2000,
	Recipients:  20_000,
	BadLogins:   3,
	EarlyLines:  50,
	LingerAfter: 2 * time.Second,
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits
	set(&l.Handshake, d.Handshake)
	set(&l.Login, d.Login)
	set(&l.Command, d.Command)
	set(&l.Write, d.Write)
	set(&l.Stall, d.Stall)
	set(&l.Message, d.Message)
	set(&l.Grace, d.Grace)
	set(&l.MinRate, d.MinRate)
	set(&l.Room, d.Room)
	set(&l.RoomWait, d.RoomWait)
	set(&l.Sessions, d.Sessions)
	set(&l.PerPeer, d.PerPeer)
	set(&l.PerAccount, d.PerAccount)
	set(&l.Mails, d.Mails)
	set(&l.Recipients, d.Recipients)
	set(&l.BadLogins, d.BadLogins)
	set(&l.EarlyLines, d.EarlyLines)
	set(&l.LingerAfter, d.LingerAfter)
	return l
}

// set puts what a zero field means.
func set[T comparable](field *T, meaning T) {
	var zero T
	if *field == zero {
		*field = meaning
	}
}

func (s *Server) init() {
	s.Limits = s.Limits.orDefaults()
	set(&s.MaxMessage, DefaultMaxMessage)
	set(&s.MaxRecipients, DefaultMaxRecipients)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	s.Limits.Room = max(s.Limits.Room, 2*s.MaxMessage) // or no mail of full size fits
	s.room = allowance.NewRoom(s.Limits.Room, s.MaxMessage)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.accounts = make(map[gsp.AccountID]int)
	s.mails = allowance.Hourly{What: "mails", PerHour: s.Limits.Mails}
	s.copies = allowance.Hourly{What: "recipients", PerHour: s.Limits.Recipients}
	s.tls = peer.Config(s.TLS, "smtp", s.Certificates)

	s.inner = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.inner.Domain = s.Domain
	s.inner.ErrorLog = printer{s}
	// The guard is what go-smtp sees, not the TLS under it; there is no other
	// way in. Sizes, recipients and line lengths are counted here too, because
	// go-smtp refuses a mail of exactly the size it announced.
	s.inner.AllowInsecureAuth = true
	s.inner.MaxLineLength = 0
	s.inner.EnableREQUIRETLS = true // the guard offers it
	s.inner.EnableSMTPUTF8 = true
}

// Serve takes connections from l and speaks TLS on them from the first octet
// (RFC 8314, section 3.3). It returns nil once Shutdown is called, before or
// after, and l is closed then. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, false) }

// ServeSTARTTLS is Serve for connections that begin in clear. All that can be
// done there is to begin TLS (RFC 3207).
func (s *Server) ServeSTARTTLS(l net.Listener) error { return s.serve(l, true) }

func (s *Server) serve(l net.Listener, clear bool) error {
	s.start.Do(s.init)
	guarded := &listener{l, s, clear, sync.OnceValue(func() error { return closed(l) })}
	if !s.begin(guarded) {
		l.Close()
		return nil
	}
	defer s.serving.Done()
	if err := s.inner.Serve(guarded); err != nil && !s.isClosing() {
		return fmt.Errorf("serve submission: %w", err)
	}
	return nil
}

// begin notes a listener for Shutdown, unless the door is closing.
func (s *Server) begin(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.listeners = append(s.listeners, l)
	s.serving.Add(1)
	return true
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Connections returns how many there are.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.house.Len()
}

// Shutdown stops taking connections, tells idle sessions so with a 421, lets
// those in the middle of a mail finish, and returns when all are gone. When
// ctx ends first, it cuts off the rest and returns the error of ctx. A client
// cut off has got no 250.
func (s *Server) Shutdown(ctx context.Context) error {
	s.start.Do(s.init)
	s.mu.Lock()
	s.closing = true
	for _, l := range s.listeners {
		l.Close() // go-smtp closes it as well and returns the error
	}
	s.house.Each((*guard).stop)
	s.mu.Unlock()

	// go-smtp closes only the listeners that its Serve has got to know, and
	// misses a session that begins while it counts them.
	s.serving.Wait()
	err := s.inner.Shutdown(ctx)
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.house.Each((*guard).abort)
	return err
}

// listener hands guards to go-smtp. TLS begins in the session's own goroutine,
// so a silent peer holds up nobody else.
type listener struct {
	net.Listener
	server *Server
	clear  bool         // its connections begin without TLS
	close  func() error // of the listener, done once
}

// closed closes a listener that whoever opened it may have closed before.
func closed(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Close may be called more than once, and returns the same each time.
func (l *listener) Close() error { return l.close() }

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g := l.server.admit(conn, l.clear); g != nil {
			return g, nil
		}
		conn.Close()
	}
}

// admit counts a connection in. A peer with too many gets one that says so;
// one that goes on gets nil, and so does a full house that can make no room.
func (s *Server) admit(conn net.Conn, clear bool) *guard {
	network := peer.Network(conn.RemoteAddr().String())
	s.mu.Lock()
	defer s.mu.Unlock()
	open := 0
	if network.IsValid() {
		open = s.house.From(network)
	}
	if s.closing || open >= 2*s.Limits.PerPeer {
		return nil
	}
	if s.house.Len() >= s.Limits.Sessions {
		stranger, ok := s.house.Displace(network)
		if !ok {
			return nil
		}
		stranger.abort()
	}
	g := newGuard(s, conn)
	g.clear, g.unwelcome = clear, open >= s.Limits.PerPeer
	s.house.Enter(g, network)
	return g
}

// countIn counts a session for its account, and is false where there are too
// many.
func (s *Server) countIn(g *guard, account gsp.AccountID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account] >= s.Limits.PerAccount {
		return false
	}
	if s.house.Know(g) {
		g.account = account
		s.accounts[account]++
	}
	return true
}

func (s *Server) forget(g *guard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.house.Leave(g) || g.account == 0 {
		return
	}
	if s.accounts[g.account]--; s.accounts[g.account] == 0 {
		delete(s.accounts, g.account)
	}
}

// spend takes a mail to some recipients off an account's hour.
func (s *Server) spend(account gsp.AccountID, recipients int, now time.Time) *gsp.Refusal {
	if r := s.copies.Ask(account, recipients, now); r != nil {
		return r
	}
	if r := s.mails.Take(account, 1, now); r != nil {
		return r
	}
	return s.copies.Take(account, recipients, now)
}

// printer takes what go-smtp wants to tell its operator: panics of a session
// and failures of Accept. A guard's address prints as "client".
type printer struct{ server *Server }

func (p printer) Printf(format string, v ...any) {
	p.server.Log.LogAttrs(p.server.ctx, slog.LevelError, "smtp library reports", slog.String("text", fmt.Sprintf(format, v...)))
}

func (p printer) Println(v ...any) { p.Printf("%s", fmt.Sprint(slices.Clone(v)...)) }
