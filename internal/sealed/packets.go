package sealed

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"sync"
)

// The packet types that a sealed mail may hold or is refused for by name
// (RFC 9580, section 5; tag 20 is GnuPG's, of LibrePGP).
const (
	tagPKESK      = 1
	tagSignature  = 2
	tagSKESK      = 3
	tagOnePass    = 4
	tagCompressed = 8
	tagSED        = 9
	tagMarker     = 10
	tagLiteral    = 11
	tagSEIPD      = 18
	tagOCB        = 20
	tagPadding    = 21
)

const (
	// maxKeys bounds the session keys of a mail, maxAlike those for one key, of
	// which some writers make two, and maxPacket the octets of a
	// packet before the data packet. The longest session key that is accepted,
	// ML-KEM-1024+X448, has 1.7 KB.
	maxKeys   = 256
	maxAlike  = 2
	maxPacket = 4 << 10

	// minPartial is the least length of the first of several partial bodies
	// (RFC 9580, section 4.2.1.4).
	minPartial = 512
)

// walk reads the packets of a message from src.
type walk struct {
	src     io.Reader
	hash    hash.Hash
	limit   int // no length may be beyond the mail's
	total   int // octets read from src
	keys    []SessionKey
	version int // of the session keys, 0 before the first

	sample  sample // of the data packet
	padding sample // of the padding packets

	r, w int // buf[r:w] is not taken yet
	eof  bool
	buf  [bufferSize]byte
}

// walks are used again. With a new one each time, of 10 KiB, they were the
// largest part of what the mails of a busy door leave to be collected.
var walks = sync.Pool{New: func() any { return &walk{hash: sha256.New()} }}

// newWalk returns a walk, which release takes back.
func newWalk(src io.Reader, limit int) *walk {
	w := walks.Get().(*walk)
	w.hash.Reset()
	w.src, w.limit, w.total, w.keys, w.version = src, limit, 0, nil, 0
	w.sample, w.padding = sample{}, sample{}
	w.r, w.w, w.eof = 0, 0, false
	return w
}

func (w *walk) release() {
	w.src, w.keys = nil, nil
	walks.Put(w)
}

// fault reports where the walk stands.
func (w *walk) fault(flaw Flaw, detail string) error {
	return &Fault{flaw, detail, w.at()}
}

func (w *walk) at() int { return w.total - (w.w - w.r) }

// fill reads more octets behind those that are not taken yet.
func (w *walk) fill() error {
	w.w = copy(w.buf[:], w.buf[w.r:w.w])
	w.r = 0
	n, err := w.src.Read(w.buf[w.w:])
	w.hash.Write(w.buf[w.w : w.w+n])
	w.w += n
	w.total += n
	if err == io.EOF {
		w.eof = true
		return nil
	}
	return err
}

// peek returns the next n octets, at most maxPacket.
func (w *walk) peek(n int) ([]byte, error) {
	for w.w-w.r < n {
		if w.eof {
			return nil, w.fault(BrokenSeal, "the packets end too early")
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
	return w.buf[w.r : w.r+n], nil
}

// take is peek, and goes on behind the octets.
func (w *walk) take(n int) ([]byte, error) {
	b, err := w.peek(n)
	if err == nil {
		w.r += n
	}
	return b, err
}

// done reports whether nothing follows.
func (w *walk) done() (bool, error) {
	for w.r == w.w && !w.eof {
		if err := w.fill(); err != nil {
			return false, err
		}
	}
	return w.r == w.w, nil
}

// message reads session keys, one data packet and the end of the octets
// (RFC 9580, section 10.3). Marker and padding packets may stand before the
// data packet; section 5.8 wants them ignored.
func (w *walk) message() error {
	for {
		h, err := w.header()
		if err != nil {
			return err
		}
		switch h.tag {
		case tagPKESK:
			err = w.sessionKey(h)
		case tagMarker:
			err = w.marker(h)
		case tagPadding:
			err = w.pad(h)
		case tagSEIPD, tagOCB:
			if err := w.data(h); err != nil {
				return err
			}
			return w.end()
		default:
			return w.strange(h.tag)
		}
		if err != nil {
			return err
		}
	}
}

func (w *walk) strange(tag int) error {
	switch tag {
	case tagSKESK:
		return w.fault(PasswordSealed, "a password opens the message")
	case tagSED:
		return w.fault(NoIntegrity, "the message has no protection against alteration")
	case tagSignature, tagOnePass:
		return w.fault(SignedOnly, "a signature stands outside of the encryption")
	case tagCompressed, tagLiteral:
		return w.fault(NotSealed, "a readable packet stands where encrypted data should")
	}
	return w.fault(BrokenSeal, "a packet of this type has no place in a sealed message")
}

func (w *walk) end() error {
	done, err := w.done()
	if err != nil || done {
		return err
	}
	if h, err := w.header(); err == nil && h.tag == tagSKESK {
		return w.strange(h.tag)
	}
	return w.fault(TrailingData, "something follows the data packet")
}

// packetHeader is a packet's type and the length of its body, or of the first
// part of it. A length of -1 means up to the end of the octets.
type packetHeader struct {
	tag     int
	length  int
	partial bool
}

// header reads the header of a packet, of the old format or the new (RFC 9580,
// section 4.2). GnuPG writes session keys in the old one still.
func (w *walk) header() (packetHeader, error) {
	b, err := w.take(1)
	if err != nil {
		return packetHeader{}, err
	}
	if b[0]&0x80 == 0 {
		return packetHeader{}, w.fault(BrokenSeal, "a packet does not begin where the one before it ends")
	}
	var h packetHeader
	if b[0]&0x40 != 0 {
		h.tag = int(b[0] & 0x3f)
		h.length, h.partial, err = w.length()
	} else {
		h.tag = int(b[0] >> 2 & 0x0f)
		if b[0]&3 == 3 {
			h.length = -1
			return h, nil
		}
		h.length, err = w.number(1 << (b[0] & 3))
	}
	if err != nil {
		return packetHeader{}, err
	}
	if h.partial && h.tag != tagSEIPD && h.tag != tagOCB && h.tag != tagSED &&
		h.tag != tagCompressed && h.tag != tagLiteral {
		return packetHeader{}, w.fault(BrokenSeal, "a packet that may not be parted is parted")
	}
	return h, nil
}

// length reads a length of the new format (RFC 9580, section 4.2.1).
func (w *walk) length() (n int, partial bool, err error) {
	b, err := w.take(1)
	if err != nil {
		return 0, false, err
	}
	switch first := int(b[0]); {
	case first < 192:
		return first, false, nil
	case first < 224:
		b, err := w.take(1)
		if err != nil {
			return 0, false, err
		}
		return (first-192)<<8 + int(b[0]) + 192, false, nil
	case first == 255:
		n, err := w.number(4)
		return n, false, err
	default:
		return 1 << (first & 0x1f), true, nil
	}
}

// number reads a big-endian length of one, two or four octets.
func (w *walk) number(octets int) (int, error) {
	b, err := w.take(octets)
	if err != nil {
		return 0, err
	}
	var wide [4]byte
	copy(wide[4-octets:], b)
	n := int64(binary.BigEndian.Uint32(wide[:]))
	if n > int64(w.limit) {
		return 0, w.fault(BrokenSeal, "a packet is longer than the mail")
	}
	return int(n), nil
}

// body returns the body of a packet that is small and whole.
func (w *walk) body(h packetHeader) ([]byte, error) {
	if h.length < 0 {
		return nil, w.fault(BrokenSeal, "a packet has no length")
	}
	if h.length > maxPacket {
		return nil, w.fault(BrokenSeal, "a packet before the data packet is longer than 4 KiB")
	}
	return w.take(h.length)
}

func (w *walk) marker(h packetHeader) error {
	b, err := w.body(h)
	if err == nil && string(b) != "PGP" {
		return w.fault(BrokenSeal, "a marker packet holds something else than PGP")
	}
	return err
}

// pad passes a padding packet, which is random by RFC 9580, section 5.14. All
// of them are judged as one: many short ones could hold a text.
func (w *walk) pad(h packetHeader) error {
	b, err := w.body(h)
	if err != nil {
		return err
	}
	w.padding.add(b)
	if w.padding.readable() {
		return w.fault(BrokenSeal, "a padding packet does not look random")
	}
	return nil
}

func (w *walk) sessionKey(h packetHeader) error {
	b, err := w.body(h)
	if err != nil {
		return err
	}
	key, flaw, detail := parseSessionKey(b)
	if detail != "" {
		return w.fault(flaw, detail)
	}
	if w.version != 0 && key.Version != w.version {
		return w.fault(BrokenSeal, "session keys of versions 3 and 6 are mixed")
	}
	if len(w.keys) == maxKeys {
		return w.fault(BrokenSeal, "the message has more than 256 session keys")
	}
	alike := 1
	for _, k := range w.keys {
		if k.KeyID == key.KeyID && k.Fingerprint == key.Fingerprint {
			alike++
		}
	}
	if alike > maxAlike {
		return w.fault(BrokenSeal, "the message has more than two session keys for one key")
	}
	w.version = key.Version
	w.keys = append(w.keys, key)
	return nil
}

// data reads the data packet, whole or in parts.
func (w *walk) data(h packetHeader) error {
	if w.version == 0 {
		return w.fault(BrokenSeal, "no session key stands before the data packet")
	}
	if h.partial && h.length < minPartial {
		return w.fault(BrokenSeal, "the first part of the data packet is shorter than 512 octets")
	}
	head, err := w.peek(min(h.length, maxDataHead))
	if err != nil {
		return err
	}
	least, detail := checkDataHead(h.tag, w.version, head)
	if detail != "" {
		return w.fault(BrokenSeal, detail)
	}
	size := 0
	for {
		size += h.length
		if err := w.skip(h.length); err != nil {
			return err
		}
		if !h.partial {
			break
		}
		if h.length, h.partial, err = w.length(); err != nil {
			return err
		}
	}
	if size < least {
		return w.fault(BrokenSeal, "the data packet is too short to hold anything")
	}
	if w.sample.readable() {
		return w.fault(BrokenSeal, "the encrypted data does not look random")
	}
	return nil
}

// skip passes n octets of the data packet, some of them through the sample.
func (w *walk) skip(n int) error {
	for n > 0 {
		if done, err := w.done(); err != nil {
			return err
		} else if done {
			return w.fault(BrokenSeal, "the data packet ends too early")
		}
		chunk := w.buf[w.r:min(w.w, w.r+n)]
		w.sample.add(chunk)
		w.r += len(chunk)
		n -= len(chunk)
	}
	return nil
}
