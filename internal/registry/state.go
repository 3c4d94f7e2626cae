package registry

import (
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// KeyState is what the key of an address is good for at a time.
type KeyState string

// The states.
const (
	GoodKey     KeyState = "good"
	EndingKey   KeyState = "expiring" // good, for less than EndsSoon
	EndedKey    KeyState = "expired"
	RevokedKey  KeyState = "revoked"
	WaitingKey  KeyState = "waiting"  // for its owner's proof, or for approvals
	ReplacedKey KeyState = "replaced" // by another; mail that is sealed for it still comes
)

// KeyStates lists every KeyState.
var KeyStates = []KeyState{GoodKey, EndingKey, EndedKey, RevokedKey, WaitingKey, ReplacedKey}

// EndsSoon is how long before its end a key is said to end.
const EndsSoon = 60 * 24 * time.Hour

// KeyEnd returns when nothing can be sealed for the owner of a certificate any
// more: the end of the last encryption key that is valid at the time. It is
// zero where there is no end or no such key.
func KeyEnd(cert *pgpcert.Cert, at time.Time) time.Time {
	var last time.Time
	for _, k := range cert.EncryptionKeys() {
		switch {
		case !k.Valid(at):
		case k.Until.IsZero():
			return time.Time{}
		case k.Until.After(last):
			last = k.Until
		}
	}
	return last
}

// StateOf returns what a certificate of the directory is good for, and when that
// ends or ended; zero for never, or where it is revoked.
func StateOf(cert *pgpcert.Cert, at time.Time) (KeyState, time.Time) {
	keys := cert.EncryptionKeys()
	if !slices.ContainsFunc(keys, func(k pgpcert.EncryptionKey) bool { return k.Valid(at) }) {
		var ended time.Time
		for _, k := range keys {
			if !k.Revoked && !k.Until.IsZero() && !k.Until.After(at) && k.Until.After(ended) {
				ended = k.Until
			}
		}
		if cert.Revoked() || ended.IsZero() {
			return RevokedKey, time.Time{}
		}
		return EndedKey, ended
	}
	end := KeyEnd(cert, at)
	if !end.IsZero() && end.Sub(at) <= EndsSoon {
		return EndingKey, end
	}
	return GoodKey, end
}

// Overlapping returns the certificates that others replaced and for which sealed
// mail still comes, by address, each with the time until when it does as
// Withdrawn.
func (s *Snapshot) Overlapping(at time.Time) []gsp.Certificate {
	var all []gsp.Certificate
	for _, past := range s.past {
		for _, l := range past {
			open := func(k pgpcert.EncryptionKey) bool {
				f, ok := s.ended[k.KeyID]
				return ok && f.primary == l.Fingerprint && f.Accepted(at)
			}
			if l.Replaced && slices.ContainsFunc(l.Cert.EncryptionKeys(), open) {
				c := l.Certificate
				c.Withdrawn = l.Withdrawn.Add(s.overlap)
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b gsp.Certificate) int { return strings.Compare(a.Address.Local, b.Address.Local) })
	return all
}
