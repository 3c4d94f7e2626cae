package admin_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// certificate is a TLS client certificate in its forms.
type certificate struct {
	signer   crypto.Signer
	der, pem []byte
	key      []byte // the private key in PEM
	pin      [32]byte
}

// newCertificate makes one, of the key of another where there is one.
func newCertificate(t *testing.T, of *certificate) *certificate {
	t.Helper()
	if of != nil {
		return issue(t, of.signer, time.Hour)
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, signer, time.Hour)
}

func expired(t *testing.T) *certificate {
	t.Helper()
	return issue(t, newCertificate(t, nil).signer, -time.Hour)
}

func shortRSA(t *testing.T) *certificate {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, signer, time.Hour)
}

func issue(t *testing.T, signer crypto.Signer, life time.Duration) *certificate {
	t.Helper()
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "tracer.ke"},
		NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(life),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &certificate{
		signer: signer, der: der, pin: sha256.Sum256(public),
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
