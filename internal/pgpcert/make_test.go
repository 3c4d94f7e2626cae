package pgpcert_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/gsp"
)

var (
	now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ke  = gsp.Address{Local: "ke", Domain: "gsp.example"}
)

// at is a configuration that makes keys and signatures at a time.
func at(when time.Time, set ...func(*packet.Config)) *packet.Config {
	c := &packet.Config{Time: func() time.Time { return when }, Algorithm: packet.PubKeyAlgoEd25519}
	for _, f := range set {
		f(c)
	}
	return c
}

func algorithm(a packet.PublicKeyAlgorithm) func(*packet.Config) {
	return func(c *packet.Config) { c.Algorithm = a }
}

func curve(a packet.PublicKeyAlgorithm, name packet.Curve) func(*packet.Config) {
	return func(c *packet.Config) { c.Algorithm, c.Curve = a, name }
}

func rsaBits(n int) func(*packet.Config) {
	return func(c *packet.Config) { c.Algorithm, c.RSABits = packet.PubKeyAlgoRSA, n }
}

// entity makes a key for ke, an hour old.
func entity(t testing.TB, set ...func(*packet.Config)) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Kenya", "", "ke@gsp.example", at(now.Add(-time.Hour), set...))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func public(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func secret(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func armoured(t testing.TB, label string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, label, map[string]string{"Comment": "made for a test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// packets cuts binary OpenPGP octets that this test wrote itself: new-format
// headers with lengths below 8,384.
func packets(t testing.TB, b []byte) [][]byte {
	t.Helper()
	var list [][]byte
	for len(b) > 0 {
		n := 2 + int(b[1])
		if b[1] >= 192 {
			n = 3 + (int(b[1])-192)<<8 + int(b[2]) + 192
		}
		list, b = append(list, b[:n]), b[n:]
	}
	return list
}

// raw makes a packet with a new-format header.
func raw(tag byte, body []byte) []byte {
	n := len(body)
	head := []byte{0xc0 | tag, 255, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	return append(head, body...)
}

// gnupg is a GnuPG home folder of its own. Tests that need it are passed over
// where the program is missing, but not on the build machine.
type gnupg struct {
	t    testing.TB
	home string
}

func newGnuPG(t testing.TB) gnupg {
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
	return gnupg{t, home}
}

func (g gnupg) run(stdin []byte, args ...string) []byte {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "gpg", append([]string{
		"--homedir", g.home, "--batch", "--no-tty", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback", "--trust-model", "always",
	}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// file writes a file into the home folder and returns its path.
func (g gnupg) file(name string, b []byte) string {
	g.t.Helper()
	path := filepath.Join(g.home, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}
