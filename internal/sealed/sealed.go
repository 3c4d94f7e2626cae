// Package sealed decides whether a mail is an OpenPGP-sealed mail, and is the
// only maker of the value that proves it.
//
// It checks form, not secrecy: nobody can prove from outside that octets are
// ciphertext. What it promises is that an accepted mail holds one
// multipart/encrypted body (RFC 3156, section 4), in it one armoured message
// (RFC 9580, section 6.2), in it public-key session keys followed by a single
// integrity-protected data packet (RFC 9580, section 10.3), and nothing
// readable beside them but the header fields of the mail, of its two parts and
// of the armour.
//
// It knows no Party, no key directory and no policy: whether the session keys
// are the right ones is the router's question. It never decrypts, and it
// cannot: it imports no OpenPGP library.
package sealed

import (
	"crypto/sha256"
	"io"
)

// Message is a mail that passed Inspect. Only Inspect makes one, so a function
// that takes a Message cannot be handed plaintext; the zero Message holds
// nothing and stores refuse it. It may be copied and used concurrently.
type Message struct {
	raw   []byte
	facts *facts
}

// facts is what Inspect learned of a mail.
type facts struct {
	layout   Layout
	encoding encoding // of the sealed part
	fields   []Field
	keys     []SessionKey
	digest   [sha256.Size]byte
	size     int
}

// Layout tells where the parts of an inspected mail stand, in octets from its
// start, so that IMAP can serve them without parsing again.
type Layout struct {
	Size     int    // of the whole mail
	Header   int    // length of the top header with its blank line
	Boundary string // of the multipart
	Version  Part   // the first part, application/pgp-encrypted
	Sealed   Part   // the second part, application/octet-stream
}

// Part is one body part: header from Start, body from Body to End. The CRLF
// before the next delimiter belongs to the delimiter.
type Part struct {
	Start, Body, End int
	Lines            int // lines of the body
}

// Inspect accepts raw, a mail with CRLF line ends, if it is sealed in the
// sense of the package comment. The error is a *Fault. The Message keeps raw,
// which must not be changed afterwards.
//
// A mail of any size is walked once with buffers of fixed size; nothing of the
// payload is copied.
func Inspect(raw []byte) (Message, error) {
	if err := checkLines(raw); err != nil {
		return Message{}, err
	}
	f := &facts{layout: Layout{Size: len(raw)}}
	var err error
	if f.fields, f.layout.Header, err = topHeader(raw); err != nil {
		return Message{}, err
	}
	if f.layout.Boundary, err = boundaryOf(f.fields, raw, f.layout.Header); err != nil {
		return Message{}, err
	}
	if f.encoding, err = f.layout.findParts(raw); err != nil {
		return Message{}, err
	}
	src, err := octetsOf(raw, f.layout.Sealed, f.encoding)
	if err != nil {
		return Message{}, err
	}
	w := newWalk(src, len(raw))
	defer w.release()
	if err := w.message(); err != nil {
		return Message{}, err
	}
	f.keys, f.size = w.keys, w.total
	w.hash.Sum(f.digest[:0])
	return Message{raw, f}, nil
}

// IsZero reports whether m holds nothing.
func (m Message) IsZero() bool { return m.facts == nil }

// Raw returns the mail as it was inspected. It must not be changed.
func (m Message) Raw() []byte { return m.raw }

// Layout returns where the parts of the mail stand.
func (m Message) Layout() Layout {
	if m.facts == nil {
		return Layout{}
	}
	return m.facts.layout
}

// Fields returns the fields of the top header in their order. The slice must
// not be changed.
func (m Message) Fields() []Field {
	if m.facts == nil {
		return nil
	}
	return m.facts.fields
}

// SessionKeys returns for whom the mail says it is sealed, at least one entry,
// in their order. The slice must not be changed.
func (m Message) SessionKeys() []SessionKey {
	if m.facts == nil {
		return nil
	}
	return m.facts.keys
}

// Digest returns the SHA-256 of the OpenPGP octets: it stays the same however
// the mail around them is written.
func (m Message) Digest() [sha256.Size]byte {
	if m.facts == nil {
		return [sha256.Size]byte{}
	}
	return m.facts.digest
}

// Size returns the number of OpenPGP octets.
func (m Message) Size() int {
	if m.facts == nil {
		return 0
	}
	return m.facts.size
}

// WriteOctets writes the OpenPGP octets to w, decoded from the mail again. It
// returns the error of w.
func (m Message) WriteOctets(w io.Writer) error {
	if m.facts == nil {
		return nil
	}
	src, err := octetsOf(m.raw, m.facts.layout.Sealed, m.facts.encoding)
	if err != nil {
		return err
	}
	through := newWalk(nil, 0)
	defer through.release()
	for {
		n, err := src.Read(through.buf[:])
		if n > 0 {
			if _, err := w.Write(through.buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
