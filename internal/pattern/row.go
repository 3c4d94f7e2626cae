package pattern

import "strings"

// fits reports whether code, whole or masked, fits the row: for a masked one,
// whether some choice of the hidden characters does.
func (r *row) fits(code string) bool {
	if len(code) != r.length() {
		return false
	}
	for i := range r.variant.elems {
		if r.wrong(i, code) >= 0 {
			return false
		}
	}
	return r.passes(code)
}

// wrong returns the first place of element i whose character does not fit, or
// -1.
func (r *row) wrong(i int, code string) int {
	e, start := &r.variant.elems[i], r.start(i)
	for at := start; at < r.end(i); at++ {
		if c := code[at]; c != hidden && !e.at(at-start).set().has(c) {
			return at
		}
	}
	return -1
}

// passes reports whether all checks of the row can hold for code, whose
// characters fit.
func (r *row) passes(code string) bool {
	for i := range r.variant.checks {
		if !r.passesCheck(r.variant.checks[i], code) {
			return false
		}
	}
	return !r.variant.joint || visible(code) || r.passesJointly(code)
}

// maxJointSteps bounds what passesJointly takes: a millisecond or two.
const maxJointSteps = 1 << 16

// passesJointly reports whether one choice of the hidden characters satisfies
// all checks, each of which some choice satisfies. Where that takes more than
// maxJointSteps to tell, it is taken to.
func (r *row) passesJointly(code string) bool {
	var w meeting
	w.begin(rowPair{r, r})
	w.steps = maxJointSteps
	for i := range len(code) {
		if code[i] != hidden {
			w.choices[i] = setOf(code[i : i+1])
		}
	}
	_, verdict := w.search()
	return verdict != nothing
}

func (r *row) passesCheck(c spanCheck, code string) bool {
	from, to := r.span(c)
	if visible(code[from:to]) {
		return c.rule.holds(code[from:to])
	}
	var room [maxLength]setID
	sets := room[:0]
	for i := c.from; i <= c.to; i++ {
		e := &r.variant.elems[i]
		for at := range r.end(i) - r.start(i) {
			sets = append(sets, e.at(at))
		}
	}
	return c.rule.canHold(code[from:to], sets)
}

// evidence is how much rarer codes of the row are than any text of that
// length, as log2, counting visible characters and the checks over them. A
// text drawn at random fits with a chance of 2 to the minus evidence.
func (r *row) evidence(code string) float64 {
	if visible(code) {
		return r.total
	}
	bits := 0.0
	for i := range r.variant.elems {
		e, seen := &r.variant.elems[i], 0
		for at := r.start(i); at < r.end(i); at++ {
			if code[at] != hidden {
				seen++
			}
		}
		if seen > 0 {
			bits += float64(seen) * e.at(0).weight() // literals weigh alike
		}
	}
	for _, c := range r.variant.checks {
		from, to := r.span(c)
		if visible(code[from:to]) {
			bits += c.rule.bits
		}
	}
	return bits
}

func visible(s string) bool { return strings.IndexByte(s, hidden) < 0 }

// weigh sets the evidence of a code with nothing hidden.
func (r *row) weigh() {
	r.total = 0
	for i := range r.variant.elems {
		if n := r.end(i) - r.start(i); n > 0 {
			r.total += float64(n) * r.variant.elems[i].at(0).weight()
		}
	}
	for _, c := range r.variant.checks {
		r.total += c.rule.bits
	}
}

// room is log2 of how many codes the mask of the row fits, check rules taken
// off.
func (r *row) room() float64 {
	bits := 0.0
	for i, e := range r.variant.elems {
		if e.lit == "" && !e.shown() && !e.drop {
			bits += float64(r.end(i)-r.start(i)) * e.kind.set().bits()
		}
	}
	for _, c := range r.variant.checks {
		for i := c.from; i <= c.to; i++ {
			if e := r.variant.elems[i]; !e.shown() && !e.drop {
				bits -= c.rule.bits
				break
			}
		}
	}
	return bits
}
