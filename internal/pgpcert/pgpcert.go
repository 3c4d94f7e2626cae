// Package pgpcert reads OpenPGP certificates: what a mailbox owner hands in,
// and what the key directory publishes of it (RFC 9580, section 10.1;
// draft-koch-openpgp-webkey-service-22).
//
// Of what is handed in it keeps the primary key, the one user ID that names
// the mailbox, encryption and signing subkeys, and the owner's own signatures
// over them, and copies those packets octet for octet. Signatures by others,
// photographs and further user IDs are dropped. A certificate that could not
// protect a mail is refused with a remedy.
//
// It knows public keys only: a private key is recognised, refused and
// forgotten. It does not know who owns a mailbox nor whether the key is in use
// elsewhere; that is the registry's question.
package pgpcert

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
)

// MaxSize is the largest certificate that is read, in octets, armour included.
// gpg-wks-server and several clients stop there too.
const MaxSize = 64 << 10

// Cert is a certificate of one mailbox. It is immutable and safe for
// concurrent use.
type Cert struct {
	address     gsp.Address
	aliases     []string // domains at which it has user IDs too, or may
	spans       []span   // of its user IDs in octets; nil where there is one
	fingerprint string
	octets      []byte
	created     time.Time
	expires     time.Time
	keys        []EncryptionKey

	version      int
	userID       string
	algorithm    int
	bits         int
	fingerprints []string // of all keys, the primary first
	revoked      bool     // the primary key
	disowned     bool     // the user ID
	gnupgAEAD    bool     // as of the self-signatures
	newForms     bool     // a key has an algorithm that came with RFC 9580
	signs        bool     // the primary key or a subkey
	quantum      bool     // Read left a post-quantum subkey out
	tooWeak      string   // why Read left an encryption subkey out, "" if none was
}

// EncryptionKey is a subkey that mail may be sealed for, now or at another
// time.
type EncryptionKey struct {
	Version     int    // 4 or 6, of the key format
	KeyID       uint64 // last 8 octets of a version 4 fingerprint, first 8 of a version 6 one
	Fingerprint []byte // 20 octets in version 4, 32 in version 6; not to be changed
	Algorithm   int    // RFC 9580, section 9.1
	From        time.Time
	Until       time.Time // zero where it does not expire
	Revoked     bool      // by its owner, at whatever time

	bits  int // of an RSA modulus
	point int // octets of an ECDH point as a session key carries it
}

// Valid reports whether the key may be sealed for at that time.
func (k EncryptionKey) Valid(at time.Time) bool {
	return !k.Revoked && !at.Before(k.From) && (k.Until.IsZero() || at.Before(k.Until))
}

// Load takes a certificate that Read once accepted, as the store kept it. It
// trusts the octets: signatures are not verified again. It keeps c.Bytes, which
// must not be changed afterwards: 50,000 copies would be worth some memory.
// Aliases are as for Read.
func Load(c gsp.Certificate, aliases ...string) (cert *Cert, err error) {
	defer func() {
		if p := recover(); p != nil {
			cert, err = nil, fmt.Errorf("library panic: %v", p)
		}
	}()
	t, err := parse(c.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	if len(t.userIDs) == 0 {
		return nil, errors.New("certificate has no user ID")
	}
	cert = t.cert(c.Address, aliases, c.Bytes)
	if c.Fingerprint != "" && c.Fingerprint != cert.fingerprint {
		return nil, errors.New("certificate has another fingerprint than recorded")
	}
	return cert, nil
}

// String returns address and fingerprint.
func (c *Cert) String() string { return c.address.String() + " " + c.fingerprint }

// Address returns the mailbox that the certificate belongs to.
func (c *Cert) Address() gsp.Address { return c.address }

// Fingerprint returns that of the primary key in capital hexadecimal.
func (c *Cert) Fingerprint() string { return c.fingerprint }

// Fingerprints returns those of the primary key and of all subkeys that are
// published, in capital hexadecimal.
func (c *Cert) Fingerprints() []string { return slices.Clone(c.fingerprints) }

// Version returns 4 or 6, of the key format.
func (c *Cert) Version() int { return c.version }

// UserID returns the user ID as its owner wrote it: the address, or a name
// and the address in angle brackets.
func (c *Cert) UserID() string { return c.userID }

// Algorithm returns that of the primary key (RFC 9580, section 9.1).
func (c *Cert) Algorithm() int { return c.algorithm }

// Bits returns the size of the primary key, 0 where the algorithm fixes it.
func (c *Cert) Bits() int { return c.bits }

// Revoked reports whether the owner has revoked the certificate, or its user
// ID. Nothing may be sealed for it.
func (c *Cert) Revoked() bool { return c.revoked || c.disowned }

// Bytes returns the binary certificate, exactly as the Web Key Directory
// serves it, with all user IDs that it has.
func (c *Cert) Bytes() []byte { return slices.Clone(c.octets) }

// Created returns when the primary key was made.
func (c *Cert) Created() time.Time { return c.created }

// Expires returns when the primary key expires, or zero if it does not. Its
// subkeys never outlive it.
func (c *Cert) Expires() time.Time { return c.expires }

// EncryptionKeys returns the subkeys that mail may have been sealed for,
// expired and revoked ones included.
func (c *Cert) EncryptionKeys() []EncryptionKey { return slices.Clone(c.keys) }

// cert tells what t says, without asking whether its signatures are true. It
// keeps octets.
func (t *transferable) cert(addr gsp.Address, aliases []string, octets []byte) *Cert {
	c := &Cert{
		address:     addr,
		aliases:     aliases,
		spans:       t.spans(addr, aliases),
		fingerprint: capitals(t.primary.key.Fingerprint),
		octets:      octets,
		created:     t.primary.key.CreationTime.UTC(),
		expires:     t.expires(),

		version:      t.primary.key.Version,
		userID:       t.userIDs[0].userID,
		algorithm:    int(t.primary.key.PubKeyAlgo),
		fingerprints: []string{capitals(t.primary.key.Fingerprint)},
		revoked:      t.primary.revoked(),
		disowned:     t.userIDs[0].disowned(),
		gnupgAEAD:    slices.ContainsFunc(t.selfSignatures(), gnupgAEAD),
		newForms:     newForm(t.primary.key) || slices.ContainsFunc(t.subkeys, func(sub component) bool { return newForm(sub.key) }),
		signs:        slices.ContainsFunc(t.selfSignatures(), signs),
	}
	if bits, err := t.primary.key.BitLength(); err == nil {
		c.bits = int(bits)
	}
	for _, sub := range t.subkeys {
		c.fingerprints = append(c.fingerprints, capitals(sub.key.Fingerprint))
		binding := newest(sub.sigs, packet.SigTypeSubkeyBinding)
		if binding == nil || !encrypts(binding, sub.key) {
			c.signs = c.signs || binding != nil && signs(binding)
			continue
		}
		bits, point := sizes(sub.key)
		c.keys = append(c.keys, EncryptionKey{
			Version:     sub.key.Version,
			KeyID:       sub.key.KeyId,
			Fingerprint: sub.key.Fingerprint,
			Algorithm:   int(sub.key.PubKeyAlgo),
			From:        sub.key.CreationTime.UTC(),
			Until:       earliest(c.expires, keyEnd(sub.key, binding), signatureEnd(binding)),
			Revoked:     c.Revoked() || withdrawn(sub.sigs, packet.SigTypeSubkeyRevocation, binding),
			bits:        bits,
			point:       point,
		})
	}
	return c
}

// expires returns the earliest end that the newest self-signatures set. RFC
// 9580, section 5.2.3.10, leaves open which of user ID and direct-key
// signature prevails; the strict reading is safe in either case.
func (t *transferable) expires() time.Time {
	var end time.Time
	if direct := newest(t.primary.sigs, packet.SigTypeDirectSignature); direct != nil {
		end = earliest(end, keyEnd(t.primary.key, direct), signatureEnd(direct))
	}
	for _, u := range t.userIDs {
		if certification := newest(u.sigs, certifications...); certification != nil {
			end = earliest(end, keyEnd(t.primary.key, certification), signatureEnd(certification))
		}
	}
	return end
}

// encrypts reports whether a binding makes key one that mail is sealed for.
func encrypts(binding *packet.Signature, key *packet.PublicKey) bool {
	return key.PubKeyAlgo.CanEncrypt() && binding.FlagsValid &&
		(binding.FlagEncryptCommunications || binding.FlagEncryptStorage)
}

// withdrawn reports whether revocations undo a newer or older statement. A
// revocation for a reason that may mean compromise holds for good, another
// one until the statement is made again.
func withdrawn(sigs []signature, kind packet.SignatureType, statement *packet.Signature) bool {
	for _, s := range sigs {
		if s.sig.SigType != kind {
			continue
		}
		if r := s.sig.RevocationReason; r == nil || *r == packet.NoReason || *r == packet.KeyCompromised || *r == packet.Unknown {
			return true
		}
		if !s.sig.CreationTime.Before(statement.CreationTime) {
			return true
		}
	}
	return false
}

func newest(sigs []signature, kinds ...packet.SignatureType) *packet.Signature {
	var found *packet.Signature
	for _, s := range sigs {
		if slices.Contains(kinds, s.sig.SigType) && (found == nil || s.sig.CreationTime.After(found.CreationTime)) {
			found = s.sig
		}
	}
	return found
}

func keyEnd(key *packet.PublicKey, s *packet.Signature) time.Time {
	return end(key.CreationTime, s.KeyLifetimeSecs)
}

func signatureEnd(s *packet.Signature) time.Time { return end(s.CreationTime, s.SigLifetimeSecs) }

// end adds a lifetime, of which 0 and none mean for ever.
func end(from time.Time, seconds *uint32) time.Time {
	if seconds == nil || *seconds == 0 {
		return time.Time{}
	}
	return from.Add(time.Duration(*seconds) * time.Second).UTC()
}

// earliest returns the first of the times that are set.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
