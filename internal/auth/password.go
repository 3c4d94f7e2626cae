package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"io"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

const (
	secretSize = 16 // octets of a password's secret
	saltSize   = 16 // octets

	// iterations is the least that RFC 7677, section 4 allows. Stretching
	// protects passwords that people choose; one of 128 random bits is beyond
	// any search at a single iteration, and a login costs under 2 ms.
	iterations = 4096
)

// lowerBase32 has no 0, 1, 8 or 9, so a password read aloud or off paper has
// no digit that looks like one of its letters.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewPassword makes a password of 128 bits from random: 26 letters and digits
// in groups of five, the last of six. It panics if random fails, which
// crypto/rand.Reader never does.
func NewPassword(random io.Reader) string {
	var secret [secretSize]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		panic("auth: read random octets: " + err.Error())
	}
	return group(lowerBase32.EncodeToString(secret[:]))
}

// group puts dashes between fives: abcde-fghij-klmno-pqrst-uvwxyz.
func group(s string) string {
	var b strings.Builder
	for len(s) > 6 {
		b.WriteString(s[:5])
		b.WriteByte('-')
		s = s[5:]
	}
	b.WriteString(s)
	return b.String()
}

// canonical returns password as it was issued, however its letters, dashes
// and spaces were typed. A text that NewPassword cannot have made is returned
// as it is. SCRAM hashes on the client's side, so there the issued form is the
// only one that works.
func canonical(password string) string {
	typed := make([]byte, 0, len(password))
	for _, c := range []byte(password) {
		switch {
		case c == '-' || c == ' ':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '0':
			c = 'o'
		case c == '1':
			c = 'l'
		}
		typed = append(typed, c)
	}
	if len(typed) != lowerBase32.EncodedLen(secretSize) {
		return password
	}
	if _, err := lowerBase32.DecodeString(string(typed)); err != nil {
		return password
	}
	return group(string(typed))
}

// NewCredential makes the stored form of a password under a new salt.
func NewCredential(account gsp.AccountID, password string, now time.Time) gsp.Credential {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails, by its contract
	c := gsp.Credential{Account: account, Salt: salt, Iterations: iterations, Issued: now}
	c.StoredKey, c.ServerKey = scramKeys(canonical(password), salt, iterations)
	return c
}

// Check reports whether password is the one that c was made of. Its time does
// not depend on how much of it is right. It is false for the zero Credential.
func Check(c gsp.Credential, password string) bool {
	if c.Iterations < 1 || len(c.StoredKey) != sha256.Size {
		return false
	}
	stored, _ := scramKeys(canonical(password), c.Salt, c.Iterations)
	return subtle.ConstantTimeCompare(stored, c.StoredKey) == 1
}

// scramKeys computes StoredKey and ServerKey (RFC 5802, section 3). SASLprep
// is left out: what is issued here is ASCII, which it does not change.
func scramKeys(password string, salt []byte, iterations int) (stored, server []byte) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		// Only FIPS mode refuses, for a salt shorter than ours. No key then
		// equals the empty one.
		return nil, nil
	}
	client := sha256.Sum256(keyedHash(salted, "Client Key"))
	return bytes.Clone(client[:]), keyedHash(salted, "Server Key")
}

func keyedHash(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}
