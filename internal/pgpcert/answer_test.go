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

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// A certificate of version 6, which may be post-quantum, may stand beside what
// everybody can use; a post-quantum subkey would keep RNP from reading the rest.
func TestReadBeside(t *testing.T) {
	for name, set := range map[string]func(*packet.Config){
		"ed25519": algorithm(packet.PubKeyAlgoEd25519), "rsa": rsaBits(3072), "ed448": algorithm(packet.PubKeyAlgoEd448),
		"ml-dsa": algorithm(packet.PubKeyAlgoMldsa65Ed25519),
	} {
		b := public(t, entity(t, set, func(c *packet.Config) { c.V6Keys = true }))
		if c, err := pgpcert.ReadBeside(b, ke, now); err != nil || c.Version() != 6 || !bytes.Equal(c.Bytes(), b) {
			t.Errorf("%s: got %v, %v", name, c, err)
		}
	}
	if c, err := pgpcert.ReadBeside(public(t, entity(t)), ke, now); err == nil {
		t.Errorf("version 4: got %v, want it refused", c)
	}

	e := entity(t)
	if err := e.AddEncryptionSubkey(at(now.Add(-time.Minute), algorithm(packet.PubKeyAlgoMlkem768X25519))); err != nil {
		t.Fatal(err)
	}
	c := accepted(t, public(t, e))
	if keys := c.EncryptionKeys(); len(keys) != 1 || keys[0].Algorithm == packet.PubKeyAlgoMlkem768X25519 {
		t.Errorf("got %+v, want no post-quantum subkey", keys)
	}
	if again, err := c.Merge(public(t, e), now); err != nil || again != c {
		t.Errorf("the same again: got %v, %v, want it to say nothing new", again, err)
	}
	alone := packets(t, public(t, e))
	if _, err := pgpcert.Read(slices.Concat(alone[0], alone[1], alone[2], alone[5], alone[6]), ke, now); err == nil || !strings.Contains(err.Error(), "post-quantum") {
		t.Errorf("without the other: got %v, want it refused", err)
	}
}

// A certificate of version 6 may have no user ID (RFC 9580, section 10.1.1);
// gopenpgp panics on one.
func TestNoUserID(t *testing.T) {
	for _, version6 := range []bool{false, true} {
		parts := packets(t, public(t, entity(t, func(c *packet.Config) { c.V6Keys = version6 })))
		without := slices.DeleteFunc(parts, func(p []byte) bool { return p[0] == 0xc0|13 })
		if !version6 {
			without = slices.Delete(without, 1, 2) // what certified it
		}
		given := slices.Concat(without...)
		for name, read := range map[string]func() (*pgpcert.Cert, error){
			"Read":       func() (*pgpcert.Cert, error) { return pgpcert.Read(given, ke, now) },
			"ReadBeside": func() (*pgpcert.Cert, error) { return pgpcert.ReadBeside(given, ke, now) },
			"ReadAnswer": func() (*pgpcert.Cert, error) { return pgpcert.ReadAnswer(given, ke, now) },
		} {
			var r *gsp.Refusal
			if c, err := read(); c != nil || !errors.As(err, &r) || r.Err != nil && strings.Contains(r.Err.Error(), "panic") {
				t.Errorf("%s, version 6 %v: got %v, %v, want a refusal", name, version6, c, err)
			}
		}
		if c, err := pgpcert.Load(gsp.Certificate{Address: ke, Bytes: given}); err == nil {
			t.Errorf("version 6 %v: loaded %v", version6, c)
		}
	}
}

// What an upload of 10 MiB makes the gateway keep and compute, whatever is in it.
func TestLargeUploadsCostLittle(t *testing.T) {
	e := entity(t)
	c, b := accepted(t, public(t, e)), public(t, e)
	for name, given := range map[string][]byte{
		"packets of nothing": bytes.Repeat([]byte{0xfc, 0}, 5<<20),
		"certificates":       bytes.Repeat(b, 10<<20/len(b)),
		"armour":             bytes.Repeat([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"), 10<<20/38),
		"text":               bytes.Repeat([]byte("-----BEGIN "), 1<<20),
	} {
		for door, read := range map[string]func() error{
			"read":   func() error { _, err := pgpcert.Read(given, ke, now); return err },
			"merge":  func() error { _, err := c.Merge(given, now); return err },
			"answer": func() error { _, err := pgpcert.ReadAnswer(given, ke, now); return err },
		} {
			start := time.Now()
			var err error
			kept := testing.AllocsPerRun(1, func() { err = read() })
			if err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
				t.Errorf("%s, %s: got %v, want it refused as too large", door, name, err)
			}
			if took := time.Since(start); kept > 20 || took > 5*time.Second {
				t.Errorf("%s, %s: got %v and %v allocations", door, name, took, kept)
			}
		}
	}
}

// A directory may answer with the current certificate and earlier ones.
func TestReadAnswer(t *testing.T) {
	current, retired := public(t, entity(t)), entity(t)
	if err := retired.Revoke(packet.KeyRetired, "", at(now)); err != nil {
		t.Fatal(err)
	}
	earlier := public(t, retired)
	beside := public(t, entity(t, func(c *packet.Config) { c.V6Keys = true }))
	for name, answer := range map[string][]byte{
		"alone":           current,
		"current first":   slices.Concat(current, earlier, beside),
		"current last":    slices.Concat(earlier, beside, current),
		"behind a broken": slices.Concat(packets(t, earlier)[0], current),
	} {
		if c, err := pgpcert.ReadAnswer(answer, ke, now); err != nil || !bytes.Equal(c.Bytes(), current) {
			t.Errorf("%s: got %v, %v", name, c, err)
		}
	}
	for name, answer := range map[string][]byte{"only a revoked one": slices.Concat(earlier, beside), "revoked": earlier} {
		if c, err := pgpcert.ReadAnswer(answer, ke, now); err == nil || !strings.Contains(err.Error(), "revoked by its owner") {
			t.Errorf("%s: got %v, %v, want it refused as revoked", name, c, err)
		}
	}
	for name, answer := range map[string][]byte{"empty": nil, "a page": []byte("<html>"), "too large": bytes.Repeat(current, 200)} {
		if c, err := pgpcert.ReadAnswer(answer, ke, now); err == nil {
			t.Errorf("%s: got %v, want it refused", name, c)
		}
	}
}

// An index tells of a certificate what is here.
func TestWhatACertificateTells(t *testing.T) {
	e := entity(t, rsaBits(3072))
	if err := e.AddSigningSubkey(at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	c := accepted(t, public(t, e))
	if c.Version() != 4 || c.UserID() != "Kenya <ke@gsp.example>" || c.Algorithm() != 1 || c.Bits() != 3072 || c.Revoked() || c.Usable(now) != nil {
		t.Errorf("got version %d, %q, algorithm %d of %d bits", c.Version(), c.UserID(), c.Algorithm(), c.Bits())
	}
	want := []string{}
	for _, key := range []*packet.PublicKey{e.PrimaryKey, e.Subkeys[0].PublicKey, e.Subkeys[1].PublicKey} {
		want = append(want, strings.ToUpper(hex.EncodeToString(key.Fingerprint)))
	}
	if got := c.Fingerprints(); !slices.Equal(got, want) {
		t.Errorf("fingerprints: got %v, want %v", got, want)
	}
}
