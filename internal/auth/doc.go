// Package auth issues passwords, keeps their stored form and checks logins.
//
// Passwords are made here and never chosen: 128 random bits, so that nothing
// can be guessed from a stolen store. What is stored is the form of
// SCRAM-SHA-256 (RFC 5802, section 3; RFC 7677), which lets a door offer SCRAM
// beside PLAIN. The package keeps failures in memory only and refuses unknown,
// disabled and wrong logins alike, in text and in time.
package auth
