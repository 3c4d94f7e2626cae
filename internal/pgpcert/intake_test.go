package pgpcert_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

func TestReadAcceptsStrongKeys(t *testing.T) {
	for name, set := range map[string]func(*packet.Config){
		"ed25519":         algorithm(packet.PubKeyAlgoEd25519),
		"ed25519 legacy":  curve(packet.PubKeyAlgoEdDSA, packet.Curve25519),
		"ed448":           algorithm(packet.PubKeyAlgoEd448),
		"rsa 3072":        rsaBits(3072),
		"nist p-256":      curve(packet.PubKeyAlgoECDSA, packet.CurveNistP256),
		"nist p-521":      curve(packet.PubKeyAlgoECDSA, packet.CurveNistP521),
		"brainpool p-384": curve(packet.PubKeyAlgoECDSA, packet.CurveBrainpoolP384),
	} {
		t.Run(name, func(t *testing.T) {
			e := entity(t, set)
			given := public(t, e)
			for _, form := range [][]byte{given, armoured(t, openpgp.PublicKeyType, given)} {
				c, err := pgpcert.Read(form, ke, now)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := c.Fingerprint(), strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint)); got != want {
					t.Errorf("fingerprint: got %s, want %s", got, want)
				}
				if !bytes.Equal(c.Bytes(), given) {
					t.Error("octets of a plain certificate were changed")
				}
				keys := c.EncryptionKeys()
				if len(keys) != 1 || keys[0].KeyID != e.Subkeys[0].PublicKey.KeyId || !bytes.Equal(keys[0].Fingerprint, e.Subkeys[0].PublicKey.Fingerprint) {
					t.Fatalf("encryption keys: got %+v, want subkey %X", keys, e.Subkeys[0].PublicKey.KeyId)
				}
				if !keys[0].Valid(now) {
					t.Errorf("key is not valid now: %+v", keys[0])
				}
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	plain := entity(t)
	b := public(t, plain)
	parts := packets(t, b)
	secrets := packets(t, secret(t, plain))
	noSubkey := bytes.Join(parts[:3], nil)
	expired := entity(t, func(c *packet.Config) { c.KeyLifetimeSecs = 60 })
	revoked := entity(t)
	if err := revoked.Revoke(packet.KeyRetired, "", at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	subkeyRevoked := entity(t)
	if err := subkeyRevoked.Subkeys[0].Revoke(packet.KeyCompromised, "", at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	future, err := openpgp.NewEntity("", "", "ke@gsp.example", at(now.Add(48*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	sealsWithPrimary := entity(t, rsaBits(3072))
	for _, id := range sealsWithPrimary.Identities {
		id.SelfCertifications[0].Packet.FlagEncryptCommunications = true
		if err := id.ReSign(at(now)); err != nil {
			t.Fatal(err)
		}
	}
	sealsWithPrimary.Subkeys = nil

	for _, test := range []struct {
		name string
		in   []byte
		want gsp.Reason
		says string
	}{
		{"nothing", nil, gsp.BrokenKey, "not an OpenPGP public key"},
		{"text", []byte("my key is attached"), gsp.BrokenKey, "not an OpenPGP public key"},
		{"a message", armoured(t, "PGP MESSAGE", b), gsp.BrokenKey, "not an OpenPGP public key"},
		{"a subkey first", slices.Concat(parts[3:]...), gsp.BrokenKey, "not an OpenPGP public key"},
		{"a revocation alone", packets(t, public(t, revoked))[1], gsp.BrokenKey, "the revocation of a key that the directory does not have for ke@gsp.example"},
		{"a revocation alone in armour", armoured(t, openpgp.PublicKeyType, packets(t, public(t, revoked))[1]), gsp.BrokenKey, "the revocation of a key that"},
		{"another signature alone", parts[2], gsp.BrokenKey, "not an OpenPGP public key"},
		{"cut short", b[:len(b)-10], gsp.BrokenKey, "damaged"},
		{"cut short in armour", armoured(t, openpgp.PublicKeyType, b[:30]), gsp.BrokenKey, "damaged"},
		{"a literal packet", slices.Concat(b, raw(11, []byte("b\x00\x00\x00\x00\x00text"))), gsp.BrokenKey, "damaged"},
		{"two certificates", slices.Concat(b, public(t, entity(t))), gsp.BrokenKey, "more than one"},
		{"two blocks", slices.Concat(armoured(t, openpgp.PublicKeyType, b), armoured(t, openpgp.PublicKeyType, b)), gsp.BrokenKey, "more than one"},
		{"too large", bytes.Repeat(b, 1+pgpcert.MaxSize/len(b)), gsp.BrokenKey, "larger than 64 KiB"},
		{"too large and private", slices.Concat(secret(t, plain), bytes.Repeat(b, 10<<20/len(b))), gsp.PrivateKey, "private key"},
		{"too large and private, armoured", slices.Concat(make([]byte, 10<<20), armoured(t, openpgp.PrivateKeyType, b)), gsp.PrivateKey, "private key"},
		{"many empty packets", bytes.Repeat([]byte{0xfc, 0}, pgpcert.MaxSize/2), gsp.BrokenKey, "not an OpenPGP public key"},
		{"version 5", raw(6, []byte{5, 0, 0, 0, 0, 22, 0, 0, 0, 0}), gsp.BrokenKey, "format"},
		{"version 6", public(t, entity(t, func(c *packet.Config) { c.V6Keys = true })), gsp.BrokenKey, "version 6"},
		{"post-quantum only", public(t, entity(t, algorithm(packet.PubKeyAlgoMldsa65Ed25519), func(c *packet.Config) { c.V6Keys = true })), gsp.BrokenKey, "version 6"},
		{"many subkeys", slices.Concat(b, bytes.Repeat(parts[3], 21)), gsp.BrokenKey, "too many"},
		{"many signatures", slices.Concat(b, bytes.Repeat(parts[4], 64)), gsp.BrokenKey, "too many"},
		{"version 3", raw(6, []byte{3, 0, 0, 0, 0, 0, 0, 1}), gsp.BrokenKey, "format"},
		{"octets after the key", slices.Concat(raw(6, slices.Concat(parts[0][2:], []byte{0})), slices.Concat(parts[1:]...)), gsp.BrokenKey, "damaged"},
		{"made in the future", public(t, future), gsp.BrokenKey, "date"},
		{"expired", public(t, expired), gsp.BrokenKey, "expired on 2026-11-23"},
		{"revoked", public(t, revoked), gsp.BrokenKey, "revoked"},
		{"encryption subkey revoked", public(t, subkeyRevoked), gsp.BrokenKey, "revoked"},
		{"no encryption subkey", noSubkey, gsp.BrokenKey, "no subkey for encryption"},
		{"encryption by the primary key", public(t, sealsWithPrimary), gsp.BrokenKey, "no subkey for encryption"},
		{"subkey unbound", slices.Concat(parts[:4]...), gsp.BrokenKey, "no subkey for encryption"},
		{"user ID unsigned", slices.Concat(parts[0], parts[1], parts[3], parts[4]), gsp.BrokenKey, "no valid signature"},
		{"signature altered", alter(b, len(parts[0])+len(parts[1])+len(parts[2])-1), gsp.BrokenKey, "no valid signature"},

		{"private, binary", secret(t, plain), gsp.PrivateKey, "private key"},
		{"private, armoured", armoured(t, openpgp.PrivateKeyType, secret(t, plain)), gsp.PrivateKey, "private key"},
		{"private under a public label", armoured(t, openpgp.PublicKeyType, secret(t, plain)), gsp.PrivateKey, "private key"},
		{"private subkey of a public key", slices.Concat(append(parts[:3:3], secrets[3:]...)...), gsp.PrivateKey, "private key"},
		{"private block after a public one", slices.Concat(armoured(t, openpgp.PublicKeyType, b), armoured(t, openpgp.PrivateKeyType, b)), gsp.PrivateKey, "private key"},
		{"private, then cut short", secret(t, plain)[:200], gsp.PrivateKey, "private key"},
		{"private key of another program", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n"), gsp.PrivateKey, "private key"},

		{"another address", public(t, entityFor(t, "Kenya <de@gsp.example>")), gsp.WrongKeyAddress, "ke@gsp.example"},
		{"address in the name only", public(t, entityFor(t, "ke@gsp.example <eve@elsewhere.example>")), gsp.WrongKeyAddress, "ke@gsp.example"},

		{"rsa 2048", public(t, entity(t, rsaBits(2048))), gsp.WeakKey, "2048 bits"},
		{"secp256k1", public(t, entity(t, curve(packet.PubKeyAlgoECDSA, packet.CurveSecP256k1))), gsp.WeakKey, "SecP256k1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := pgpcert.Read(test.in, ke, now)
			var r *gsp.Refusal
			if c != nil || !errors.As(err, &r) {
				t.Fatalf("got %v, %v, want a refusal", c, err)
			}
			if r.Reason != test.want || !strings.Contains(r.Cause, test.says) {
				t.Errorf("got %q (%v), want %s with %q", r.Error(), r.Err, test.want, test.says)
			}
			if r.Remedy == "" || strings.HasSuffix(r.Remedy, ".") || strings.HasSuffix(r.Cause, ".") {
				t.Errorf("got cause %q, remedy %q, want sentences without a full stop", r.Cause, r.Remedy)
			}
		})
	}
}

// alter returns b with one bit of octet i changed.
func alter(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 1
	return b
}

// entityFor makes a key whose user ID is written out.
func entityFor(t testing.TB, userID string) *openpgp.Entity {
	t.Helper()
	e := entity(t)
	e.Identities = map[string]*openpgp.Identity{}
	addUserID(t, e, userID, now.Add(-time.Hour))
	return e
}

// addUserID certifies one more user ID, past the checks of NewUserId.
func addUserID(t testing.TB, e *openpgp.Entity, userID string, when time.Time) {
	t.Helper()
	sig := &packet.Signature{
		Version: e.PrimaryKey.Version, SigType: packet.SigTypePositiveCert, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo,
		Hash: at(when).Hash(), CreationTime: when, IssuerKeyId: &e.PrimaryKey.KeyId, IssuerFingerprint: e.PrimaryKey.Fingerprint,
		FlagsValid: true, FlagCertify: true, FlagSign: true,
	}
	if err := sig.SignUserId(userID, e.PrimaryKey, e.PrivateKey, at(when)); err != nil {
		t.Fatal(err)
	}
	e.Identities[userID] = &openpgp.Identity{
		Primary: e, Name: userID, UserId: &packet.UserId{Id: userID},
		SelfCertifications: []*packet.VerifiableSignature{packet.NewVerifiableSig(sig)},
	}
}

func TestReadUserIDs(t *testing.T) {
	for userID, want := range map[string]bool{
		"ke@gsp.example":   true,
		"<ke@gsp.example>": true,
		"KE@GSP.Example":   true,
		"Kenya Revenue Authority <ke@gsp.example>":     true,
		"Wanjiru, Grace <ke@gsp.example>":              true,
		"ke@gsp.example <ke@gsp.example>":              true,
		"Größe \u200cنام <ke@gsp.example>":             true,
		"ke@gsp.example.org":                           false,
		"xke@gsp.example":                              false,
		"ke@gsp.example <eve@gsp.example>":             false,
		"eve@gsp.example <ke@gsp.example>":             false,
		"<eve@gsp.example> <ke@gsp.example>":           false,
		"ke@gsp.example>":                              false,
		"Kenya \u202e<ke@gsp.example>":                 false,
		"Kenya\r\nBcc: eve <ke@gsp.example>":           false,
		"Kenya \xff <ke@gsp.example>":                  false,
		strings.Repeat("a", 250) + " <ke@gsp.example>": false,
	} {
		_, err := pgpcert.Read(public(t, entityFor(t, userID)), ke, now)
		var r *gsp.Refusal
		if got := err == nil; got != want || !got && (!errors.As(err, &r) || r.Reason != gsp.WrongKeyAddress) {
			t.Errorf("user ID %q: got %v, want accepted %t", userID, err, want)
		}
	}
}

func TestReadDropsWhatIsNotTheOwners(t *testing.T) {
	e := entity(t)
	b := public(t, e)
	parts := packets(t, b)
	stranger := entity(t)
	addUserID(t, e, "Someone <someone@elsewhere.example>", now.Add(-time.Minute))
	foreign := packets(t, public(t, e))
	i := slices.IndexFunc(foreign, func(p []byte) bool { return bytes.Contains(p, []byte("elsewhere")) })
	if err := e.SignIdentity("Kenya <ke@gsp.example>", stranger, at(now)); err != nil {
		t.Fatal(err)
	}
	var theirs bytes.Buffer
	if err := e.Identities["Kenya <ke@gsp.example>"].OtherCertifications[0].Packet.Serialize(&theirs); err != nil {
		t.Fatal(err)
	}
	revocation := entity(t)
	if err := revocation.Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		t.Fatal(err)
	}
	strangersRevocation := packets(t, public(t, revocation))[1]

	given := slices.Concat(
		parts[0], raw(12, []byte{1}), strangersRevocation,
		parts[1], parts[2], theirs.Bytes(),
		foreign[i], foreign[i+1],
		raw(17, []byte{1, 1}), parts[2],
		raw(10, []byte("PGP")), raw(60, []byte("new")),
		parts[3], parts[4], theirs.Bytes(),
		packets(t, public(t, stranger))[3], // a subkey that is not bound
	)
	c, err := pgpcert.Read(given, ke, now)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.Bytes(), b) {
		t.Errorf("got %x\nwant %x", c.Bytes(), b)
	}
}

// Strangers can add any number of signatures to a key; its owner must not
// suffer for it (CVE-2019-13050).
func TestReadAcceptsAFloodedKey(t *testing.T) {
	e := entity(t)
	if err := e.SignIdentity("Kenya <ke@gsp.example>", entity(t), at(now)); err != nil {
		t.Fatal(err)
	}
	parts := packets(t, public(t, e))
	c, err := pgpcert.Read(slices.Concat(slices.Concat(parts[:3]...), bytes.Repeat(parts[3], 200), slices.Concat(parts[4:]...)), ke, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(slices.Concat(parts[:3]...), slices.Concat(parts[4:]...)); !bytes.Equal(c.Bytes(), want) {
		t.Errorf("got %x\nwant %x", c.Bytes(), want)
	}
}

// What Windows programs make of an armoured key.
func TestReadMarkedText(t *testing.T) {
	b := public(t, entity(t))
	text := armoured(t, openpgp.PublicKeyType, b)
	wide := []byte{0xff, 0xfe}
	for _, c := range bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) {
		wide = append(wide, c, 0)
	}
	for name, given := range map[string][]byte{
		"notepad":    append([]byte{0xef, 0xbb, 0xbf}, text...),
		"powershell": wide,
		"in a mail":  slices.Concat([]byte("Here is my key:\r\n\r\n"), text, []byte("\r\n-- \r\nGrace\r\n")),
	} {
		if c, err := pgpcert.Read(given, ke, now); err != nil || !bytes.Equal(c.Bytes(), b) {
			t.Errorf("%s: got %v, %v", name, c, err)
		}
	}
}

// What a certificate of the largest size can make the directory compute.
func TestReadIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	slow := entity(t, curve(packet.PubKeyAlgoECDSA, packet.CurveBrainpoolP512))
	parts := packets(t, public(t, slow))
	bad := alter(parts[4], len(parts[4])-1)
	many := slices.Concat(parts[0], parts[1], parts[2], parts[3], bytes.Repeat(bad, 62), parts[4])

	// A signing subkey is verified with its own numbers, which may be huge.
	modulus := bytes.Repeat([]byte{0xff}, 60_000)
	bits := len(modulus) * 8 % (1 << 16)
	body := slices.Concat([]byte{4, 0x60, 0, 0, 0, 1, byte(bits >> 8), byte(bits)}, modulus[:bits/8], []byte{0, 17, 1, 0, 1})
	for name, given := range map[string][]byte{
		"signatures on a slow curve": many,
		"huge RSA subkey":            slices.Concat(slices.Concat(parts...), raw(14, body), parts[4]),
		"signatures made again":      slices.Concat(parts[0], parts[1], bytes.Repeat(parts[2], 30), parts[3], bytes.Repeat(parts[4], 30)),
	} {
		start := time.Now()
		if c, err := pgpcert.Read(given, ke, now); err != nil || len(packets(t, c.Bytes())) != 5 {
			t.Errorf("%s: got %v, %v", name, c, err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %v", name, took)
		} else {
			t.Logf("%s: %d octets took %v", name, len(given), took)
		}
	}
}

func TestReadKeepsTheNewestUserIDOfTheAddress(t *testing.T) {
	e := entity(t)
	addUserID(t, e, "Kenya Revenue Authority <ke@gsp.example>", now.Add(-time.Minute))
	c, err := pgpcert.Read(public(t, e), ke, now)
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Bytes(); !bytes.Contains(b, []byte("Kenya Revenue Authority <")) || bytes.Contains(b, []byte("Kenya <")) {
		t.Errorf("got %q, want the newer user ID alone", b)
	}
}

// The newest certification decides, wherever it stands, but for one from the
// future.
func TestReadKeepsTheNewestCertification(t *testing.T) {
	e := entity(t)
	parts := packets(t, public(t, e))
	certify := func(when time.Time, lifetime uint32) []byte {
		sig := &packet.Signature{
			Version: 4, SigType: packet.SigTypePositiveCert, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo, Hash: at(when).Hash(),
			CreationTime: when, IssuerKeyId: &e.PrimaryKey.KeyId, KeyLifetimeSecs: &lifetime, FlagsValid: true, FlagCertify: true, FlagSign: true,
		}
		if err := sig.SignUserId("Kenya <ke@gsp.example>", e.PrimaryKey, e.PrivateKey, at(when)); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := sig.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	older, newer, future := certify(now.Add(-time.Minute), 8*3600), certify(now.Add(-time.Second), 9*3600), certify(now.Add(48*time.Hour), 10*3600)
	for name, certifications := range map[string][]byte{
		"rising":  slices.Concat(parts[2], older, newer, future),
		"falling": slices.Concat(future, newer, older, parts[2]),
	} {
		c, err := pgpcert.Read(slices.Concat(parts[0], parts[1], certifications, parts[3], parts[4]), ke, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := now.Add(8 * time.Hour); !c.Expires().Equal(want) {
			t.Errorf("%s: got expiry %v, want %v", name, c.Expires(), want)
		}
		if want := slices.Concat(parts[0], parts[1], newer, parts[3], parts[4]); !bytes.Equal(c.Bytes(), want) {
			t.Errorf("%s: got %x\nwant %x", name, c.Bytes(), want)
		}
	}
}

// A revocation that names the key as its issuer and is not by it takes nothing
// out of use, and is not passed on.
func TestReadDropsForgedRevocations(t *testing.T) {
	e := entity(t)
	parts := packets(t, public(t, e))
	if err := e.Subkeys[0].Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		t.Fatal(err)
	}
	if err := e.Revoke(packet.KeyCompromised, "", at(now)); err != nil {
		t.Fatal(err)
	}
	revoked := packets(t, public(t, e))
	ofKey, ofSubkey := revoked[1], revoked[5]
	given := slices.Concat(parts[0], alter(ofKey, len(ofKey)-1), parts[1], parts[2], parts[3], alter(ofSubkey, len(ofSubkey)-1), parts[4])
	c, err := pgpcert.Read(given, ke, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(parts...); !bytes.Equal(c.Bytes(), want) {
		t.Errorf("got %x\nwant %x", c.Bytes(), want)
	}
	// The true ones count, and that of the key wherever it stands.
	for _, given := range [][]byte{
		slices.Concat(parts[0], parts[1], parts[2], parts[3], ofSubkey, parts[4]),
		slices.Concat(slices.Concat(parts...), ofKey),
	} {
		if c, err := pgpcert.Read(given, ke, now); err == nil {
			t.Errorf("got %v, want it revoked", c)
		}
	}
}

func TestRevokedSubkeyStaysKnown(t *testing.T) {
	e := entity(t)
	if err := e.AddEncryptionSubkey(at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	if err := e.Subkeys[0].Revoke(packet.KeyRetired, "", at(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	c, err := pgpcert.Read(public(t, e), ke, now)
	if err != nil {
		t.Fatal(err)
	}
	keys := c.EncryptionKeys()
	if len(keys) != 2 || keys[0].Valid(now) || !keys[0].Revoked || !keys[1].Valid(now) {
		t.Errorf("got %+v, want a revoked key and a valid one", keys)
	}
}

func TestExpiryBoundsSubkeys(t *testing.T) {
	e := entity(t, func(c *packet.Config) { c.KeyLifetimeSecs = 7200 })
	c, err := pgpcert.Read(public(t, e), ke, now)
	if err != nil {
		t.Fatal(err)
	}
	want := now.Add(time.Hour)
	if !c.Expires().Equal(want) {
		t.Errorf("certificate: got %v, want %v", c.Expires(), want)
	}
	k := c.EncryptionKeys()[0]
	if !k.Until.Equal(want) || !k.Valid(want.Add(-time.Second)) || k.Valid(want) {
		t.Errorf("subkey: got %+v, want it valid until %v", k, want)
	}
}

func TestReadToleratesAFastClock(t *testing.T) {
	if _, err := pgpcert.Read(public(t, entity(t)), ke, now.Add(-2*time.Hour)); err != nil {
		t.Error(err)
	}
}

func TestLoadSaysTheSame(t *testing.T) {
	read, err := pgpcert.Read(public(t, entity(t)), ke, now)
	if err != nil {
		t.Fatal(err)
	}
	stored := gsp.Certificate{Address: ke, Fingerprint: read.Fingerprint(), Bytes: read.Bytes()}
	loaded, err := pgpcert.Load(stored)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Fingerprint() != read.Fingerprint() || loaded.Address() != ke || !bytes.Equal(loaded.Bytes(), read.Bytes()) ||
		len(loaded.EncryptionKeys()) != 1 || !slices.Equal(loaded.EncryptionKeys()[0].Fingerprint, read.EncryptionKeys()[0].Fingerprint) {
		t.Errorf("got %+v, want %+v", loaded, read)
	}
	stored.Fingerprint = strings.Repeat("0", 40)
	if _, err := pgpcert.Load(stored); err == nil {
		t.Error("loaded under another fingerprint")
	}
	stored.Bytes = stored.Bytes[:50]
	if _, err := pgpcert.Load(stored); err == nil {
		t.Error("loaded a damaged certificate")
	}
}
