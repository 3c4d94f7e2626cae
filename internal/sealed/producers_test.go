package sealed_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	pgppacket "github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/gopenpgp/v2/crypto"

	"gsp.example/gsp/internal/sealed"
)

// crlf is what a mail client makes of text.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func newKey(t testing.TB, kind string) *pgp.Key {
	t.Helper()
	key, err := pgp.GenerateKey("", "ke@gsp.example", kind, 3072)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestGopenpgp reads what gopenpgp writes, with its armour headers and, for
// the longer one, its partial lengths.
func TestGopenpgp(t *testing.T) {
	for _, kind := range []string{"rsa", "x25519"} {
		key := newKey(t, kind)
		ring, err := pgp.NewKeyRing(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{10, 1000, 300_000} {
			text := make([]byte, n)
			rand.Read(text)
			message, err := ring.Encrypt(pgp.NewPlainMessage(text), ring)
			if err != nil {
				t.Fatal(err)
			}
			armoured, err := message.GetArmored()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(armoured, "Version:") {
				t.Errorf("gopenpgp writes no Version: any more; the test shows less than it says")
			}
			m := accept(t, wrap(crlf(armoured)), message.GetBinary())
			want := key.GetEntity().Subkeys[0].PublicKey
			got := m.SessionKeys()
			if len(got) != 1 || got[0].KeyID != want.KeyId || got[0].Version != 3 || got[0].Algorithm != int(want.PubKeyAlgo) {
				t.Errorf("%s: got session keys %+v; want one for %x", kind, got, want.KeyId)
			}
			if kind == "rsa" && (got[0].Bits > 3072 || got[0].Bits < 3072-64) {
				t.Errorf("got %d bits for a key of 3072", got[0].Bits)
			}
			decrypt(t, ring, m, text)
		}
	}
}

// decrypt shows that the armour that we write opens.
func decrypt(t *testing.T, ring *pgp.KeyRing, m sealed.Message, want []byte) {
	t.Helper()
	message, err := pgp.NewPGPMessageFromArmored(string(m.AppendArmour(nil)))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ring.Decrypt(message, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain.GetBinary(), want) {
		t.Errorf("got another text of %d octets; want %d", len(plain.GetBinary()), len(want))
	}
}

// TestGoCrypto reads what go-crypto writes for keys of all kinds, in both
// versions of key, session key and data packet.
func TestGoCrypto(t *testing.T) {
	for name, config := range map[string]*pgppacket.Config{
		"ECDH with P-384":     {Algorithm: pgppacket.PubKeyAlgoECDSA, Curve: pgppacket.CurveNistP384},
		"X25519":              {Algorithm: pgppacket.PubKeyAlgoEd25519},
		"X448":                {Algorithm: pgppacket.PubKeyAlgoEd448},
		"ML-KEM-768+X25519":   {Algorithm: pgppacket.PubKeyAlgoMldsa65Ed25519, V6Keys: true},
		"ML-KEM-1024+X448":    {Algorithm: pgppacket.PubKeyAlgoMldsa87Ed448, V6Keys: true},
		"RSA of version 6":    {Algorithm: pgppacket.PubKeyAlgoRSA, RSABits: 2048, V6Keys: true},
		"ECDH of version 6":   {Algorithm: pgppacket.PubKeyAlgoECDSA, Curve: pgppacket.CurveNistP256, V6Keys: true},
		"X25519 of version 6": {Algorithm: pgppacket.PubKeyAlgoEd25519, V6Keys: true},
	} {
		for version, aead := range map[int]*pgppacket.AEADConfig{3: nil, 6: {}} {
			t.Run(fmt.Sprintf("%s in version %d", name, version), func(t *testing.T) {
				config := *config
				config.AEADConfig = aead
				entity, octets := sealWithGoCrypto(t, &config)
				m := accept(t, wrapOctets(t, octets), octets)
				key := entity.Subkeys[0].PublicKey
				want := sealed.SessionKey{Version: version, KeyID: key.KeyId, Algorithm: int(key.PubKeyAlgo)}
				if version == 6 {
					want.KeyVersion, want.Fingerprint = key.Version, fmt.Sprintf("%X", key.Fingerprint)
				}
				got := m.SessionKeys()
				if len(got) == 1 {
					want.Bits = got[0].Bits
				}
				if !slices.Equal(got, []sealed.SessionKey{want}) {
					t.Errorf("got %+v; want %+v", got, want)
				}
			})
		}
	}
}

func sealWithGoCrypto(t *testing.T, config *pgppacket.Config) (*openpgp.Entity, []byte) {
	t.Helper()
	entity, err := openpgp.NewEntity("", "", "ke@gsp.example", config)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := openpgp.Encrypt(&b, []*openpgp.Entity{entity}, nil, nil, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, rand.Reader, 5000); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return entity, b.Bytes()
}

// TestClients reads mail in the forms of clients that officers use. Boundaries
// that begin with hyphens or hold "=" are usual.
func TestClients(t *testing.T) {
	const preamble = "This is an OpenPGP/MIME encrypted message (RFC %d and 3156)\r\n"
	octets := sealedOctets()
	for _, client := range []struct{ name, top, boundary, preamble, first, second string }{
		{
			"Thunderbird", "Content-Type: multipart/encrypted;\r\n protocol=\"application/pgp-encrypted\";\r\n boundary=\"%s\"\r\n",
			"------------1cBoy0juGTJNFH2GDTJVwO5m", fmt.Sprintf(preamble, 4880),
			"Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n",
			"Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\nContent-Description: OpenPGP encrypted message\r\n" +
				"Content-Disposition: inline; filename=\"encrypted.asc\"\r\n",
		},
		{
			"Apple Mail", "Content-Type: multipart/encrypted;\r\n\tboundary=\"%s\";\r\n\tprotocol=\"application/pgp-encrypted\"\r\n",
			"Apple-Mail=_FBB8DA0A-2B6E-4F0C-956B-3EB265E0655D", fmt.Sprintf(preamble, 2440),
			"Content-Transfer-Encoding: 7bit\r\nContent-Type: application/pgp-encrypted\r\n",
			"Content-Transfer-Encoding: 7bit\r\nContent-Disposition: inline;\r\n\tfilename=encrypted.asc\r\n" +
				"Content-Type: application/octet-stream;\r\n\tname=encrypted.asc\r\n",
		},
		{
			"K-9", "Content-Type: multipart/encrypted; boundary=\"%s\";\r\n protocol=\"application/pgp-encrypted\"\r\nContent-Transfer-Encoding: 7bit\r\n",
			"----KSXU9N4B5QRHQJYAD9K9M8F15O4GTR", "",
			"Content-Type: application/pgp-encrypted\r\nContent-Transfer-Encoding: 7bit\r\n",
			"Content-Type: application/octet-stream;\r\n name=\"encrypted.asc\"\r\nContent-Transfer-Encoding: 7bit\r\n",
		},
		{
			"mutt", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n\tboundary=%s\r\nContent-Disposition: inline\r\n",
			"vkogqOf2sHV7VnPd", "",
			"Content-Type: application/pgp-encrypted\r\nContent-Disposition: attachment\r\n",
			"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"msg.asc\"\r\n",
		},
		{
			"Python", "Content-Type: multipart/encrypted; charset=\"utf-8\"; boundary=\"%s\"; protocol=\"application/pgp-encrypted\"\r\n",
			"===============6271318822587357114==", "",
			"Content-Type: application/pgp-encrypted; charset=\"us-ascii\"\r\nMIME-Version: 1.0\r\n",
			"Content-Type: application/octet-stream\r\nMIME-Version: 1.0\r\n",
		},
	} {
		t.Run(client.name, func(t *testing.T) {
			top, _, _ := strings.Cut(header, "Content-Type")
			raw := []byte(top + fmt.Sprintf(client.top, client.boundary) + "\r\n" + client.preamble +
				"--" + client.boundary + "\r\n" + client.first + "\r\nVersion: 1\r\n\r\n" +
				"--" + client.boundary + "\r\n" + client.second + "\r\n" + armoured(t, octets) + "\r\n" +
				"--" + client.boundary + "--\r\n")
			if m := accept(t, raw, octets); readByLibrary(t, raw) != m.Digest() {
				t.Error("another reader finds other octets")
			}
		})
	}
}

// gnupg returns a function that runs gpg with a new home, in which
// ke@gsp.example and fr@gsp.example have keys.
func gnupg(t *testing.T) func(stdin []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gpg is not installed")
		}
		t.Skip("gpg is not installed")
	}
	home, err := os.MkdirTemp("", "gpg") // t.TempDir is too long for the agent's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill := exec.Command("gpgconf", "--homedir", home, "--kill", "all")
		if err := kill.Run(); err != nil {
			t.Log(err)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Log(err)
		}
	})
	run := func(stdin []byte, args ...string) []byte {
		t.Helper()
		args = append([]string{"--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"}, args...)
		cmd := exec.CommandContext(t.Context(), "gpg", args...)
		cmd.Stdin = bytes.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v\n%s", args, err, stderr.Bytes())
		}
		return out
	}
	if err := os.WriteFile(filepath.Join(home, "gpg.conf"), []byte("no-auto-key-retrieve\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(nil, "--quick-generate-key", "ke@gsp.example", "future-default", "default", "1y")
	run(nil, "--quick-generate-key", "fr@gsp.example", "ed25519", "default", "1y")
	fpr := strings.Fields(string(run(nil, "--with-colons", "--list-keys", "fr@gsp.example")))
	for _, line := range fpr {
		if f, ok := strings.CutPrefix(line, "fpr:::::::::"); ok {
			run(nil, "--quick-add-key", strings.TrimSuffix(f, ":"), "rsa3072", "encr", "1y")
			break
		}
	}
	return run
}

// TestGnuPG reads what GnuPG writes and refuses what its options spoil.
func TestGnuPG(t *testing.T) {
	gpg := gnupg(t)
	text := []byte(strings.Repeat("Found 900 packs in a container.\n", 20))
	long := make([]byte, 300_000)
	rand.Read(long)
	to := []string{"--encrypt", "--recipient", "ke@gsp.example", "--recipient", "fr@gsp.example"}
	for _, test := range []struct {
		name string
		text []byte
		args []string
		want sealed.Flaw
		keys int
	}{
		{"one recipient", text, to[:3], "", 1},
		{"two recipients", text, to, "", 2},
		{"signed too", text, append([]string{"--sign", "--local-user", "fr@gsp.example"}, to...), "", 2},
		{"300 kB in parts", long, append([]string{"--compress-algo", "none"}, to...), "", 2},
		{"comment", text, append([]string{"--comment", "sealed", "--emit-version"}, to...), "", 2},
		{"hidden recipient", text, append([]string{"--throw-keyids"}, to...), sealed.AnonymousKey, 0},
		{"password", text, []string{"--symmetric", "--passphrase", "secret"}, sealed.PasswordSealed, 0},
		{"password and key", text, append([]string{"--symmetric", "--passphrase", "secret"}, to...), sealed.PasswordSealed, 0},
		{"no integrity", text, append([]string{"--rfc2440"}, to...), sealed.NoIntegrity, 0},
		{"signed only", text, []string{"--sign", "--local-user", "fr@gsp.example"}, sealed.NotSealed, 0},
		{"signed in clear", text, []string{"--clear-sign", "--local-user", "fr@gsp.example"}, sealed.SignedOnly, 0},
		{"signed apart", text, []string{"--detach-sign", "--local-user", "fr@gsp.example"}, sealed.SignedOnly, 0},
		{"only packed", text, []string{"--store"}, sealed.NotSealed, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			armoured := gpg(test.text, append([]string{"--armor"}, test.args...)...)
			mail := wrap(crlf(string(armoured)))
			if test.want != "" {
				refuse(t, mail, test.want)
				return
			}
			m := accept(t, mail, nil)
			if got := len(m.SessionKeys()); got != test.keys {
				t.Errorf("got %d session keys; want %d", got, test.keys)
			}
			if got := gpg(m.AppendArmour(nil), "--decrypt"); !bytes.Equal(got, test.text) {
				t.Errorf("GnuPG opens our armour to %d octets; want the %d sealed", len(got), len(test.text))
			}
		})
	}
	t.Run("public key", func(t *testing.T) {
		key := string(gpg(nil, "--armor", "--export", "ke@gsp.example"))
		refuse(t, wrap(crlf(key)), sealed.BrokenArmour)
		refuse(t, wrap(crlf(strings.ReplaceAll(key, "PUBLIC KEY BLOCK", "MESSAGE"))), sealed.BrokenSeal)
	})
}
