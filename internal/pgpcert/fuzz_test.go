package pgpcert_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ProtonMail/gopenpgp/v2/crypto"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// onlyTheOwners asks go-crypto and gopenpgp what a certificate made of given
// holds: the same public key, user IDs of two domains and nobody else's signatures, each
// packet as it came.
func onlyTheOwners(t *testing.T, given []byte, c *pgpcert.Cert) {
	t.Helper()
	ring, err := openpgp.ReadKeyRing(bytes.NewReader(c.Bytes()))
	if err != nil || len(ring) != 1 || len(ring[0].Identities) > 2 || ring[0].PrivateKey != nil {
		t.Fatalf("published: got %v, %v, want one certificate with the user IDs of two domains at most", ring, err)
	}
	if got := strings.ToUpper(hex.EncodeToString(ring[0].PrimaryKey.Fingerprint)); got != c.Fingerprint() {
		t.Errorf("published: go-crypto reads the key %s, want %s", got, c.Fingerprint())
	}
	key, err := crypto.NewKey(c.Bytes())
	if err != nil || key.IsPrivate() || strings.ToUpper(key.GetFingerprint()) != c.Fingerprint() {
		t.Errorf("published: gopenpgp reads %v, %v, want the public key %s", key, err, c.Fingerprint())
	}
	for _, id := range ring[0].Identities {
		if len(id.OtherCertifications) != 0 {
			t.Errorf("published: %d signatures of others", len(id.OtherCertifications))
		}
	}
	binary := len(given) > 0 && given[0]&0x80 != 0
	for rest := packet.NewOpaqueReader(bytes.NewReader(c.Bytes())); ; {
		p, err := rest.Next()
		if err != nil {
			break
		}
		if !slices.Contains([]uint8{2, 6, 13, 14}, p.Tag) {
			t.Errorf("published: packet of type %d", p.Tag)
		}
		if binary && !bytes.Contains(given, p.Contents) {
			t.Errorf("published: packet of type %d was not handed in", p.Tag)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, e := range []*openpgp.Entity{entity(f), entity(f, func(c *packet.Config) { c.V6Keys = true })} {
		f.Add(public(f, e))
		f.Add(armoured(f, openpgp.PublicKeyType, public(f, e)))
		f.Add(secret(f, e))
		addUserID(f, e, "ke@old.example", now.Add(-30*time.Minute))
		addUserID(f, e, "Kenya <ke@other.example>", now.Add(-20*time.Minute))
		if err := e.AddSigningSubkey(at(now.Add(-10 * time.Minute))); err != nil {
			f.Fatal(err)
		}
		f.Add(public(f, e))
		if err := e.Revoke(packet.KeyRetired, "", at(now.Add(-time.Minute))); err != nil {
			f.Fatal(err)
		}
		f.Add(public(f, e))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte, gsp.Address, time.Time, ...string) (*pgpcert.Cert, error){pgpcert.Read, pgpcert.ReadBeside} {
			c, err := read(b, ke, now, "old.example")
			if err != nil {
				var r *gsp.Refusal
				if !errors.As(err, &r) {
					t.Fatalf("got %v, want a refusal", err)
				}
				if r.Err != nil && strings.Contains(r.Err.Error(), "panic") {
					t.Logf("library panic: %v", r.Err)
				}
				continue
			}
			onlyTheOwners(t, b, c)
			c.Advice(now)
			// What is published is published again unchanged.
			again, err := read(c.Bytes(), ke, now, "old.example")
			if err != nil {
				t.Fatalf("published octets are refused: %v", err)
			}
			if !bytes.Equal(again.Bytes(), c.Bytes()) {
				t.Errorf("got %x, want %x", again.Bytes(), c.Bytes())
			}
		}
	})
}

func FuzzMerge(f *testing.F) {
	e := entity(f)
	first := public(f, e)
	withSubkey(f, e, now.Add(-time.Hour/2))
	if err := e.Subkeys[0].Revoke(packet.KeyCompromised, "", at(now.Add(-time.Hour/3))); err != nil {
		f.Fatal(err)
	}
	c, err := pgpcert.Read(public(f, e), ke, now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first)
	f.Add(withSubkey(f, e, now))
	if err := e.Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		f.Fatal(err)
	}
	f.Add(public(f, e))
	f.Add(packets(f, public(f, e))[1])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := c.Merge(b, now)
		if err != nil {
			var r *gsp.Refusal
			if !errors.Is(err, pgpcert.ErrOtherKey) && !errors.As(err, &r) {
				t.Fatalf("got %v, want a refusal", err)
			}
			return
		}
		if m.Fingerprint() != c.Fingerprint() || !m.Revoked() && !m.EncryptionKeys()[0].Revoked {
			t.Errorf("got %v with %+v, want the first subkey revoked", m, m.EncryptionKeys())
		}
		if again, err := m.Merge(m.Bytes(), now); err != nil || again != m {
			t.Errorf("merged with itself: got %v, %v", again, err)
		}
		if again, err := m.Merge(b, now); err == nil && again != m {
			t.Errorf("merged again: got %x, want %x", again.Bytes(), m.Bytes())
		}
	})
}
