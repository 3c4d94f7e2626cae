package pgpcert_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

func TestAdvice(t *testing.T) {
	year := uint32(365 * 24 * 3600)
	lasting := func(years uint32) func(*packet.Config) {
		return func(c *packet.Config) { c.KeyLifetimeSecs, c.Algorithm = years*year, packet.PubKeyAlgoEdDSA }
	}
	silent := entity(t, lasting(1))
	for _, id := range silent.Identities {
		id.SelfCertifications[0].Packet.FlagSign = false
		if err := id.ReSign(at(now)); err != nil {
			t.Fatal(err)
		}
	}
	silentOnly := public(t, silent)
	if err := silent.AddSigningSubkey(at(now, lasting(1))); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		given []byte
		want  []string
	}{
		{"one year", public(t, entity(t, lasting(1))), nil},
		{"three years", public(t, entity(t, lasting(3))), nil},
		{"five years", public(t, entity(t, lasting(5))), []string{"expires only on 2031-11-22"}},
		{"for ever", public(t, entity(t, lasting(0))), []string{"never expires"}},
		{"a form that few know", public(t, entity(t)), []string{"never expires", "GnuPG and Thunderbird of today cannot seal for"}},
		{"cannot sign", silentOnly, []string{"cannot sign"}},
		{"signs by a subkey", public(t, silent), nil},
	} {
		checkAdvice(t, test.name, accepted(t, test.given), test.want...)
	}
}

func checkAdvice(t *testing.T, name string, c *pgpcert.Cert, want ...string) {
	t.Helper()
	got := c.Advice(now)
	if len(got) != len(want) {
		t.Errorf("%s: got %v, want %v", name, got, want)
		return
	}
	for i, a := range got {
		if !strings.Contains(a.Cause, want[i]) || a.Remedy == "" || strings.HasSuffix(a.Cause+a.Remedy, ".") {
			t.Errorf("%s: got %+v, want %s", name, a, want[i])
		}
	}
}

// Debian's GnuPG takes the announcement off, other builds do not; this is one
// of the latter, and one that others can open as well.
func TestAdviceOnGnuPGsOwnEncryption(t *testing.T) {
	g := newGnuPG(t)
	makeKey(g, "future-default")
	given := g.run(nil, "--export")
	checkAdvice(t, "Debian", accepted(t, given))
	for features, want := range map[byte][]string{1: nil, 3: {"asks GnuPG for"}, 2: {"asks GnuPG for"}, 9: nil, 11: nil} {
		e := entity(t, func(c *packet.Config) { c.KeyLifetimeSecs, c.Algorithm = 3600*24, packet.PubKeyAlgoEdDSA })
		parts := packets(t, public(t, e))
		altered := bytes.Replace(parts[2], []byte{2, 30, 1}, []byte{2, 30, features}, 1)
		if features != 1 && bytes.Equal(altered, parts[2]) {
			t.Fatal("no features subpacket to alter")
		}
		// What it announces is read from what is stored; whether it is true Read
		// has asked before.
		stored := gsp.Certificate{Address: ke, Bytes: slices.Concat(parts[0], parts[1], altered, parts[3], parts[4])}
		c, err := pgpcert.Load(stored)
		if err != nil {
			t.Fatal(err)
		}
		checkAdvice(t, fmt.Sprintf("features %02x", features), c, want...)
	}
}
