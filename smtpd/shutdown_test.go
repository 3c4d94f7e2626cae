package smtpd_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"gsp.example/gsp/smtpd"
)

// A gateway that is told to stop while it starts closes its door, whichever of
// Serve and Shutdown comes first: neither waits for ever, and nobody can
// connect afterwards.
func TestShutdownWhileServeBegins(t *testing.T) {
	serverTLS, _ := certificate(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range 500 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		server := &smtpd.Server{Accounts: roll{}, Submitter: &recorder{}, TLS: serverTLS, Domain: domain}
		served := make(chan error, 1)
		serve := func() { served <- server.Serve(l) }
		if i > 0 {
			go serve()
		}
		if err := server.Shutdown(ctx); err != nil {
			t.Fatalf("round %d: Shutdown: %v", i, err)
		}
		if i == 0 {
			go serve()
		}
		select {
		case err := <-served:
			if err != nil {
				t.Fatalf("round %d: Serve: got %v, want nil", i, err)
			}
		case <-ctx.Done():
			t.Fatalf("round %d: Serve goes on after Shutdown", i)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("round %d: the listener: got %v, want %v", i, err, net.ErrClosed)
		}
	}
}

// Whoever opened a listener may close it as well, before or after the door does:
// that the two meet is no failure of the end.
func TestShutdownOfAClosedListener(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &smtpd.Server{Accounts: roll{}, Submitter: &recorder{}, TLS: serverTLS, Domain: domain}
	served := make(chan error, 1)
	go func() { served <- server.Serve(shared{l}) }()
	conn, err := tls.Dial("tcp", l.Addr().String(), clientTLS) // once it serves
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: got %v, want nil", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
}

// shared is a listener that somebody else closes at the same moment.
type shared struct{ net.Listener }

func (h shared) Close() error {
	h.Listener.Close()
	return h.Listener.Close()
}
