package keyring_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

// gnupg returns a function that runs GnuPG in a home folder of its own. The
// test is passed over where the program is missing, but not on the build
// machine.
func gnupg(t *testing.T) func(stdin []byte, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gpg is missing")
		}
		t.Skip("gpg is missing")
	}
	// Not t.TempDir: the path of the agent's socket may have 108 octets at most.
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run(); err != nil {
			t.Log(err)
		}
		os.RemoveAll(home)
	})
	return func(stdin []byte, args ...string) ([]byte, string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "gpg", append([]string{
			"--homedir", home, "--batch", "--no-tty", "--passphrase", "", "--pinentry-mode", "loopback", "--trust-model", "always",
		}, args...)...)
		cmd.Stdin = bytes.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
		}
		return out, stderr.String()
	}
}

// GnuPG opens and verifies what is sealed here with a key that GnuPG made, and
// the other way round.
func TestGnuPGReadsAndWrites(t *testing.T) {
	gpg := gnupg(t)
	gpg(nil, "--quick-generate-key", "Kenya <ke@gsp.example>", "future-default", "default", "1y")
	exported, _ := gpg(nil, "--export", "ke@gsp.example")
	keCert, err := pgpcert.Read(exported, address("ke"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	fr, frCert := generate(t, "fr1.fr")
	public, err := fr.Public()
	if err != nil {
		t.Fatal(err)
	}
	gpg(public, "--import")

	large := []byte(strings.Repeat(question, 10_000)) // partial lengths
	for _, text := range [][]byte{[]byte(question), large} {
		message, err := keyring.Seal(text, []*pgpcert.Cert{keCert, frCert}, fr)
		if err != nil {
			t.Fatal(err)
		}
		plain, status := gpg(message, "--status-fd", "2", "--decrypt")
		if !bytes.Equal(plain, text) || !strings.Contains(status, "GOODSIG") || !strings.Contains(status, "GOODMDC") {
			t.Errorf("gpg reads %d octets, want %d:\n%s", len(plain), len(text), status)
		}

		message, _ = gpg(text, "--armor", "--sign", "--encrypt", "--local-user", "ke@gsp.example", "--recipient", frCert.Fingerprint(), "--recipient", "ke@gsp.example")
		plain, by, err := keyring.Open(message, []*keyring.Key{fr}, []*pgpcert.Cert{frCert, keCert})
		if err != nil || !bytes.Equal(plain, text) || by != keCert {
			t.Errorf("got %d octets by %v, %v, want %d by ke", len(plain), by, err, len(text))
		}
	}
}

// An officer's own key, exported from GnuPG, works here.
func TestReadKeyOfGnuPG(t *testing.T) {
	gpg := gnupg(t)
	gpg(nil, "--quick-generate-key", "ke@gsp.example", "rsa3072", "sign", "1y")
	list, _ := gpg(nil, "--with-colons", "--list-keys")
	_, rest, _ := strings.Cut(string(list), "\nfpr:::::::::")
	fingerprint, _, _ := strings.Cut(rest, ":")
	gpg(nil, "--quick-add-key", fingerprint, "rsa3072", "encr", "1y")
	text, _ := gpg(nil, "--armor", "--export-secret-keys")
	k, err := keyring.ReadKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Cert()
	if err != nil {
		t.Fatal(err)
	}
	if c.Fingerprint() != fingerprint || c.Address() != address("ke") {
		t.Errorf("got %s of %s, want %s", c.Fingerprint(), c.Address(), fingerprint)
	}
	message, _ := gpg([]byte(question), "--encrypt", "--recipient", "ke@gsp.example")
	if plain, _, err := keyring.Open(message, []*keyring.Key{k}, nil); err != nil || string(plain) != question {
		t.Errorf("got %q, %v", plain, err)
	}
}
