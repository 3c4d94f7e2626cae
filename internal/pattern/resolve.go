package pattern

import (
	"cmp"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Outcome is what a library says of a code, as a stable token. It never
// changes its meaning.
type Outcome string

// The outcomes.
const (
	Unique        Outcome = "unique"    // one Party
	Ambiguous     Outcome = "ambiguous" // several Parties, or a Party and something else
	IsNonParty    Outcome = "non-party"
	IsIndustry    Outcome = "industry-code"
	IsProduct     Outcome = "product-code"
	IsOperator    Outcome = "operator-code"
	NearlyMatches Outcome = "near-miss" // no pattern fits, one nearly does
	Unknown       Outcome = "unknown"
)

// Outcomes lists every Outcome.
var Outcomes = []Outcome{Unique, Ambiguous, IsNonParty, IsIndustry, IsProduct, IsOperator, NearlyMatches, Unknown}

// Bits of evidence by which candidates are told apart. In trials with codes
// of known origin the candidate in front was never wrong with a lead of
// clearBits or more.
const (
	clearBits   = 12 // a lead that decides
	weakBits    = 20 // less evidence than this is never exclusive
	hintBits    = 4  // what a hint adds
	implausible = 12 // what each implausible thing takes off
)

// maxCandidates is how many candidates an Answer lists.
const maxCandidates = 64

// Answer is what a library says of a code. Its texts do not hold the code.
type Answer struct {
	Outcome     Outcome
	Raw         gsp.UIM      // as it was given
	Normal      gsp.UIM      // in canonical spelling; segments count its characters
	Canonical   gsp.UIM      // the same without an optional date of manufacture
	Mask        string       // the canonical mask; where nothing fits it shows separators only
	Masked      bool         // the code was given with hidden characters
	Candidates  []Candidate  // best first; the rule of equals is the entry's id
	More        int          // candidates beyond those listed
	Sentence    string       // for the officer, one sentence
	Changes     []Change     // what normalising did
	Broken      Broken       // why the text cannot be a UIM, "" where it can
	Near        *NearMiss    // of the outcome near-miss, or nil
	Suggestions []Suggestion // of the outcome near-miss
}

// Candidate is an entry that a code fits.
type Candidate struct {
	Entry     *Entry
	Mask      string    // the canonical mask under this entry
	Canonical gsp.UIM   // the canonical code under this entry
	Bits      float64   // evidence, as log2; 12 more than another is clear
	Weak      bool      // so little evidence that other codes may fit by chance
	Doubts    []Doubt   // what is implausible about it
	Hints     []string  // names of the elements that speak for it
	Made      time.Time // the date in the code, zero for none
	Segments  []Segment // the code's parts under this entry
}

// Doubt is a reason why a code that fits is implausible, as a stable token.
type Doubt string

// The doubts.
const (
	FutureDate  Doubt = "future-date"   // made after the day that was asked about
	NotValidYet Doubt = "not-valid-yet" // made before codes of the entry were
	NotValidNow Doubt = "not-valid-now" // made after codes of the entry were
)

// Doubts lists every Doubt.
var Doubts = []Doubt{FutureDate, NotValidYet, NotValidNow}

// Segment is one part of a code: Raw[From:To] of the normalised text.
type Segment struct {
	Name     string // "" for fixed text without a name
	From, To int
	Shown    bool // by the mask
	Literal  bool
}

// Party returns the Party of a unique answer, or "".
func (a Answer) Party() gsp.PartyID {
	if a.Outcome != Unique {
		return ""
	}
	return a.Candidates[0].Entry.Party
}

// Resolve says what u is, a whole code or a masked one ("#" hides one
// character), for an officer who asks about goods seized at the time at; with
// the zero time nothing is held against its dates. A masked code fits a
// pattern if some choice of its hidden characters does.
func (l *Library) Resolve(u gsp.UIM, at time.Time) Answer {
	code, changes, broken := normalise(u.Reveal())
	a := Answer{Raw: u, Normal: u, Canonical: u, Changes: changes, Broken: broken, Outcome: Unknown}
	if broken == "" {
		a.Canonical, a.Mask, a.Masked = gsp.NewUIM(code), hide(code), !visible(code)
		a.Candidates = l.candidates(code, at)
		if other, change := reading(code); len(a.Candidates) == 0 && other != "" {
			a.Changes = append(a.Changes, change)
			a.Canonical, a.Mask, code = gsp.NewUIM(other), hide(other), other
			a.Candidates = l.candidates(code, at)
		}
		a.Normal, a.Outcome = gsp.NewUIM(code), decide(a.Candidates)
	}
	if len(a.Candidates) > 0 {
		a.Canonical, a.Mask = a.Candidates[0].Canonical, a.Candidates[0].Mask
	} else {
		a.Suggestions = l.suggest(u.Reveal())
		if broken == "" {
			a.Near = l.near(code)
		}
		if a.Near != nil || len(a.Suggestions) > 0 {
			a.Outcome = NearlyMatches
		}
	}
	a.Sentence = sentence(a)
	if len(a.Candidates) > maxCandidates {
		a.More = len(a.Candidates) - maxCandidates
		a.Candidates = a.Candidates[:maxCandidates]
	}
	return a
}

// candidates returns the entries that code fits, best first.
func (l *Library) candidates(code string, at time.Time) []Candidate {
	var best []fit
	l.engine.match(code, func(m *member) {
		if !m.row.passes(code) {
			return
		}
		f := fit{m.row, m.row.evidence(code)}
		i := slices.IndexFunc(best, func(g fit) bool { return g.row.entry == m.entry })
		switch {
		case i < 0:
			best = append(best, f)
		case f.better(best[i]):
			best[i] = f
		}
	})
	found := make([]Candidate, len(best))
	for i, f := range best {
		found[i] = newCandidate(f.row, code, f.bits)
	}
	for i := range found {
		found[i].judge(code, at)
	}
	slices.SortFunc(found, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Bits, a.Bits), cmp.Compare(a.Entry.ID, b.Entry.ID))
	})
	return found
}

// fit is a row that a code fits, with its evidence.
type fit struct {
	row  *row
	bits float64
}

// better reports whether f is the way to read the code under its entry. Of
// equals it is the first, which has no optional date.
func (f fit) better(g fit) bool {
	return f.bits > g.bits || f.bits == g.bits && f.row.place < g.row.place
}

func newCandidate(r *row, code string, bits float64) Candidate {
	c := Candidate{
		Entry: r.entry, Mask: r.mask(code), Canonical: gsp.NewUIM(r.canonical(code)),
		Bits: bits, Weak: bits < weakBits,
	}
	for i, e := range r.variant.elems {
		if e.lost {
			continue
		}
		s := Segment{Name: e.name, From: r.start(i), To: r.end(i), Shown: e.shown(), Literal: e.lit != ""}
		c.Segments = append(c.Segments, s)
		if e.name == "made" && e.date {
			c.Made = madeDate(code[s.From:s.To])
		}
	}
	return c
}

// madeDate reads a date that has passed its check; the hour is UTC, since the
// code does not say. It is zero where characters are hidden.
func madeDate(text string) time.Time {
	layout := "060102"
	if len(text) == len("YYMMDDhh") {
		layout += "15"
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}
	}
	if t.Year() < 2000 { // Go reads 69 to 99 as the last century
		t = t.AddDate(100, 0, 0)
	}
	return t
}

// judge adds to the evidence what hints say, and takes off what is
// implausible.
func (c *Candidate) judge(code string, at time.Time) {
	for _, s := range c.Segments {
		for _, start := range c.Entry.Hints[s.Name] {
			if s.Name != "" && len(start) <= s.To-s.From && code[s.From:s.From+len(start)] == start {
				c.Hints = append(c.Hints, s.Name)
				c.Bits += hintBits
				break
			}
		}
	}
	made := cmp.Or(c.Made, at)
	switch {
	case !at.IsZero() && c.Made.After(at.Add(day)):
		c.Doubts = append(c.Doubts, FutureDate)
	case !made.IsZero() && made.Before(c.Entry.From):
		c.Doubts = append(c.Doubts, NotValidYet)
	case !c.Made.IsZero() && !c.Entry.validAt(c.Made):
		c.Doubts = append(c.Doubts, NotValidNow)
	}
	c.Bits -= float64(implausible * len(c.Doubts))
}

// decide draws the outcome from candidates, best first: those within a clear
// lead of the first are in play.
func decide(found []Candidate) Outcome {
	if len(found) == 0 {
		return Unknown
	}
	first := found[0].Entry
	for _, c := range found[1:] {
		if found[0].Bits-c.Bits >= clearBits {
			break
		}
		if c.Entry.Routable() != first.Routable() || c.Entry.Party != first.Party {
			return Ambiguous
		}
	}
	return outcomes[first.Class]
}

var outcomes = map[Class]Outcome{
	Routable: Unique, NonParty: IsNonParty, IndustryCode: IsIndustry, ProductCode: IsProduct, OperatorCode: IsOperator,
}

// Mask returns the canonical mask of u and whether a pattern fits it: what a
// client writes into GSP-UIM in place of the code.
func (l *Library) Mask(u gsp.UIM) (mask string, ok bool) {
	a := l.Resolve(u, time.Time{})
	return a.Mask, len(a.Candidates) > 0
}
