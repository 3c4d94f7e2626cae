package pattern

import (
	"cmp"
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

// Overlaps returns each pair of entries that share codes, once, in the order
// of the library.
func (l *Library) Overlaps() []Overlap {
	var all []Overlap
	for _, e := range l.entries {
		all = append(all, l.overlaps(e, func(other *Entry) bool { return other.place > e.place })...)
	}
	return all
}

// OverlapsOf returns the entries that share codes with e, which may be of
// another library, in the order of the library. Entries of the same id are
// taken for e itself.
func (l *Library) OverlapsOf(e *Entry) []Overlap {
	return l.overlaps(e, func(other *Entry) bool { return other.ID != e.ID })
}

// Partners returns the entries that may share codes with e, checks left
// aside, in the order of the library.
func (l *Library) Partners(e *Entry) []*Entry {
	var found []*Entry
	for _, p := range l.pairs(e, func(other *Entry) bool { return other.ID != e.ID }) {
		if len(found) == 0 || found[len(found)-1] != p.b.entry {
			found = append(found, p.b.entry)
		}
	}
	return found
}

// rowPair is two rows of one length that agree at every place.
type rowPair struct{ a, b *row }

// pairs finds the rows that agree with some row of e, by entry. A row is
// looked up like a masked code, each alphabet a letter.
func (l *Library) pairs(e *Entry, want func(*Entry) bool) []rowPair {
	var found []rowPair
	var room [maxLength]setID
	var letters [maxLength]byte
	for i := range e.rows {
		r := &e.rows[i]
		for at, id := range r.sets(room[:0]) {
			letters[at] = id.letter()
		}
		l.engine.meet(string(letters[:r.length()]), func(m *member) {
			if want(m.entry) {
				found = append(found, rowPair{r, m.row})
			}
		})
	}
	slices.SortFunc(found, func(p, q rowPair) int {
		return cmp.Or(cmp.Compare(p.b.entry.place, q.b.entry.place), cmp.Compare(p.a.place, q.a.place),
			cmp.Compare(p.b.place, q.b.place))
	})
	return found
}

func (l *Library) overlaps(e *Entry, want func(*Entry) bool) []Overlap {
	var all []Overlap
	pairs := l.pairs(e, want)
	for len(pairs) > 0 {
		n := 1
		for n < len(pairs) && pairs[n].b.entry == pairs[0].b.entry {
			n++
		}
		if o, ok := overlap(pairs[:n]); ok {
			all = append(all, o)
		}
		pairs = pairs[n:]
	}
	return all
}

// overlap looks for a witness in the pairs of rows of two entries.
func overlap(pairs []rowPair) (o Overlap, found bool) {
	o = Overlap{A: pairs[0].a.entry, B: pairs[0].b.entry, Shared: math.Inf(-1)}
	var best rowPair
	undecided := false
	for _, p := range pairs {
		var w meeting
		w.begin(p)
		shared := w.shared()
		if found && shared <= o.Shared {
			continue
		}
		code, verdict := w.search()
		switch {
		case verdict == tooMany:
			undecided = true
		case verdict == nothing:
		case !found:
			best, found = p, true
			o.Witness, o.Shared = gsp.NewUIM(code), shared
		default:
			o.Shared = shared
		}
	}
	if !found {
		o.Undecided, o.Shared = undecided, 0
		return o, undecided
	}
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
