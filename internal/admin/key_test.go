package admin_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// public returns the public part of a key.
func public(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func made(when time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return when }}
}

// A key comes, is added to, cannot be turned back, and is revoked by what its
// owner kept for that.
func TestKeyImport(t *testing.T) {
	o, now := newOffice(t), time.Now()
	e, err := openpgp.NewEntity("Kenya", "", "ke@gsp.example", made(now.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.AddUserId("Customs", "", "customs1.ke@gsp.example", made(now.Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	ke := o.Registry.Snapshot().Address("ke")
	subkeys := func() int {
		t.Helper()
		cert, ok := o.Registry.Snapshot().Cert(ke)
		if !ok {
			t.Fatal("nothing is published")
		}
		return len(cert.EncryptionKeys())
	}

	first := public(t, e)
	one := do(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: first})
	if len(one.Advice) != 1 || !strings.Contains(one.Advice[0], "never expires: set an expiry date") {
		t.Errorf("advice: got %v, want to set an expiry date", one.Advice)
	}
	refused(t, o, admin.KeyImport, admin.NewKey{Address: "customs1.ke", Bytes: first}, gsp.KeyInUse)
	if again := do(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: first}); !again.Published.Equal(one.Published) || kinds(t, o)[gsp.KeyPublished] != 1 {
		t.Errorf("the same again: got %+v and %d events, want no change", again, kinds(t, o)[gsp.KeyPublished])
	}

	if err := e.AddEncryptionSubkey(made(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	second := public(t, e)
	do(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: second})
	refused(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: first}, gsp.BrokenKey)
	if n := subkeys(); n != 2 {
		t.Errorf("got %d subkeys, want 2", n)
	}
	var private bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&private, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: private.Bytes()}, gsp.PrivateKey)

	if err := e.Revoke(packet.KeyCompromised, "", made(now)); err != nil {
		t.Fatal(err)
	}
	do(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: public(t, e)})
	if o.Registry.Snapshot().Sealable(ke, now) {
		t.Error("a revoked key is still sealed for")
	}
	refused(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: second}, gsp.BrokenKey)

	// Another key takes the place of the revoked one.
	other, err := openpgp.NewEntity("Kenya", "", "ke@gsp.example", made(now.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	do(t, o, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: public(t, other)})
	if !o.Registry.Snapshot().Sealable(ke, now) {
		t.Error("the new key is not sealed for")
	}
}
