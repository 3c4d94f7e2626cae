package localca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Pair is a certificate with its key, read from two files and read again when
// one of them changes. Its methods may be called concurrently.
type Pair struct {
	certPath, keyPath string
	log               *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  stamp     // of the files that were last tried
	looked time.Time // when the files were last looked at
}

// stamp tells whether a file is still the one that was read.
type stamp struct {
	cert, key       time.Time
	certLen, keyLen int64
}

// Open reads a certificate chain and its key from PEM files. The error is a
// *gsp.Refusal with gsp.NoCertificate. What goes wrong later goes to log, and
// the last good pair stays in use.
func Open(certificate, key string, log *slog.Logger) (*Pair, error) {
	now := look(certificate, key)
	pair, err := load(certificate, key)
	if err != nil {
		return nil, err
	}
	return &Pair{certPath: certificate, keyPath: key, log: log, pair: pair, stamp: now, looked: time.Now()}, nil
}

// Config returns what a door listens with: TLS 1.3, and TLS 1.2 with forward
// secrecy and authenticated encryption only (RFC 9325, section 4.2). The door
// sets NextProtos.
func (p *Pair) Config() *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current(), nil },
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are all sound
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// Leaf returns the server's own certificate as it is shown now. The caller
// must not change it.
func (p *Pair) Leaf() *x509.Certificate { return p.current().Leaf }

// current returns the pair, after a look at the files if the last one is old
// enough.
func (p *Pair) current() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) < lookEvery {
		return p.pair
	}
	p.looked = time.Now()
	now := look(p.certPath, p.keyPath)
	if now == p.stamp {
		return p.pair
	}
	p.stamp = now // a bad pair is tried, and logged, once
	pair, err := load(p.certPath, p.keyPath)
	if err != nil {
		// the two files cannot change in one step, so this may be the moment between
		p.log.LogAttrs(context.Background(), slog.LevelWarn, "certificate not reloaded",
			slog.Any("error", err), slog.Any("cause", errors.Unwrap(err)))
		return p.pair
	}
	p.log.LogAttrs(context.Background(), slog.LevelInfo, "certificate reloaded",
		slog.Time("expires", pair.Leaf.NotAfter))
	p.pair = pair
	return pair
}

func look(certificate, key string) stamp {
	var s stamp
	if i, err := os.Stat(certificate); err == nil {
		s.cert, s.certLen = i.ModTime(), i.Size()
	}
	if i, err := os.Stat(key); err == nil {
		s.key, s.keyLen = i.ModTime(), i.Size()
	}
	return s
}

// load reads both files. The error is a *gsp.Refusal that names the file.
func load(certificate, key string) (*tls.Certificate, error) {
	chain, err := readFile(certificate, "certificate")
	if err != nil {
		return nil, err
	}
	secret, err := readFile(key, "key")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return nil, refuse(certificate, fmt.Sprintf("and %s are not a certificate and its key", key),
			"name a PEM certificate chain, the server's own first, and its unencrypted PEM key", err)
	}
	return &pair, nil
}

func readFile(path, what string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return text, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(path, "is missing, which is to hold the "+what, "put the file there, or name another in the configuration", err)
	}
	return nil, refuse(path, "cannot be read, which is to hold the "+what, "let the gateway's user read it", err)
}
