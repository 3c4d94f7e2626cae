package pgpcert

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ProtonMail/gopenpgp/v2/crypto"

	"gsp.example/gsp/internal/gsp"
)

// skew is how far a client's clock may be ahead of ours.
const skew = 24 * time.Hour

// oldest is before the first program that wrote version 4 keys.
var oldest = time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC)

// Read takes a certificate of version 4, armoured or binary, that is to be
// published for addr at now, and returns what is fit to be published of it. The
// error is always a *gsp.Refusal, of the reasons BrokenKey, PrivateKey,
// WrongKeyAddress and WeakKey. b is not kept.
//
// User IDs with the same local part at aliases, other domains of the gateway,
// are kept beside that of addr; see For.
func Read(b []byte, addr gsp.Address, now time.Time, aliases ...string) (*Cert, error) {
	return read(b, 4, addr, now, aliases)
}

// ErrVersion is within the refusal of a certificate that is of version 6 and not
// 4, or the reverse.
var ErrVersion = errors.New("certificate of another version")

// ReadBeside does as Read for a certificate of version 6, which may be
// published beside one of version 4 and not in its place: GnuPG and
// Thunderbird of today cannot seal for it. It may be post-quantum alone.
func ReadBeside(b []byte, addr gsp.Address, now time.Time, aliases ...string) (*Cert, error) {
	return read(b, 6, addr, now, aliases)
}

// ReadAnswer takes the answer of a key directory for addr, which may hold
// further certificates behind the current one
// (draft-koch-openpgp-webkey-service-22, section 3.1), and returns the first
// that Read accepts. The error is that of the first one where there is none.
func ReadAnswer(b []byte, addr gsp.Address, now time.Time) (*Cert, error) {
	cert, err := Read(b, addr, now)
	if err == nil || len(b) > MaxSize {
		return cert, err
	}
	packets, _ := split(b)
	var first error
	for ring := range certificates(packets) {
		cert, err := Read(ring, addr, now)
		if err == nil {
			return cert, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = err
	}
	return nil, first
}

func read(b []byte, version int, addr gsp.Address, now time.Time, aliases []string) (cert *Cert, err error) {
	defer func() {
		// The library has panicked on hostile packets before.
		if p := recover(); p != nil {
			cert, err = nil, broken("this key is damaged", exportAgain, fmt.Errorf("library panic: %v", p))
		}
	}()
	octets, err := open(b)
	if err != nil {
		return nil, unreadable(err)
	}
	t, err := parse(octets)
	if errors.Is(err, errNoPublic) && revocationAlone(octets) {
		return nil, unknownRevocation(addr)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	if err := vetVersion(t.primary.key.Version, version); err != nil {
		return nil, err
	}
	if cert, err = t.vet(addr, aliases, now); err != nil {
		return nil, err
	}
	if err := cert.Usable(now); err != nil {
		return nil, err
	}
	if err := secondOpinion(cert, earliest(later(now, t.lastSignature()), now.Add(skew))); err != nil {
		return nil, broken("this key cannot be used for encryption", makeNew, err)
	}
	return cert, nil
}

// open returns the binary form of what was handed in, if it is not too large.
func open(b []byte) ([]byte, error) {
	if len(b) > MaxSize {
		if private(b) {
			return nil, errPrivate
		}
		return nil, errLarge
	}
	return dearmor(b)
}

func vetVersion(got, want int) error {
	switch {
	case got == want:
		return nil
	case got == 6:
		return broken("this key is of version 6, which GnuPG and Thunderbird cannot use yet", "hand in one of version 4 first, as those make; this one can then stand beside it", ErrVersion)
	}
	return broken("this key is not of version 6", "hand it in as the key that everybody uses", ErrVersion)
}

// vet removes whatever may not be published, and says what is missing then.
// The certificate that it returns may be out of use.
func (t *transferable) vet(addr gsp.Address, aliases []string, now time.Time) (*Cert, error) {
	if why := weakness(t.primary.key); why != "" {
		return nil, weak(why)
	}
	if made := t.primary.key.CreationTime; made.Before(oldest) || made.After(now.Add(skew)) {
		return nil, broken("the date on which this key says it was made cannot be true", "set the clock of the computer right, then "+makeNew, nil)
	}
	t.vetPrimary(now)
	if err := t.vetUserIDs(addr, aliases, now); err != nil {
		return nil, err
	}
	tooWeak := t.vetSubkeys(now)
	quantum := t.dropPostQuantum()
	if t.revoked() {
		t.dropEncryption()
	}
	cert := t.cert(addr, aliases, t.octets())
	cert.tooWeak, cert.quantum = tooWeak, quantum
	return cert, nil
}

// octets writes t in the order of RFC 9580, section 10.1. Each packet is
// copied as it came: writing a parsed packet anew would not always give what
// was signed.
func (t *transferable) octets() []byte {
	var b []byte
	put := func(c component) {
		b = append(b, c.octets...)
		for _, s := range c.sigs {
			b = append(b, s.octets...)
		}
	}
	put(t.primary)
	for _, u := range t.userIDs {
		put(u)
	}
	for _, s := range t.subkeys {
		put(s)
	}
	return b
}

// lastSignature returns when the newest signature says it was made.
func (t *transferable) lastSignature() time.Time {
	var last time.Time
	for _, c := range append(append([]component{t.primary}, t.userIDs...), t.subkeys...) {
		for _, s := range c.sigs {
			last = later(last, s.sig.CreationTime)
		}
	}
	return last
}

// Usable returns why mail cannot be sealed for the certificate now, as a
// *gsp.Refusal to its owner, or nil.
func (c *Cert) Usable(now time.Time) error {
	switch {
	case c.revoked:
		return broken("this key was revoked by its owner", makeNew, nil)
	case c.disowned:
		return wrongAddress(c.address, errors.New("user ID is revoked"))
	case !c.expires.IsZero() && !now.Before(c.expires):
		return broken("this key expired on "+c.expires.Format(time.DateOnly), extendKey, nil)
	}
	revoked, expired := false, time.Time{}
	for _, k := range c.keys {
		switch {
		case k.Revoked:
			revoked = true
		case !k.Valid(later(now, k.From)):
			expired = later(expired, k.Until)
		default:
			return nil
		}
	}
	switch {
	case c.tooWeak != "":
		return weak(c.tooWeak)
	case !expired.IsZero():
		return broken("the encryption part of this key expired on "+expired.Format(time.DateOnly), extendKey, nil)
	case revoked:
		return broken("the encryption part of this key was revoked by its owner", addSubkey, nil)
	case c.quantum:
		return broken("this key has only a post-quantum subkey for encryption, which most programs cannot use yet", addSubkey, nil)
	}
	return broken("this key has no subkey for encryption", addSubkey, nil)
}

// secondOpinion reads the final octets from scratch with the two libraries
// that seal mail here, which must both find a subkey to seal for.
func secondOpinion(c *Cert, at time.Time) error {
	entities, err := c.reread()
	if err != nil {
		return err
	}
	if _, err := entities[0].VerifyPrimaryKey(at, policy); err != nil {
		return fmt.Errorf("go-crypto: primary key: %w", err)
	}
	key, err := entities[0].EncryptionKeyWithError(at, policy)
	if err != nil {
		return fmt.Errorf("go-crypto: %w", err)
	}
	if key.IsPrimary() {
		return errors.New("go-crypto: seals for the primary key")
	}
	// A point that is not on its curve, or of small order, shows here only.
	if err := packet.SerializeEncryptedKey(io.Discard, key.PublicKey, packet.CipherAES256, make([]byte, 32), policy); err != nil {
		return fmt.Errorf("go-crypto: seal: %w", err)
	}
	again, err := crypto.NewKey(c.octets)
	if err != nil {
		return fmt.Errorf("gopenpgp: %w", err)
	}
	// Not IsExpired or IsRevoked: they panic where no user ID is primary
	// (gopenpgp v2.11.1), and they ask the machine's clock.
	if again.IsPrivate() || strings.ToUpper(again.GetFingerprint()) != capitals(entities[0].PrimaryKey.Fingerprint) {
		return errors.New("gopenpgp: reads another key")
	}
	if _, ok := again.GetEntity().EncryptionKey(at); !ok {
		return errors.New("gopenpgp: no subkey to seal for")
	}
	return nil
}

// reread parses the octets as any client does.
func (c *Cert) reread() (openpgp.EntityList, error) {
	entities, err := openpgp.ReadKeyRing(bytes.NewReader(c.octets))
	if err != nil {
		return nil, fmt.Errorf("go-crypto: %w", err)
	}
	if len(entities) != 1 {
		return nil, errors.New("go-crypto: want one certificate")
	}
	return entities, nil
}

func capitals(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// From returns the first moment, not before now, at which mail can be sealed for
// the certificate: later than now where the clock that made it is ahead, which
// Read forgives for a day. It is now where nothing can be sealed for it.
func (c *Cert) From(now time.Time) time.Time {
	for _, k := range c.keys {
		if at := later(now, k.From); k.Valid(at) {
			return at
		}
	}
	return now
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
