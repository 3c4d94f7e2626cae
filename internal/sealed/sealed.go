// Package sealed decides whether a mail is an OpenPGP-sealed mail, and is the
// only maker of the value that proves it.
//
// It checks form, not secrecy: nobody can prove from outside that octets are
// ciphertext. What it promises is that an accepted mail holds one
// multipart/encrypted body (RFC 3156, section 4), in it one armoured message
// (RFC 9580, section 6.2), in it public-key session keys followed by a single
// integrity-protected data packet (RFC 9580, section 10.3), and nothing
// readable beside them but the top header.
//
// It knows no Party, no key directory and no policy: whether the session keys
// are the right ones is the router's question. It never decrypts, and it
// cannot: it imports no OpenPGP library.
package sealed

// Message is a mail that passed Inspect. Only Inspect makes one, so a function
// that takes a Message cannot be handed plaintext; the zero Message holds
// nothing and stores refuse it.
type Message struct {
	raw []byte
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
