package pattern

import (
	"fmt"
)

// NearMiss says why a code that fits no pattern nearly fits one.
type NearMiss struct {
	Entry *Entry
	Fault Fault
	// Segment names the part that fails, From and To are its place in the
	// normalised code; for a wrong character they are that character's.
	Segment  string
	From, To int
	Check    string // the check that fails
}

// Fault is what keeps a code from fitting, as a stable token.
type Fault string

// The faults.
const (
	WrongCharacter Fault = "wrong-character"
	FailedCheck    Fault = "failed-check" // a check digit, or a date that is none
)

// Faults lists every Fault.
var Faults = []Fault{WrongCharacter, FailedCheck}

func (n *NearMiss) describe() string {
	part := "the fixed text"
	if n.Segment != "" {
		part = "the part \"" + n.Segment + "\""
	}
	switch {
	case n.Fault == WrongCharacter:
		return fmt.Sprintf("character %d, in %s, does not fit", n.From+1, part)
	case n.Check == "date":
		return fmt.Sprintf("characters %d to %d, %s, are no date", n.From+1, n.To, part)
	}
	return fmt.Sprintf("characters %d to %d, ending in %s, fail the check %s", n.From+1, n.To, part, n.Check)
}

// near finds the row that code misses by one character or by its checks, with
// the most evidence in the rest. Below weakBits chance would find one for any
// code.
func (l *Library) near(code string) *NearMiss {
	var best *NearMiss
	most := float64(weakBits)
	for _, r := range l.byLen[len(code)] {
		wrong, count, bits := 0, 0, 0.0
		for i := range len(code) {
			switch c := code[i]; {
			case c == hidden:
			case r.sets[i].has(c):
				bits += r.weight[i]
			default:
				wrong = i
				count++
			}
		}
		if count > 1 || bits < most || bits == most && best != nil {
			continue
		}
		if n := r.miss(code, wrong, count); n != nil {
			best, most = n, bits
		}
	}
	return best
}

// miss describes how code misses r, by count (0 or 1) wrong characters.
func (r rowOf) miss(code string, wrong, count int) *NearMiss {
	if count == 1 {
		i := 0
		for r.ends[i] <= wrong {
			i++
		}
		return &NearMiss{r.entry, WrongCharacter, r.variant.elems[i].name, wrong, wrong + 1, ""}
	}
	for _, c := range r.variant.checks {
		from, to := r.span(c)
		if !c.rule.passes(code[from:to], r.sets[from:to]) {
			return &NearMiss{r.entry, FailedCheck, r.variant.elems[c.to].name, from, to, c.rule.name}
		}
	}
	return nil
}
