package pgpcert_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ProtonMail/gopenpgp/v2/crypto"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
)

// mail wraps OpenPGP octets as RFC 3156 wants.
func mail(octets []byte) []byte {
	var b strings.Builder
	b.WriteString("From: <ke@gsp.example>\r\nTo: <fr@gsp.example>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@gsp.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n" +
		"--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n")
	text := base64.StdEncoding.EncodeToString(octets)
	for len(text) > 64 {
		fmt.Fprintf(&b, "%s\r\n", text[:64])
		text = text[64:]
	}
	fmt.Fprintf(&b, "%s\r\n-----END PGP MESSAGE-----\r\n\r\n--b--\r\n", text)
	return []byte(b.String())
}

// sessionKey seals something for a certificate and returns what the mail says
// about it.
func sessionKey(t testing.TB, c *pgpcert.Cert) sealed.SessionKey {
	t.Helper()
	key, err := crypto.NewKey(c.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := crypto.NewKeyRing(key)
	if err != nil {
		t.Fatal(err)
	}
	message, err := ring.Encrypt(crypto.NewPlainMessage([]byte("found 900 packs")), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sealed.Inspect(mail(message.GetBinary()))
	if err != nil {
		t.Fatal(err)
	}
	return m.SessionKeys()[0]
}

func TestFits(t *testing.T) {
	for name, set := range map[string]func(*packet.Config){
		"x25519":        algorithm(packet.PubKeyAlgoEd25519),
		"x25519 legacy": curve(packet.PubKeyAlgoEdDSA, packet.Curve25519),
		"x448":          algorithm(packet.PubKeyAlgoEd448),
		"rsa":           rsaBits(3072),
		"p-384":         curve(packet.PubKeyAlgoECDSA, packet.CurveNistP384),
		"p-521":         curve(packet.PubKeyAlgoECDSA, packet.CurveNistP521),
		"brainpool":     curve(packet.PubKeyAlgoECDSA, packet.CurveBrainpoolP512),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := pgpcert.Read(public(t, entity(t, set)), ke, now)
			if err != nil {
				t.Fatal(err)
			}
			other, err := pgpcert.Read(public(t, entity(t, set)), ke, now)
			if err != nil {
				t.Fatal(err)
			}
			k, s := c.EncryptionKeys()[0], sessionKey(t, c)
			if !k.Fits(s) {
				t.Errorf("%+v does not fit %+v", s, k)
			}
			if other.EncryptionKeys()[0].Fits(s) {
				t.Errorf("%+v fits another key", s)
			}
			for what, forged := range map[string]sealed.SessionKey{
				"algorithm": {Version: 3, KeyID: s.KeyID, Algorithm: 2, Bits: s.Bits},
				"key":       {Version: 3, KeyID: s.KeyID + 1, Algorithm: s.Algorithm, Bits: s.Bits},
				"name":      {Version: 6, KeyVersion: 4, KeyID: s.KeyID, Fingerprint: strings.Repeat("0", 40), Algorithm: s.Algorithm, Bits: s.Bits},
			} {
				if k.Fits(forged) {
					t.Errorf("fits with another %s: %+v", what, forged)
				}
			}
			if s.Bits == 0 {
				return
			}
			for _, change := range []int{-64, +16} {
				forged := s
				forged.Bits += change
				if k.Fits(forged) {
					t.Errorf("fits with %d bits in place of %d", forged.Bits, s.Bits)
				}
			}
		})
	}
}

// A session key of version 6 names the key by its fingerprint.
func TestFitsByFingerprint(t *testing.T) {
	for name, set := range map[string]func(*packet.Config){
		"version 6 key": func(c *packet.Config) { c.V6Keys, c.AEADConfig = true, &packet.AEADConfig{} },
		"version 4 key": func(c *packet.Config) { c.AEADConfig = &packet.AEADConfig{} },
	} {
		t.Run(name, func(t *testing.T) {
			e := entity(t, set)
			read := pgpcert.Read
			if e.PrimaryKey.Version == 6 {
				read = pgpcert.ReadBeside
			}
			c, err := read(public(t, e), ke, now)
			if err != nil {
				t.Fatal(err)
			}
			var octets bytes.Buffer
			w, err := openpgp.Encrypt(&octets, []*openpgp.Entity{e}, nil, nil, nil, at(now, func(c *packet.Config) { c.AEADConfig = &packet.AEADConfig{} }))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			m, err := sealed.Inspect(mail(octets.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			s := m.SessionKeys()[0]
			if s.Version != 6 {
				t.Fatalf("got %+v, want a session key of version 6", s)
			}
			if !c.EncryptionKeys()[0].Fits(s) {
				t.Errorf("%+v does not fit %+v", s, c.EncryptionKeys()[0])
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	given := public(b, entity(b, curve(packet.PubKeyAlgoEdDSA, packet.Curve25519)))
	for b.Loop() {
		if _, err := pgpcert.Read(given, ke, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	c, err := pgpcert.Read(public(b, entity(b, curve(packet.PubKeyAlgoEdDSA, packet.Curve25519))), ke, now)
	if err != nil {
		b.Fatal(err)
	}
	stored := gsp.Certificate{Address: ke, Fingerprint: c.Fingerprint(), Bytes: c.Bytes()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pgpcert.Load(stored); err != nil {
			b.Fatal(err)
		}
	}
}
