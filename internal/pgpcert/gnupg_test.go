package pgpcert_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// What GnuPG makes is accepted, and what is then published GnuPG can seal
// with and open.
func TestGnuPGKeys(t *testing.T) {
	for _, algo := range []string{"future-default", "rsa3072", "brainpoolP256r1"} {
		t.Run(algo, func(t *testing.T) {
			g := newGnuPG(t)
			makeKey(g, algo)
			for _, given := range [][]byte{g.run(nil, "--export", "ke@gsp.example"), g.run(nil, "--armor", "--export", "ke@gsp.example")} {
				c, err := pgpcert.Read(given, ke, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if list := string(g.run(nil, "--with-colons", "--list-keys", "ke@gsp.example")); !strings.Contains(list, "fpr:::::::::"+c.Fingerprint()+":") {
					t.Errorf("got fingerprint %s, want one of\n%s", c.Fingerprint(), list)
				}
				published := g.file("published", c.Bytes())
				sealed := g.run([]byte("found 900 packs"), "--encrypt", "--recipient-file", published)
				if got := g.run(sealed, "--decrypt"); string(got) != "found 900 packs" {
					t.Errorf("got %q after sealing for what is published", got)
				}
			}
		})
	}
}

// makeKey makes a certifying key with an encryption subkey.
func makeKey(g gnupg, algo string, options ...string) {
	g.t.Helper()
	if algo == "future-default" {
		g.run(nil, append(options, "--quick-generate-key", "Kenya <ke@gsp.example>", algo, "default", "1y")...)
		return
	}
	g.run(nil, append(options, "--quick-generate-key", "Kenya <ke@gsp.example>", algo, "sign", "1y")...)
	g.run(nil, append(options, "--quick-add-key", g.fingerprint("ke@gsp.example"), algo, "encr", "1y")...)
}

// fingerprint returns that of the primary key of a user ID.
func (g gnupg) fingerprint(userID string) string {
	g.t.Helper()
	_, rest, _ := strings.Cut(string(g.run(nil, "--with-colons", "--list-keys", userID)), "\nfpr:::::::::")
	fingerprint, _, _ := strings.Cut(rest, ":")
	return fingerprint
}

func TestGnuPGKeyLosesForeignParts(t *testing.T) {
	g := newGnuPG(t)
	makeKey(g, "future-default")
	g.run(nil, "--quick-generate-key", "Eve <eve@elsewhere.example>", "future-default", "default", "1y")
	g.run(nil, "--quick-add-uid", "ke@gsp.example", "Grace Wanjiru <grace@revenue.example>")
	g.run(nil, "--quick-set-primary-uid", g.fingerprint("ke@gsp.example"), "Grace Wanjiru <grace@revenue.example>")
	g.run(nil, "--default-key", "eve@elsewhere.example", "--quick-sign-key", g.fingerprint("ke@gsp.example"))
	g.run(nil, "--quick-add-key", g.fingerprint("ke@gsp.example"), "ed25519", "auth")
	given := g.run(nil, "--export", g.fingerprint("ke@gsp.example"))

	c, err := pgpcert.Read(given, ke, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other := newGnuPG(t)
	other.run(c.Bytes(), "--import")
	list := string(other.run(nil, "--with-colons", "--with-sig-list", "--list-keys"))
	for line := range strings.Lines(list) {
		field := strings.Split(line, ":")
		if field[0] == "sig" && field[4] != c.Fingerprint()[24:] {
			t.Errorf("a signature by %s is published", field[4])
		}
	}
	if n := strings.Count(list, "\nuid:"); n != 1 || strings.Contains(list, "grace") {
		t.Errorf("got %d user IDs, want that of ke@gsp.example alone:\n%s", n, list)
	}
	if n := strings.Count(list, "\nsub:"); n != 1 {
		t.Errorf("got %d subkeys, want the one for encryption:\n%s", n, list)
	}
}

func TestGnuPGRefused(t *testing.T) {
	for name, test := range map[string]struct {
		make func(gnupg) []byte
		want gsp.Reason
		says string
	}{
		"sha-1": {func(g gnupg) []byte {
			makeKey(g, "future-default", "--cert-digest-algo", "SHA1")
			return g.run(nil, "--export")
		}, gsp.WeakKey, "SHA-1"},
		"dsa and elgamal": {func(g gnupg) []byte {
			g.run(nil, "--quick-generate-key", "ke@gsp.example", "dsa2048")
			return g.run(nil, "--export")
		}, gsp.WeakKey, "DSA"},
		"elgamal subkey": {func(g gnupg) []byte {
			g.run(nil, "--quick-generate-key", "ke@gsp.example", "ed25519")
			g.run(nil, "--quick-add-key", g.fingerprint("ke@gsp.example"), "elg2048")
			return g.run(nil, "--export")
		}, gsp.WeakKey, "Elgamal"},
		"expired": {func(g gnupg) []byte {
			makeKey(g, "future-default", "--faked-system-time", "20240101T000000")
			return g.run(nil, "--export")
		}, gsp.BrokenKey, "expired on 2024-12-31"},
		"user ID revoked": {func(g gnupg) []byte {
			makeKey(g, "future-default")
			g.run(nil, "--quick-add-uid", "ke@gsp.example", "ke@revenue.example")
			g.run(nil, "--quick-revoke-uid", g.fingerprint("ke@gsp.example"), "Kenya <ke@gsp.example>")
			return g.run(nil, "--export")
		}, gsp.WrongKeyAddress, "ke@gsp.example"},
		"signing only": {func(g gnupg) []byte {
			g.run(nil, "--quick-generate-key", "ke@gsp.example", "ed25519")
			return g.run(nil, "--armor", "--export")
		}, gsp.BrokenKey, "no subkey for encryption"},
		"secret": {func(g gnupg) []byte {
			makeKey(g, "future-default")
			return g.run(nil, "--armor", "--export-secret-keys")
		}, gsp.PrivateKey, "private key"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := pgpcert.Read(test.make(newGnuPG(t)), ke, time.Now())
			var r *gsp.Refusal
			if c != nil || !errors.As(err, &r) || r.Reason != test.want || !strings.Contains(r.Cause, test.says) {
				t.Errorf("got %v, want %s with %q", err, test.want, test.says)
			}
		})
	}
}

// GnuPG revokes a subkey; clients that look it up must learn of it.
func TestGnuPGSubkeyRevocationIsPublished(t *testing.T) {
	g := newGnuPG(t)
	makeKey(g, "future-default")
	before := g.run(nil, "--export")
	g.run(nil, "--quick-add-key", g.fingerprint("ke@gsp.example"), "cv25519", "encr", "1y")
	g.run([]byte("key 1\nrevkey\ny\n2\n\ny\nsave\n"), "--command-fd", "0", "--edit-key", "ke@gsp.example")
	c, err := pgpcert.Read(g.run(nil, "--export"), ke, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if keys := c.EncryptionKeys(); len(keys) != 2 || !keys[0].Revoked || keys[1].Revoked {
		t.Errorf("got %+v, want the first subkey revoked", keys)
	}
	other := newGnuPG(t)
	other.run(before, "--import")
	other.run(c.Bytes(), "--import")
	if list := other.run(nil, "--with-colons", "--list-keys"); !bytes.Contains(list, []byte("\nsub:r:")) {
		t.Errorf("revocation did not reach a client that has the key:\n%s", list)
	}
}
