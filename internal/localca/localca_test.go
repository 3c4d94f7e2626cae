package localca_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/localca"
)

var (
	names = localca.Names("gsp.example")
	ips   = localca.Loopback()
)

func ensure(t *testing.T, folder string, names []string, now time.Time) localca.Issued {
	t.Helper()
	i, err := localca.Ensure(folder, names, ips, now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func wantRefusal(t *testing.T, err error) {
	t.Helper()
	r, ok := errors.AsType[*gsp.Refusal](err)
	if !ok || r.Reason != gsp.NoCertificate || r.Cause == "" || r.Remedy == "" {
		t.Errorf("got %v, want a refusal %s", err, gsp.NoCertificate)
	}
}

// state is all that a folder holds, with modes and times.
func state(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = info.Mode().String() + info.ModTime().String() + string(text)
	}
	return all
}

func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// handshake connects as a client that trusts ca.pem and nothing else, and
// returns the certificate it was shown.
func handshake(ca, name string, server *tls.Config, change func(*tls.Config)) (*x509.Certificate, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := &tls.Config{RootCAs: roots, ServerName: name}
	if change != nil {
		change(client)
	}
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		tls.Server(far, server).Handshake() // its error is the client's too
		far.Close()
	}()
	c := tls.Client(near, client)
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

func open(t *testing.T, i localca.Issued) *localca.Pair {
	t.Helper()
	p, err := localca.Open(i.Certificate, i.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestClientsThatTrustTheAuthorityConnect(t *testing.T) {
	i := ensure(t, t.TempDir(), names, time.Now())
	if !i.MadeCA || !i.MadeServer {
		t.Errorf("got %+v, want both made", i)
	}
	server := open(t, i).Config()
	for _, name := range append(names, "127.0.0.1", "::1") {
		if _, err := handshake(i.CA, name, server, nil); err != nil {
			t.Errorf("%s: got %v, want a connection", name, err)
		}
	}
	if _, err := handshake(i.CA, "who.example", server, nil); err == nil {
		t.Error("who.example: got a connection, want none")
	}
}

func TestOldProtocolsAreRefused(t *testing.T) {
	i := ensure(t, t.TempDir(), names, time.Now())
	server := open(t, i).Config()
	tests := []struct {
		name   string
		change func(*tls.Config)
	}{
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		{"TLS 1.2 with CBC", func(c *tls.Config) {
			c.MaxVersion = tls.VersionTLS12
			c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		}},
	}
	for _, test := range tests {
		if _, err := handshake(i.CA, "localhost", server, test.change); err == nil {
			t.Errorf("%s: got a connection, want none", test.name)
		}
	}
	if _, err := handshake(i.CA, "localhost", server, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }); err != nil {
		t.Errorf("TLS 1.2: got %v, want a connection", err)
	}
}

// The authority can certify nobody else, even if its key is stolen.
func TestAuthorityIsBoundToItsNames(t *testing.T) {
	folder := t.TempDir()
	ensure(t, folder, names, time.Now())
	_, err := localca.Ensure(folder, append(names, "bank.example"), ips, time.Now())
	wantRefusal(t, err)
	_, err = localca.Ensure(folder, names, []net.IP{net.IPv4(192, 0, 2, 1)}, time.Now())
	wantRefusal(t, err)
	// what is there still serves
	i := ensure(t, folder, names, time.Now())
	if i.MadeCA || i.MadeServer {
		t.Errorf("got %+v, want nothing made", i)
	}
}

func TestSecondCallChangesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "here")
	ensure(t, folder, names, time.Now())
	before := state(t, folder)
	i := ensure(t, folder, names, time.Now().Add(300*24*time.Hour))
	if i.MadeCA || i.MadeServer {
		t.Errorf("got %+v, want nothing made", i)
	}
	after := state(t, folder)
	if len(before) != 4 || len(after) != 4 {
		t.Errorf("got %d files, then %d, want 4", len(before), len(after))
	}
	for name, was := range before {
		if after[name] != was {
			t.Errorf("%s changed", name)
		}
	}
	for name, want := range map[string]fs.FileMode{"ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644, "server.pem": 0o644} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got mode %o, want %o", name, got, want)
		}
	}
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("folder: got mode %o, want 700", got)
	}
}

func TestServerCertificateIsIssuedAgain(t *testing.T) {
	start := time.Now()
	tests := []struct {
		name   string
		names  []string
		after  time.Duration
		damage func(folder string) error
	}{
		{"29 days left", names, (397 - 29) * 24 * time.Hour, nil},
		{"expired", names, 400 * 24 * time.Hour, nil},
		{"a name more", append(names, "portal.gsp.example"), 0, nil},
		{"a name fewer", names[1:], 0, nil},
		{"key lost", names, 0, func(folder string) error { return os.Remove(filepath.Join(folder, "server.key")) }},
		{"key of another", names, 0, func(folder string) error {
			return os.Rename(filepath.Join(folder, "ca.key"), filepath.Join(folder, "server.key"))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			first := ensure(t, folder, names, start)
			ca := state(t, folder)["ca.pem"]
			if test.damage != nil {
				key, err := os.ReadFile(filepath.Join(folder, "ca.key"))
				if err != nil {
					t.Fatal(err)
				}
				if err := test.damage(folder); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(folder, "ca.key"), key, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			old := certificate(t, first.Certificate)
			i := ensure(t, folder, test.names, start.Add(test.after))
			if i.MadeCA || !i.MadeServer {
				t.Errorf("got %+v, want the server's made and not the authority's", i)
			}
			if state(t, folder)["ca.pem"] != ca {
				t.Error("ca.pem changed")
			}
			if c := certificate(t, i.Certificate); c.SerialNumber.Cmp(old.SerialNumber) == 0 {
				t.Error("server.pem is the old one")
			}
			open(t, i) // the pair fits
		})
	}
}

// The authority's key may be kept elsewhere until it is needed.
func TestAuthorityKeyIsReadOnlyToIssue(t *testing.T) {
	folder := t.TempDir()
	ensure(t, folder, names, time.Now())
	if err := os.Remove(filepath.Join(folder, "ca.key")); err != nil {
		t.Fatal(err)
	}
	ensure(t, folder, names, time.Now())
	_, err := localca.Ensure(folder, names, ips, time.Now().Add(390*24*time.Hour))
	wantRefusal(t, err)
}

func TestAuthorityIsNeverReplaced(t *testing.T) {
	for _, damaged := range []string{"ca.pem", "ca.key"} {
		folder := t.TempDir()
		ensure(t, folder, names, time.Now())
		path := filepath.Join(folder, damaged)
		if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := localca.Ensure(folder, names, ips, time.Now().Add(390*24*time.Hour))
		wantRefusal(t, err)
		if text, _ := os.ReadFile(path); string(text) != "nonsense" {
			t.Errorf("%s was overwritten", damaged)
		}
	}
}

// Near its end the authority issues what it still can, and says so after it.
func TestAuthorityEnds(t *testing.T) {
	folder := t.TempDir()
	start := time.Now()
	i := ensure(t, folder, names, start)
	end := certificate(t, i.CA).NotAfter
	i = ensure(t, folder, names, end.Add(-10*24*time.Hour))
	if got := certificate(t, i.Certificate).NotAfter; !i.MadeServer || !got.Equal(end) {
		t.Errorf("got %v until %v, want one made until %v", i.MadeServer, got, end)
	}
	if i = ensure(t, folder, names, end.Add(-9*24*time.Hour)); i.MadeServer {
		t.Error("made another that ends no later")
	}
	_, err := localca.Ensure(folder, names, ips, end.Add(time.Hour))
	wantRefusal(t, err)
}

func TestMissingFilesAreNamed(t *testing.T) {
	folder := t.TempDir()
	i := ensure(t, folder, names, time.Now())
	nowhere := filepath.Join(folder, "nowhere.pem")
	tests := []struct{ cert, key, named string }{
		{nowhere, i.Key, nowhere},
		{i.Certificate, nowhere, nowhere},
		{folder, i.Key, folder},
		{i.CA, i.Key, i.CA},
		{i.Key, i.Key, i.Key},
	}
	for _, test := range tests {
		_, err := localca.Open(test.cert, test.key, slog.New(slog.DiscardHandler))
		wantRefusal(t, err)
		if err != nil && !bytes.Contains([]byte(err.Error()), []byte(test.named)) {
			t.Errorf("got %v, want one that names %s", err, test.named)
		}
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		i := ensure(t, folder, names, time.Now())
		p := open(t, i)
		server := p.Config()
		serial := func() string {
			c, err := handshake(i.CA, "localhost", server, nil)
			if err != nil {
				t.Fatal(err)
			}
			return c.SerialNumber.String()
		}
		first := serial()

		time.Sleep(368 * 24 * time.Hour)
		ensure(t, folder, names, time.Now())
		second := serial()
		if second == first {
			t.Error("after a renewal: got the old certificate, want the new one")
		}

		// a broken file, or half of a change, does not stop the door
		if err := os.WriteFile(i.Certificate, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if got := serial(); got != second {
			t.Error("after a broken change: got another certificate, want the last good one")
		}
		ensure(t, folder, names, time.Now())
		time.Sleep(2 * time.Second)
		if got := serial(); got == second || got != p.Leaf().SerialNumber.String() {
			t.Error("after the repair: got the old certificate, want the new one")
		}
	})
}

func TestForeignAuthorityKeyIsRefused(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	ensure(t, folder, names, time.Now())
	ensure(t, other, names, time.Now())
	if err := os.Rename(filepath.Join(other, "ca.key"), filepath.Join(folder, "ca.key")); err != nil {
		t.Fatal(err)
	}
	_, err := localca.Ensure(folder, names, ips, time.Now().Add(390*24*time.Hour))
	wantRefusal(t, err)
}

// A first start on the defaults is followed by one on the true domain.
func TestAnotherDomainGetsAnotherAuthority(t *testing.T) {
	folder := t.TempDir()
	first := certificate(t, ensure(t, folder, names, time.Now()).CA)
	i := ensure(t, folder, localca.Names("gsp.int"), time.Now())
	if !i.MadeCA || !i.MadeServer {
		t.Errorf("got %+v, want both made", i)
	}
	if _, err := handshake(i.CA, "imap.gsp.int", open(t, i).Config(), nil); err != nil {
		t.Errorf("got %v, want a connection", err)
	}
	kept, err := filepath.Glob(filepath.Join(folder, "ca-gsp.example-*"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("got %q, %v, want the old ca.pem and ca.key under another name", kept, err)
	}
	if c := certificate(t, kept[1]); !c.Equal(first) {
		t.Errorf("%s is not the old authority", kept[1])
	}
}
