package guard

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/peer"
)

// Conn is a guarded connection, as the server library reads and writes it.
// Reading and writing may run at the same time, but only one Read. Deadlines
// are the guard's own: those that the library sets have no effect.
type Conn struct {
	net.Conn // below TLS
	tls      *peer.Conn
	cfg      Config
	ctx      context.Context
	cancel   context.CancelFunc
	busy     *time.Timer // runs while a command does, under mu
	entered  func()      // tells the listener of a login
	closed   func()      // tells the listener
	handle   func(command string, args []string) Answer

	// Owned by the goroutine that calls Read.
	in    *bufio.Reader
	ready []byte // passed to the library before anything else
	left  int64  // octets of the literal that follow
	step  step
	cmd   command
	wait  wait
	ended bool

	out output

	mu       sync.Mutex // guards what other goroutines may change
	client   string
	goodbye  string // end with this text after the running command
	stopping string // end with this text between commands
	loginBy  time.Time
	runs     bool // a command
	authed   bool
	linger   bool // the client may be sending still
}

// wait is what Read waits for and since when.
type wait struct {
	phase phase
	since time.Time
	beat  time.Time // of the last sign of life, or the begin of the rate's window
	got   int64     // octets within the window
}

type phase uint8

const (
	forCommand phase = iota
	forLine
	forLiteral
	forDone
)

func newConn(raw net.Conn, cfg Config) *Conn {
	c := &Conn{Conn: raw, tls: peer.Server(raw, cfg.TLS), cfg: cfg}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.busy = time.AfterFunc(busyTime, c.stillHere)
	c.busy.Stop()
	c.in = bufio.NewReaderSize(receiver{c}, 1<<10) // of commands; a literal passes it by
	c.out.send = c.send
	c.out.capabilities = strings.Join(append([]string{"", "ID"}, cfg.Extra.Capabilities...), " ")
	c.expect(forCommand)
	return c
}

// Handshake runs the TLS handshake. It must be called before Read and Write.
func (c *Conn) Handshake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	err := c.tls.HandshakeContext(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loginBy = time.Now().Add(loginTime)
	return err
}

// Context ends with the connection, also while a command runs: a client that
// goes away, or a gateway that stops, is found out by signs of life.
func (c *Conn) Context() context.Context { return c.ctx }

// run notes whether a command runs, during which there are signs of life.
func (c *Conn) run(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs = on; on {
		c.busy.Reset(busyTime)
	} else {
		c.busy.Stop()
	}
}

// stillHere gives a sign of life if a command runs, and sees to the next.
func (c *Conn) stillHere() {
	c.mu.Lock()
	runs := c.runs
	c.mu.Unlock()
	if !runs {
		return
	}
	c.out.inject("* OK Still here\r\n")
	err := c.out.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs && err == nil {
		c.busy.Reset(busyTime)
	}
}

// cut ends the connection at once.
func (c *Conn) cut() {
	c.cancel()
	c.Conn.Close()
}

// Peer returns who is at the other end. Call it after the handshake.
func (c *Conn) Peer() peer.Peer { return c.tls.Peer() }

// Client returns the name and version that the client gave with ID, printable
// ASCII of at most 80 octets, or "".
func (c *Conn) Client() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.client
}

// HangUp ends the connection with BYE once the running command is answered,
// and at once if that is IDLE. The first text is the one that is told.
func (c *Conn) HangUp(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goodbye = cmp.Or(c.goodbye, text)
	c.tls.SetReadDeadline(time.Unix(1, 0))
}

// stop ends the connection with BYE between two commands, at once if it waits
// for one.
func (c *Conn) stop(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = text
	c.tls.SetReadDeadline(time.Unix(1, 0))
}

// Read gives the library the next octets of a whole command.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 && c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			c.end(err)
		}
	}
	if len(c.ready) > 0 {
		n := copy(p, c.ready)
		c.ready = c.ready[n:]
		return n, nil
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil {
		c.end(err)
		err = io.EOF
	}
	return n, err
}

// Write takes what the library answers. It is sent when the library waits for
// the client, when the buffer is full, or at once during IDLE.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close sends what is left and closes the connection.
func (c *Conn) Close() error {
	c.run(false)
	c.cancel()
	c.out.flush()
	c.mu.Lock()
	linger := c.linger
	c.mu.Unlock()
	if linger {
		// Closing with octets unread makes TCP take back what was sent last: the
		// reason. So they are read for a moment.
		c.tls.CloseWrite()
		c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
		io.CopyN(io.Discard, c.Conn, maxSkipped)
	}
	err := c.tls.Close()
	c.closed()
	return err
}

// SetDeadline does nothing: the guard has deadlines of its own.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: the guard has deadlines of its own.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: the guard has deadlines of its own.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// end says BYE, where there is something to say, and gives the library the
// end of the stream from then on.
func (c *Conn) end(err error) {
	var (
		wrong  byeError
		parted partingError
	)
	c.ended, c.left, c.ready = true, 0, nil
	linger := errors.As(err, &wrong)
	c.mu.Lock()
	c.linger = linger
	c.mu.Unlock()
	if linger || errors.As(err, &parted) {
		c.out.inject("* BYE " + err.Error() + "\r\n")
	}
	c.out.flush()
	c.out.shut()
}

// byeError ends the connection of a client that does something wrong.
type byeError string

func (e byeError) Error() string { return string(e) }

// partingError ends the connection of a client that does nothing wrong.
type partingError string

func (e partingError) Error() string { return string(e) }

const errSlow = partingError("connection was idle for too long")

// expect starts waiting for something else.
func (c *Conn) expect(p phase) {
	now := time.Now()
	c.wait = wait{phase: p, since: now, beat: now}
}

// receiver reads from the client for the bufio.Reader of a Conn.
type receiver struct{ c *Conn }

func (r receiver) Read(p []byte) (int, error) {
	c := r.c
	if err := c.out.flush(); err != nil {
		return 0, err
	}
	for {
		now := time.Now()
		if c.wait.phase == forDone && !now.Before(c.wait.beat.Add(beatTime)) {
			c.wait.beat = now
			c.out.inject("* OK Still here\r\n")
			if err := c.out.flush(); err != nil {
				return 0, err
			}
		}
		if err := c.arm(now); err != nil {
			return 0, err
		}
		n, err := c.tls.Read(p)
		c.wait.got += int64(n)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		// The deadline may be one of several, or a call of HangUp or stop: arm knows.
	}
}

// arm sets the deadline of the next read from the client, or says that it has
// passed.
func (c *Conn) arm(now time.Time) error {
	wake, last := c.until(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.authed && c.loginBy.Before(last) {
		last = c.loginBy
	}
	if !now.Before(last) {
		return errSlow
	}
	if c.stopping != "" && (c.wait.phase == forCommand || c.wait.phase == forDone) {
		return partingError(c.stopping)
	}
	if c.goodbye != "" && c.wait.phase == forDone {
		return partingError(c.goodbye)
	}
	if last.Before(wake) {
		wake = last
	}
	return c.tls.SetReadDeadline(wake)
}

// until returns when to look again, and when it is too late.
func (c *Conn) until(now time.Time) (wake, last time.Time) {
	w := &c.wait
	switch w.phase {
	case forLine:
		last = w.since.Add(lineTime)
	case forLiteral:
		last = w.beat.Add(rateTime)
		if !now.Before(last) && w.got >= rate*int64(rateTime/time.Second) {
			w.beat, w.got = now, 0
			last = now.Add(rateTime)
		}
	case forDone:
		last = w.since.Add(idleTime)
		return w.beat.Add(beatTime), last
	default:
		last = w.since.Add(idleTime)
	}
	return last, last
}

// send writes to the client, who must take each piece in time: a large mail
// would stay in memory for as long as it likes.
func (c *Conn) send(p []byte) error {
	for len(p) > 0 {
		piece := p[:min(len(p), pieceSize)]
		c.tls.SetWriteDeadline(time.Now().Add(pieceTime))
		if _, err := c.tls.Write(piece); err != nil {
			c.cancel()
			return err
		}
		p = p[len(piece):]
	}
	return nil
}
