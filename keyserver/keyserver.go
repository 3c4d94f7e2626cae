// Package keyserver is the directory door: the Web Key Directory over HTTPS
// (draft-koch-openpgp-webkey-service-22, section 3), both methods, with its
// policy file, and the help pages that refusals link to.
//
// It answers from memory, writes nothing and logs no address that was asked
// for.
package keyserver

import "gsp.example/gsp/internal/gsp"

// Directory is what the keyserver publishes. Its methods may be called
// concurrently and do not block.
type Directory interface {
	// Published returns the binary certificate published for the local part
	// whose WKD hash is given, and its digest-stable publication time; false
	// where there is none.
	Published(hash string) (gsp.Certificate, bool)
}
