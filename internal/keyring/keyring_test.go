package keyring_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

const question = "When were these 900 packs made?\r\n"

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

func generate(t testing.TB, local string) (*keyring.Key, *pgpcert.Cert) {
	t.Helper()
	k, err := keyring.Generate("", address(local), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Cert()
	if err != nil {
		t.Fatal(err)
	}
	return k, c
}

func TestSealAndOpen(t *testing.T) {
	fr, frCert := generate(t, "fr1.fr")
	ke, keCert := generate(t, "ke")
	de, deCert := generate(t, "de")

	message, err := keyring.Seal([]byte(question), []*pgpcert.Cert{keCert, frCert, keCert}, fr)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(message, []byte("\n\n"))
	if string(head) != "-----BEGIN PGP MESSAGE-----" {
		t.Errorf("got armour headers %q", head)
	}
	// ke was named twice and gets one session key.
	octets := binary(t, message)
	if second := octets[2+int(octets[1]):]; second[0] != 0xc1 || second[2+int(second[1])] != 0xd2 {
		t.Errorf("got %x, want two session keys and a data packet", octets)
	}
	for _, k := range []*keyring.Key{ke, fr} {
		plain, by, err := keyring.Open(message, []*keyring.Key{de, k}, []*pgpcert.Cert{deCert, frCert})
		if err != nil || string(plain) != question || by != frCert {
			t.Errorf("%s: got %q, %v, %v", k.Address(), plain, by, err)
		}
	}
	if _, _, err := keyring.Open(message, []*keyring.Key{de}, nil); !errors.Is(err, keyring.ErrNotMine) {
		t.Errorf("opened by another: got %v, want %v", err, keyring.ErrNotMine)
	}
	if _, by, err := keyring.Open(message, []*keyring.Key{ke}, []*pgpcert.Cert{deCert}); by != nil || err != nil {
		t.Errorf("signed by somebody unknown: got %v, %v", by, err)
	}
	unsigned, err := keyring.Seal([]byte(question), []*pgpcert.Cert{keCert}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if plain, by, err := keyring.Open(unsigned, []*keyring.Key{ke}, []*pgpcert.Cert{frCert}); by != nil || err != nil || string(plain) != question {
		t.Errorf("not signed: got %q, %v, %v", plain, by, err)
	}
	if _, err := keyring.Seal([]byte(question), nil, fr); err == nil {
		t.Error("sealed for nobody")
	}
}

// binary takes the armour off.
func binary(t testing.TB, message []byte) []byte {
	t.Helper()
	block, err := armor.Decode(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(block.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenRefuses(t *testing.T) {
	ke, keCert := generate(t, "ke")
	message, err := keyring.Seal([]byte(question), []*pgpcert.Cert{keCert}, nil)
	if err != nil {
		t.Fatal(err)
	}
	octets := binary(t, message)
	literal := append([]byte{0xcb, byte(6 + len(question)), 'b', 0, 0, 0, 0, 0}, question...)
	end := 2 + int(octets[1]) // of the session key
	altered := bytes.Clone(octets)
	altered[len(altered)-30] ^= 1
	public, err := ke.Public()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		in   []byte
		want error
	}{
		"text":                       {[]byte(question), keyring.ErrUnsealed},
		"nothing":                    {nil, keyring.ErrUnsealed},
		"public key":                 {public, keyring.ErrUnsealed},
		"literal":                    {literal, keyring.ErrUnsealed},
		"session key, then literal":  {append(octets[:end:end], literal...), keyring.ErrUnsealed},
		"session key alone":          {octets[:end], keyring.ErrUnsealed},
		"data alone":                 {octets[end:], keyring.ErrUnsealed},
		"literal after the data":     {append(octets[:len(octets):len(octets)], literal...), keyring.ErrUnsealed},
		"session key after the data": {append(octets[:len(octets):len(octets)], octets[:end]...), keyring.ErrUnsealed},
		"cut short":                  {octets[:len(octets)-40], keyring.ErrUnsealed},
		"altered":                    {altered, keyring.ErrBroken},
	} {
		plain, _, err := keyring.Open(test.in, []*keyring.Key{ke}, nil)
		if plain != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: got %q, %v, want %v", name, plain, err, test.want)
		}
	}
}

func TestReadKey(t *testing.T) {
	k, c := generate(t, "customs1.ke")
	text, err := k.Armoured()
	if err != nil {
		t.Fatal(err)
	}
	again, err := keyring.ReadKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if again.Fingerprint() != c.Fingerprint() || again.Address() != address("customs1.ke") {
		t.Errorf("got %s of %s, want %s", again.Fingerprint(), again.Address(), c.Fingerprint())
	}
	if c2, err := again.Cert(); err != nil || !bytes.Equal(c2.Bytes(), c.Bytes()) {
		t.Errorf("got another certificate, %v", err)
	}
	named, err := keyring.Generate("Kenya Revenue Authority", address("ke"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := named.Cert(); err != nil || !bytes.Contains(c.Bytes(), []byte("Kenya Revenue Authority <ke@gsp.example>")) {
		t.Errorf("got %v, %v, want the name in the user ID", c, err)
	}
	if want := time.Now().Add(keyring.Lifetime); c.Expires().Before(want.Add(-time.Hour)) || c.Expires().After(want) {
		t.Errorf("got expiry %v, want %v", c.Expires(), want)
	}

	public, err := k.Public()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.ReadKey(public); err == nil {
		t.Error("read a public key as a private one")
	}
	entities, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := entities[0].EncryptPrivateKeys([]byte("correct horse"), &packet.Config{}); err != nil {
		t.Fatal(err)
	}
	var locked bytes.Buffer
	w, err := armor.Encode(&locked, "PGP PRIVATE KEY BLOCK", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := entities[0].SerializePrivateWithoutSigning(w, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.ReadKey(locked.Bytes()); !errors.Is(err, keyring.ErrLocked) {
		t.Errorf("got %v, want %v", err, keyring.ErrLocked)
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	k, _ := generate(t, "ke")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, k); got != k.Fingerprint() {
			t.Errorf("%s: got %q, want the fingerprint", format, got)
		}
	}
	if got := fmt.Sprintf("%v", struct{ K *keyring.Key }{k}); strings.Contains(got, "entity") {
		t.Errorf("got %q", got)
	}
}

func FuzzOpen(f *testing.F) {
	k, c := generate(f, "ke")
	message, err := keyring.Seal([]byte(question), []*pgpcert.Cert{c}, k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add(binary(f, message))
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, _, err := keyring.Open(b, []*keyring.Key{k}, []*pgpcert.Cert{c})
		if err == nil && string(plain) != question {
			t.Errorf("opened something else: %q", plain)
		}
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Logf("library: %v", err)
		}
	})
}
