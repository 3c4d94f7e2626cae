package sealed

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// SessionKey is what a public-key encrypted session key packet (RFC 9580,
// section 5.1) says in clear. The sender can write any key there; whoever
// holds the key learns whether it is true.
type SessionKey struct {
	Version     int    // of the packet: 3 or 6
	KeyVersion  int    // of the key: 4 or 6; 0 where the packet has version 3, which does not tell
	KeyID       uint64 // of the key, usually a subkey; never 0
	Fingerprint string // of the key, capital hexadecimal; "" where the packet has version 3
	Algorithm   int    // RFC 9580, section 9.1
	Bits        int    // of the RSA value or of the ECDH point as they stand; 0 where the algorithm fixes the size
}

// The public-key algorithms that encrypt (RFC 9580, section 9.1; RFC 9980).
const (
	algRSA        = 1
	algRSAEncrypt = 2
	algElgamal    = 16
	algECDH       = 18
	algX25519     = 25
	algX448       = 26
	algMLKEM768   = 35
	algMLKEM1024  = 36
)

// parseSessionKey reads the body of the packet and checks that its fields fill
// it exactly. detail is "" where they do.
func parseSessionKey(b []byte) (key SessionKey, flaw Flaw, detail string) {
	const short = "a session key is too short"
	if len(b) < 2 {
		return key, BrokenSeal, short
	}
	key.Version = int(b[0])
	switch key.Version {
	case 3:
		if len(b) < 10 {
			return key, BrokenSeal, short
		}
		key.KeyID = binary.BigEndian.Uint64(b[1:])
		b = b[9:]
	case 6:
		n := int(b[1])
		if len(b) < 2+n+1 {
			return key, BrokenSeal, short
		}
		if n > 0 && !key.name(b[2:2+n]) {
			return key, BrokenSeal, "a session key names a key that is neither of version 4 nor of version 6"
		}
		b = b[2+n:]
	default:
		return key, BrokenSeal, "a session key has an unknown version"
	}
	if key.KeyID == 0 {
		return key, AnonymousKey, "a session key does not say for which key it is"
	}
	key.Algorithm = int(b[0])
	var ok bool
	if key.Bits, ok = checkEncrypted(key.Algorithm, key.Version, b[1:]); !ok {
		return key, BrokenSeal, "a session key does not have the form of its algorithm"
	}
	return key, "", ""
}

// name reads key version and fingerprint (RFC 9580, section 5.1.2). go-crypto
// names version 4 keys there too, as soon as their certificate announces
// version 2 of the data packet.
func (k *SessionKey) name(b []byte) bool {
	k.KeyVersion = int(b[0])
	fingerprint := b[1:]
	switch {
	case k.KeyVersion == 4 && len(fingerprint) == 20:
		k.KeyID = binary.BigEndian.Uint64(fingerprint[12:])
	case k.KeyVersion == 6 && len(fingerprint) == 32:
		k.KeyID = binary.BigEndian.Uint64(fingerprint)
	default:
		return false
	}
	k.Fingerprint = strings.ToUpper(hex.EncodeToString(fingerprint))
	return true
}

// checkEncrypted checks the form of an encrypted session key (RFC 9580,
// sections 5.1.3 to 5.1.7; RFC 9980).
func checkEncrypted(algorithm, version int, b []byte) (bits int, ok bool) {
	switch algorithm {
	case algRSA, algRSAEncrypt:
		bits, b, ok = cutMPI(b)
		return bits, ok && len(b) == 0
	case algElgamal:
		if bits, b, ok = cutMPI(b); ok {
			_, b, ok = cutMPI(b)
		}
		return bits, ok && len(b) == 0
	case algECDH:
		if bits, b, ok = cutMPI(b); !ok {
			return 0, false
		}
		// RFC 6637, section 8: wrapped in blocks of eight octets, at least two and one of check.
		return bits, len(b) > 24 && int(b[0]) == len(b)-1 && b[0]%8 == 0
	case algX25519:
		return 0, isWrapped(b, 32, version)
	case algX448:
		return 0, isWrapped(b, 56, version)
	case algMLKEM768:
		return 0, isWrapped(b, 32+1088, version)
	case algMLKEM1024:
		return 0, isWrapped(b, 56+1568, version)
	}
	return 0, false
}

// isWrapped reports whether b is an ephemeral value of the given size, a
// length, in version 3 the octet of the cipher, and an AES-wrapped key.
func isWrapped(b []byte, ephemeral, version int) bool {
	if len(b) <= ephemeral {
		return false
	}
	b = b[ephemeral:]
	n := len(b) - 1
	if int(b[0]) != n {
		return false
	}
	if version == 3 {
		n--
	}
	return n >= 24 && n%8 == 0
}

// cutMPI reads a multiprecision integer (RFC 9580, section 3.2), not 0.
func cutMPI(b []byte) (bits int, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, false
	}
	bits = int(binary.BigEndian.Uint16(b))
	n := 2 + (bits+7)/8
	if bits == 0 || len(b) < n {
		return 0, nil, false
	}
	return bits, b[n:], true
}

// maxDataHead is the longest part of a data packet that says how it is
// encrypted, in octets.
const maxDataHead = 4 + 32

// checkDataHead checks version and parameters of a data packet and returns the
// least length of its body.
func checkDataHead(tag, keys int, b []byte) (least int, detail string) {
	if len(b) < maxDataHead {
		return 0, "the data packet is too short to hold anything"
	}
	const mixed = "version of data packet and session keys do not fit each other"
	switch {
	case tag == tagSEIPD && b[0] == 1:
		if keys != 3 {
			return 0, mixed
		}
		// version, prefix of AES, one octet of a packet with its header, and the
		// packet of the digest (RFC 9580, section 5.13.1)
		return 1 + 18 + 2 + 22, ""
	case tag == tagSEIPD && b[0] == 2:
		if keys != 6 {
			return 0, mixed
		}
		// head with salt, tag of a chunk, tag of all (section 5.13.2)
		return maxDataHead + 1 + 16 + 16, checkCipher(b)
	case tag == tagOCB && b[0] == 1:
		if keys != 3 {
			return 0, mixed
		}
		if b[2] == 3 {
			return 0, "the data packet has an unknown mode"
		}
		// LibrePGP, section 5.16: head, initial vector, and the same tags
		return 4 + 15 + 1 + 16 + 16, checkCipher(b)
	}
	return 0, "the data packet has an unknown version"
}

// checkCipher checks cipher, mode and chunk size (RFC 9580, sections 9.3, 9.6
// and 5.13.2).
func checkCipher(b []byte) string {
	switch {
	case b[1] < 7 || b[1] > 9:
		return "the data packet is encrypted with another cipher than AES"
	case b[2] < 1 || b[2] > 3:
		return "the data packet has an unknown mode"
	case b[3] > 16:
		return "the data packet has chunks that are too large"
	}
	return ""
}
