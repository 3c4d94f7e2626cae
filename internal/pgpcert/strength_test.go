package pgpcert_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/x25519"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// Numbers are judged before any signature is verified with them.
func TestReadRefusesWeakNumbers(t *testing.T) {
	for name, test := range map[string]struct {
		in   []byte
		says string
	}{
		"rsa with a small factor":   {unsigned(rsaBody(multiple(3072, 997))), "small factor"},
		"rsa of a faulty chip card": {unsigned(rsaBody(roca(3072))), "ROCA"},
		"rsa exponent 3":            {unsigned(append(rsaBody(multiple(3072, 1))[:6+2+384], 0, 2, 3)), "not safe"},
		"rsa for encryption only":   {unsigned(slices.Concat([]byte{4, 0x60, 0, 0, 0, 2}, rsaBody(multiple(3072, 1))[6:])), "algorithm 2"},
	} {
		c, err := pgpcert.Read(test.in, ke, now)
		var r *gsp.Refusal
		if c != nil || !errors.As(err, &r) || r.Reason != gsp.WeakKey || !strings.Contains(r.Cause, test.says) {
			t.Errorf("%s: got %v, %v, want %s with %q", name, c, err, gsp.WeakKey, test.says)
		}
	}
}

// A point of small order gives everybody the same secret: what is sealed for
// it is open.
func TestReadRefusesPointsOfSmallOrder(t *testing.T) {
	e := entity(t)
	e.Subkeys[0].PublicKey = packet.NewX25519PublicKey(now.Add(-time.Hour), &x25519.PublicKey{Point: make([]byte, 32)})
	e.Subkeys[0].PublicKey.IsSubkey = true
	binding := e.Subkeys[0].Bindings[0].Packet
	if err := binding.SignKey(e.Subkeys[0].PublicKey, e.PrivateKey, at(now)); err != nil {
		t.Fatal(err)
	}
	if c, err := pgpcert.Read(public(t, e), ke, now); err == nil {
		t.Errorf("got %v, want it refused", c)
	} else if !strings.Contains(err.Error(), "cannot be used for encryption") {
		t.Errorf("got %v", err)
	}
}

// rsaBody is the body of an RSA key packet with exponent 65537.
func rsaBody(n *big.Int) []byte {
	return slices.Concat([]byte{4, 0x60, 0, 0, 0, 1, byte(n.BitLen() >> 8), byte(n.BitLen())}, n.Bytes(), []byte{0, 17, 1, 0, 1})
}

// multiple is the greatest odd multiple of an odd number of so many bits.
func multiple(bits uint, of int64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits)
	n.Sub(n, big.NewInt(1))
	n.Sub(n, new(big.Int).Mod(n, big.NewInt(of)))
	if n.Bit(0) == 0 {
		n.Sub(n, big.NewInt(of))
	}
	return n
}

// roca is a number such as faulty chip cards make: a power of 65537 modulo the
// product of the first 39 primes. It need not be the product of two primes.
func roca(bits uint) *big.Int {
	product := big.NewInt(1)
	for p := int64(2); p <= 167; p++ {
		if big.NewInt(p).ProbablyPrime(0) {
			product.Mul(product, big.NewInt(p))
		}
	}
	for k := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(3), bits-2), product); ; k.Add(k, big.NewInt(1)) {
		n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(1234567), product)
		n.Add(n, new(big.Int).Mul(k, product))
		small := false
		for p := int64(173); p < 1000; p++ {
			small = small || new(big.Int).Mod(n, big.NewInt(p)).Sign() == 0
		}
		if !small {
			return n
		}
	}
}

// unsigned is a certificate of which the primary key alone is of interest.
func unsigned(body []byte) []byte {
	return slices.Concat(raw(6, body), raw(13, []byte("ke@gsp.example")))
}
