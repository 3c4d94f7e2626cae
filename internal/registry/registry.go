// Package registry answers who is who: Parties, accounts, roles, keys and the
// pattern library in force.
//
// It holds them as an immutable snapshot that is swapped whole after each
// change was stored, so a mail is decided on one state of the world and no
// reader ever waits.
package registry
