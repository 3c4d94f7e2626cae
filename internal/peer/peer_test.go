package peer_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"gsp.example/gsp/internal/peer"
)

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:465":                     "192.0.2.7/32",
		"[::ffff:192.0.2.7]:465":            "192.0.2.7/32",
		"[2001:db8:1:2:3:4:5:6]:465":        "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1%eth0]:65535": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":                  "fe80::/64",
		"192.0.2.7":                         "invalid Prefix",
		"pipe":                              "invalid Prefix",
		"":                                  "invalid Prefix",
	} {
		if got := peer.Network(address).String(); got != want {
			t.Errorf("Network(%q) = %s, want %s", address, got, want)
		}
	}
}

// certificate makes one that signs itself.
func certificate(t *testing.T, key crypto.Signer, algorithm x509.SignatureAlgorithm) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), SignatureAlgorithm: algorithm, DNSNames: []string{"gsp.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// connect shakes hands and returns what each side knows.
func connect(t *testing.T, server, client *tls.Config) (peer.Peer, tls.ConnectionState, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client.InsecureSkipVerify = true
	theirs := make(chan tls.ConnectionState, 1)
	go func() {
		defer close(theirs)
		conn, err := tls.Dial("tcp", l.Addr().String(), client)
		if err != nil {
			return
		}
		theirs <- conn.ConnectionState()
		io.Copy(io.Discard, conn)
		conn.Close()
	}()
	raw, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn := peer.Server(raw, server)
	err = conn.HandshakeContext(t.Context())
	p := conn.Peer()
	conn.Close()
	return p, <-theirs, err
}

func TestBindings(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum384 := func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
	for _, test := range []struct {
		name    string
		shown   tls.Certificate
		version uint16
		digest  func([]byte) []byte // nil for none
	}{
		{"TLS 1.3", certificate(t, newKey(t), x509.ECDSAWithSHA256), tls.VersionTLS13, sum256},
		{"TLS 1.2", certificate(t, newKey(t), x509.ECDSAWithSHA256), tls.VersionTLS12, sum256},
		{"SHA-384", certificate(t, newKey(t), x509.ECDSAWithSHA384), tls.VersionTLS13, sum384},
		{"Ed25519", certificate(t, ed, x509.PureEd25519), tls.VersionTLS13, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := peer.Config(&tls.Config{Certificates: []tls.Certificate{test.shown}}, "smtp", nil)
			p, theirs, err := connect(t, config, &tls.Config{MaxVersion: test.version})
			if err != nil {
				t.Fatal(err)
			}
			want, err := theirs.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := p.Binding(peer.Exporter); !ok || !bytes.Equal(got, want) {
				t.Errorf("%s: got %x, %v, want %x", peer.Exporter, got, ok, want)
			}
			got, ok := p.Binding(peer.ServerEndPoint)
			if test.digest == nil {
				if ok {
					t.Errorf("%s: got %x, want none", peer.ServerEndPoint, got)
				}
			} else if want := test.digest(theirs.PeerCertificates[0].Raw); !bytes.Equal(got, want) {
				t.Errorf("%s: got %x, want %x", peer.ServerEndPoint, got, want)
			}
			if got, ok := p.Binding("tls-unique"); ok {
				t.Errorf("tls-unique: got %x, want none", got)
			}
			if p.Network.String() != "127.0.0.1/32" {
				t.Errorf("network %v", p.Network)
			}
		})
	}
	for _, name := range peer.Bindings {
		if got, ok := (peer.Peer{}).Binding(name); ok {
			t.Errorf("%s of nobody: got %x, want none", name, got)
		}
	}
}

// A client is asked only while somebody may log in that way, and one without a
// certificate is let in all the same.
func TestClientCertificates(t *testing.T) {
	ask := false
	base := &tls.Config{Certificates: []tls.Certificate{certificate(t, newKey(t), 0)}}
	config := peer.Config(base, "smtp", func() bool { return ask })
	own := certificate(t, newKey(t), 0)
	for _, test := range []struct {
		ask, has, want bool
	}{{false, true, false}, {true, false, false}, {true, true, true}} {
		ask = test.ask
		asked := false
		client := &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			if test.has {
				return &own, nil
			}
			return &tls.Certificate{}, nil
		}}
		p, _, err := connect(t, config, client)
		if err != nil {
			t.Fatalf("%+v: %v", test, err)
		}
		pin, ok := p.Pin()
		if asked != test.ask || ok != test.want {
			t.Errorf("%+v: asked %v, pin %v", test, asked, ok)
		}
		if want := sha256.Sum256(own.Leaf.RawSubjectPublicKeyInfo); ok && pin != want {
			t.Errorf("pin: got %x, want %x", pin, want)
		}
	}
}

func TestWeakTLSIsRefused(t *testing.T) {
	config := peer.Config(&tls.Config{Certificates: []tls.Certificate{certificate(t, newKey(t), 0)}}, "imap", nil)
	for name, client := range map[string]*tls.Config{
		"TLS 1.1": {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"CBC": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		}},
		"another protocol": {NextProtos: []string{"h2", "http/1.1"}},
	} {
		if _, _, err := connect(t, config, client); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
}

// A resumed session would not know what certificate the first one showed.
func TestNoSessionIsResumed(t *testing.T) {
	config := peer.Config(&tls.Config{Certificates: []tls.Certificate{certificate(t, newKey(t), 0)}}, "imap", nil)
	client := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1), ServerName: "gsp.example"}
	for range 2 {
		p, state, err := connect(t, config, client)
		if err != nil || state.DidResume {
			t.Errorf("got %v, resumed %v", err, state.DidResume)
		}
		if _, ok := p.Binding(peer.ServerEndPoint); !ok {
			t.Error("the connection does not know what it showed")
		}
	}
}
