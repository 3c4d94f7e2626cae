package gsp

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// UIM is a unique identification marking, whole or masked: the code on a
// seized pack. It is opaque so that no log line, error or printed struct can
// show it by accident; Reveal is the only way to its text.
type UIM struct{ text string }

// NewUIM wraps a code. It is not changed.
func NewUIM(text string) UIM { return UIM{text} }

// Reveal returns the code. Its result must not reach a log or a store.
func (u UIM) Reveal() string { return u.text }

// String hides the code.
func (u UIM) String() string { return "[UIM]" }

// GoString hides the code from %#v, which does not ask String.
func (u UIM) GoString() string { return "[UIM]" }

// Level is a packaging level (Protocol, Article 8, paragraph 3).
type Level string

// The packaging levels, smallest first. LevelUnknown is the default.
const (
	LevelUnknown Level = ""
	Unit         Level = "unit"
	Carton       Level = "carton"
	MasterCase   Level = "mastercase"
	Pallet       Level = "pallet"
	Container    Level = "container"
)

// Levels lists every Level but LevelUnknown.
var Levels = []Level{Unit, Carton, MasterCase, Pallet, Container}

// ParseLevel returns the level of that name; "" is LevelUnknown.
func ParseLevel(s string) (Level, bool) {
	l := Level(s)
	return l, l == LevelUnknown || slices.Contains(Levels, l)
}

// Claim is one member of the header field GSP-UIM as the sender wrote it: a
// UIM or a mask, and how many UIMs it stands for.
type Claim struct {
	UIM   UIM
	Count int // at least 1
	Level Level
	Party PartyID // the sender's own choice where several Parties match, "" for none
}

// Mark is what the gateway keeps of a Claim: the masked UIM, which names the
// issuer and hides the serial.
type Mark struct {
	Mask  string // "#" stands for one hidden character
	Count int    // how many UIMs it stands for, at least 1
	Level Level
}

// MarksDigest stands for the marks of a request in whatever order, so that the
// same question is known again. It is the zero digest for no marks, which ask
// nothing that could be asked twice.
func MarksDigest(marks []Mark) [32]byte {
	if len(marks) == 0 {
		return [32]byte{}
	}
	lines := make([]string, len(marks))
	for i, m := range marks {
		lines[i] = fmt.Sprintf("%s %d %s\n", m.Mask, m.Count, m.Level) // a mask has no space
	}
	slices.Sort(lines)
	return sha256.Sum256([]byte(strings.Join(lines, "")))
}
