package smtpd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// maxCommand is the longest command line, in octets. RFC 5321, section
// 4.5.3.1.4 asks for 512; an AUTH line may be longer (RFC 4954, section 4).
const maxCommand = 4096

// guard is the connection that go-smtp sees, on the decrypted side of TLS.
//
// It hands commands over one line a Read and keeps the rest of the stream to
// itself, so go-smtp never holds octets of a mail and cannot take them for
// commands after an error; message reads those. It checks each line, sets
// every deadline, and gathers replies until the client has to be waited for
// (RFC 2920, section 3.2). After any error the stream is over.
//
// All fields but account and those under mu belong to the session's goroutine.
type guard struct {
	net.Conn
	server  *Server
	account gsp.AccountID // that the session counts for, under the server's mu
	tls     *peer.Conn
	layer   io.ReadWriter // what is spoken on, nil while there is a handshake to come
	in      *bufio.Reader
	line    []byte // what Read hands out next, ahead of the stream
	out     []byte // replies not sent yet

	clear     bool      // the session begins without TLS
	unwelcome bool      // too many sessions from this peer
	secure    bool      // TLS stands
	who       peer.Peer // once it does
	loggedIn  bool      // sets the pace of commands
	loginBy   time.Time // when the patience with a stranger ends
	lines     int       // commands so far
	greeting  bool      // the reply to EHLO is being written
	leaving   bool      // the last reply has been given
	linger    bool      // the peer may still be sending

	reading pace

	mu       sync.Mutex
	waiting  bool // for a command
	stopping bool
}

// pace is how long the next octets may take.
type pace struct {
	command bool
	by      time.Time // for a command, and the end of a mail
	began   time.Time // of a mail
	octets  int64     // of a mail, so far
}

var errStopping = errors.New("the door is closing")

func newGuard(s *Server, conn net.Conn) *guard {
	g := &guard{Conn: conn, server: s, tls: peer.Server(conn, s.tls)}
	g.loginBy = time.Now().Add(s.Limits.Login)
	return g
}

// RemoteAddr tells nothing: go-smtp writes it into its log.
func (g *guard) RemoteAddr() net.Addr { return clientAddr{} }

type clientAddr struct{}

func (clientAddr) Network() string { return "tcp" }
func (clientAddr) String() string  { return "client" }

// Read hands over at most one command line.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.line) == 0 {
		if err := g.command(); err != nil {
			return 0, err
		}
	}
	n := copy(p, g.line)
	g.line = g.line[n:]
	return n, nil
}

// command puts the next command line into g.line. Its only error is io.EOF,
// at which go-smtp leaves without a word; what there is to say has been said.
func (g *guard) command() error {
	if g.leaving {
		return g.leave()
	}
	if !g.secure {
		if g.clear {
			if err := g.untilSTARTTLS(); err != nil {
				return io.EOF
			}
		}
		if err := g.handshake(); err != nil {
			return io.EOF
		}
	}
	for {
		line, err := g.nextLine()
		if err != nil {
			return err
		}
		if r := foreignAddress(line); r != nil && g.loggedIn {
			g.say(r)
			continue
		}
		if r := g.refuseLine(line); r != nil {
			return g.hangUp(r)
		}
		if m := brokenPath(line); m != nil && g.loggedIn {
			g.out = append(g.out, m.tell(g.server.Help)...)
			continue
		}
		g.greeting = hasVerb(line, "EHLO")
		g.line = g.toParse(line)
		return nil
	}
}

// nextLine reads one line in the time there is for a command. Its only error
// is io.EOF; what there is to say has been said.
func (g *guard) nextLine() ([]byte, error) {
	g.reading = pace{command: true, by: g.loginBy}
	if g.loggedIn {
		g.reading.by = time.Now().Add(g.server.Limits.Command)
	}
	line, err := g.readLine()
	if err != nil {
		g.sayWhy(err)
		return nil, g.leave()
	}
	return line, nil
}

// hangUp ends the session with a refusal, though the client may be sending
// still. It returns io.EOF.
func (g *guard) hangUp(r *gsp.Refusal) error {
	g.say(r)
	g.linger = true
	return g.leave()
}

// readLine reads one line, unless the door is closing.
func (g *guard) readLine() ([]byte, error) {
	if g.isStopping() {
		return nil, errStopping
	}
	return g.in.ReadSlice('\n')
}

// refuseLine returns why a command line ends the session, nil if it does not.
func (g *guard) refuseLine(line []byte) *gsp.Refusal {
	g.lines++
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return &gsp.Refusal{
			Reason: gsp.BrokenLines,
			Cause:  "a command is not one line of ASCII that ends in CR LF",
			Remedy: "correct the program that sent it",
		}
	}
	// go-smtp would take the chunk that follows a faulty BDAT for commands, and
	// a chunk cut off by a lost connection for a whole mail.
	if hasVerb(line, "BDAT") {
		return &gsp.Refusal{
			Reason: gsp.BadSequence,
			Cause:  "BDAT is not offered here",
			Remedy: "send the mail with DATA",
		}
	}
	if !g.loggedIn && g.lines > g.server.Limits.EarlyLines {
		return &gsp.Refusal{
			Reason: gsp.BadSequence,
			Cause:  "too many commands before login",
			Remedy: "log in first",
		}
	}
	return nil
}

func hasVerb(line []byte, verb string) bool {
	return len(line) > len(verb) && line[len(verb)] <= ' ' && bytes.EqualFold(line[:len(verb)], []byte(verb))
}

func (g *guard) handshake() error {
	g.mu.Lock()
	if g.stopping {
		g.mu.Unlock()
		return errStopping
	}
	g.waiting = true
	g.Conn.SetDeadline(time.Now().Add(g.server.Limits.Handshake))
	g.mu.Unlock()

	err := g.tls.HandshakeContext(g.server.ctx)

	g.mu.Lock()
	g.waiting = false
	g.mu.Unlock()
	if err != nil {
		return err
	}
	g.secure, g.layer, g.who = true, g.tls, g.tls.Peer()
	g.in = bufio.NewReaderSize(stream{g}, maxCommand)
	if g.unwelcome {
		return g.turnAway()
	}
	return nil
}

// turnAway says why a session ends before it began.
func (g *guard) turnAway() error {
	g.out = g.out[:0] // in place of the greeting
	g.say(&gsp.Refusal{
		Reason: gsp.Stopping,
		Cause:  "too many connections from your network",
		Remedy: "close some of them or try again in some minutes",
	})
	return g.leave()
}

// sayWhy tells the client why the wait for a command ended.
func (g *guard) sayWhy(err error) {
	switch {
	case err == errStopping || g.isStopping():
		g.say(&gsp.Refusal{
			Reason: gsp.Stopping,
			Cause:  "the gateway is being restarted",
			Remedy: "try again in a minute",
		})
	case errors.Is(err, os.ErrDeadlineExceeded):
		g.say(&gsp.Refusal{
			Reason: gsp.InterruptedInput,
			Cause:  "no command came for too long",
			Remedy: "connect again",
		})
	case errors.Is(err, bufio.ErrBufferFull):
		g.linger = true
		g.say(&gsp.Refusal{
			Reason: gsp.BrokenLines,
			Cause:  "a command line is too long",
			Remedy: "correct the program that sent it",
		})
	}
}

// say queues a refusal as a reply.
func (g *guard) say(r *gsp.Refusal) {
	g.out = append(g.out, render(reply(r, g.server.Help))...)
}

// leave sends what is queued and ends the connection. It returns io.EOF.
func (g *guard) leave() error {
	g.flush()
	if half, ok := g.layer.(interface{ CloseWrite() error }); ok && g.linger {
		// Closing on octets that were not read resets the connection, and the
		// reply may be lost with it.
		half.CloseWrite()
		g.Conn.SetReadDeadline(time.Now().Add(g.server.Limits.LingerAfter))
		io.CopyN(io.Discard, g.layer, g.server.MaxMessage)
	}
	g.Close()
	return io.EOF
}

// Write gathers replies. go-smtp writes one whole line at a time.
func (g *guard) Write(p []byte) (int, error) {
	if g.greeting {
		g.greet(p)
	} else {
		g.out = append(g.out, formal(p, g.server.Help)...)
	}
	if len(g.out) >= maxCommand {
		if err := g.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// greet changes a line of go-smtp's reply to EHLO: CHUNKING is refused here,
// sizes and recipients are counted by us (RFC 1870; RFC 9422), and a mail
// leaves the gateway by TLS only, so REQUIRETLS (RFC 8689) asks for nothing new.
func (g *guard) greet(line []byte) {
	switch {
	case bytes.HasPrefix(line, []byte("250-Hello ")):
		// The client's own name need not come back to it.
		g.out = fmt.Appendf(g.out, "250-%s\r\n", g.server.Domain)
	case string(line) == "250-CHUNKING\r\n":
	case string(line) == "250 SIZE\r\n":
		g.out = fmt.Appendf(g.out, "250-LIMITS RCPTMAX=%d\r\n250-REQUIRETLS\r\n250 SIZE %d\r\n", g.server.MaxRecipients, g.server.MaxMessage)
	default:
		g.out = append(g.out, formal(line, g.server.Help)...)
	}
	g.greeting = len(line) > 3 && line[3] == '-'
}

func (g *guard) flush() error {
	if len(g.out) == 0 || g.layer == nil {
		return nil
	}
	g.Conn.SetWriteDeadline(time.Now().Add(g.server.Limits.Write))
	_, err := g.layer.Write(g.out)
	g.out = g.out[:0]
	if err != nil {
		g.leaving, g.linger = true, false
	}
	return err
}

// Close sends what is queued and closes the connection.
func (g *guard) Close() error {
	g.flush()
	g.leaving, g.linger = true, false
	g.server.forget(g)
	if g.secure {
		return g.tls.Close()
	}
	return g.Conn.Close()
}

// stop ends the session as soon as it is between two mails. Any goroutine may
// call it.
func (g *guard) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopping = true
	if g.waiting {
		g.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// abort cuts the connection. Any goroutine may call it.
func (g *guard) abort() { g.Conn.Close() }

func (g *guard) isStopping() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopping
}

// stream is the input, decrypted where there is TLS, under the guard's buffer. Whenever the client
// has to be waited for, it sends the replies and sets the deadline.
type stream struct{ g *guard }

func (s stream) Read(p []byte) (int, error) {
	g := s.g
	if err := g.flush(); err != nil {
		return 0, err
	}
	g.mu.Lock()
	if g.stopping && g.reading.command {
		g.mu.Unlock()
		return 0, errStopping
	}
	g.waiting = g.reading.command
	g.Conn.SetReadDeadline(g.reading.deadline(&g.server.Limits))
	g.mu.Unlock()

	n, err := g.layer.Read(p)

	g.mu.Lock()
	g.waiting = false
	g.mu.Unlock()
	g.reading.octets += int64(n)
	return n, err
}

// pause takes a wait of ours out of a mail's time.
func (p *pace) pause(d time.Duration) { p.began, p.by = p.began.Add(d), p.by.Add(d) }

// deadline returns when the next octets must be there.
func (p *pace) deadline(l *Limits) time.Time {
	if p.command {
		return p.by
	}
	by := p.by
	if stall := time.Now().Add(l.Stall); stall.Before(by) {
		by = stall
	}
	earned := l.Grace + time.Duration(p.octets/l.MinRate)*time.Second
	if slow := p.began.Add(earned); slow.Before(by) {
		by = slow
	}
	return by
}
