package pgpcert

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v2/crypto"
)

// MaxSignature bounds a detached signature, in octets, armoured or not.
const MaxSignature = 16 << 10

// ErrSignature reports a detached signature that is not one of the data by
// the certificate.
var ErrSignature = errors.New("not a valid signature of this text by this key")

// CheckDetached reports whether signature, armoured or binary (RFC 9580,
// section 10.4), was made over data by a signing key of c that is valid at the
// time now. The error wraps ErrSignature.
func (c *Cert) CheckDetached(data, signature []byte, now time.Time) (err error) {
	// The library has panicked on hostile packets before.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrSignature, p)
		}
	}()
	if len(signature) > MaxSignature {
		return fmt.Errorf("%w: longer than %d octets", ErrSignature, MaxSignature)
	}
	parsed, err := readDetached(signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	key, err := crypto.NewKey(c.octets)
	if err != nil {
		return fmt.Errorf("read the signer's certificate: %w", err)
	}
	ring, err := crypto.NewKeyRing(key)
	if err != nil {
		return fmt.Errorf("read the signer's certificate: %w", err)
	}
	if err := ring.VerifyDetached(crypto.NewPlainMessage(data), parsed, now.Unix()); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// SignerOf returns the fingerprint of the key, or the signing subkey, that a
// detached signature says it is by, in capitals; "" where it says none. It
// checks nothing.
func SignerOf(signature []byte) (fingerprint string) {
	defer func() { _ = recover() }() // as above; what cannot be read names nobody
	if len(signature) > MaxSignature {
		return ""
	}
	parsed, err := readDetached(signature)
	if err != nil {
		return ""
	}
	p, err := packet.Read(bytes.NewReader(parsed.GetBinary()))
	if s, ok := p.(*packet.Signature); ok && err == nil {
		return capitals(s.IssuerFingerprint)
	}
	return ""
}

// readDetached takes a signature out of its armour, if it has one.
func readDetached(signature []byte) (*crypto.PGPSignature, error) {
	if bytes.HasPrefix(bytes.TrimSpace(signature), []byte("-----BEGIN PGP SIGNATURE-----")) {
		return crypto.NewPGPSignatureFromArmored(string(signature))
	}
	return crypto.NewPGPSignature(signature), nil
}
