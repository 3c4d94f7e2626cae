package pgpcert

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The packet types of a certificate (RFC 9580, section 5).
const (
	tagSignature     = 2
	tagSecretKey     = 5
	tagPublicKey     = 6
	tagSecretSubkey  = 7
	tagMarker        = 10
	tagTrust         = 12
	tagUserID        = 13
	tagPublicSubkey  = 14
	tagUserAttribute = 17
	tagPadding       = 21
)

// Bounds on the work that a certificate can cause.
const (
	maxUserIDs        = 20
	maxSubkeys        = 20
	maxSelfSignatures = 64
)

var (
	errLarge    = fmt.Errorf("larger than %d octets", MaxSize)
	errPrivate  = errors.New("holds a private key")
	errSeveral  = errors.New("holds more than one certificate")
	errTooMany  = errors.New("holds too many user IDs, subkeys or signatures")
	errPacket   = errors.New("packet is not well formed")
	errNoPublic = errors.New("does not begin with a public key")
	errVersion  = errors.New("key format is neither version 4 nor 6")
)

// rawPacket is one packet as it came.
type rawPacket struct {
	tag    byte
	body   []byte
	octets []byte // with its header
}

// transferable is a Transferable Public Key (RFC 9580, section 10.1) with the
// signatures that claim to be the owner's own.
type transferable struct {
	primary component
	userIDs []component
	subkeys []component
}

// component is a key or a user ID and the signatures that follow it.
type component struct {
	octets []byte
	key    *packet.PublicKey // nil for a user ID
	userID string
	sigs   []signature
}

type signature struct {
	octets []byte
	sig    *packet.Signature
}

// split cuts b into packets. It returns those before the first malformed one
// with the error.
func split(b []byte) ([]rawPacket, error) {
	var packets []rawPacket
	for len(b) > 0 {
		p, err := next(b)
		if err != nil {
			return packets, err
		}
		packets = append(packets, p)
		b = b[len(p.octets):]
	}
	return packets, nil
}

// private reports whether b, of any size, holds a private key. It keeps nothing
// and stops at the first malformed packet.
func private(b []byte) bool {
	if len(b) > 0 && b[0]&0x80 == 0 {
		return bytes.Contains(b, armorPrivate)
	}
	for len(b) > 0 {
		p, err := next(b)
		if err != nil {
			return false
		}
		if p.tag == tagSecretKey || p.tag == tagSecretSubkey {
			return true
		}
		b = b[len(p.octets):]
	}
	return false
}

// certificates cuts a keyring into certificates: each begins with a public key.
func certificates(packets []rawPacket) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var ring []byte
		for _, p := range packets {
			if p.tag == tagPublicKey && len(ring) > 0 {
				if !yield(ring) {
					return
				}
				ring = nil
			}
			ring = append(ring, p.octets...)
		}
		if len(ring) > 0 {
			yield(ring)
		}
	}
}

// next reads the packet at the start of b, in either header format (RFC 9580,
// section 4.2). Partial and indeterminate lengths are not for keys.
func next(b []byte) (rawPacket, error) {
	if b[0]&0x80 == 0 {
		return rawPacket{}, errPacket
	}
	var tag byte
	var width int // octets of the length field
	if b[0]&0x40 != 0 {
		tag = b[0] & 0x3f
		switch {
		case len(b) < 2:
			return rawPacket{}, errPacket
		case b[1] < 192:
			width = 1
		case b[1] < 224:
			width = 2
		case b[1] == 255:
			width = 5
		default:
			return rawPacket{}, errPacket
		}
	} else {
		tag = b[0] >> 2 & 0x0f
		if b[0]&3 == 3 {
			return rawPacket{}, errPacket
		}
		width = 1 << (b[0] & 3)
	}
	head := 1 + width
	if len(b) < head {
		return rawPacket{}, errPacket
	}
	length := bodyLength(b[0]&0x40 != 0, b[1:head])
	if length > uint64(len(b)-head) {
		return rawPacket{}, errPacket
	}
	end := head + int(length)
	return rawPacket{tag, b[head:end], b[:end]}, nil
}

// bodyLength decodes a length field.
func bodyLength(newFormat bool, field []byte) uint64 {
	switch {
	case newFormat && len(field) == 2:
		return (uint64(field[0])-192)<<8 + uint64(field[1]) + 192
	case newFormat && len(field) == 5:
		field = field[1:]
	}
	var n uint64
	for _, c := range field {
		n = n<<8 | uint64(c)
	}
	return n
}

// parse groups the packets of one certificate. What others added is left out
// already here: signatures of other issuers, user attributes, trust packets.
func parse(b []byte) (*transferable, error) {
	packets, splitErr := split(b)
	primaries := 0
	for _, p := range packets {
		switch p.tag {
		case tagSecretKey, tagSecretSubkey:
			// Before anything else: some programs export a public primary key with
			// secret subkeys, and the owner must be told.
			return nil, errPrivate
		case tagPublicKey:
			primaries++
		}
	}
	switch {
	case splitErr != nil:
		return nil, splitErr
	case len(packets) == 0 || packets[0].tag != tagPublicKey:
		return nil, errNoPublic
	case primaries > 1:
		return nil, errSeveral
	}
	key, err := publicKey(packets[0])
	if err != nil {
		return nil, fmt.Errorf("primary key: %w", err)
	}
	t := &transferable{primary: component{octets: packets[0].octets, key: key}}
	return t, t.group(packets[1:])
}

// group attaches each packet to the component it belongs to.
func (t *transferable) group(packets []rawPacket) error {
	at := &t.primary // nil while skipping what follows a dropped packet
	sigs := 0
	for _, p := range packets {
		switch {
		case p.tag == tagSignature:
			s, ok := ownSignature(p, t.primary.key)
			if !ok {
				continue
			}
			if sigs++; sigs > maxSelfSignatures {
				return errTooMany
			}
			if s.sig.SigType == packet.SigTypeKeyRevocation {
				// Wherever it stands: a revocation must not get lost.
				t.primary.sigs = append(t.primary.sigs, s)
			} else if at != nil {
				at.sigs = append(at.sigs, s)
			}
		case p.tag == tagUserID:
			if len(t.userIDs) == maxUserIDs {
				return errTooMany
			}
			t.userIDs = append(t.userIDs, component{octets: p.octets, userID: string(p.body)})
			at = &t.userIDs[len(t.userIDs)-1]
		case p.tag == tagPublicSubkey:
			if len(t.subkeys) == maxSubkeys {
				return errTooMany
			}
			at = nil
			if key, err := publicKey(p); err == nil && key.Version == t.primary.key.Version {
				t.subkeys = append(t.subkeys, component{octets: p.octets, key: key})
				at = &t.subkeys[len(t.subkeys)-1]
			}
		case p.tag == tagTrust || p.tag == tagMarker || p.tag == tagPadding:
		case p.tag == tagUserAttribute || p.tag >= 40: // 40 to 63 are not critical, RFC 9580, section 4.3
			at = nil
		default:
			return fmt.Errorf("%w: type %d in a certificate", errPacket, p.tag)
		}
	}
	return nil
}

// publicKey parses a key packet whole. The library ignores octets that it does
// not need and takes numbers with leading zeros, after which its fingerprint
// is not the one that other programs compute, so ours decides.
func publicKey(p rawPacket) (*packet.PublicKey, error) {
	if len(p.body) == 0 || p.body[0] != 4 && p.body[0] != 6 {
		return nil, errVersion
	}
	r := bytes.NewReader(p.octets)
	parsed, err := packet.Read(r)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*packet.PublicKey)
	if !ok || r.Len() != 0 || !bytes.Equal(key.Fingerprint, fingerprint(p.body)) {
		return nil, errPacket
	}
	return key, nil
}

// fingerprint computes that of a key packet's body (RFC 9580, section 5.5.4).
func fingerprint(body []byte) []byte {
	if body[0] == 6 {
		h := sha256.New()
		h.Write(binary.BigEndian.AppendUint32([]byte{0x9b}, uint32(len(body))))
		h.Write(body)
		return h.Sum(nil)
	}
	h := sha1.New()
	h.Write(binary.BigEndian.AppendUint16([]byte{0x99}, uint16(len(body))))
	h.Write(body)
	return h.Sum(nil)
}

// ownSignature parses a signature that claims to be made by the primary key.
func ownSignature(p rawPacket, primary *packet.PublicKey) (signature, bool) {
	r := bytes.NewReader(p.octets)
	parsed, err := packet.Read(r)
	if err != nil || r.Len() != 0 {
		return signature{}, false
	}
	sig, ok := parsed.(*packet.Signature)
	if !ok || sig.Version != primary.Version || !sig.CheckKeyIdOrFingerprint(primary) {
		return signature{}, false
	}
	return signature{p.octets, sig}, true
}
