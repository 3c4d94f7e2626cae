// Package arch holds the rules of the tree as tests: who may import whom,
// that nothing which the gateway runs can open a mail, that every package
// says what it is, that no file outgrows a reader, and that docs/specs.md
// lists what the code cites.
//
// A new package adds its line to the policy in the same commit; widening a
// line needs a decision record (docs/decisions).
package arch
