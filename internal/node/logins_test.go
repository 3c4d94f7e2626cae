package node_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/node"
)

func start(t *testing.T, c config.Config) (*node.Gateway, *x509.CertPool) {
	t.Helper()
	g, err := node.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(g.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return g, roots
}

// clientCertificate makes one that signs itself.
func clientCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A system logs in at all doors with the certificate that its administrator
// registered, and not before or after. Nobody is asked for one until then.
func TestSystemLogsInByCertificate(t *testing.T) {
	c := configOf(t)
	c.SMTP.STARTTLSListen = "127.0.0.1:0"
	g, roots := start(t, c)
	defer g.Shutdown(t.Context())
	do(t, c, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	do(t, c, admin.AccountAdd, admin.NewAccount{Login: "tracer.ke", Party: "ke", Kind: "system"})
	own, asked := clientCertificate(t), false
	secure := &tls.Config{RootCAs: roots, ServerName: domain, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		return &own, nil
	}}
	doors := map[string]func() error{
		"submission": func() error {
			s, err := gosmtp.DialTLS(g.SMTP.String(), secure)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Auth(sasl.NewExternalClient("")); err != nil {
				return err
			}
			return s.Mail("tracer.ke@"+domain, nil)
		},
		"STARTTLS": func() error {
			s, err := gosmtp.DialStartTLS(g.STARTTLS.String(), secure)
			if err != nil {
				return err
			}
			defer s.Close()
			return s.Auth(sasl.NewExternalClient("tracer.ke@" + domain))
		},
		"reading": func() error {
			s, err := imapclient.DialTLS(g.IMAP.String(), &imapclient.Options{TLSConfig: secure})
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Authenticate(sasl.NewExternalClient("")); err != nil {
				return err
			}
			_, err = s.Select("INBOX", nil).Wait()
			return err
		},
	}
	for _, step := range []struct {
		change admin.ClientCertificate
		may    bool
	}{
		{admin.ClientCertificate{Login: "tracer.ke"}, false},
		{admin.ClientCertificate{Login: "tracer.ke", Certificate: own.Certificate[0]}, true},
		{admin.ClientCertificate{Login: "tracer.ke", Remove: true}, false},
	} {
		do(t, c, admin.AccountCertificate, step.change)
		for name, login := range doors {
			asked = false
			if err := login(); (err == nil) != step.may || asked != step.may {
				t.Errorf("%s, registered %v: got %v, asked for a certificate %v", name, step.may, err, asked)
			}
		}
	}
}

// What a login that does not exist is asked for stays the same when the
// gateway is started anew, as it does for one that does.
func TestUnknownLoginsLookTheSameAfterARestart(t *testing.T) {
	c := configOf(t)
	var salts []string
	for range 2 {
		g, roots := start(t, c)
		salts = append(salts, salt(t, g.IMAP, roots, "nobody"))
		if err := g.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if salts[0] != salts[1] || salts[0] == "" {
		t.Errorf("got %q, want the same twice", salts)
	}
	info, err := os.Stat(filepath.Join(c.Data, "decoy.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret: got %v, %v, want a file of mode 0600", info, err)
	}
}

// salt returns what SCRAM asks a login to hash its password with.
func salt(t *testing.T, at net.Addr, roots *x509.CertPool, login string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", at.String(), &tls.Config{RootCAs: roots, ServerName: domain})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "a AUTHENTICATE SCRAM-SHA-256 %s\r\n", base64.StdEncoding.EncodeToString([]byte("n,,n="+login+",r=x")))
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if challenge, ok := strings.CutPrefix(lines.Text(), "+ "); ok {
			text, err := base64.StdEncoding.DecodeString(challenge)
			if err != nil {
				t.Fatal(err)
			}
			_, asked, _ := strings.Cut(string(text), ",")
			return asked
		}
	}
	t.Fatalf("no challenge: %v", lines.Err())
	return ""
}

// Without an address there is no second door for submission.
func TestNoSTARTTLSUnlessAsked(t *testing.T) {
	g, _ := start(t, configOf(t))
	defer g.Shutdown(t.Context())
	if g.STARTTLS != nil {
		t.Errorf("got a door for STARTTLS at %v, want none", g.STARTTLS)
	}
}
