package keyring

import (
	"fmt"

	"github.com/ProtonMail/gopenpgp/v2/crypto"
)

// signatureLabel is the label of an armoured signature (RFC 9580, section
// 6.2.1).
const signatureLabel = "PGP SIGNATURE"

// Sign makes a detached signature of data (RFC 9580, section 10.4), armoured,
// as gpg --verify takes it beside the signed file.
func (k *Key) Sign(data []byte) (armoured []byte, err error) {
	defer recovered(&err)
	ring, err := crypto.NewKeyRing(k.key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signature, err := ring.SignDetached(crypto.NewPlainMessage(data))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return enarmour(signatureLabel, signature.GetBinary())
}
