package sealed_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pgppacket "github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/sealed"
)

// The encryption keys of the certificates in testdata.
const (
	ke = 0xc9e77b2d7c3de8fc // Curve25519, version 4
	fr = 0x72daec6ab7f15fa0 // RSA, version 4
	de = 0x2949ab15c8b63cec // Curve25519, version 4, announces version 2 of the data packet
	eu = 0x39a5a3df24516796 // X25519, version 6
)

// dataKind is the kind of a data packet.
type dataKind string

const (
	mdc  dataKind = "SEIPD version 1"
	aead dataKind = "SEIPD version 2"
	tag  dataKind = "tag 20"
)

// samples are what programs wrote, see testdata/README.md.
var samples = map[string]struct {
	keys   []uint64
	data   dataKind
	parted bool // written with partial lengths
	old    bool // session keys with headers of the old format
}{
	"gnupg22-two.asc":      {[]uint64{ke, fr}, mdc, false, true},
	"gnupg22-rfc4880.asc":  {[]uint64{ke, fr}, mdc, false, true},
	"gnupg22-comment.asc":  {[]uint64{ke, fr}, mdc, false, true},
	"gnupg22-pipe.asc":     {[]uint64{ke, fr}, mdc, true, true},
	"gnupg24-two.asc":      {[]uint64{ke, fr}, mdc, false, true},
	"gnupg24-rfc4880.asc":  {[]uint64{ke, fr}, mdc, false, true},
	"gnupg24-comment.asc":  {[]uint64{ke, fr}, mdc, false, true},
	"gnupg24-pipe.asc":     {[]uint64{ke, fr}, mdc, true, true},
	"gnupg24-ocb.asc":      {[]uint64{ke, fr}, tag, false, true},
	"gnupg24-ocb-pipe.asc": {[]uint64{ke, fr}, tag, true, true},

	"rnp016-two.asc":  {[]uint64{ke, fr}, mdc, false, false},
	"rnp016-long.asc": {[]uint64{ke, fr}, mdc, true, false},
	"rnp016-ocb.asc":  {[]uint64{ke, fr}, tag, false, false},
	"rnp017-ocb.asc":  {[]uint64{ke, fr}, tag, false, false},
	"rnp017-eax.asc":  {[]uint64{ke, fr}, tag, false, false},

	"sq02-two.asc":   {[]uint64{ke, fr}, mdc, false, false},
	"sq02-long.asc":  {[]uint64{ke}, mdc, false, false},
	"sq13-two.asc":   {[]uint64{ke, fr}, mdc, false, false},
	"sq13-long.asc":  {[]uint64{ke}, mdc, false, false},
	"sq13-mixed.asc": {[]uint64{ke, eu}, mdc, false, false},
	"sq13-aead.asc":  {[]uint64{de}, aead, false, false},
	"sq13-v6.asc":    {[]uint64{eu}, aead, false, false},
	"sqop-two.asc":   {[]uint64{ke, fr}, mdc, false, false},

	"openpgpjs4-two.asc":     {[]uint64{ke, fr}, mdc, false, false},
	"openpgpjs5-two.asc":     {[]uint64{ke, fr}, mdc, false, false},
	"openpgpjs5-comment.asc": {[]uint64{ke}, mdc, false, false},
	"openpgpjs6-two.asc":     {[]uint64{ke, fr}, mdc, false, false},
	"openpgpjs6-comment.asc": {[]uint64{ke}, mdc, false, false},
	"openpgpjs6-aead.asc":    {[]uint64{de}, aead, true, false},
	"openpgpjs6-v6.asc":      {[]uint64{de, eu}, aead, true, false},
	"openpgpjs6-gcm.asc":     {[]uint64{eu}, aead, true, false},

	"gosop-two.asc":           {[]uint64{ke, fr}, mdc, true, false},
	"gosop-long.asc":          {[]uint64{ke}, mdc, true, false},
	"pgpainless-cli-two.asc":  {[]uint64{fr, ke}, mdc, false, true},
	"pgpainless-cli-long.asc": {[]uint64{ke}, mdc, true, true},
	"pgpy-two.asc":            {[]uint64{ke, fr}, mdc, false, false},
	"kbpgp-one.asc":           {[]uint64{fr}, mdc, false, false},
}

// TestSamples reads what the programs of officers and national systems wrote.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.asc"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".cert.asc") {
			continue
		}
		want, ok := samples[filepath.Base(file)]
		if !ok {
			t.Errorf("nobody knows what %s should hold", file)
			continue
		}
		found++
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := accept(t, wrap(crlf(strings.ReplaceAll(string(text), "\r", ""))), nil)
			var keys []uint64
			for _, key := range m.SessionKeys() {
				keys = append(keys, key.KeyID)
			}
			if !slices.Equal(keys, want.keys) {
				t.Errorf("got session keys for %X; want %X", keys, want.keys)
			}
			data, parted := comparePackets(t, m)
			if data != want.data || parted != want.parted {
				t.Errorf("got data packet %s, parted %t; want %s, %t", data, parted, want.data, want.parted)
			}
			var b bytes.Buffer
			if err := m.WriteOctets(&b); err != nil {
				t.Fatal(err)
			}
			if old := b.Bytes()[0]&0x40 == 0; old != want.old {
				t.Errorf("got headers of the old format: %t; want %t", old, want.old)
			}
			ours := accept(t, wrap(string(m.AppendArmour(nil))), b.Bytes())
			if ours.Digest() != m.Digest() {
				t.Error("in our own armour the octets are others")
			}
		})
	}
	if found != len(samples) {
		t.Errorf("got %d samples; want %d", found, len(samples))
	}
}

// TestMailPrograms reads whole mails as mail programs wrote them.
func TestMailPrograms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Errorf("got %d mails; want at least 5", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			mail := []byte(crlf(strings.ReplaceAll(string(text), "\r", "")))
			m := accept(t, mail, nil)
			if keys := m.SessionKeys(); len(keys) != 1 || keys[0].KeyID != ke {
				t.Errorf("got session keys %+v; want one for %X", keys, uint64(ke))
			}
			comparePackets(t, m)
			if readByLibrary(t, mail) != m.Digest() {
				t.Error("another reader finds other octets")
			}
		})
	}
}

// comparePackets reads an accepted message with go-crypto's packet reader and
// expects what Inspect says: session keys, the same ones in the same order,
// then one data packet, and nothing else but marker and padding packets before
// it. It returns the kind of the data packet and whether it is parted.
func comparePackets(t *testing.T, m sealed.Message) (kind dataKind, parted bool) {
	t.Helper()
	var b bytes.Buffer
	if err := m.WriteOctets(&b); err != nil {
		t.Fatal(err)
	}
	octets := bytes.NewReader(b.Bytes())
	keys := m.SessionKeys()
	for kind == "" {
		at := b.Len() - octets.Len()
		p, err := pgppacket.Read(octets)
		if err != nil {
			t.Fatalf("go-crypto reads no packet at octet %d: %v", at, err)
		}
		switch p := p.(type) {
		case *pgppacket.EncryptedKey:
			if len(keys) == 0 {
				t.Fatal("go-crypto finds more session keys")
			}
			key := keys[0]
			got := sealed.SessionKey{
				Version: p.Version, KeyVersion: p.KeyVersion, KeyID: p.KeyId, Algorithm: int(p.Algo),
				Fingerprint: strings.ToUpper(hex.EncodeToString(p.KeyFingerprint)), Bits: key.Bits,
			}
			if got != key {
				t.Fatalf("go-crypto finds session key %+v; we found %+v", got, key)
			}
			keys = keys[1:]
		case *pgppacket.SymmetricallyEncrypted:
			if kind = mdc; p.Version == 2 {
				kind = aead
			}
			if !p.IntegrityProtected {
				t.Fatal("go-crypto finds no protection against alteration")
			}
			_, err = io.Copy(io.Discard, p.Contents)
		case *pgppacket.AEADEncrypted:
			kind = tag
			_, err = io.Copy(io.Discard, p.Contents)
		case *pgppacket.Marker, pgppacket.Padding:
		default:
			t.Fatalf("go-crypto finds a %T", p)
		}
		if err != nil {
			t.Fatalf("go-crypto reads a packet at octet %d: %v", at, err)
		}
		length := b.Bytes()[at+1]
		parted = kind != "" && length >= 224 && length < 255
	}
	if len(keys) > 0 || octets.Len() > 0 {
		t.Fatalf("go-crypto leaves %d session keys and %d octets", len(keys), octets.Len())
	}
	return kind, parted
}
