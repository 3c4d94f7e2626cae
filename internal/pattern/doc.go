// Package pattern recognises unique identification markings (UIMs): it reads
// a library of patterns that Parties gave, normalises what scanners and people
// deliver, says which patterns a code fits and how telling that is, and hides
// of a code what nobody needs to see for finding its Party.
//
// It does no I/O and reads no clock. A Library never changes once parsed and
// may be asked by any number of goroutines. Nothing here decides where a mail
// goes: an Answer is evidence, and the router draws the conclusion.
//
// The pattern language is that of docs/patterns.md. It has no repetition, so
// every pattern is a bounded number of rows of characters, and everything
// else (matching, masks, overlap with a witness) is exact and takes bounded
// time and memory.
//
// Specifications: Commission Implementing Regulation (EU) 2018/574, Articles
// 3, 8, 10, 11 and 21; GS1 General Specifications, section 7; ISO/IEC 7064;
// RFC 9651 for the header field that carries masks.
package pattern
