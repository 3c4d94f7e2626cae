package pattern

import (
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

// maxCandidates is how many candidates an Answer lists.
const maxCandidates = 64

// Answer is what a library says of a code. Its texts do not hold the code.
type Answer struct {
	Outcome    Outcome
	Raw        gsp.UIM     // as it was given
	Normal     gsp.UIM     // in canonical spelling; segments count its characters
	Canonical  gsp.UIM     // the same without an optional date of manufacture
	Mask       string      // the canonical mask; where nothing fits it shows separators only
	Masked     bool        // the code was given with hidden characters
	Candidates []Candidate // best first; the rule of equals is the entry's id
	More       int         // candidates beyond those listed
	Separators []Separator // of the outcome ambiguous: what tells the first two apart
	Sentence   string      // for the officer, one sentence
	Changes    []Change    // what normalising did
	Broken     Broken      // why the text cannot be a UIM, "" where it can
	// Near and Suggestions belong to the outcome near-miss, and to codes that
	// fit an entry with little evidence and another one nearly.
	Near        *NearMiss
	Suggestions []Suggestion
}

// Candidate is an entry that a code fits.
type Candidate struct {
	Entry     *Entry
	Mask      string    // the canonical mask under this entry
	Canonical gsp.UIM   // the canonical code under this entry
	Bits      float64   // evidence, as log2; 12 more than another is clear
	Weak      bool      // so little evidence that other codes may fit by chance
	Doubts    []Doubt   // what speaks against it
	Hints     []string  // names of the elements that speak for it
	Made      time.Time // the date in the code, zero for none
	Segments  []Segment // the code's parts under this entry

	row *row
}

// Doubt is a reason why a code that fits is implausible, as a stable token.
type Doubt string

// The doubts.
const (
	FutureDate   Doubt = "future-date"    // made after the day that was asked about
	NotValidYet  Doubt = "not-valid-yet"  // made, or seized, before codes of the entry were
	NotValidNow  Doubt = "not-valid-now"  // made after codes of the entry were
	NoLongerMade Doubt = "no-longer-made" // seized after codes of the entry were made, and without a date: an old one
)

// Doubts lists every Doubt.
var Doubts = []Doubt{FutureDate, NotValidYet, NotValidNow, NoLongerMade}

// Segment is one part of a code: From and To count the characters of Answer.Normal.
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

// InPlay returns the candidates that the code may be of: the first, and those
// that it has no clear lead over.
func (a Answer) InPlay() []Candidate {
	for i, c := range a.Candidates {
		if a.Candidates[0].Bits-c.Bits >= clearBits {
			return a.Candidates[:i]
		}
	}
	return a.Candidates
}

// Tied reports whether nothing in the code ranks its first candidate before
// the second.
func (a Answer) Tied() bool {
	return len(a.Candidates) > 1 && a.Candidates[0].Bits == a.Candidates[1].Bits
}

// Reason says by one stable token what is doubtful about the answer, or why it
// is not a better one: a Doubt, a Broken, a Fault or a Slip; "" for nothing.
func (a Answer) Reason() string {
	switch {
	case a.Broken != "":
		return string(a.Broken)
	case len(a.Candidates) > 0 && len(a.Candidates[0].Doubts) > 0:
		return string(a.Candidates[0].Doubts[0])
	case len(a.Suggestions) > 0:
		return string(a.Suggestions[0].Why)
	case a.Near != nil:
		return string(a.Near.Fault)
	}
	return ""
}

// Resolve says what u is, a whole code or a masked one ("#" hides one
// character), for an officer who asks about goods seized at the time at; with
// the zero time nothing is held against its dates. A masked code fits a
// pattern if some choice of its hidden characters does.
func (l *Library) Resolve(u gsp.UIM, at time.Time) Answer {
	a := l.recognise(u, at)
	l.repair(&a)
	a.finish()
	return a
}

// Route is Resolve for a program that has to know whose a code is: where a weak
// pattern fits it does not look for what else the code could have been meant to
// be, which takes longer than all the rest and no program asks.
func (l *Library) Route(u gsp.UIM, at time.Time) Answer {
	a := l.recognise(u, at)
	if len(a.Candidates) == 0 || !a.Candidates[0].Weak {
		l.repair(&a)
	}
	a.finish()
	return a
}

// Recognise is Resolve for a code that something fits, and false for any
// other: the search for what it should have been takes as long as a hundred
// look-ups, too long for a list of a million.
func (l *Library) Recognise(u gsp.UIM, at time.Time) (Answer, bool) {
	a := l.recognise(u, at)
	if len(a.Candidates) == 0 {
		return Answer{}, false
	}
	l.repair(&a)
	a.finish()
	return a, true
}

func (l *Library) recognise(u gsp.UIM, at time.Time) Answer {
	code, changes, broken := normalise(u.Reveal())
	a := Answer{Raw: u, Normal: u, Canonical: u, Changes: changes, Broken: broken, Outcome: Unknown}
	if broken != "" && broken != TooLong {
		return a
	}
	found, as := l.lookUp(code, at)
	if as.code == "" {
		return a // too long in every form
	}
	for _, c := range as.changes {
		if !slices.Contains(a.Changes, c) {
			a.Changes = append(a.Changes, c)
		}
	}
	code, a.Candidates, a.Broken = as.code, found, ""
	a.Normal, a.Outcome, a.Masked = gsp.NewUIM(code), outcomeOf(a.Candidates, code), !visible(code)
	switch {
	case len(a.Candidates) == 0:
		a.Canonical, a.Mask = a.Normal, hide(code)
		if isRounded(code) {
			a.Broken = Rounded
		}
		return a
	case a.Outcome == Ambiguous && len(a.Candidates) > 1:
		first, second := a.Candidates[0], a.Candidates[1]
		a.Separators = tellApart(rowPair{first.row, second.row}, first.Bits-second.Bits)
	}
	a.Canonical, a.Mask = a.Candidates[0].Canonical, a.Candidates[0].Mask
	return a
}

// lookUp returns the candidates of a code in canonical spelling as it is, or
// else in the first of its other forms that has some, and that form. Where
// nothing fits, it is the last form that surely stands for the code; its code
// is "" where all are too long.
func (l *Library) lookUp(code string, at time.Time) ([]Candidate, form) {
	var as form
	if len(code) <= maxLength {
		as.code = code
		if found := l.candidates(code, at); len(found) > 0 {
			return found, as
		}
	}
	for _, f := range forms(code) {
		found := l.candidates(f.code, at)
		if len(found) > 0 && (f.sure || !found[0].Weak) {
			return found, f
		}
		if f.sure {
			as = f
		}
	}
	return nil, as
}

// finish writes the sentence and cuts the list of candidates.
func (a *Answer) finish() {
	a.Sentence = sentence(*a)
	if len(a.Candidates) > maxCandidates {
		a.More = len(a.Candidates) - maxCandidates
		a.Candidates = a.Candidates[:maxCandidates]
	}
}

// repair looks for what a code should have been, where nothing fits it or
// only something that says little, and for what it may be as well.
func (l *Library) repair(a *Answer) {
	beyond, code := float64(clearBits), a.Normal.Reveal()
	switch {
	case isAllHidden(code):
		return
	case len(a.Candidates) == 0:
	case a.Candidates[0].Weak:
		beyond += a.Candidates[0].Bits
	default:
		if !a.Masked {
			l.reconsider(a)
		}
		return
	}
	a.Suggestions = l.suggest(a.Raw.Reveal(), beyond)
	if a.Broken == "" || a.Broken == Rounded {
		least := beyond
		if !a.Masked { // a mask shows little, but that on purpose
			least = max(beyond, weakBits)
		}
		a.Near = l.near(code, least, a.Candidates)
		if a.Near != nil && a.Near.Fault == WrongCharacter {
			l.misread(a, code)
		}
	}
	if len(a.Candidates) == 0 && (a.Near != nil || len(a.Suggestions) > 0) {
		a.Outcome = NearlyMatches
	}
}

// misread offers the digit where the one wrong character is a letter that is
// read for it.
func (l *Library) misread(a *Answer, code string) {
	i := a.Near.From
	changed := code[:i] + asDigits.Replace(code[i:i+1]) + code[i+1:]
	if found := l.candidates(changed, time.Time{}); changed != code && len(found) > 0 && !found[0].Weak {
		a.Suggestions = append(a.Suggestions, Suggestion{LookAlike, found[0].Canonical, found[0].Entry})
	}
}

// candidates returns the entries that code fits, best first.
func (l *Library) candidates(code string, at time.Time) []Candidate {
	var r ranking
	fits := r.rank(l.engine, code, at)
	found := make([]Candidate, len(fits))
	for i := range fits {
		found[i] = newCandidate(&fits[i], code)
	}
	return found
}

func newCandidate(f *fit, code string) Candidate {
	r := f.row
	canonical, mask := r.reduce(code)
	c := Candidate{
		row: r, Entry: r.entry, Mask: mask, Canonical: gsp.NewUIM(canonical),
		Bits: f.bits, Weak: f.weak, Made: f.made,
	}
	if f.doubt != "" {
		c.Doubts = []Doubt{f.doubt}
	}
	c.Segments = make([]Segment, 0, len(r.variant.elems))
	for i := range r.variant.elems {
		e := &r.variant.elems[i]
		if e.lost {
			continue
		}
		c.Segments = append(c.Segments, Segment{e.name, r.start(i), r.end(i), e.shown(), e.lit != ""})
		if f.hints>>i&1 != 0 {
			c.Hints = append(c.Hints, e.name)
		}
	}
	return c
}

// Mask returns the canonical mask of u and whether a pattern fits it: what a
// client writes into GSP-UIM in place of the code.
func (l *Library) Mask(u gsp.UIM) (mask string, ok bool) {
	a := l.Resolve(u, time.Time{})
	return a.Mask, len(a.Candidates) > 0
}
