package pattern

import "fmt"

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
	CutShort       Fault = "cut-short"    // up to four characters are missing at the end
	Overlong       Fault = "overlong"     // up to four are too many at the end
)

// Faults lists every Fault.
var Faults = []Fault{WrongCharacter, FailedCheck, CutShort, Overlong}

// endSlack is how many characters at the end of a code may be missing or too
// many for a near miss.
const endSlack = 4

func (n *NearMiss) describe() string {
	part := "the fixed text"
	if n.Segment != "" {
		part = "the part \"" + n.Segment + "\""
	}
	switch {
	case n.Fault == WrongCharacter:
		return fmt.Sprintf("character %d, in %s, does not fit", n.From+1, part)
	case n.Fault == CutShort && n.Segment != "":
		return fmt.Sprintf("%s missing at the end, from %s on", characters(n.To-n.From, "is", "are"), part)
	case n.Fault == CutShort:
		return characters(n.To-n.From, "is", "are") + " missing at the end"
	case n.Fault == Overlong:
		return "it has " + characters(n.To-n.From, "too many", "too many") + " at the end"
	case n.Check == "":
		return "no choice of its hidden characters passes all checks"
	case n.Check == "date":
		return fmt.Sprintf("characters %d to %d, %s, are no date", n.From+1, n.To, part)
	}
	return fmt.Sprintf("characters %d to %d, ending in %s, fail the check %s", n.From+1, n.To, part, n.Check)
}

// characters counts characters in words, with what is said of one or of many.
func characters(n int, one, many string) string {
	if n == 1 {
		return "one character " + one
	}
	return fmt.Sprintf("%d characters %s", n, many)
}

// near finds the row that code misses by its checks, by one character or by a
// few at the end, with the most evidence in the rest, at least so much. Below
// weakBits chance would find one for any code. The entries it fits are left out.
func (l *Library) near(code string, least float64, fits []Candidate) *NearMiss {
	s := nearSearch{engine: l.engine, most: least, fits: make(map[*Entry]bool, len(fits))}
	for i := range fits {
		s.fits[fits[i].Entry] = true
	}
	s.try(code, func(r *row) *NearMiss { return r.failed(code) })
	for i := range len(code) {
		if code[i] == hidden {
			continue
		}
		s.try(code[:i]+string(hidden)+code[i+1:], func(r *row) *NearMiss {
			return &NearMiss{Entry: r.entry, Fault: WrongCharacter, Segment: r.segment(i), From: i, To: i + 1}
		})
	}
	if s.best != nil {
		return s.best
	}
	for k := 1; k <= endSlack; k++ {
		s.try(code+"####"[:k], func(r *row) *NearMiss {
			return &NearMiss{Entry: r.entry, Fault: CutShort, From: len(code), To: len(code) + k}
		})
		if k < len(code) {
			s.try(code[:len(code)-k], func(r *row) *NearMiss {
				return &NearMiss{Entry: r.entry, Fault: Overlong, From: len(code) - k, To: len(code)}
			})
		}
	}
	return s.best
}

// nearSearch keeps the near miss with the most evidence.
type nearSearch struct {
	engine *engine
	fits   map[*Entry]bool // those that are not meant
	most   float64
	best   *NearMiss
}

// try looks the altered code up. Of equals the first entry counts.
func (s *nearSearch) try(code string, miss func(*row) *NearMiss) {
	s.engine.match(code, func(m *member) {
		bits := m.row.evidence(code)
		if s.fits[m.entry] || bits < s.most || bits == s.most && s.best != nil && s.best.Entry.place <= m.entry.place {
			return
		}
		if n := miss(m.row); n != nil && (n.Fault == FailedCheck || m.row.passes(code)) {
			s.best, s.most = n, bits
		}
	})
}

// failed describes the first check that code fails.
func (r *row) failed(code string) *NearMiss {
	for _, c := range r.variant.checks {
		if !r.passesCheck(c, code) {
			from, to := r.span(c)
			return &NearMiss{r.entry, FailedCheck, r.variant.elems[c.to].name, from, to, c.rule.name}
		}
	}
	return nil
}

// miss says where code, which does not fit e, leaves the pattern: of all ways
// to fit, the one that it follows furthest, and of these one of its length.
func (e *Entry) miss(code string) *NearMiss {
	var best *row
	furthest, sameLength := -1, false
	for i := range e.rows {
		r := &e.rows[i]
		at, same := r.follows(code), r.length() == len(code)
		if at > furthest || at == furthest && same && !sameLength {
			best, furthest, sameLength = r, at, same
		}
	}
	switch {
	case furthest < min(len(code), best.length()):
		return &NearMiss{Entry: e, Fault: WrongCharacter, Segment: best.segment(furthest), From: furthest, To: furthest + 1}
	case len(code) < best.length():
		return &NearMiss{Entry: e, Fault: CutShort, Segment: best.segment(furthest), From: len(code), To: best.length()}
	case len(code) > best.length():
		return &NearMiss{Entry: e, Fault: Overlong, From: best.length(), To: len(code)}
	}
	if n := best.failed(code); n != nil {
		return n
	}
	return &NearMiss{Entry: e, Fault: FailedCheck, To: len(code)}
}

// follows returns how many characters of code fit the row before the first
// one that does not.
func (r *row) follows(code string) int {
	var room [maxLength]setID
	for at, id := range r.sets(room[:0]) {
		if at == len(code) || code[at] != hidden && !id.set().has(code[at]) {
			return at
		}
	}
	return r.length()
}

// segment returns the name of the element at a place.
func (r *row) segment(at int) string {
	i := 0
	for r.end(i) <= at {
		i++
	}
	return r.variant.elems[i].name
}
