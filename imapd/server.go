package imapd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/imapd/guard"
	"gsp.example/gsp/internal/allowance"
	"gsp.example/gsp/internal/gsp"
)

// DefaultMaxMessage is the size in octets of the largest message that APPEND
// takes where Server.MaxMessage is 0.
const DefaultMaxMessage = 25 << 20

// Server is the reading door. Its fields must be set before Serve and not be
// changed after.
type Server struct {
	Accounts Accounts
	Keeper   Keeper
	Tree     Tree
	Messages Messages
	Bells    Bells

	TLS          *tls.Config // certificates; the door sets the rest
	Certificates func() bool // whether clients are asked for one of theirs, nil for never

	Domain     string       // of the gateway's addresses; told in answer to ID
	Help       string       // base of the help pages' addresses, "" for no links
	MaxMessage int64        // octets of a message in APPEND, 0 for DefaultMaxMessage
	MaxConns   int          // connections, 0 for 10,000
	PerAddress int          // connections of one IPv4 address or IPv6 /64, 0 for 1,000
	PerAccount int          // connections of one account, 0 for 200
	BadLogins  int          // failed logins that end a connection, 0 for 3
	Appends    int          // mails that one account may append in an hour, refused ones included; 0 for 5,000, below 0 for no limit
	Log        *slog.Logger // nil is silence

	// Room is how many octets all mails in APPEND may have together, 0 for 96
	// MiB, and at least two of MaxMessage; RoomWait is how long a mail waits for
	// it, 0 for 20 s: the guard cuts a client whose mail has not moved for half a
	// minute.
	Room     int64
	RoomWait time.Duration

	// Answered is told of each command that was answered, nil for nobody: its
	// name in capitals or OTHER, OK, NO or BAD, and how long it took.
	Answered func(command, result string, took time.Duration)

	start   sync.Once
	room    *allowance.Room
	appends allowance.Hourly

	mu        sync.Mutex
	listeners []*guard.Listener
	stopped   bool
	accounts  map[gsp.AccountID]int // connections that are logged in

	following followers
}

// ErrStopped is what Serve returns after Shutdown.
var ErrStopped = errors.New("reading door is shut")

// Connections returns how many there are.
func (s *Server) Connections() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		n += l.Connections()
	}
	return n
}

// Serve accepts connections of l, which speak TLS from their first octet (RFC
// 8314), until l fails or Shutdown is called. It closes l.
func (s *Server) Serve(l net.Listener) error {
	s.start.Do(func() {
		s.room = allowance.NewRoom(max(cmp.Or(s.Room, 96<<20), 2*s.maxMessage()), s.maxMessage())
		s.appends = allowance.Hourly{What: "drafts and copies", PerHour: cmp.Or(s.Appends, 5000)}
	})
	guarded := guard.Listen(l, guard.Config{
		TLS: s.TLS, Certificates: s.Certificates, Name: "GSP " + s.Domain, MaxConns: s.MaxConns, PerAddress: s.PerAddress,
		Extra: extras, Answered: s.Answered, BrokenName: fmt.Sprintf("[%s] %s", imap.ResponseCodeCannot, brokenName.Text(s.Help)),
	})
	defer guarded.Close()
	s.mu.Lock()
	stopped := s.stopped
	s.listeners = append(s.listeners, guarded)
	s.mu.Unlock()
	if stopped {
		return ErrStopped
	}
	library := imapserver.New(&imapserver.Options{
		NewSession:   s.open,
		Caps:         capabilities,
		Logger:       libraryLog{s.log()},
		InsecureAuth: true, // TLS ends in the guard, where the library cannot see it
	})
	if err := library.Serve(guarded); err != nil {
		return fmt.Errorf("serve IMAP: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	return net.ErrClosed
}

// Shutdown stops accepting and ends each session with BYE once its running
// command is answered. When ctx is done it cuts the rest and returns the error
// of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	listeners := s.listeners
	s.mu.Unlock()

	refusal := gsp.Refusal{
		Reason: gsp.Stopping,
		Cause:  "the gateway is restarting",
		Remedy: "connect again in a minute",
	}
	errs := make([]error, len(listeners))
	var wg sync.WaitGroup
	for i, l := range listeners {
		wg.Go(func() { errs[i] = l.Shutdown(ctx, refusal.Text("")) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// capabilities are those that the backend adds to what the library offers
// without help: SASL-IR (RFC 4959), UNSELECT (RFC 3691), ENABLE (RFC 5161),
// UTF8=ACCEPT (RFC 6855), IDLE, LITERAL- and APPENDLIMIT. LITERAL+ must not be
// among them: beta.8 runs the text of a refused literal as commands.
var capabilities = imap.CapSet{
	imap.CapIMAP4rev1:        {},
	imap.CapIMAP4rev2:        {},
	imap.CapNamespace:        {},
	imap.CapUIDPlus:          {},
	imap.CapESearch:          {},
	imap.CapSearchRes:        {},
	imap.CapListExtended:     {},
	imap.CapListStatus:       {}, // RFC 5819
	imap.CapMove:             {},
	imap.CapStatusSize:       {}, // RFC 8438
	imap.CapBinary:           {},
	imap.CapChildren:         {}, // RFC 3348
	imap.CapSpecialUse:       {},
	imap.CapCreateSpecialUse: {},
}

// open starts the session of a new connection.
func (s *Server) open(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	conn := c.NetConn().(*guard.Conn)
	// The library passes no context; this one ends with the session, and with
	// the connection while a command runs.
	ctx, cancel := context.WithCancel(conn.Context())
	if err := conn.Handshake(ctx); err != nil {
		cancel()
		return nil, nil, &imap.Error{Type: imap.StatusResponseTypeBye, Text: "TLS handshake failed"}
	}
	opened := &session{Server: s, ctx: ctx, cancel: cancel, conn: conn, library: c, peer: conn.Peer(), since: time.Now()}
	conn.Handle(opened.extraCommand)
	return opened, nil, nil
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// countIn counts a connection for its account, and is false where there are
// too many.
func (s *Server) countIn(account gsp.AccountID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account] >= cmp.Or(s.PerAccount, 200) {
		return false
	}
	if s.accounts == nil {
		s.accounts = make(map[gsp.AccountID]int)
	}
	s.accounts[account]++
	return true
}

func (s *Server) countOut(account gsp.AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account]--; s.accounts[account] == 0 {
		delete(s.accounts, account)
	}
}

func (s *Server) badLogins() int { return cmp.Or(s.BadLogins, 3) }

func (s *Server) maxMessage() int64 {
	if s.MaxMessage == 0 {
		return DefaultMaxMessage
	}
	return s.MaxMessage
}

// libraryLog takes what the library prints: lost connections, commands that it
// could not read, and panics of ours. Only of the last is more kept than the
// constant part: the rest may quote the client.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Printf(format string, args ...any) {
	if strings.HasPrefix(format, "panic") {
		l.log.LogAttrs(context.Background(), slog.LevelError, "imap session panicked",
			slog.String("panic", fmt.Sprintf(format, args...)))
		return
	}
	l.log.LogAttrs(context.Background(), slog.LevelDebug, "imap library", slog.String("message", format))
}
