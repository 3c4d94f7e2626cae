package pgpcert_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// accepted is what Read makes of octets that it must accept.
func accepted(t testing.TB, b []byte) *pgpcert.Cert {
	t.Helper()
	c, err := pgpcert.Read(b, ke, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func merged(t testing.TB, c *pgpcert.Cert, b []byte) *pgpcert.Cert {
	t.Helper()
	m, err := c.Merge(b, now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// withSubkey returns e's public part with one more encryption subkey.
func withSubkey(t testing.TB, e *openpgp.Entity, when time.Time) []byte {
	t.Helper()
	if err := e.AddEncryptionSubkey(at(when)); err != nil {
		t.Fatal(err)
	}
	return public(t, e)
}

func TestMergeTakesWhatIsNew(t *testing.T) {
	e := entity(t)
	c := accepted(t, public(t, e))
	given := withSubkey(t, e, now.Add(-time.Minute))
	m := merged(t, c, armoured(t, openpgp.PublicKeyType, given))
	if !bytes.Equal(m.Bytes(), given) || len(m.EncryptionKeys()) != 2 {
		t.Errorf("got %+v, want both subkeys", m.EncryptionKeys())
	}
	if again := merged(t, m, given); again != m {
		t.Errorf("the same copy again: got %v, want no change", again)
	}
}

// A later copy may bring its parts in any order, and by old headers.
func TestMergeOfTheSame(t *testing.T) {
	e := entity(t)
	given := withSubkey(t, e, now.Add(-time.Minute))
	c := accepted(t, given)
	p := packets(t, given)
	other := slices.Concat(p[0], p[1], p[2], p[5], p[6], raw(14, p[3][2:]), p[4])
	if m := merged(t, c, other); m != c {
		t.Errorf("got %x, want no change of %x", m.Bytes(), c.Bytes())
	}
}

func TestMergeRefusesAnOlderCopy(t *testing.T) {
	e := entity(t)
	first := public(t, e)
	addUserID(t, e, "Kenya Revenue Authority <ke@gsp.example>", now.Add(-time.Hour/2))
	renamed := public(t, e)
	c := accepted(t, withSubkey(t, e, now.Add(-time.Minute)))
	for name, given := range map[string][]byte{"before the subkey": renamed, "before both": first} {
		m, err := c.Merge(given, now)
		var r *gsp.Refusal
		if m != nil || !errors.As(err, &r) || r.Reason != gsp.BrokenKey || !strings.Contains(r.Cause, "older") {
			t.Errorf("%s: got %v, %v, want it refused as older", name, m, err)
		}
	}
}

// Two computers have different halves of the truth: one revoked a subkey, the
// other added one. Neither loses what the other said.
func TestMergeKeepsRevocations(t *testing.T) {
	e := entity(t)
	withSubkey(t, e, now.Add(-time.Hour/2))
	before := public(t, e)
	if err := e.Subkeys[0].Revoke(packet.KeyCompromised, "", at(now.Add(-time.Hour/3))); err != nil {
		t.Fatal(err)
	}
	revoked := public(t, e)
	e.Subkeys[0].Revocations = nil
	added := withSubkey(t, e, now.Add(-time.Minute))

	for name, order := range map[string][][]byte{
		"revoked first": {revoked, added}, "added first": {added, revoked}, "from the start": {before, revoked, added},
	} {
		c := accepted(t, order[0])
		for _, given := range order[1:] {
			c = merged(t, c, given)
		}
		keys := c.EncryptionKeys()
		if len(keys) != 3 || !keys[0].Revoked || !keys[1].Valid(now) || !keys[2].Valid(now) {
			t.Errorf("%s: got %+v, want the first of three revoked", name, keys)
		}
	}
}

func TestMergeTakesTheRevocationOfTheKey(t *testing.T) {
	e := entity(t)
	c := accepted(t, public(t, e))
	before := withSubkey(t, e, now.Add(-time.Hour/2))
	if err := e.Revoke(packet.KeyRetired, "", at(now)); err != nil {
		t.Fatal(err)
	}
	whole := public(t, e)
	revocation := packets(t, whole)[1]
	for name, given := range map[string][]byte{
		"whole":              whole,
		"alone":              revocation,
		"alone and armoured": armoured(t, openpgp.PublicKeyType, revocation),
		"behind the rest":    slices.Concat(before, revocation),
	} {
		m := merged(t, c, given)
		var r *gsp.Refusal
		if err := m.Usable(now); !m.Revoked() || !errors.As(err, &r) || r.Reason != gsp.BrokenKey || !strings.Contains(r.Cause, "revoked") {
			t.Errorf("%s: got %v, want it revoked", name, err)
		}
		if keys := m.EncryptionKeys(); len(keys) != 0 {
			t.Errorf("%s: %+v may still be sealed for by careless programs", name, keys)
		}
		if !bytes.Contains(m.Bytes(), revocation) {
			t.Errorf("%s: the revocation is not published", name)
		}
		loaded, err := pgpcert.Load(gsp.Certificate{Address: ke, Fingerprint: m.Fingerprint(), Bytes: m.Bytes()})
		if err != nil || !loaded.Revoked() {
			t.Errorf("%s: loaded: got %v, %v, want it revoked", name, loaded, err)
		}
		// From then on nothing brings it back.
		if again := merged(t, m, revocation); again != m {
			t.Errorf("%s: revoked again: got %v, want no change", name, again)
		}
		if back, err := m.Merge(before, now); err == nil && !back.Revoked() {
			t.Errorf("%s: an older copy brought it back", name)
		}
	}
}

// What was signed by a revoked certificate can still be checked.
func TestMergeKeepsSigningSubkeysOfARevokedKey(t *testing.T) {
	e := entity(t)
	if err := e.AddSigningSubkey(at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	c := accepted(t, public(t, e))
	if err := e.Revoke(packet.KeySuperseded, "", at(now)); err != nil {
		t.Fatal(err)
	}
	m := merged(t, c, public(t, e))
	if want := slices.Delete(c.Fingerprints(), 1, 2); !slices.Equal(m.Fingerprints(), want) {
		t.Errorf("got %v, want %v", m.Fingerprints(), want)
	}
}

// userIDRevocation makes that of e's user ID.
func userIDRevocation(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	sig := &packet.Signature{
		Version: 4, SigType: packet.SigTypeCertificationRevocation, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo, Hash: at(now).Hash(),
		CreationTime: now, IssuerKeyId: &e.PrimaryKey.KeyId,
	}
	if err := sig.SignUserId("Kenya <ke@gsp.example>", e.PrimaryKey, e.PrivateKey, at(now)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := sig.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Of two user IDs for the address the one in use is published, wherever it
// stands.
func TestReadPrefersAUserIDInUse(t *testing.T) {
	e := entity(t)
	parts := packets(t, public(t, e))
	revoked := slices.Concat(parts[1], userIDRevocation(t, e), parts[2])
	e.Identities = map[string]*openpgp.Identity{}
	addUserID(t, e, "ke@gsp.example", now.Add(-2*time.Hour))
	other := packets(t, public(t, e))
	inUse := slices.Concat(other[1], other[2])
	for name, userIDs := range map[string][]byte{"last": slices.Concat(revoked, inUse), "first": slices.Concat(inUse, revoked)} {
		c, err := pgpcert.Read(slices.Concat(parts[0], userIDs, parts[3], parts[4]), ke, now)
		if err != nil || c.UserID() != "ke@gsp.example" {
			t.Errorf("%s: got %v, %v, want the user ID in use", name, c, err)
		}
	}
}

func TestMergeTakesTheRevocationOfTheUserID(t *testing.T) {
	e := entity(t)
	c := accepted(t, public(t, e))
	parts := packets(t, public(t, e))
	m := merged(t, c, slices.Concat(parts[0], parts[1], userIDRevocation(t, e), parts[2], parts[3], parts[4]))
	var r *gsp.Refusal
	if err := m.Usable(now); !m.Revoked() || !errors.As(err, &r) || r.Reason != gsp.WrongKeyAddress {
		t.Errorf("got %v, want the address revoked", err)
	}
	if keys := m.EncryptionKeys(); len(keys) != 0 {
		t.Errorf("%+v may still be sealed for by careless programs", keys)
	}
}

func TestMergeRefuses(t *testing.T) {
	e := entity(t)
	b := public(t, e)
	c := accepted(t, b)
	stranger := entity(t)
	if err := stranger.Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		t.Fatal(err)
	}
	theirs := packets(t, public(t, stranger))
	if err := e.Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		t.Fatal(err)
	}
	ours := packets(t, public(t, e))[1]
	for name, given := range map[string][]byte{
		"another key":              public(t, entity(t)),
		"revocation of another":    theirs[1],
		"version 6 of the address": public(t, entity(t, func(c *packet.Config) { c.V6Keys = true })),
	} {
		if m, err := c.Merge(given, now); m != nil || !errors.Is(err, pgpcert.ErrOtherKey) {
			t.Errorf("%s: got %v, %v, want ErrOtherKey", name, m, err)
		}
	}
	for name, test := range map[string]struct {
		given []byte
		want  gsp.Reason
	}{
		"private":                  {secret(t, e), gsp.PrivateKey},
		"private beyond the size":  {slices.Concat(secret(t, e), make([]byte, pgpcert.MaxSize)), gsp.PrivateKey},
		"too large":                {bytes.Repeat(b, 1+pgpcert.MaxSize/len(b)), gsp.BrokenKey},
		"nothing":                  {nil, gsp.BrokenKey},
		"a mail":                   {[]byte("please revoke my key"), gsp.BrokenKey},
		"cut short":                {b[:len(b)-1], gsp.BrokenKey},
		"two certificates":         {slices.Concat(b, theirs[0]), gsp.BrokenKey},
		"revocation and a message": {slices.Concat(ours, raw(11, []byte("b\x00\x00\x00\x00\x00text"))), gsp.BrokenKey},
		"many revocations":         {bytes.Repeat(ours, 65), gsp.BrokenKey},
	} {
		m, err := c.Merge(test.given, now)
		var r *gsp.Refusal
		if m != nil || !errors.As(err, &r) || r.Reason != test.want {
			t.Errorf("%s: got %v, %v, want %s", name, m, err, test.want)
		}
	}
	// One that only says to be the owner's revokes nothing.
	if m := merged(t, c, slices.Concat(b, alter(ours, len(ours)-1))); m != c {
		t.Errorf("forged revocation: got %v, want no change", m)
	}
	// Anybody can make many packets of one revocation; one is published.
	if m := merged(t, c, slices.Concat(b, ours, ours, ours)); bytes.Count(m.Bytes(), ours) != 1 {
		t.Errorf("got %d revocations, want 1", bytes.Count(m.Bytes(), ours))
	}
}

// What GnuPG users do: extend the key, add a subkey, lose everything and
// revoke with the file that GnuPG made in the beginning.
func TestMergeWithGnuPG(t *testing.T) {
	g := newGnuPG(t)
	makeKey(g, "future-default", "--faked-system-time", "20261001T000000")
	fingerprint := g.fingerprint("ke@gsp.example")
	first := g.run(nil, "--export")
	c := accepted(t, first)
	g.run(nil, "--faked-system-time", "20261101T000000", "--quick-set-expire", fingerprint, "3y")
	g.run(nil, "--faked-system-time", "20261101T000000", "--quick-set-expire", fingerprint, "3y", "*")
	g.run(nil, "--faked-system-time", "20261102T000000", "--quick-add-key", fingerprint, "cv25519", "encr", "1y")
	longer := merged(t, c, g.run(nil, "--armor", "--export"))
	if longer.Expires().Year() != 2029 || len(longer.EncryptionKeys()) != 2 {
		t.Errorf("got %v with %d subkeys, want 2029 with 2", longer.Expires(), len(longer.EncryptionKeys()))
	}
	if _, err := longer.Merge(first, now); err == nil {
		t.Error("the first copy is taken again")
	}
	file, err := os.ReadFile(filepath.Join(g.home, "openpgp-revocs.d", fingerprint+".rev"))
	if err != nil {
		t.Fatal(err)
	}
	// The colon keeps people from importing it by accident.
	revocation := bytes.Replace(file, []byte("\n:-----BEGIN"), []byte("\n-----BEGIN"), 1)
	last, err := longer.Merge(revocation, time.Now().Add(time.Hour))
	if err != nil || !last.Revoked() {
		t.Fatalf("got %v, %v, want it revoked", last, err)
	}
	other := newGnuPG(t)
	other.run(first, "--import")
	other.run(last.Bytes(), "--import")
	if list := string(other.run(nil, "--with-colons", "--list-keys")); !strings.Contains(list, "\npub:r:") {
		t.Errorf("the revocation did not reach a client that has the key:\n%s", list)
	}
}
