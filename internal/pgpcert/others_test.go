package pgpcert_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/pgpcert"
)

// sealers are programs that seal for a certificate in a file, each with its
// own OpenPGP library.
var sealers = map[string]func(t *testing.T, cert string) *exec.Cmd{
	"sq": func(t *testing.T, cert string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "sq", "encrypt", "--recipient-cert", cert)
	},
	"rnp": func(t *testing.T, cert string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "rnp", "--homedir", filepath.Dir(cert), "--keyfile", cert, "-r", "ke@gsp.example", "--encrypt", "--output", "-")
	},
	"sqop": stateless, "gosop": stateless,
}

// stateless is how programs of the Stateless OpenPGP interface seal
// (draft-dkg-openpgp-stateless-cli). The test is named after the program.
func stateless(t *testing.T, cert string) *exec.Cmd {
	return exec.CommandContext(t.Context(), filepath.Base(t.Name()), "encrypt", cert)
}

// needed are those that must be there where CI is set.
var needed = []string{"sq", "rnp"}

// What is published other programs can use, also after a merge, and none
// seals for a key whose revocation was merged.
func TestOtherProgramsReadWhatIsPublished(t *testing.T) {
	for program, seal := range sealers {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				if os.Getenv("CI") != "" && slices.Contains(needed, program) {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			try := func(c *pgpcert.Cert) error {
				cert := filepath.Join(t.TempDir(), "cert.pgp")
				if err := os.WriteFile(cert, c.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := seal(t, cert)
				cmd.Stdin = bytes.NewReader([]byte("found 900 packs"))
				var complaint bytes.Buffer
				cmd.Stderr = &complaint
				out, err := cmd.Output()
				if err == nil && len(out) == 0 {
					t.Errorf("%s: nothing is written: %s", program, complaint.Bytes())
				}
				if err != nil {
					return fmt.Errorf("%w: %s", err, complaint.Bytes())
				}
				return nil
			}
			for name, set := range map[string]func(*packet.Config){
				"ed25519": curve(packet.PubKeyAlgoEdDSA, packet.Curve25519), "rsa": rsaBits(3072),
				"nist p-256": curve(packet.PubKeyAlgoECDSA, packet.CurveNistP256),
			} {
				e := entity(t, set)
				c := accepted(t, public(t, e))
				if err := try(c); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if err := e.AddEncryptionSubkey(at(now.Add(-time.Minute), set)); err != nil {
					t.Fatal(err)
				}
				c = merged(t, c, public(t, e))
				if err := try(c); err != nil {
					t.Errorf("%s, merged: %v", name, err)
				}
				if err := e.Revoke(packet.KeyCompromised, "", at(now.Add(-time.Second))); err != nil {
					t.Fatal(err)
				}
				if err := try(merged(t, c, packets(t, public(t, e))[1])); err == nil {
					t.Errorf("%s, revoked: it was sealed for", name)
				}
			}
		})
	}
}
