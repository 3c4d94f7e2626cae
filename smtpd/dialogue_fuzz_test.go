package smtpd_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/smtpd"
)

// FuzzDialogue says anything to a door, after a login. Nothing may make it
// panic, hang, write what is no reply, or hand in a mail with broken lines.
func FuzzDialogue(f *testing.F) {
	const envelope = "MAIL FROM:<" + officer + ">\r\nRCPT TO:<ke@gsp.example>\r\n"
	for _, seed := range []string{
		"", "NOOP\r\n", envelope + "DATA\r\n" + body + ".\r\nQUIT\r\n", envelope + "BDAT 3 LAST\r\nabc", "EHLO x\r\nRSET\r\nQUIT\r\n",
		envelope + "DATA\r\nx\n.\n" + envelope + "DATA\r\ny\r\n.\r\n", "AUTH PLAIN\r\n=\r\n", "VRFY x\r\nHELP\r\nEXPN x\r\n",
		"MAIL FROM:<" + officer + "> SIZE=99999999999 BODY=BINARYMIME AUTH=<> RET=FULL\r\n", "STARTTLS\r\n", "RCPT TO:<\"a\\\"b\"@x>\r\n",
	} {
		f.Add([]byte(seed))
	}
	serverTLS, clientTLS := certificate(f)
	store, log := &recorder{}, &syncBuffer{}
	server := &smtpd.Server{
		Accounts: roll{}, Submitter: store, TLS: serverTLS, Domain: domain, MaxMessage: 10_000,
		Limits: smtpd.Limits{LingerAfter: time.Second}, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	p := newPipes()
	go server.Serve(p)
	f.Cleanup(func() { server.Shutdown(context.Background()) })
	hello := []byte("EHLO x\r\n" + plain(officer, password))
	f.Fuzz(func(t *testing.T, said []byte) {
		began := time.Now()
		conn := tls.Client(p.dial(), clientTLS)
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		go func() {
			conn.Write(append(bytes.Clone(hello), said...)) // the door may hang up first
			conn.CloseWrite()
		}()
		replies, err := io.ReadAll(conn)
		if err != nil && !strings.Contains(err.Error(), "closed") && err != io.ErrUnexpectedEOF {
			t.Fatalf("%q: %v", said, err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%q: took %v", said, took)
		}
		for line := range bytes.Lines(replies) {
			if len(line) < 6 || len(line) > 512 || line[0] < '2' || line[0] > '5' || line[3] != ' ' && line[3] != '-' || !bytes.HasSuffix(line, []byte("\r\n")) {
				t.Errorf("%q: reply %q", said, line)
			}
			if token, _, _ := bytes.Cut(line[min(10, len(line)):], []byte(": ")); line[0] >= '4' && line[3] == ' ' && !slices.Contains(gsp.Reasons, gsp.Reason(token)) {
				t.Errorf("%q: reply %q, want a token", said, line)
			}
		}
		for _, m := range store.take() {
			if m.Sender.String() != officer || len(m.Recipients) == 0 || bytes.ContainsAny(bytes.ReplaceAll(m.Raw, []byte("\r\n"), nil), "\r\n\x00") {
				t.Errorf("%q: handed in %q from %s", said, m.Raw, m.Sender)
			}
		}
		if text := log.String(); text != "" {
			t.Fatalf("%q: log %s", said, text)
		}
	})
}

// FuzzClearText says anything to a door before TLS. Nothing may make it panic,
// hang, write what is no reply, or come as far as a mail.
func FuzzClearText(f *testing.F) {
	for _, seed := range []string{
		"", "EHLO x\r\nSTARTTLS\r\n", "STARTTLS\r\nEHLO x\r\n", "STARTTLSx\r\n", "starttls \r\n", "QUIT\r\n", "BDAT 3\r\nabc", "NOOP\n",
		"MAIL FROM:<" + officer + ">\r\nRCPT TO:<ke@gsp.example>\r\nDATA\r\n" + body + ".\r\n", plain(officer, password), "\x16\x03\x01\x00\x05", "EHLO\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	serverTLS, _ := certificate(f)
	store, log := &recorder{}, &syncBuffer{}
	server := &smtpd.Server{
		Accounts: roll{}, Submitter: store, TLS: serverTLS, Domain: domain,
		Limits: smtpd.Limits{LingerAfter: 100 * time.Millisecond}, Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	go server.ServeSTARTTLS(l)
	f.Cleanup(func() { server.Shutdown(context.Background()) })
	f.Fuzz(func(t *testing.T, said []byte) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		conn.Write(said) // the door may hang up first
		conn.(*net.TCPConn).CloseWrite()
		replies, err := io.ReadAll(conn)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Fatalf("%q: the connection stays open", said)
		}
		clear, _, _ := bytes.Cut(replies, []byte("220 2.0.0 begin TLS\r\n"))
		for line := range bytes.Lines(clear) {
			if len(line) < 6 || line[0] < '2' || line[0] > '5' || line[3] != ' ' && line[3] != '-' || !bytes.HasSuffix(line, []byte("\r\n")) {
				t.Errorf("%q: reply %q", said, line)
			}
		}
		if bytes.Contains(replies, []byte("235 ")) || bytes.Contains(replies, []byte("354 ")) || len(store.take()) > 0 {
			t.Errorf("%q: got as far as %q", said, replies)
		}
		if text := log.String(); text != "" {
			t.Fatalf("%q: log %s", said, text)
		}
	})
}
