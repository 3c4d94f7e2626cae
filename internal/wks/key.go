package wks

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
)

// Key is the submission key: the private key of keys@, with which the gateway
// signs too. It prints as nothing but its fingerprint and is safe for concurrent
// use.
type Key struct {
	entity *openpgp.Entity
	cert   *pgpcert.Cert
}

// secretLabel is that of the file (RFC 9580, section 6.2.1).
const secretLabel = "PGP PRIVATE KEY BLOCK"

// Generate makes the key of an address. It has no end: a client that cannot
// seal for it answers in clear.
func Generate(addr gsp.Address, now time.Time) (*Key, error) {
	entity, err := openpgp.NewEntity(addr.String(), "", "", &packet.Config{
		Algorithm:     packet.PubKeyAlgoEdDSA, // the form that every program reads
		DefaultCipher: packet.CipherAES256,
		Time:          func() time.Time { return now },
	})
	if err != nil {
		return nil, fmt.Errorf("generate the key of %s: %w", addr, err)
	}
	return newKey(entity, addr, now)
}

// ReadKey reads the file that File wrote.
func ReadKey(file []byte, addr gsp.Address, now time.Time) (k *Key, err error) {
	defer recovered("read the key of keys@", &err)
	entities, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", addr, err)
	}
	if len(entities) != 1 || entities[0].PrivateKey == nil || entities[0].PrivateKey.Encrypted {
		return nil, fmt.Errorf("read the key of %s: want one private key without a passphrase", addr)
	}
	return newKey(entities[0], addr, now)
}

func newKey(entity *openpgp.Entity, addr gsp.Address, now time.Time) (*Key, error) {
	var public bytes.Buffer
	if err := entity.Serialize(&public); err != nil {
		return nil, fmt.Errorf("write the public key of %s: %w", addr, err)
	}
	cert, err := pgpcert.Read(public.Bytes(), addr, now)
	if err != nil {
		return nil, fmt.Errorf("check the key of %s: %w", addr, err)
	}
	return &Key{entity, cert}, nil
}

// File returns the private key as a file that only the gateway may read.
func (k *Key) File() ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.Encode(&b, secretLabel, nil)
	if err != nil {
		return nil, fmt.Errorf("write the key of %s: %w", k.cert.Address(), err)
	}
	if err := k.entity.SerializePrivateWithoutSigning(w, nil); err != nil {
		return nil, fmt.Errorf("write the key of %s: %w", k.cert.Address(), err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write the key of %s: %w", k.cert.Address(), err)
	}
	return append(b.Bytes(), '\n'), nil
}

// Cert returns the certificate that the directory publishes for keys@.
func (k *Key) Cert() *pgpcert.Cert { return k.cert }

// Sign returns a detached signature over data (RFC 9580, section 10.4), binary,
// made at a time. The gateway signs what it publishes as a file, and no mail.
func (k *Key) Sign(data []byte, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	config := &packet.Config{DefaultHash: crypto.SHA512, Time: func() time.Time { return at }}
	if err := openpgp.DetachSign(&b, k.entity, bytes.NewReader(data), config); err != nil {
		return nil, fmt.Errorf("sign with the key of %s: %w", k.cert.Address(), err)
	}
	return b.Bytes(), nil
}

// String returns the fingerprint.
func (k *Key) String() string { return k.cert.Fingerprint() }

// GoString returns the fingerprint: %#v must not print what is private.
func (k *Key) GoString() string { return k.cert.Fingerprint() }

// fastClock is how far the clock of who signs may be ahead.
const fastClock = 10 * time.Minute

// open decrypts a message that was inspected, and returns when its sender has
// signed it, zero for not. No signature is asked for: who sent it is known by the
// login.
func (k *Key) open(m sealed.Message, sender *pgpcert.Cert, at time.Time) (text []byte, signed time.Time, err error) {
	defer recovered("open a mail to keys@", &err)
	var octets bytes.Buffer
	if err := m.WriteOctets(&octets); err != nil {
		return nil, time.Time{}, err
	}
	known := openpgp.EntityList{k.entity}
	if sender != nil && sender.Usable(at) == nil {
		entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(sender.Bytes())))
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("read the certificate of %s: %w", sender.Address(), err)
		}
		known = append(known, entity)
	}
	most := int64(maxText)
	// The library takes a signature from a moment ahead for one that has ended.
	now := func() time.Time { return at.Add(fastClock) }
	message, err := openpgp.ReadMessage(&octets, known, nil, &packet.Config{
		MaxDecompressedMessageSize: &most, Time: now,
	})
	if err != nil {
		return nil, time.Time{}, cannotRead(k.cert, err)
	}
	// To its end, where the library checks that nothing was altered.
	text, err = io.ReadAll(io.LimitReader(message.UnverifiedBody, maxText+1))
	if err != nil {
		return nil, time.Time{}, cannotRead(k.cert, err)
	}
	if len(text) > maxText {
		return nil, time.Time{}, tooLarge()
	}
	// Only a signature of the sender counts, not one of the gateway's own key.
	if message.IsSigned && message.SignedBy != nil && message.SignatureError == nil && message.Signature != nil &&
		len(known) > 1 && message.SignedBy.Entity == known[1] {
		signed = message.Signature.CreationTime
	}
	return text, signed, nil
}

func cannotRead(cert *pgpcert.Cert, err error) error {
	return &gsp.Refusal{
		Reason: gsp.CannotRead,
		Cause:  fmt.Sprintf("this mail is sealed, and not so that %s could open it", cert.Address()),
		Remedy: fmt.Sprintf("seal it for the key %s, which the directory has; a public key may come unsealed", cert.Fingerprint()),
		Err:    err,
	}
}

// recovered turns a panic of the OpenPGP library, which it has had on hostile
// packets, into an error.
func recovered(doing string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: OpenPGP library panic: %v", doing, p)
	}
}
