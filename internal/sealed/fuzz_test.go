package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"gsp.example/gsp/internal/sealed"
)

// FuzzInspect shows that no mail makes Inspect panic or talk, and that what it
// accepts stands: the octets have the digest, and the same octets in our own
// armour are accepted again.
func FuzzInspect(f *testing.F) {
	octets := sealedOctets()
	f.Add(wrapOctets(f, octets))
	f.Add(wrapOctets(f, join(oldPacket(1, rsaKey()), packet(20, ocb(300)))))
	f.Add(wrapOctets(f, join(packet(1, x25519Key("\x06", v6Name)), packet(18, seipd2(100)))))
	f.Add(change(f, wrap(base64Lines(octets)), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n"))
	f.Add([]byte("Subject: 900 packs\r\n\r\n"))
	f.Fuzz(func(t *testing.T, mail []byte) {
		m, err := sealed.Inspect(mail)
		if err != nil {
			var fault *sealed.Fault
			if !errors.As(err, &fault) || !slices.Contains(sealed.Flaws, fault.Flaw) || fault.Detail == "" {
				t.Fatalf("got %v; want a fault", err)
			}
			return
		}
		accepted(t, m)
		again, err := sealed.Inspect(m.Raw())
		if err != nil || again.Digest() != m.Digest() {
			t.Fatalf("inspected again: %v", err)
		}
		ours, err := sealed.Inspect(wrap(string(m.AppendArmour(nil))))
		if err != nil || ours.Digest() != m.Digest() {
			t.Fatalf("in our own armour: %v", err)
		}
	})
}

// FuzzPackets is FuzzInspect behind mail and armour, which a fuzzer rarely
// passes.
func FuzzPackets(f *testing.F) {
	f.Add(sealedOctets())
	f.Add(join(oldPacket(1, rsaKey()), packet(20, ocb(300))))
	f.Add(join(packet(10, []byte("PGP")), packet(1, x25519Key("\x06", v6Name)), packet(18, seipd2(100))))
	f.Add(append(append(join(packet(1, mlkemKey()), []byte{0xd2, 0xe9, 1}), noise(511)...), 1, 1))
	f.Fuzz(func(t *testing.T, octets []byte) {
		m, err := sealed.Inspect(wrapOctets(t, octets))
		if err != nil {
			return
		}
		accepted(t, m)
		if m.Size() != len(octets) {
			t.Fatalf("got %d octets; want %d", m.Size(), len(octets))
		}
	})
}

func accepted(t *testing.T, m sealed.Message) {
	t.Helper()
	var b bytes.Buffer
	if err := m.WriteOctets(&b); err != nil {
		t.Fatalf("write octets: %v", err)
	}
	if sha256.Sum256(b.Bytes()) != m.Digest() || b.Len() != m.Size() {
		t.Fatal("the digest is not that of the octets")
	}
	for _, key := range m.SessionKeys() {
		if key.KeyID == 0 {
			t.Fatal("accepted an anonymous key")
		}
	}
	l := m.Layout()
	for _, p := range []sealed.Part{l.Version, l.Sealed} {
		if p.Start < l.Header || p.Body < p.Start || p.End < p.Body || p.End > l.Size {
			t.Fatalf("a part stands at %+v in a mail of %d octets", p, l.Size)
		}
	}
}
