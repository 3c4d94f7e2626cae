package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

// writeCertificate makes a certificate for names, valid until then, and says
// in the configuration where it is.
func writeCertificate(t *testing.T, c *config.Config, until time.Time, names ...string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: until.AddDate(-1, 0, 0), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	c.TLS.Certificate, c.TLS.Key = filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		c.TLS.Certificate: {Type: "CERTIFICATE", Bytes: der}, c.TLS.Key: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever starts a gateway is told at once what would keep mail clients away.
func TestNotesAtTheStart(t *testing.T) {
	public := config.Public{SMTP: "mail.gsp.example:465", IMAP: "mail.gsp.example:993", HTTPS: "gsp.example"}
	for _, test := range []struct {
		name  string
		set   func(*config.Config)
		wants []string
	}{
		{"as nobody configured it", func(*config.Config) {}, nil},
		{"its own certificate, for the world", func(c *config.Config) { c.Public = public }, nil},
		{"ports that nobody looks at", func(c *config.Config) {
			c.Public = public
			c.Public.HTTPS = ":8443"
		}, []string{"clients look for keys at port 443 only, and the HTTPS door is called gsp.example:8443"}},
		{"expired", func(c *config.Config) {
			writeCertificate(t, c, time.Now().Add(-time.Hour), "gsp.example", "mail.gsp.example")
		}, []string{"the certificate has expired"}},
		{"soon", func(c *config.Config) {
			writeCertificate(t, c, time.Now().Add(73*time.Hour), "gsp.example")
		}, []string{"the certificate expires in 3 days"}},
		{"of another name", func(c *config.Config) {
			c.Public = public
			writeCertificate(t, c, time.Now().AddDate(0, 3, 0), "gsp.example")
		}, []string{"the certificate does not name mail.gsp.example"}},
		{"of next year", func(c *config.Config) {
			writeCertificate(t, c, time.Now().AddDate(2, 0, 0), "gsp.example")
		}, []string{"is the clock of this machine right?"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configOf(t)
			test.set(&c)
			g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer g.Shutdown(t.Context())
			if len(g.Notes) != len(test.wants) {
				t.Fatalf("got %q, want %q", g.Notes, test.wants)
			}
			for i, want := range test.wants {
				if !strings.Contains(g.Notes[i], want) {
					t.Errorf("got %q, want %q in it", g.Notes[i], want)
				}
			}
		})
	}
}

// What root made in the gateway's folder, the gateway could not read.
func TestRootIsRefusedInAnothersFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root is refused")
	}
	c := configOf(t)
	if err := errors.Join(os.Mkdir(c.Data, 0o700), os.Chown(c.Data, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	_, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if r, ok := errors.AsType[*gsp.Refusal](err); !ok || r.Reason != gsp.UnwritableFile || !strings.Contains(r.Remedy, "sudo -u") {
		t.Errorf("got %v, want %s", err, gsp.UnwritableFile)
	}
	if files, err := os.ReadDir(c.Data); err != nil || len(files) != 0 {
		t.Errorf("got %d files, %v, want the folder left alone", len(files), err)
	}
}
