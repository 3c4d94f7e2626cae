package node

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/localca"
)

// Authority returns the certificate that mail clients must be told to trust,
// nil where one is configured, or none made yet.
func Authority(c config.Config) (*x509.Certificate, error) {
	if c.TLS.Certificate != "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(c.Data, "tls", "ca.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("read the certificate authority: no PEM")
	}
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	return authority, nil
}

// Configured returns the certificate that the configuration names, nil where
// it names none. The error is a *gsp.Refusal where it cannot be used.
func Configured(c config.Config) (*x509.Certificate, error) {
	if c.TLS.Certificate == "" {
		return nil, nil
	}
	pair, err := localca.Open(c.TLS.Certificate, c.TLS.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return pair.Leaf(), nil
}
