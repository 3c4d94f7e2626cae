package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"gsp.example/gsp/internal/config"
)

// tellManager tells the service manager how the gateway is doing, where one
// listens (sd_notify(3)). It goes on without one.
func tellManager(state string) {
	at := os.Getenv("NOTIFY_SOCKET")
	if at == "" {
		return
	}
	c, err := net.Dial("unixgram", at) // "@" stands for the abstract namespace, as Go has it too
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = io.WriteString(c, state)
}

// watch tells the service manager that the gateway is alive, as often as it
// asks for (sd_watchdog_enabled(3)) and as long as alive says so, until ctx
// ends. A gateway that hangs is then started again.
func watch(ctx context.Context, alive func(context.Context) error) {
	microseconds, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || microseconds <= 0 {
		return
	}
	often := time.NewTicker(time.Duration(microseconds) * time.Microsecond / 3)
	defer often.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
			if alive(ctx) == nil {
				tellManager("WATCHDOG=1")
			}
		}
	}
}

// logger returns the log of a gateway.
func logger(w io.Writer, c config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == config.JSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	if os.Getenv("JOURNAL_STREAM") == "" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(newJournal(w, options))
}

// journal is a handler for lines that systemd reads: they begin with their
// priority (sd-daemon(3)), and without the time, which the journal has.
type journal struct {
	slog.Handler
	page *journalPage
}

type journalPage struct {
	mu   sync.Mutex
	line bytes.Buffer
	w    io.Writer
}

func newJournal(w io.Writer, options *slog.HandlerOptions) journal {
	page := &journalPage{w: w}
	options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	return journal{slog.NewTextHandler(&page.line, options), page}
}

// Handle implements slog.Handler.
func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.page.mu.Lock()
	defer j.page.mu.Unlock()
	j.page.line.Reset()
	j.page.line.WriteString("<" + strconv.Itoa(priority(r.Level)) + ">")
	if err := j.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.page.w.Write(j.page.line.Bytes())
	return err
}

// WithAttrs implements slog.Handler.
func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journal{j.Handler.WithAttrs(attrs), j.page}
}

// WithGroup implements slog.Handler.
func (j journal) WithGroup(name string) slog.Handler {
	return journal{j.Handler.WithGroup(name), j.page}
}

// priority is that of syslog(3).
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}
