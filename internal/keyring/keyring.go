// Package keyring holds private OpenPGP keys: it makes them, seals mail for
// certificates, and opens what was sealed for its keys (RFC 9580).
//
// It belongs to an officer's or a national system's side. Nothing that the
// gateway runs may import it, so that the gateway cannot open a mail even by
// mistake; a test in package arch holds to that.
package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v2/crypto"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// Lifetime is how long a generated key is valid. The directory warns its owner
// before the end.
const Lifetime = 3 * 365 * 24 * time.Hour

// The labels of armoured keys and messages (RFC 9580, section 6.2.1).
const (
	secretLabel  = "PGP PRIVATE KEY BLOCK"
	publicLabel  = "PGP PUBLIC KEY BLOCK"
	messageLabel = "PGP MESSAGE"
)

// Errors by which a caller decides what to tell its user.
var (
	ErrLocked   = errors.New("the private key is locked by a passphrase")
	ErrNotMine  = errors.New("the message is sealed for other keys")
	ErrBroken   = errors.New("the message is damaged")
	ErrUnsealed = errors.New("not a sealed message")
)

// Key is a private key with its certificate. It prints as nothing but its
// fingerprint and is safe for concurrent use.
type Key struct {
	address gsp.Address
	key     *crypto.Key
}

// Generate makes a key for a mailbox: Ed25519 for signatures and X25519 for
// encryption in the version 4 form that every OpenPGP program reads. Without a
// name the user ID is the bare address.
func Generate(name string, addr gsp.Address, now time.Time) (*Key, error) {
	email := addr.String()
	if name == "" {
		name, email = email, ""
	}
	e, err := openpgp.NewEntity(name, "", email, &packet.Config{
		Algorithm:       packet.PubKeyAlgoEdDSA,
		DefaultCipher:   packet.CipherAES256,
		KeyLifetimeSecs: uint32(Lifetime / time.Second),
		Time:            func() time.Time { return now },
	})
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	key, err := crypto.NewKeyFromEntity(e)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return &Key{addr, key}, nil
}

// ReadKey reads an armoured private key without a passphrase, as Armoured or
// another OpenPGP program wrote it. Its mailbox is that of its primary user ID.
// The error is ErrLocked where a passphrase would be needed.
func ReadKey(armoured []byte) (k *Key, err error) {
	defer recovered(&err)
	key, err := crypto.NewKeyFromArmored(string(armoured))
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	if !key.IsPrivate() {
		return nil, errors.New("read private key: this is a public key")
	}
	if open, err := key.IsUnlocked(); err != nil || !open {
		return nil, ErrLocked
	}
	identity := key.GetEntity().PrimaryIdentity()
	if identity == nil {
		return nil, errors.New("read private key: it has no user ID")
	}
	mailbox := identity.UserId.Email
	if mailbox == "" { // the library takes a bare address for a name
		mailbox = identity.UserId.Id
	}
	addr, err := gsp.ParseAddress(mailbox)
	if err != nil {
		return nil, fmt.Errorf("read private key: user ID: %w", err)
	}
	return &Key{addr, key}, nil
}

// Address returns the mailbox that the key belongs to.
func (k *Key) Address() gsp.Address { return k.address }

// Fingerprint returns that of the primary key in capital hexadecimal.
func (k *Key) Fingerprint() string { return strings.ToUpper(k.key.GetFingerprint()) }

// String returns the fingerprint.
func (k *Key) String() string { return k.Fingerprint() }

// GoString returns the fingerprint: %#v must not print what is private.
func (k *Key) GoString() string { return k.Fingerprint() }

// Armoured returns the private key, not locked by a passphrase. It belongs
// into a file that only its owner can read.
func (k *Key) Armoured() ([]byte, error) {
	b, err := k.key.Serialize()
	if err != nil {
		return nil, fmt.Errorf("write private key: %w", err)
	}
	return enarmour(secretLabel, b)
}

// Public returns the armoured certificate, to be handed in for publication.
func (k *Key) Public() ([]byte, error) {
	b, err := k.key.GetPublicKey()
	if err != nil {
		return nil, fmt.Errorf("write public key: %w", err)
	}
	return enarmour(publicLabel, b)
}

// Cert returns the certificate as the key directory would publish it now. The
// error is the *gsp.Refusal that the directory would give.
func (k *Key) Cert() (*pgpcert.Cert, error) {
	b, err := k.key.GetPublicKey()
	if err != nil {
		return nil, fmt.Errorf("write public key: %w", err)
	}
	return pgpcert.Read(b, k.address, time.Now())
}

// Seal signs plaintext with signer, encrypts it for each certificate with
// protection against alteration, and returns it armoured, with LF line ends
// and without armour headers, which would only tell what program made it. A
// nil signer leaves the signature out. For the sender to read the copy in
// Sent, its own certificate must be among to.
func Seal(plaintext []byte, to []*pgpcert.Cert, signer *Key) (armoured []byte, err error) {
	defer recovered(&err)
	if len(to) == 0 {
		return nil, errors.New("seal: nobody to seal for")
	}
	recipients, err := ring(to)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	var signing *crypto.KeyRing
	if signer != nil {
		if signing, err = crypto.NewKeyRing(signer.key); err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
	}
	message, err := recipients.Encrypt(crypto.NewPlainMessage(plaintext), signing)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return enarmour(messageLabel, message.GetBinary())
}

// Open decrypts a message, armoured or binary, with whichever of keys it was
// sealed for. signedBy is the one of signers that signed it; it is nil where
// nobody did, somebody else, or where the signature is not valid, which should
// all look the same to a reader. Nothing is returned of a message that was
// altered. The errors are ErrUnsealed, ErrNotMine and ErrBroken.
func Open(message []byte, keys []*Key, signers []*pgpcert.Cert) (plaintext []byte, signedBy *pgpcert.Cert, err error) {
	defer recovered(&err)
	octets, err := dearmour(message)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSealed(octets); err != nil {
		return nil, nil, err
	}
	private := &crypto.KeyRing{}
	for _, k := range keys {
		if err := private.AddKey(k.key); err != nil {
			return nil, nil, fmt.Errorf("open: %w", err)
		}
	}
	sealed := crypto.NewPGPMessage(octets)
	if !mine(sealed, keys) {
		return nil, nil, ErrNotMine
	}
	plain, err := private.Decrypt(sealed, nil, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	for _, c := range signers {
		verifying, err := ring([]*pgpcert.Cert{c})
		if err != nil {
			return nil, nil, fmt.Errorf("open: %w", err)
		}
		if _, err := private.Decrypt(sealed, verifying, 0); err == nil {
			return plain.GetBinary(), c, nil
		}
	}
	return plain.GetBinary(), nil, nil
}

// mine reports whether one of the session keys names one of keys, or none.
func mine(message *crypto.PGPMessage, keys []*Key) bool {
	ids, _ := message.GetEncryptionKeyIDs()
	if slices.Contains(ids, 0) {
		return true
	}
	return slices.ContainsFunc(keys, func(k *Key) bool {
		return slices.ContainsFunc(k.key.GetEntity().Subkeys, func(s openpgp.Subkey) bool {
			return slices.Contains(ids, s.PublicKey.KeyId)
		}) || slices.Contains(ids, k.key.GetKeyID())
	})
}

// The packet types of a sealed message (RFC 9580, section 10.3).
const (
	tagSessionKey = 1
	tagMarker     = 10
	tagSealed     = 18
	tagSealedOCB  = 20 // of GnuPG; not in RFC 9580
	tagPadding    = 21
)

// checkSealed makes sure that the octets are session keys and one data packet.
// The library would take a readable message for an opened one (gopenpgp
// v2.11.1), and with it what anybody may have written.
func checkSealed(octets []byte) error {
	packets := packet.NewOpaqueReader(bytes.NewReader(octets))
	keys, data := 0, 0
	for {
		p, err := packets.Next()
		switch {
		case err == io.EOF && keys > 0 && data == 1:
			return nil
		case err == io.EOF:
			return ErrUnsealed
		case err != nil:
			return fmt.Errorf("%w: %w", ErrUnsealed, err)
		case data > 0:
			return ErrUnsealed
		}
		switch p.Tag {
		case tagSessionKey:
			keys++
		case tagSealed, tagSealedOCB:
			data++
		case tagMarker, tagPadding:
		default:
			return ErrUnsealed
		}
	}
}

// ring makes a library key ring of certificates, each once.
func ring(certs []*pgpcert.Cert) (*crypto.KeyRing, error) {
	r := &crypto.KeyRing{}
	var taken []string
	for _, c := range certs {
		if slices.Contains(taken, c.Fingerprint()) {
			continue
		}
		taken = append(taken, c.Fingerprint())
		key, err := crypto.NewKey(c.Bytes())
		if err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", c.Address(), err)
		}
		if err := r.AddKey(key); err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", c.Address(), err)
		}
	}
	return r, nil
}

func enarmour(label string, b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := armor.Encode(&out, label, nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// dearmour returns the binary form of an armoured message.
func dearmour(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0]&0x80 != 0 {
		return b, nil
	}
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil || block.Type != messageLabel {
		return nil, ErrUnsealed
	}
	octets, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsealed, err)
	}
	return octets, nil
}

// recovered turns a panic of the OpenPGP libraries into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("OpenPGP library panic: %v", p)
	}
}
