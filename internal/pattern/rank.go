package pattern

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Bits of evidence by which candidates are told apart. In trials with codes
// of known origin the candidate in front was never wrong with a lead of
// clearBits or more.
const (
	clearBits   = 12 // a lead that decides
	weakBits    = 20 // less evidence than this is never exclusive
	hintBits    = 4  // what a hint adds
	implausible = 12 // what an implausible date takes off
	outdated    = 4  // what it takes off that such codes were no longer made
)

// cost is what a doubt takes off the evidence.
func (d Doubt) cost() float64 {
	switch d {
	case "":
		return 0
	case NoLongerMade:
		return outdated
	}
	return implausible
}

// fit is a row that a code fits, with what speaks for it.
type fit struct {
	row     *row
	bits    float64
	settled bool // nothing but the characters counts
	weak    bool
	doubt   Doubt     // "" for none
	made    time.Time // the date in the code
	hints   uint64    // one bit an element that speaks for the entry
}

// better reports whether f is the way to read the code under its entry. Of
// equals it is the first, which has no optional date.
func (f *fit) better(g *fit) bool {
	return f.bits > g.bits || f.bits == g.bits && f.row.place < g.row.place
}

// ranking collects the fits of one code, one an entry. It lives on the stack
// of a look-up.
type ranking struct{ room [8]fit }

// rank returns the fits of code, best first; equals in the order of their
// ids.
func (r *ranking) rank(e *engine, code string, at time.Time) []fit {
	fits, whole := r.room[:0], visible(code)
	e.match(code, func(m *member) {
		if !m.plain && !m.row.passes(code) {
			return
		}
		f := fit{row: m.row, bits: m.total, settled: m.settled}
		if !whole {
			f.bits = m.row.evidence(code)
		}
		if !m.alone {
			for i := range fits {
				if fits[i].row.entry != m.entry {
					continue
				}
				if f.better(&fits[i]) {
					fits[i] = f
				}
				return
			}
		}
		fits = append(fits, f)
	})
	for i := range fits {
		fits[i].weigh(code, at)
	}
	if len(fits) > 1 {
		slices.SortFunc(fits, func(a, b fit) int {
			return cmp.Or(cmp.Compare(b.bits, a.bits), strings.Compare(a.row.entry.ID, b.row.entry.ID))
		})
	}
	return fits
}

// weigh adds to the evidence what hints say, and takes off what is
// implausible.
func (f *fit) weigh(code string, at time.Time) {
	f.weak = f.bits < weakBits
	if f.settled {
		return
	}
	r, e := f.row, f.row.entry
	if len(e.Hints) > 0 {
		for i := range r.variant.elems {
			text := code[r.start(i):r.end(i)]
			if slices.ContainsFunc(e.Hints[r.variant.elems[i].name], func(start string) bool { return strings.HasPrefix(text, start) }) {
				f.hints |= 1 << i
				f.bits += hintBits
			}
		}
	}
	if i := r.variant.made; i >= 0 {
		f.made = madeDate(code[r.start(i):r.end(i)])
	}
	known := f.made
	if known.IsZero() {
		known = at
	}
	switch {
	case !at.IsZero() && f.made.After(at.Add(day)):
		f.doubt = FutureDate
	case !known.IsZero() && known.Before(e.From):
		f.doubt = NotValidYet
	case !f.made.IsZero() && !e.validAt(f.made):
		f.doubt = NotValidNow
	case !e.validAt(known):
		f.doubt = NoLongerMade
	}
	f.bits -= f.doubt.cost()
}

// madeDate reads a date that has passed its check; the hour is UTC, since the
// code does not say. It is zero where characters are hidden.
func madeDate(text string) time.Time {
	if !visible(text) {
		return time.Time{}
	}
	hour := 0
	if len(text) == len("YYMMDDhh") {
		hour = two(text[6:])
	}
	return time.Date(2000+two(text), time.Month(two(text[2:])), two(text[4:]), hour, 0, 0, 0, time.UTC)
}

// contender is what decides between candidates.
type contender interface {
	evidence() (*Entry, float64)
}

func (f fit) evidence() (*Entry, float64)       { return f.row.entry, f.bits }
func (c Candidate) evidence() (*Entry, float64) { return c.Entry, c.Bits }

// outcome draws the outcome from contenders, best first: those within a clear
// lead of the first are in play.
func outcome[C contender](found []C) Outcome {
	if len(found) == 0 {
		return Unknown
	}
	first, most := found[0].evidence()
	for _, c := range found[1:] {
		e, bits := c.evidence()
		if most-bits >= clearBits {
			break
		}
		if e.Routable() != first.Routable() || e.Party != first.Party {
			return Ambiguous
		}
	}
	return first.Class.outcome()
}

// outcome returns what a code of the class is, where nothing contradicts.
func (c Class) outcome() Outcome {
	if c == Routable {
		return Unique
	}
	return Outcome(c)
}
