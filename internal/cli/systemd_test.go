package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"gsp.example/gsp/internal/config"
)

// manager listens as systemd does.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	at := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", at)
	return c
}

func heard(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 100)
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestTheManagerIsTold(t *testing.T) {
	c := manager(t)
	tellManager("READY=1")
	if got := heard(t, c); got != "READY=1" {
		t.Errorf("got %q, want READY=1", got)
	}

	// A gateway that does not answer is not alive.
	t.Setenv("WATCHDOG_USEC", "3000")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	go watch(ctx, func(context.Context) error {
		if asked++; asked < 5 {
			return errors.New("it hangs")
		}
		tellManager("asked five times")
		return nil
	})
	if got := heard(t, c); got != "asked five times" {
		t.Errorf("got %q before it was alive", got)
	}
	if got := heard(t, c); got != "WATCHDOG=1" {
		t.Errorf("got %q, want WATCHDOG=1", got)
	}
}

func TestTheJournalHasPriorities(t *testing.T) {
	t.Setenv("JOURNAL_STREAM", "8:1")
	var b bytes.Buffer
	log := logger(&b, config.Log{Level: slog.LevelDebug, Format: config.Text})
	log.LogAttrs(t.Context(), slog.LevelDebug, "imap session ended")
	log.With(slog.String("door", "reading")).LogAttrs(t.Context(), slog.LevelInfo, "login refused")
	log.WithGroup("g").LogAttrs(t.Context(), slog.LevelWarn, "certificate not reloaded", slog.Int("n", 1))
	log.LogAttrs(t.Context(), slog.LevelError, "submission failed")
	want := "<7>msg=\"imap session ended\"\n<6>msg=\"login refused\" door=reading\n" +
		"<4>msg=\"certificate not reloaded\" g.n=1\n<3>msg=\"submission failed\"\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}
