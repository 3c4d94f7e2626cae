package pgpcert

import (
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// longest is for how long a key is best made. Owners change offices, and what
// nobody uses any more should end by itself.
const longest = 3*365*24*time.Hour + 3*24*time.Hour

// Advice is what the owner of a certificate had better change. It keeps
// nothing from being published. Both parts are lower case, without a full stop.
type Advice struct {
	Cause  string // what is not good
	Remedy string // what to do
}

// Advice returns what the owner had better change, as of now.
func (c *Cert) Advice(now time.Time) []Advice {
	var list []Advice
	switch {
	case c.expires.IsZero():
		list = append(list, Advice{"this key never expires", "set an expiry date of at most three years, with gpg --quick-set-expire FINGERPRINT 3y or in Thunderbird's OpenPGP Key Manager"})
	case c.expires.After(now.Add(longest)):
		list = append(list, Advice{"this key expires only on " + c.expires.Format(time.DateOnly), "set an expiry date of at most three years, with gpg --quick-set-expire FINGERPRINT 3y or in Thunderbird's OpenPGP Key Manager"})
	}
	if c.version == 4 && c.newForms {
		list = append(list, Advice{"this key has a form that GnuPG and Thunderbird of today cannot seal for, though it is of version 4", "make a key with one of those"})
	}
	if c.gnupgAEAD {
		list = append(list, Advice{"this key asks GnuPG for a form of encryption that other programs cannot open", "take it back with gpg --edit-key FINGERPRINT, then setpref AES256 AES192 AES SHA512 SHA384 SHA256 ZLIB BZIP2 ZIP Uncompressed, then save"})
	}
	if !c.signs {
		list = append(list, Advice{"this key cannot sign, and who gets your answers cannot tell that they are yours", "add a subkey for signing, with gpg --quick-add-key FINGERPRINT ed25519 sign"})
	}
	return list
}

// Features that a self-signature announces (RFC 9580, section 5.2.3.32).
const (
	subpacketFeatures = 30
	featureGnuPGAEAD  = 0x02 // packets of type 20, which LibrePGP has and RFC 9580 has not
	featureSEIPDv2    = 0x08
)

// gnupgAEAD reports whether a self-signature announces GnuPG's own form of
// authenticated encryption and not that of RFC 9580. go-crypto does not tell.
func gnupgAEAD(s *packet.Signature) bool {
	features, ok := subpacket(s, subpacketFeatures)
	return ok && len(features) > 0 && features[0]&featureGnuPGAEAD != 0 && features[0]&featureSEIPDv2 == 0
}

// selfSignatures returns those that speak for the primary key now.
func (t *transferable) selfSignatures() (list []*packet.Signature) {
	for _, s := range []*packet.Signature{
		newest(t.primary.sigs, packet.SigTypeDirectSignature), newest(t.userIDs[0].sigs, certifications...),
	} {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// signs reports whether a self-signature or a binding lets its key sign. One
// that does not say what its key is for lets it do all.
func signs(s *packet.Signature) bool { return !s.FlagsValid || s.FlagSign }

// subpacket returns the body of a subpacket that is signed (RFC 9580, section
// 5.2.3.7).
func subpacket(s *packet.Signature, kind byte) ([]byte, bool) {
	// Version, type and two algorithms, then the length of the subpackets.
	width := 2
	if s.Version == 6 {
		width = 4
	}
	if len(s.HashSuffix) < 4+width {
		return nil, false
	}
	area, rest := 0, s.HashSuffix[4:]
	for _, c := range rest[:width] {
		area = area<<8 | int(c)
	}
	rest = rest[width:]
	for rest = rest[:min(area, len(rest))]; len(rest) > 0; {
		length, head := subpacketLength(rest)
		if length < 1 || length > len(rest)-head {
			return nil, false
		}
		if rest[head]&0x7f == kind {
			return rest[head+1 : head+length], true
		}
		rest = rest[head+length:]
	}
	return nil, false
}

// subpacketLength decodes a length, which counts the type, and how many octets
// it takes itself. It is 0 for one that is cut short.
func subpacketLength(b []byte) (length, head int) {
	switch {
	case b[0] < 192:
		return int(b[0]), 1
	case b[0] < 255 && len(b) >= 2:
		return int(bodyLength(true, b[:2])), 2
	case b[0] == 255 && len(b) >= 5:
		return int(bodyLength(true, b[:5])), 5
	}
	return 0, 1
}
