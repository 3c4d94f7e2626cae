// Package auth issues passwords, keeps their stored form and checks logins.
//
// Passwords are made here and never chosen: 128 random bits, so that nothing
// can be guessed from a stolen store. What is stored is the form of
// SCRAM-SHA-256 (RFC 5802, section 3; RFC 7677), so both doors offer SCRAM,
// also bound to the TLS connection, beside PLAIN; programs may log in with the
// key of a client certificate instead. The package keeps failures in memory
// only and refuses unknown, disabled and wrong logins alike, in text, in
// challenge and in time.
package auth
