package pattern

import (
	"math"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// Overlap says that two entries share codes.
type Overlap struct {
	A, B    *Entry
	Witness gsp.UIM // the first code that fits both, checks included; digits before letters before signs
	// Shared is log2 of about how many codes fit both: of the pair of rows
	// that shares most, a check counting by its chance.
	Shared float64
	// Lead is by how many bits of evidence A is ranked before B for the
	// witness; negative, B before A.
	Lead float64
	// MaskLead is the same for the mask of the witness. Where Lead is clear
	// and this is not, whole codes are told apart and masked ones are not.
	MaskLead   float64
	Separators []Separator // what tells the two apart, best first; none means nothing does
	Undecided  bool        // so many checks meet that neither a witness was found nor its absence proved
}

// Separator is what tells two overlapping entries apart, as a stable token.
type Separator string

// The separators.
const (
	SameParty  Separator = "same-party" // both lead to one Party, or to none
	ByRanking  Separator = "ranking"    // the lead is clear
	ByValidity Separator = "validity"   // their codes were made at different times
	ByCheck    Separator = "check"      // one has a check that the other lacks
	ByHint     Separator = "hint"       // one has hints
	ByLevel    Separator = "level"      // they are found on different packaging
	ByAsking   Separator = "asking"     // Parties that only the officer can choose between
)

// Separators lists every Separator.
var Separators = []Separator{SameParty, ByRanking, ByValidity, ByCheck, ByHint, ByLevel, ByAsking}

// overlap looks for a witness in the pairs of rows of two entries, and then
// for the pair that shares most. It takes what that costs off steps, and ends
// when there are none left.
func overlap(pairs []rowPair, steps *int) (o Overlap, found bool) {
	o = Overlap{A: pairs[0].a.entry, B: pairs[0].b.entry}
	var best rowPair
	for !found && len(pairs) > 0 && *steps > 0 {
		best, pairs = pairs[0], pairs[1:]
		code, verdict := best.search(steps)
		found, o.Undecided = verdict == witness, o.Undecided || verdict == tooMany
		o.Witness = gsp.NewUIM(code)
	}
	if !found {
		o.Undecided = o.Undecided || len(pairs) > 0
		return o, o.Undecided
	}
	o.Shared = best.shared()
	for _, p := range slices.Backward(pairs) { // the longest share most
		if *steps -= p.a.length() / 4; *steps <= 0 {
			break
		}
		if shared := p.shared(); shared > o.Shared {
			if _, verdict := p.search(steps); verdict == witness {
				o.Shared = shared
			}
		}
	}
	o.Undecided = false
	code := o.Witness.Reveal()
	o.Lead = best.a.evidence(code) - best.b.evidence(code)
	mask := best.a.mask(code)
	if o.Lead < 0 {
		mask = best.b.mask(code)
	}
	if len(mask) == len(code) { // the leader's; without its date the other may not fit
		o.MaskLead = best.a.evidence(mask) - best.b.evidence(mask)
	}
	o.Separators = tellApart(best, o.Lead)
	return o, true
}

// search returns the first code that fits both rows, and takes what that
// costs off steps.
func (p rowPair) search(steps *int) (string, verdict) {
	var w meeting
	w.begin(p)
	w.steps = min(w.steps, *steps)
	*steps -= p.a.length()/2 + w.steps
	code, verdict := w.search()
	*steps += max(w.steps, 0)
	return code, verdict
}

// tellApart says what tells the entries of two rows apart.
func tellApart(p rowPair, lead float64) []Separator {
	a, b := p.a.entry, p.b.entry
	if a.Party == b.Party {
		return []Separator{SameParty}
	}
	var all []Separator
	add := func(ok bool, s Separator) {
		if ok {
			all = append(all, s)
		}
	}
	add(math.Abs(lead) >= clearBits, ByRanking)
	add(!a.Until.IsZero() && a.Until.Before(b.From) || !b.Until.IsZero() && b.Until.Before(a.From), ByValidity)
	add(len(p.a.variant.checks) != len(p.b.variant.checks), ByCheck)
	add(len(a.Hints)+len(b.Hints) > 0, ByHint)
	add(a.Level != b.Level && a.Level != gsp.LevelUnknown && b.Level != gsp.LevelUnknown, ByLevel)
	add(a.Routable() && b.Routable(), ByAsking)
	return all
}
