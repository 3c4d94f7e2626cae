package pattern

import (
	"math/rand/v2"
	"slices"
)

// meeting looks for a code that fits two rows: at each place a character that
// both allow, such that the checks of both hold.
type meeting struct {
	length  int
	choices [maxLength]charSet
	checks  []meetingCheck
	text    [maxLength]byte
	failed  map[meetingState]struct{} // from where no code can be completed
	steps   int                       // that are left; none ends the search
	random  *rand.Rand                // chooses among codes, nil for the first
}

// meetingCheck is a check over text[from:to].
type meetingCheck struct {
	rule     *rule
	from, to int
}

// meetingState is a place and the states of all checks that have begun.
type meetingState struct {
	at     uint8
	states [2 * maxChecks]uint8
}

// maxSearch bounds the steps of a search, and with them the states that it
// remembers. Honest pairs need a few hundred; it takes three or more checks
// modulo 97 over one span to need more.
const maxSearch = 1 << 21

// failedSteps is what it costs to remember a state.
const failedSteps = 8

// verdict is how a search ended.
type verdict int

const (
	nothing verdict = iota // no code fits both
	witness
	tooMany // neither found nor excluded within the steps
)

// begin sets w to the meeting of a pair.
func (w *meeting) begin(p rowPair) {
	*w = meeting{length: p.a.length(), random: w.random, steps: maxSearch}
	var roomA, roomB [maxLength]setID
	other := p.b.sets(roomB[:0])
	for i, id := range p.a.sets(roomA[:0]) {
		w.choices[i] = id.set().and(other[i].set())
	}
	w.checks = p.checks(nil)
}

// shared is log2 of how many codes fit both rows, a check counting by its
// chance.
func (p rowPair) shared() float64 {
	var roomA, roomB [maxLength]setID
	other := p.b.sets(roomB[:0])
	bits := 0.0
	for i, id := range p.a.sets(roomA[:0]) {
		if id >= firstKind && other[i] >= firstKind { // a literal leaves no choice
			bits += id.set().and(other[i].set()).bits()
		}
	}
	var room [2 * maxChecks]meetingCheck
	for _, c := range p.checks(room[:0]) {
		bits -= c.rule.bits
	}
	return max(bits, 0)
}

// checks appends the checks of both rows, each once.
func (p rowPair) checks(to []meetingCheck) []meetingCheck {
	for _, r := range [2]*row{p.a, p.b} {
		for _, c := range r.variant.checks {
			begin, end := r.span(c)
			if m := (meetingCheck{c.rule, begin, end}); !slices.Contains(to, m) {
				to = append(to, m)
			}
		}
	}
	return to
}

// search returns the first code that fits both rows, digits before letters
// before signs.
func (w *meeting) search() (string, verdict) {
	switch {
	case w.from(0, [2 * maxChecks]uint8{}):
		return string(w.text[:w.length]), witness
	case w.steps <= 0:
		return "", tooMany
	}
	return "", nothing
}

// from completes the code from a place on, given the states of the checks
// that cover it. What failed once is not tried again, so the work is bounded
// by the number of states, and what succeeds is found at the first attempt
// in the order of characters.
func (w *meeting) from(at int, states [2 * maxChecks]uint8) bool {
	if at == w.length {
		return true
	}
	key := meetingState{uint8(at), states}
	if _, ok := w.failed[key]; ok || w.steps <= 0 {
		return false
	}
	// Digits and letters come first, since a person will read the code.
	first := setAlnum
	if w.random != nil {
		first = charSet{w.random.Uint64(), w.random.Uint64()}
	}
	for _, choice := range [2]charSet{w.choices[at].and(first), w.choices[at].without(first)} {
		for c := choice.first(); c < 128; c = choice.next(c) {
			w.steps--
			next, covered, ok := w.step(at, c, states)
			if ok && w.from(at+1, next) {
				w.text[at] = c
				return true
			}
			if !covered { // all characters are alike here
				break
			}
		}
	}
	if w.failed == nil {
		w.failed = make(map[meetingState]struct{})
	}
	w.failed[key] = struct{}{}
	w.steps -= failedSteps
	return false
}

// step advances the checks that cover a place by one character. A check that
// has ended is back at 0, so that equal futures have equal states.
func (w *meeting) step(at int, c byte, states [2 * maxChecks]uint8) (next [2 * maxChecks]uint8, covered, ok bool) {
	for i, check := range w.checks {
		if at < check.from || at >= check.to {
			continue
		}
		covered = true
		s := int(states[i])
		if at == check.from {
			s = check.rule.start
		}
		s = check.rule.step(s, c, at-check.from, check.to-check.from)
		if s < 0 || at == check.to-1 && !check.rule.pass(s) {
			return next, true, false
		}
		if at == check.to-1 {
			s = 0
		}
		states[i] = uint8(s)
	}
	return states, covered, true
}
