package pgpcert

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Bounds on RSA. Fewer than 3072 bits are weaker than all else that is accepted
// here; beyond 8192 some clients refuse.
const (
	minRSABits     = 3072
	maxRSABits     = 8192
	minRSAExponent = 65537
)

// hashes that a self-signature may use. RNP refuses SHA-1 on key signatures
// made after 19 January 2024, Sequoia since 2023.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}

// policy makes go-crypto's own verification as strict as ours.
var policy = &packet.Config{
	MinRSABits: minRSABits,
	RejectHashAlgorithms: map[crypto.Hash]bool{
		crypto.MD5: true, crypto.SHA1: true, crypto.RIPEMD160: true, crypto.SHA224: true,
	},
}

// strongHash reports whether s and the back-signature inside it use a hash
// that nobody can forge.
func strongHash(s *packet.Signature) bool {
	return slices.Contains(hashes, s.Hash) && (s.EmbeddedSignature == nil || slices.Contains(hashes, s.EmbeddedSignature.Hash))
}

// weakness says why a key must not be used, in words for its owner, or "".
func weakness(key *packet.PublicKey) string {
	switch key.PubKeyAlgo {
	case packet.PubKeyAlgoRSA:
		return weakRSA(key)
	case packet.PubKeyAlgoECDH, packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA:
		return weakCurve(key)
	case packet.PubKeyAlgoX25519, packet.PubKeyAlgoX448, packet.PubKeyAlgoEd25519, packet.PubKeyAlgoEd448,
		packet.PubKeyAlgoMldsa65Ed25519, packet.PubKeyAlgoMldsa87Ed448,
		packet.PubKeyAlgoSlhdsaShake128s, packet.PubKeyAlgoSlhdsaShake128f, packet.PubKeyAlgoSlhdsaShake256s,
		packet.PubKeyAlgoMlkem768X25519, packet.PubKeyAlgoMlkem1024X448:
		return ""
	case packet.PubKeyAlgoDSA:
		return "it is a DSA key"
	case packet.PubKeyAlgoElGamal:
		return "it is an Elgamal key"
	}
	return fmt.Sprintf("it uses algorithm %d, which few programs know", key.PubKeyAlgo)
}

func weakRSA(key *packet.PublicKey) string {
	pub, ok := key.PublicKey.(*rsa.PublicKey)
	if !ok {
		return "its RSA numbers cannot be read"
	}
	switch bits := pub.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits, and %d is the least", bits, minRSABits)
	case bits > maxRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits, and %d is the most", bits, maxRSABits)
	case pub.E < minRSAExponent || pub.E%2 == 0 || pub.N.Bit(0) == 0:
		return "its RSA numbers are not safe"
	}
	return weakModulus(pub.N)
}

// smallPrimes are those below 1,000: no modulus of two large primes has one.
var smallPrimes = func() (primes []uint32) {
	for n := uint32(2); n < 1000; n++ {
		if !slices.ContainsFunc(primes, func(p uint32) bool { return n%p == 0 }) {
			primes = append(primes, n)
		}
	}
	return primes
}()

// weakModulus finds moduli that anybody can factor: with a small factor, and
// those of chip cards whose primes are made from powers of 65537 (CVE-2017-15361,
// ROCA). Of the latter each remainder by a small prime is such a power too; by
// chance that happens once in 2^27.
func weakModulus(n *big.Int) string {
	powers := true
	for _, p := range smallPrimes {
		remainder := uint32(new(big.Int).Mod(n, big.NewInt(int64(p))).Uint64())
		if remainder == 0 {
			return "its RSA modulus has a small factor"
		}
		powers = powers && (p > maxRocaPrime || isPower(remainder, p))
	}
	if powers {
		return "its RSA modulus was made by a chip card with a known fault (ROCA)"
	}
	return ""
}

// maxRocaPrime is the greatest prime that the faulty cards multiply for keys of
// any size, the first 39.
const maxRocaPrime = 167

// isPower reports whether a is a power of 65537 modulo p.
func isPower(a, p uint32) bool {
	g := minRSAExponent % p
	for x := g; ; x = x * g % p {
		if x == a {
			return true
		}
		if x == 1 || x == 0 {
			return false
		}
	}
}

func weakCurve(key *packet.PublicKey) string {
	curve, err := key.Curve()
	if err != nil {
		return "its elliptic curve is not known"
	}
	if curve == packet.Curve25519 && key.Version == 6 { // RFC 9580, section 9.2
		return "it writes its elliptic curve in a form that version 6 keys must not use"
	}
	if _, ok := pointSizes[curve]; !ok {
		return fmt.Sprintf("it uses the elliptic curve %s", curve)
	}
	return ""
}

// pointSizes are the curves that may be used and the octets of a point as an
// ECDH session key carries it: both coordinates after 0x04, or the prefix 0x40
// and one coordinate (RFC 9580, section 11.2).
var pointSizes = map[packet.Curve]int{
	packet.Curve25519:         33,
	packet.CurveNistP256:      65,
	packet.CurveNistP384:      97,
	packet.CurveNistP521:      133,
	packet.CurveBrainpoolP256: 65,
	packet.CurveBrainpoolP384: 97,
	packet.CurveBrainpoolP512: 129,
}

// sizes returns what the fields of a session key for this key must fit.
func sizes(key *packet.PublicKey) (bits, point int) {
	switch key.PubKeyAlgo {
	case packet.PubKeyAlgoRSA:
		if pub, ok := key.PublicKey.(*rsa.PublicKey); ok {
			bits = pub.N.BitLen()
		}
	case packet.PubKeyAlgoECDH:
		if curve, err := key.Curve(); err == nil {
			point = pointSizes[curve]
		}
	}
	return bits, point
}

// postQuantum reports whether an algorithm for encryption is a post-quantum one,
// which GnuPG and Thunderbird of today cannot seal with.
func postQuantum(algorithm int) bool {
	return algorithm == packet.PubKeyAlgoMlkem768X25519 || algorithm == packet.PubKeyAlgoMlkem1024X448
}

// newForm reports whether a key has an algorithm that came with RFC 9580,
// section 9.1: of a certificate with one in whatever place, GnuPG 2.2.40, sq 0.27
// and RNP 0.16.3 cannot use the primary key, and RNP takes nothing.
func newForm(key *packet.PublicKey) bool {
	switch key.PubKeyAlgo {
	case packet.PubKeyAlgoX25519, packet.PubKeyAlgoX448, packet.PubKeyAlgoEd25519, packet.PubKeyAlgoEd448:
		return true
	}
	return false
}
