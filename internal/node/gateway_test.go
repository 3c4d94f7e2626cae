package node_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

func configOf(t *testing.T) config.Config {
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

// A gateway that is stopped before its doors have begun to serve ends, too.
func TestStopAtOnce(t *testing.T) {
	c := configOf(t)
	for range 20 {
		g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err = g.Shutdown(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestHealth(t *testing.T) {
	c := configOf(t)
	if err := node.Health(t.Context(), c); err == nil {
		t.Error("health of a gateway that does not run: got no error")
	}
	g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.HTTPS.Listen = g.HTTPS.String()
	if err := node.Health(t.Context(), c); err != nil {
		t.Errorf("health of a running gateway: got %v", err)
	}
	// Another gateway answers at the address: that says nothing of this one.
	other := configOf(t)
	other.HTTPS.Listen = c.HTTPS.Listen
	if err := node.Health(t.Context(), other); err == nil {
		t.Error("health where another gateway answers: got no error")
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftOpenByAFailedStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := configOf(t)
	c.HTTPS.Listen = l.Addr().String()
	_, err = node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if r, ok := errors.AsType[*gsp.Refusal](err); !ok || r.Reason != gsp.PortInUse {
		t.Fatalf("start on a port in use: got %v, want %s", err, gsp.PortInUse)
	}
	l.Close()
	g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("start once the port is free: %v", err)
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
