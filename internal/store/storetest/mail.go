package storetest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// Mail returns a sealed mail of about size octets, at least 1,000, and its
// summary. It is well formed down to the OpenPGP packets (RFC 9580, section
// 10.3: a session key, then protected data) and nobody can open it, because
// what they hold is random. No two are alike.
func Mail(t testing.TB, size int) (sealed.Message, gsp.Summary) {
	t.Helper()
	m, s, err := NewMail(size)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// NewMail is Mail for where there is no test, such as in a child process.
func NewMail(size int) (sealed.Message, gsp.Summary, error) {
	s := gsp.Summary{Envelope: gsp.Envelope{
		Date:      time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC),
		Subject:   "GSP request 2026-KE-7Q4M2",
		From:      gsp.Address{Local: "customs1.fr", Domain: "gsp.example"},
		To:        []gsp.Address{{Local: "ke", Domain: "gsp.example"}},
		MessageID: fmt.Sprintf("<%x@gsp.example>", random(12)),
	}}
	m, err := sealed.Inspect(raw(s.Envelope, size))
	if err != nil {
		return sealed.Message{}, gsp.Summary{}, fmt.Errorf("inspect a made-up mail: %w", err)
	}
	s.Layout = m.Layout()
	return m, s, nil
}

// overhead is roughly what surrounds the octets of the data packet.
const overhead = 700

func raw(e gsp.Envelope, size int) []byte {
	var b bytes.Buffer
	boundary := fmt.Sprintf("=_%x", random(9))
	for _, line := range []string{
		"From: <" + e.From.String() + ">",
		"To: <" + e.To[0].String() + ">",
		"Date: " + e.Date.Format(time.RFC1123Z),
		"Message-ID: " + e.MessageID,
		"Subject: " + e.Subject,
		"MIME-Version: 1.0",
		`Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";`,
		` boundary="` + boundary + `"`,
		"",
		"--" + boundary,
		"Content-Type: application/pgp-encrypted",
		"",
		"Version: 1",
		"",
		"--" + boundary,
		"Content-Type: application/octet-stream",
		"",
		"-----BEGIN PGP MESSAGE-----",
		"",
	} {
		b.WriteString(line + "\r\n")
	}
	packets := packets(max(64, (size-overhead)*3/4*64/66))
	text := base64.StdEncoding.EncodeToString(packets)
	for len(text) > 64 {
		b.WriteString(text[:64] + "\r\n")
		text = text[64:]
	}
	b.WriteString(text + "\r\n")
	sum := crc24(packets)
	b.WriteString("=" + base64.StdEncoding.EncodeToString([]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}) + "\r\n")
	b.WriteString("-----END PGP MESSAGE-----\r\n\r\n--" + boundary + "--\r\n")
	return b.Bytes()
}

// packets returns a version 3 session key for an X25519 subkey of the old kind
// (RFC 9580, section 5.1.1) and a version 1 protected data packet (section
// 5.13.1) of n random octets.
func packets(n int) []byte {
	key := append([]byte{3}, random(8)...)
	key = append(key, 18)                                // ECDH
	key = append(append(key, 1, 7, 0x40), random(32)...) // a point of 263 bits
	key = append(append(key, 48), random(48)...)         // the wrapped key
	b := append([]byte{0xC1, byte(len(key))}, key...)
	b = append(b, 0xD2, 0xFF, byte((n+1)>>24), byte((n+1)>>16), byte((n+1)>>8), byte(n+1), 1)
	return append(b, random(n)...)
}

// crc24 is the checksum of armour (RFC 9580, section 6.1).
func crc24(octets []byte) uint32 {
	sum := uint32(0xB704CE)
	for _, o := range octets {
		sum ^= uint32(o) << 16
		for range 8 {
			if sum <<= 1; sum&0x1000000 != 0 {
				sum ^= 0x1864CFB
			}
		}
	}
	return sum & 0xFFFFFF
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
