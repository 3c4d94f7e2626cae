package pgpcert

import (
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/sealed"
)

// shortest is by how many bits an encrypted RSA value may fall short of the
// modulus. It is a random number below the modulus: one mail in 2^64 has a
// shorter one.
const shortest = 64

// Fits reports whether k is the key that s names, and whether s has the
// algorithm and the field sizes that sealing for k gives. It catches a session
// key that only claims a key of the directory; whether it opens the mail
// nobody can tell from outside. It does not ask whether k is valid.
func (k EncryptionKey) Fits(s sealed.SessionKey) bool {
	switch {
	case s.KeyID != k.KeyID || s.Algorithm != k.Algorithm:
		return false
	case s.Fingerprint != "" && s.Fingerprint != capitals(k.Fingerprint):
		return false
	}
	switch k.Algorithm {
	case int(packet.PubKeyAlgoRSA):
		return s.Bits <= k.bits && s.Bits > k.bits-shortest
	case int(packet.PubKeyAlgoECDH):
		return (s.Bits+7)/8 == k.point
	}
	return true // package sealed checks sizes that the algorithm fixes
}
