package router_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// newKey makes a key of version 6 for an address, and its certificate in armour,
// also as its owner revokes it.
func newKey(t *testing.T, local string, algorithm packet.PublicKeyAlgorithm, at time.Time) (private *keyring.Key, public, revoked string) {
	t.Helper()
	config := &packet.Config{V6Keys: true, Algorithm: algorithm, Time: func() time.Time { return at }}
	e, err := openpgp.NewEntity("", "", local+"@"+domain, config)
	if err != nil {
		t.Fatal(err)
	}
	enarmour := func(label string, write func(*bytes.Buffer) error) string {
		var octets, text bytes.Buffer
		if err := write(&octets); err != nil {
			t.Fatal(err)
		}
		w, err := armor.Encode(&text, label, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(octets.Bytes())
		w.Close()
		return strings.ReplaceAll(text.String(), "\n", "\r\n")
	}
	secret := enarmour("PGP PRIVATE KEY BLOCK", func(b *bytes.Buffer) error { return e.SerializePrivateWithoutSigning(b, nil) })
	if private, err = keyring.ReadKey([]byte(secret)); err != nil {
		t.Fatal(err)
	}
	public = enarmour("PGP PUBLIC KEY BLOCK", func(b *bytes.Buffer) error { return e.Serialize(b) })
	if err := e.Revoke(packet.KeyCompromised, "", config); err != nil {
		t.Fatal(err)
	}
	return private, public, enarmour("PGP PUBLIC KEY BLOCK", func(b *bytes.Buffer) error { return e.Serialize(b) })
}

// A key of version 6 is taken by mail beside that of version 4, proved and
// approved like any other; what was published stays as it was, and mail may be
// sealed for either. Another of version 6 takes its place alone.
func TestAKeyOfVersion6BesideTheOther(t *testing.T) {
	h := takesKeys(t)
	made := h.now.Add(-time.Hour)
	_, early, _ := newKey(t, "ke2", packet.PubKeyAlgoEd25519, made)
	if _, err := h.send("ke2", early); err == nil || !strings.Contains(err.Error(), "version 6") {
		t.Errorf("before one of version 4: got %v, want a refusal", err)
	}
	h.publish("ke2")
	usual, answer := h.fingerprint("ke2"), h.Roll().Answer(address("ke2"))
	beside := func() string {
		l, _ := h.Roll().Beside(gsp.WKDHash("ke2"))
		return l.Fingerprint
	}
	var (
		before *keyring.Key
		last   string // the newest certificate, revoked
	)
	for name, algorithm := range map[string]packet.PublicKeyAlgorithm{"x25519": packet.PubKeyAlgoEd25519, "ml-kem": packet.PubKeyAlgoMldsa65Ed25519} {
		k, public, revoked := newKey(t, "ke2", algorithm, made)
		if receipt, err := h.send("ke2", public); err != nil || !receipt.Answered {
			t.Fatalf("%s: hand in: %+v, %v", name, receipt, err)
		}
		challenge := h.opened("ke2", k)
		if _, err := h.send("ke2", "> "+strings.ReplaceAll(challenge.Text, "\n", "\r\n> ")); err != nil {
			t.Fatalf("%s: answer the challenge: %v", name, err)
		}
		if _, err := approve(h, "admin.ke", "ke2", k.Fingerprint()); err != nil {
			t.Fatalf("%s: approve: %v", name, err)
		}
		if got := beside(); got != k.Fingerprint() {
			t.Errorf("%s: beside is %q, want %s", name, got, k)
		}
		if h.fingerprint("ke2") != usual || !bytes.Equal(h.Roll().Answer(address("ke2")), answer) {
			t.Errorf("%s: what was published changed", name)
		}
		if got := h.Roll().Identified(k.Fingerprint()); len(got) != 1 || got[0].Cert.Version() != 6 {
			t.Errorf("%s: got %v by its fingerprint", name, got)
		}
		// Who has the other key learns of it, sealed for that: the login may be a thief's.
		if !slices.ContainsFunc(h.inbox("ke2"), func(mail string) bool {
			o, err := client.Open([]byte(mail), []*keyring.Key{h.keys["ke2"]}, nil)
			return err == nil && strings.Contains(strings.ReplaceAll(o.Text, " ", ""), k.Fingerprint())
		}) {
			t.Errorf("%s: who has the key of version 4 is not told", name)
		}
		if before != nil {
			if got := h.Roll().Identified(before.Fingerprint()); len(got) != 0 {
				t.Errorf("%s: the one before is still found", name)
			}
		}
		before, last = k, revoked
		cert, ok := h.Roll().Beside(gsp.WKDHash("ke2"))
		if !ok || !slices.ContainsFunc(h.Roll().Certificates(), func(l registry.Listed) bool { return l.Cert == cert.Cert }) {
			t.Errorf("%s: not among the certificates", name)
		}
		history, err := h.office.Registry.KeyHistory(t.Context(), address("ke2"))
		if err != nil {
			t.Fatal(err)
		}
		if last := history[len(history)-1]; last.Act != gsp.PublishedKey || last.Answer != sha256.Sum256(cert.Bytes) {
			t.Errorf("%s: the history ends in %+v, want the digest of the certificate", name, last)
		}
		armoured, err := keyring.Seal([]byte("Content-Type: text/plain\r\n\r\nFor the new key.\r\n"), []*pgpcert.Cert{cert.Cert}, h.keys["fr1"])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.submit(draft{by: "fr1", to: []string{"ke2"}, armour: armoured}); err != nil {
			t.Errorf("%s: a mail that is sealed for it: %v", name, err)
		}
		if got := h.opened("ke2", k).Text; !strings.Contains(got, "For the new key.") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	who, err := registry.Open(t.Context(), h.store, domain)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := who.Snapshot().Beside(gsp.WKDHash("ke2")); !ok || l.Fingerprint != before.Fingerprint() {
		t.Errorf("after a restart: got %v, want %s", l.Cert, before)
	}
	if _, err := h.send("ke2", last); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	if got := h.Roll().Identified(before.Fingerprint()); len(got) != 1 || !got[0].Cert.Revoked() {
		t.Errorf("revoked: got %v by its fingerprint", got)
	}
	_, public, _ := newKey(t, "ke2", packet.PubKeyAlgoEd25519, made)
	run(h, admin.KeyImport, admin.NewKey{Address: "ke2", Bytes: []byte(public)})
	if !bytes.Equal(h.Roll().Answer(address("ke2")), answer) || len(h.Roll().Identified(before.Fingerprint())) != 1 {
		t.Error("one that is revoked and replaced: want it found by its fingerprint, and nothing else changed")
	}
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}})
	if h.fingerprint("ke2") != "" || beside() != "" {
		t.Errorf("withdrawn: got %q and %q, want neither", h.fingerprint("ke2"), beside())
	}
}
