// Package keyserver is the directory door. Over HTTPS it serves the Web Key
// Directory (draft-koch-openpgp-webkey-service-22, section 3), both methods,
// with its policy file; for clients without it the look-ups of HKP
// (draft-shaw-openpgp-hkp-00) and of keys.openpgp.org (VKS); the keys of
// all Parties as one file; and the help pages that refusals link to.
//
// It answers for this directory only and takes no keys. It answers from
// memory, writes nothing and logs no address that was asked for.
package keyserver

import (
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Directory is what the keyserver publishes. Its methods may be called
// concurrently and do not block; what they return is not changed.
type Directory interface {
	// Published returns what is published at a domain, in lower case, for the
	// local part of that WKD hash: the certificate in force, and behind it earlier
	// ones, whose revocation clients that still hold them must learn of. Each has
	// the user ID at that domain alone. It is empty for none.
	Published(domain, hash string) []Entry

	// Besides returns what has the same address and is not among Published: a
	// certificate of version 6, which would keep GnuPG from reading the others.
	Besides(domain, hash string) []Entry

	// Identified returns the certificates that have a key, primary or not, of
	// that fingerprint or key ID: 40, 64 or 16 digits of capital hexadecimal.
	Identified(id string) []Entry

	// Parties returns the certificates in force of all Parties' role mailboxes
	// as a signed file.
	Parties() (gsp.Keyring, error)
}

// Entry is a certificate with what an index tells of it.
type Entry struct {
	gsp.Certificate
	UserID    string
	Algorithm int // of the primary key (RFC 9580, section 9.1)
	Bits      int // of the primary key, 0 where the algorithm says it
	Created   time.Time
	Expires   time.Time // zero where it does not
	Revoked   bool
}
