package keyring_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

func TestDetachedSignature(t *testing.T) {
	now := time.Now()
	made := func(local string) (*keyring.Key, *pgpcert.Cert) {
		key, err := keyring.Generate(local, gsp.Address{Local: local, Domain: "gsp.example"}, now)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := key.Cert()
		if err != nil {
			t.Fatal(err)
		}
		return key, cert
	}
	key, cert := made("secretariat")
	_, other := made("ke")
	data := []byte("name = \"library\"\nversion = 7\n")
	signature, err := key.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.CheckDetached(data, signature, now.Add(time.Minute)); err != nil {
		t.Errorf("its own signature: got %v", err)
	}
	if got := pgpcert.SignerOf(signature); got != cert.Fingerprint() {
		t.Errorf("got signer %q, want %q", got, cert.Fingerprint())
	}
	for _, s := range []string{"", "x", "\xc2", string(signature[:len(signature)/2])} {
		if got := pgpcert.SignerOf([]byte(s)); got != "" {
			t.Errorf("%.10q: got signer %q, want none", s, got)
		}
	}
	for _, tt := range []struct {
		name      string
		cert      *pgpcert.Cert
		data, sig []byte
		at        time.Time
	}{
		{"another's key", other, data, signature, now},
		{"other data", cert, append([]byte("#"), data...), signature, now},
		{"no signature", cert, data, nil, now},
		{"half a signature", cert, data, signature[:len(signature)/2], now},
		{"after the key expired", cert, data, signature, now.AddDate(10, 0, 0)},
		{"a megabyte", cert, data, make([]byte, 1<<20), now},
	} {
		if err := tt.cert.CheckDetached(tt.data, tt.sig, tt.at); !errors.Is(err, pgpcert.ErrSignature) {
			t.Errorf("%s: got %v, want %v", tt.name, err, pgpcert.ErrSignature)
		}
	}
}

func TestGnuPGVerifiesOurSignature(t *testing.T) {
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gpg is missing")
		}
		t.Skip("gpg is missing: install GnuPG to try our signatures with it")
	}
	home := t.TempDir()
	key, err := keyring.Generate("Secretariat", gsp.Address{Local: "secretariat", Domain: "gsp.example"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("version = 7\n")
	signature, err := key.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"key.asc": public, "library.toml": data, "library.toml.asc": signature} {
		if err := os.WriteFile(filepath.Join(home, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"--import", "key.asc"}, {"--trust-model", "always", "--verify", "library.toml.asc", "library.toml"}} {
		cmd := exec.CommandContext(t.Context(), "gpg", append([]string{"--batch", "--homedir", home}, args...)...)
		cmd.Dir = home
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("gpg %v: %v: %s", args, err, out)
		}
	}
}
