package guard_test

import (
	"bufio"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/imapd/guard"
)

func listen(p *pipes) *guard.Listener { return guard.Listen(p, config()) }

// pause reports whether the test still runs after d.
func pause(t *testing.T, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-t.Context().Done():
		return false
	}
}

// I4: nobody holds a connection by doing nothing, or next to nothing.
func TestI4SlowClientsAreCut(t *testing.T) {
	for name, test := range map[string]struct {
		play func(*testing.T, *pipes) *client
		want time.Duration
		bye  string
	}{
		"handshake": {func(t *testing.T, p *pipes) *client {
			raw := p.raw()
			t.Cleanup(func() { raw.Close() })
			return &client{t, raw, bufio.NewReader(raw)}
		}, 10 * time.Second, "EOF"},
		"login": {func(t *testing.T, p *pipes) *client {
			return p.dial(t)
		}, time.Minute, "* BYE connection was idle for too long"},
		"empty lines before login": {func(t *testing.T, p *pipes) *client {
			c := p.dial(t)
			go func() {
				for pause(t, 10*time.Second) {
					c.Conn.Write([]byte("\r\n"))
				}
			}()
			return c
		}, time.Minute, "* BYE connection was idle for too long"},
		"command": {func(t *testing.T, p *pipes) *client {
			c := p.dial(t).login()
			c.send("a NO")
			return c
		}, 30 * time.Second, "* BYE connection was idle for too long"},
		"literal": {func(t *testing.T, p *pipes) *client {
			c := p.dial(t).login()
			c.send("a APPEND INBOX {100000}\r\n")
			c.want("+ ")
			go func() {
				for pause(t, time.Second) {
					c.Conn.Write(make([]byte, 10))
				}
			}()
			return c
		}, 30 * time.Second, "* BYE connection was idle for too long"},
		"between commands": {func(t *testing.T, p *pipes) *client {
			return p.dial(t).login()
		}, 35 * time.Minute, "* BYE connection was idle for too long"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipes()
				serve(t, listen(p))
				c := test.play(t, p)
				since := time.Now()
				if got := c.line(); got != test.bye {
					t.Errorf("got %q, want %q", got, test.bye)
				}
				if got := time.Since(since).Round(time.Second); got != test.want {
					t.Errorf("cut after %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestWhoDoesNotReadIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		serve(t, listen(p))
		c := p.dial(t).login()
		c.send("a NOOP\r\n") // a pipe holds nothing: the answer waits for us
		time.Sleep(31 * time.Second)
		c.want("EOF")
	})
}

func TestSteadyLiteralMayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		serve(t, listen(p))
		c := p.dial(t).login()
		c.send("a APPEND INBOX {100000}\r\n")
		c.want("+ ")
		for range 100 {
			c.send(string(make([]byte, 1000)))
			time.Sleep(time.Second)
		}
		c.send("\r\n")
		c.want("a OK")
	})
}

func TestIdleIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		serve(t, listen(p))
		c := p.dial(t).login()
		c.send("a IDLE\r\n")
		c.want("+ idling", "* 7 EXISTS")
		since := time.Now()
		for range 17 {
			c.want("* OK Still here")
		}
		if got := time.Since(since); got != 34*time.Minute {
			t.Errorf("17 signs of life in %v, want 34m", got)
		}
		c.want("* BYE connection was idle for too long", "EOF")
	})
}

// A command may take long. A client that waits is told that it is not
// forgotten; for one that went away, and for a gateway that stops, it ends.
func TestLongCommandsAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := listen(p)
		lib := serve(t, l)
		ended := func(want string) {
			t.Helper()
			synctest.Wait()
			if calls := lib.noted(); calls[len(calls)-1] != "COPY ended after "+want {
				t.Errorf("got %q, want that the command ended after %s", calls, want)
			}
		}
		c := p.dial(t).login()
		c.selects()
		c.send("a COPY 1 slow\r\n")
		c.want("* OK Still here", "* OK Still here", "a OK")
		time.Sleep(time.Minute) // in which no command runs
		c.send("b NOOP\r\n")
		c.want("b OK")
		c.send("a COPY 1 ever\r\n")
		c.want("* OK Still here")
		c.Conn.Close()
		time.Sleep(5 * time.Second)
		ended("10s")

		c = p.dial(t).login()
		c.selects()
		c.send("a COPY 1 ever\r\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l.Shutdown(ctx, "restarting")
		ended("1s")
	})
}

// I21: a session ends with BYE, and the command that runs is answered first.
func TestI21ShutdownSaysBye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := listen(p)
		lib := serve(t, l)
		waiting, idle, busy := p.dial(t).login(), p.dial(t).login(), p.dial(t).login()
		idle.send("a IDLE\r\n")
		idle.want("+ idling", "* 7 EXISTS")
		busy.send("a APPEND INBOX {4}\r\n")
		busy.want("+ ")
		synctest.Wait()

		stopped := make(chan error)
		go func() { stopped <- l.Shutdown(context.Background(), "restarting") }()
		waiting.want("* BYE restarting", "EOF")
		idle.want("* BYE restarting", "EOF")
		synctest.Wait()
		busy.send("last\r\n")
		busy.want("a OK", "* BYE restarting", "EOF")
		if err := <-stopped; err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if calls := lib.noted(); calls[len(calls)-1] != "APPEND INBOX last" {
			t.Errorf("got %q, want the message at last", calls)
		}
	})
}

func TestShutdownCutsWhoDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := listen(p)
		serve(t, l)
		c := p.dial(t).login()
		c.send("a APPEND INBOX {4}\r\n")
		c.want("+ ")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Shutdown(ctx, "restarting"); err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		c.want("EOF")
	})
}

func TestConnectionsAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		cfg := config()
		cfg.PerAddress = 2
		serve(t, guard.Listen(p, cfg))
		first := p.dial(t)
		p.dial(t)
		raw := p.raw()
		if _, err := raw.Read(make([]byte, 1)); err == nil {
			t.Error("third connection of an address was served")
		}
		first.send("a LOGOUT\r\n")
		first.want("* BYE", "a OK", "EOF")
		first.Conn.Close()
		synctest.Wait()
		p.dial(t)
	})
}
