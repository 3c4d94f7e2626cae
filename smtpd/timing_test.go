package smtpd_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/smtpd"
)

// pipes is a listener without sockets, so that a door in it can live in a
// synctest bubble, where hours pass at once.
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
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// timed runs a door with the default limits in a bubble, which stores nothing.
func timed(t *testing.T, test func(t *testing.T, p *pipes, connect func() *client)) {
	inBubble(t, nil, func(t *testing.T, b *bubble) {
		test(t, b.pipes, b.connect)
		if n := len(b.store.mails()); n != 0 {
			t.Errorf("%d mails stored, want none", n)
		}
	})
}

// bubble is a door and the way to it, in a synctest bubble.
type bubble struct {
	*pipes
	t      *testing.T
	tls    *tls.Config // for clients
	server *smtpd.Server
	store  *recorder
}

// inBubble is openDoor in a bubble.
func inBubble(t *testing.T, change func(*smtpd.Server), test func(t *testing.T, b *bubble)) {
	serverTLS, clientTLS := certificate(t)
	clientTLS.InsecureSkipVerify = true // the bubble's clock starts in the year 2000
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{pipes: newPipes(), t: t, tls: clientTLS, store: &recorder{}}
		b.server = &smtpd.Server{Accounts: roll{}, Submitter: b.store, TLS: serverTLS, Domain: domain}
		if change != nil {
			change(b.server)
		}
		go b.server.Serve(b)
		defer b.server.Shutdown(context.Background())
		test(t, b)
	})
}

func (b *bubble) connect() *client {
	conn := tls.Client(b.dial(), b.tls)
	b.t.Cleanup(func() { conn.Close() })
	return &client{t: b.t, conn: conn, in: bufio.NewReader(conn)}
}

// begin returns a client whose mail can follow, of a size that MAIL may announce.
func (b *bubble) begin(secret, size string) *client {
	b.t.Helper()
	c := b.connect()
	c.logInBy(secret)
	c.want("MAIL FROM:<"+officer+">"+size+"\r\n", "250 ")
	c.want("RCPT TO:<ke@gsp.example>\r\n", "250 ")
	c.want("DATA\r\n", "354 ")
	return c
}

func (c *client) logIn() {
	c.t.Helper()
	c.logInBy(password)
}

func (c *client) logInBy(secret string) {
	c.t.Helper()
	c.want("", "220 ")
	c.want("EHLO x\r\n", "250-")
	c.want(plain(officer, secret), "235 ")
}

// wantAfter wants a reply and the end of the connection after a time.
func (c *client) wantAfter(began time.Time, wait time.Duration, reply string) {
	c.t.Helper()
	c.want("", reply)
	if got := time.Since(began); got != wait {
		c.t.Errorf("%q after %v, want %v", reply, got, wait)
	}
	c.gone()
	c.conn.Close()
	c.dripping.Wait()
}

func TestS13SilentHandshake(t *testing.T) {
	timed(t, func(t *testing.T, p *pipes, connect func() *client) {
		silent := p.dial()
		defer silent.Close()
		began := time.Now()
		c := connect() // is served meanwhile
		c.logIn()
		if time.Since(began) != 0 {
			t.Errorf("a silent peer held up another for %v", time.Since(began))
		}
		silent.Read(make([]byte, 1))
		if got := time.Since(began); got != 10*time.Second {
			t.Errorf("closed after %v, want 10s", got)
		}
		c.want("QUIT\r\n", "221 ")
	})
}

func TestStrangersHaveAMinute(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		began := time.Now()
		c := connect()
		c.want("", "220 ")
		for range 5 {
			time.Sleep(11 * time.Second) // of the bubble's clock
			c.want("NOOP\r\n", "250 ")
		}
		c.wantAfter(began, time.Minute, "421 4.4.2 interrupted-input: no command came for too long.")
	})
}

// One octet of a command every ten seconds.
func TestSlowCommand(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		c := connect()
		c.logIn()
		began := time.Now()
		c.drip("x", 10*time.Second)
		c.wantAfter(began, 5*time.Minute, "421 4.4.2 interrupted-input: ")
	})
}

// drip sends text every so often until the connection ends.
func (c *client) drip(text string, every time.Duration) {
	c.dripping.Go(func() {
		for {
			if _, err := c.conn.Write([]byte(text)); err != nil {
				return
			}
			time.Sleep(every)
		}
	})
}

// A mail may take long as long as something comes (S2), but not for ever.
func TestS2SteadyMailHasHalfAnHour(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		c := connect()
		c.logIn()
		c.envelope()
		c.want("DATA\r\n", "354 ")
		began := time.Now()
		c.drip(strings.Repeat(strings.Repeat("x", 998)+"\r\n", 10), 15*time.Second)
		c.wantAfter(began, 30*time.Minute, "421 4.4.2 interrupted-input: ")
	})
}

func TestSlowMail(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		c := connect()
		c.logIn()
		c.envelope()
		c.want("DATA\r\n", "354 ")
		began := time.Now()
		c.drip("x\r\n", 10*time.Second)
		c.wantAfter(began, 30*time.Second, "421 4.4.2 interrupted-input: ")
	})
}

// A fast beginning does not buy a long silence.
func TestStallInMail(t *testing.T) {
	timed(t, func(t *testing.T, _ *pipes, connect func() *client) {
		c := connect()
		c.logIn()
		c.envelope()
		c.want("DATA\r\n", "354 ")
		began := time.Now()
		c.send(strings.Repeat(strings.Repeat("x", 998)+"\r\n", 100))
		c.wantAfter(began, time.Minute, "421 4.4.2 interrupted-input: ")
	})
}

// A mail that waits for room in the middle is not slow: the time is the
// gateway's.
func TestWaitingForRoomIsNotSlow(t *testing.T) {
	inBubble(t, func(s *smtpd.Server) {
		s.MaxMessage, s.Limits.Room, s.Limits.MinRate = 200_000, 600_000, 1_000_000
	}, func(t *testing.T, b *bubble) {
		c := b.begin(password, "")
		time.Sleep(5 * time.Second) // of the bubble's clock
		silent := []*client{b.begin(colleague, " SIZE=200000"), b.begin(colleague, " SIZE=200000")}
		began := time.Now()
		c.dripping.Go(func() {
			c.conn.Write([]byte(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 1500) + ".\r\n"))
		})
		c.want("", "250 ")
		if got := time.Since(began); got != b.server.Limits.Grace {
			t.Errorf("stored after %v, want it to wait until the silent ones are cut off, %v", got, b.server.Limits.Grace)
		}
		c.dripping.Wait()
		for _, c := range append(silent, c) {
			c.conn.Close()
		}
	})
}

func TestRoom(t *testing.T) {
	inBubble(t, func(s *smtpd.Server) { s.MaxMessage, s.Limits.Room = 200_000, 600_000 }, func(t *testing.T, b *bubble) {
		stored, finish := make(chan struct{}), make(chan struct{})
		b.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) {
			stored <- struct{}{}
			<-finish
			return gsp.Receipt{}, nil
		}
		var full []*client
		for range 2 {
			c := b.begin(password, " SIZE=200000")
			c.send(body + ".\r\n")
			<-stored
			full = append(full, c)
		}
		began := time.Now()
		late := b.begin(password, "")
		late.want(body+".\r\n", "452 4.3.1 too-busy: too many mails are coming in at this moment.")
		if got := time.Since(began); got != b.server.Limits.RoomWait {
			t.Errorf("refused after %v, want %v", got, b.server.Limits.RoomWait)
		}

		// One account cannot keep the others out.
		began = time.Now()
		other := b.begin(colleague, "")
		other.send(body + ".\r\n")
		<-stored
		if got := time.Since(began); got != 0 {
			t.Errorf("a mail of another account was stored after %v, want it to wait for nothing", got)
		}
		for range 3 { // any of them
			finish <- struct{}{}
		}
		for _, c := range append(full, other) {
			c.want("", "250 2.0.0 stored")
			c.conn.Close()
		}
		late.envelope()
		late.want("DATA\r\n", "354 ")
		late.send(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 2000) + ".\r\n") // grows to full size
		<-stored
		finish <- struct{}{}
		late.want("", "250 2.0.0 stored")
		late.conn.Close()
	})
}

// Who begins in clear has as long to log in as anybody.
func TestClearTextStrangersHaveAMinute(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bubble) {
		clear := newPipes()
		go b.server.ServeSTARTTLS(clear)
		conn := clear.dial()
		defer conn.Close()
		began, in := time.Now(), bufio.NewReader(conn)
		for _, want := range []string{"220 ", "421 4.4.2 interrupted-input: no command came for too long."} {
			if got, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(got, want) {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
		}
		if got := time.Since(began); got != time.Minute {
			t.Errorf("told after %v, want 1m", got)
		}
		if rest, err := in.ReadString('\n'); err == nil || rest != "" {
			t.Errorf("got %q, %v, want the end of the connection", rest, err)
		}
	})
}

// A mail on its way or being stored when the door closes gets its reply; who
// is idle is told.
func TestShutdown(t *testing.T) {
	d := openDoor(t, nil)
	stored, finish := make(chan struct{}), make(chan struct{})
	d.store.answer = func(ctx context.Context, _ gsp.Submission) (gsp.Receipt, error) {
		stored <- struct{}{}
		<-finish
		return gsp.Receipt{Case: "2026-KE-7Q4M2"}, ctx.Err()
	}
	idle, open, stranger, busy, half := d.login(t), d.ready(t), d.dial(t), d.ready(t), d.ready(t)
	stranger.want("", "220 ")
	half.want("DATA\r\n", "354 ")
	half.send("A: b\r\n")
	busy.want("DATA\r\n", "354 ")
	busy.send(body + ".\r\nNOOP\r\n")
	<-stored

	down := make(chan error)
	go func() { down <- d.server.Shutdown(t.Context()) }()
	for _, c := range []*client{idle, open, stranger} {
		c.want("", "421 4.3.2 stopping: the gateway is being restarted. Try again in a minute.")
		c.gone()
	}
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v while a mail was being stored", err)
	default:
	}
	half.send("\r\nre")
	half.send("st\r\n.\r\n")
	<-stored
	close(finish)
	for _, c := range []*client{busy, half} {
		c.want("", "250 2.0.0 stored, case 2026-KE-7Q4M2")
		c.want("", "421 4.3.2 stopping: ")
		c.gone()
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-d.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := tls.Dial("tcp", d.addr, d.tls); err == nil {
		t.Error("the door is still open")
	}
}

// Whoever does not finish in time is cut off without a 250.
func TestShutdownInTime(t *testing.T) {
	d := openDoor(t, nil)
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.send("A: b\r\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != context.DeadlineExceeded {
		t.Errorf("Shutdown: got %v, want %v", err, context.DeadlineExceeded)
	}
	c.gone()
	d.wantNothingStored(t)
}
