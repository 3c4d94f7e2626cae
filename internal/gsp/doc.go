// Package gsp is the vocabulary of the gateway: the values that doors, router
// and stores hand to each other, the refusals that users meet, and the events
// that statistics are made of.
//
// It does no I/O, reads no clock and imports no third party. Every type here
// is safe to copy; none has a method with an effect.
package gsp
