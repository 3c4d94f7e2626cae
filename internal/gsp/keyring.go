package gsp

import "time"

// Keyring is the certificates of all competent authorities as one file, in two
// forms, each with the gateway's own signature.
type Keyring struct {
	Binary, Armoured SignedFile
	Signer           string // fingerprint of the gateway's key, in capital hexadecimal
	Signed           time.Time
}

// SignedFile is a file and a detached signature over it (RFC 9580, section
// 10.4), which is binary.
type SignedFile struct{ Bytes, Signature []byte }
