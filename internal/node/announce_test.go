package node_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/node"
)

// What the doors are called behind a port forward stands in the certificate,
// in what clients set themselves up with, and in what comes with a password.
func TestPublicNames(t *testing.T) {
	c := configOf(t)
	c.Public.SMTP, c.Public.IMAP, c.Public.HTTPS = "out.gsp.example:465", "in.gsp.example:993", "gsp.example:443"
	g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := g.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}()
	pem, err := os.ReadFile(g.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for name, door := range map[string]net.Addr{"out.gsp.example": g.SMTP, "in.gsp.example": g.IMAP, "autodiscover.gsp.example": g.HTTPS} {
		conn, err := tls.Dial("tcp", door.String(), &tls.Config{RootCAs: roots, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}

	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "gsp.example"},
	}}
	resp, err := client.Get("https://" + g.HTTPS.String() + "/.well-known/autoconfig/mail/config-v1.1.xml")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<hostname>out.gsp.example</hostname>", "<port>465</port>", "<hostname>in.gsp.example</hostname>", "<port>993</port>"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("got %s, want %s in it", body, want)
		}
	}

	if _, err := control.Do(t.Context(), c.Data, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"}); err != nil {
		t.Fatal(err)
	}
	issued, err := control.Do(t.Context(), c.Data, admin.AccountAdd, admin.NewAccount{Login: "ke1", Party: "ke"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := issued.Servers, c.Servers(); got != want {
		t.Errorf("servers of a new account: got %+v, want %+v", got, want)
	}
}
