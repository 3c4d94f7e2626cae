package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// The keys of all Parties come as one file in two forms, each signed with the
// key that the directory has for keys@, and signed again only when it changes.
func TestTheKeysOfAllPartiesAreSigned(t *testing.T) {
	c := configOf(t)
	g, roots := start(t, c)
	defer g.Shutdown(t.Context())
	get := asker(t, c, g, roots)
	fetch := func(path string) []byte {
		t.Helper()
		status, body := get(path)
		if status != 200 {
			t.Fatalf("%s: got %d", path, status)
		}
		return []byte(body)
	}
	gateway := fetch("/.well-known/openpgpkey/" + c.Domain + "/hu/" + gsp.WKDHash("keys"))
	signer, err := pgpcert.Read(gateway, gsp.Address{Local: "keys", Domain: c.Domain}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	check := func() (signature string) {
		t.Helper()
		for _, file := range []string{"parties.pgp", "parties.asc"} {
			if err := signer.CheckDetached(fetch("/keys/"+file), fetch("/keys/"+file+".sig"), time.Now()); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		return string(fetch("/keys/parties.pgp.sig"))
	}
	empty := check()
	for _, party := range []gsp.PartyID{"ke", "fr"} {
		do(t, c, admin.PartyAdd, admin.NewParty{ID: string(party), Name: string(party)})
		publish(t, c, string(party))
	}
	signature := check()
	if signature == empty {
		t.Error("the signature is that of the empty file")
	}
	do(t, c, admin.PartyAdd, admin.NewParty{ID: "gb", Name: "United Kingdom"})
	if check() != signature {
		t.Error("a file that did not change was signed again")
	}

	dir := t.TempDir()
	for name, body := range map[string][]byte{
		"gateway.pgp": gateway, "gateway.asc": pgpcert.Armor(gateway),
		"parties.pgp": fetch("/keys/parties.pgp"), "parties.pgp.sig": []byte(signature),
		"parties.asc": fetch("/keys/parties.asc"), "parties.asc.sig": fetch("/keys/parties.asc.sig"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{
		"gpgv --keyring ./gateway.pgp parties.pgp.sig parties.pgp",
		"gpgv --keyring ./gateway.pgp parties.asc.sig parties.asc",
		"sq verify --signer-cert gateway.pgp --detached parties.pgp.sig parties.pgp",
		"sqop verify parties.asc.sig gateway.pgp < parties.asc",
		"gosop verify parties.asc.sig gateway.asc < parties.asc",
		"gpg --homedir . --batch --import parties.asc",
	} {
		program, _, _ := strings.Cut(command, " ")
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("%s is not installed", program)
			continue
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		if program == "gpg" && !strings.Contains(string(out), "imported: 2") {
			t.Errorf("%s: got\n%s\nwant two keys", command, out)
		}
	}
}
