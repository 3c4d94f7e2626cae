package pattern

import (
	"fmt"
	"math"
)

// variant is a pattern with its alternatives chosen: a plain sequence of
// elements. checks are resolved to spans of elements.
type variant struct {
	elems  []element
	checks []spanCheck
}

// spanCheck is a rule over the elements from to to, both included.
type spanCheck struct {
	rule     *rule
	from, to int
}

// row is one way for a code to fit a pattern: a variant with all lengths
// chosen, so that each place of the code has one set of characters.
type row struct {
	variant *variant
	ends    []int // where each element ends, in characters
	sets    []charSet
	weight  []float64 // evidence of a visible character at each place, bits
}

// expand turns a parsed pattern into all its rows. Its error is a *syntaxError.
func expand(seq []node) ([]*variant, []*row, error) {
	choices, err := flatten(seq)
	if err != nil {
		return nil, nil, err
	}
	var variants []*variant
	var rows []*row
	for _, elems := range choices {
		v, err := newVariant(elems)
		if err != nil {
			return nil, nil, err
		}
		variants = append(variants, v)
		if rows, err = v.rows(rows); err != nil {
			return nil, nil, err
		}
	}
	if len(rows) == 0 {
		return nil, nil, &syntaxError{0, fmt.Sprintf("no code of at most %d characters fits", maxLength)}
	}
	return variants, rows, nil
}

// flatten chooses alternatives in all ways.
func flatten(seq []node) ([][]element, error) {
	all := [][]element{nil}
	for _, n := range seq {
		ways, err := n.ways()
		if err != nil {
			return nil, err
		}
		if len(all)*len(ways) > maxVariants {
			return nil, &syntaxError{n.elem.at, fmt.Sprintf("more than %d ways to choose alternatives", maxVariants)}
		}
		next := make([][]element, 0, len(all)*len(ways))
		for _, head := range all {
			for _, tail := range ways {
				next = append(next, append(head[:len(head):len(head)], tail...))
			}
		}
		all = next
	}
	return all, nil
}

// ways lists what a node may stand for. An optional group that holds an
// element named "made" is marked as no part of the UIM; where an optional
// separator is left out, it is marked as lost.
func (n node) ways() ([][]element, error) {
	if !n.group {
		return [][]element{{n.elem}}, nil
	}
	var ways [][]element
	if n.optional {
		ways = append(ways, n.absent())
	}
	for _, choice := range n.choices {
		more, err := flatten(choice)
		if err != nil {
			return nil, err
		}
		for _, w := range more {
			if n.optional && holdsMade(w) {
				for i := range w {
					w[i].drop = true
				}
			}
			ways = append(ways, w)
		}
	}
	if len(ways) > maxVariants {
		return nil, &syntaxError{n.elem.at, fmt.Sprintf("more than %d ways to choose alternatives", maxVariants)}
	}
	return ways, nil
}

// absent is what an optional group leaves behind when it is left out.
func (n node) absent() []element {
	if len(n.choices) == 1 && len(n.choices[0]) == 1 && n.choices[0][0].elem.lit == string(separator) {
		return []element{{lit: string(separator), lost: true, at: n.elem.at}}
	}
	return nil
}

func holdsMade(elems []element) bool {
	for _, e := range elems {
		if e.name == "made" {
			return true
		}
	}
	return false
}

// newVariant resolves the checks of a sequence.
func newVariant(elems []element) (*variant, error) {
	v := &variant{elems: elems}
	for i, e := range elems {
		if e.date {
			r := dateRule
			if e.max == len("YYMMDDhh") {
				r = hourRule
			}
			v.checks = append(v.checks, spanCheck{r, i, i})
		}
		for _, c := range e.checks {
			from := i
			for c.from != "" && elems[from].name != c.from {
				if from--; from < 0 {
					return nil, &syntaxError{e.at, fmt.Sprintf("no element named %q comes before this check", c.from)}
				}
			}
			for _, covered := range elems[from : i+1] {
				if !covered.characters().within(c.rule.set) {
					return nil, &syntaxError{covered.at, fmt.Sprintf("%s cannot check all characters of this element", c.rule.name)}
				}
			}
			v.checks = append(v.checks, spanCheck{c.rule, from, i})
		}
	}
	if len(v.checks) > maxChecks {
		return nil, &syntaxError{elems[0].at, fmt.Sprintf("more than %d checks and dates", maxChecks)}
	}
	return v, nil
}

// characters returns all that the element may hold.
func (e element) characters() charSet {
	if e.lit != "" {
		return setOf(e.lit)
	}
	return e.set
}

// rows appends the rows of v, shortest first. Lengths that cannot end within
// maxLength are never tried, so the work is bounded by the rows found.
func (v *variant) rows(rows []*row) ([]*row, error) {
	rest := make([]int, len(v.elems)+1) // least characters from element i on
	for i := len(v.elems) - 1; i >= 0; i-- {
		rest[i] = rest[i+1]
		if e := v.elems[i]; !e.lost {
			rest[i] += e.min
		}
	}
	ends := make([]int, len(v.elems))
	var choose func(i, at int) error
	choose = func(i, at int) error {
		if i == len(v.elems) {
			if len(rows) == maxRows {
				return &syntaxError{v.elems[0].at, fmt.Sprintf("more than %d ways to choose lengths", maxRows)}
			}
			rows = append(rows, newRow(v, ends))
			return nil
		}
		e := v.elems[i]
		if e.lost {
			ends[i] = at
			return choose(i+1, at)
		}
		for n := e.min; n <= e.max && at+n+rest[i+1] <= maxLength; n++ {
			ends[i] = at + n
			if err := choose(i+1, at+n); err != nil {
				return err
			}
		}
		return nil
	}
	err := choose(0, 0)
	return rows, err
}

func newRow(v *variant, ends []int) *row {
	r := &row{variant: v, ends: append([]int(nil), ends...)}
	for i, e := range v.elems {
		for at := r.start(i); at < r.ends[i]; at++ {
			s := e.set
			if e.lit != "" {
				s = setOf(e.lit[at-r.start(i) : at-r.start(i)+1])
			}
			r.sets = append(r.sets, s)
			r.weight = append(r.weight, math.Log2(float64(set82.size())/float64(s.size())))
		}
	}
	return r
}

// start returns where element i begins.
func (r *row) start(i int) int {
	if i == 0 {
		return 0
	}
	return r.ends[i-1]
}

// span returns where the elements of a check begin and end.
func (r *row) span(c spanCheck) (from, to int) { return r.start(c.from), r.ends[c.to] }

// fits reports whether code, whole or masked, fits the row: for a masked one,
// whether some choice of the hidden characters does. Checks that share hidden
// characters are decided one by one.
func (r *row) fits(code string) bool {
	if len(code) != len(r.sets) {
		return false
	}
	for i := range len(code) {
		if code[i] != hidden && !r.sets[i].has(code[i]) {
			return false
		}
	}
	return r.passes(code)
}

// passes reports whether all checks of the row can hold.
func (r *row) passes(code string) bool {
	for _, c := range r.variant.checks {
		from, to := r.span(c)
		if !c.rule.passes(code[from:to], r.sets[from:to]) {
			return false
		}
	}
	return true
}

// evidence is how much rarer codes of the row are than any text of that
// length, as log2, counting visible characters and the checks over them. A
// text drawn at random fits with a chance of 2 to the minus evidence.
func (r *row) evidence(code string) float64 {
	bits := 0.0
	for i := range len(code) {
		if code[i] != hidden {
			bits += r.weight[i]
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

func visible(s string) bool {
	for i := range len(s) {
		if s[i] == hidden {
			return false
		}
	}
	return true
}

// room is log2 of how many codes the mask of the row fits, check rules taken
// off.
func (r *row) room() float64 {
	bits := 0.0
	for i, e := range r.variant.elems {
		if e.shown() || e.drop {
			continue
		}
		for _, s := range r.sets[r.start(i):r.ends[i]] {
			bits += math.Log2(float64(s.size()))
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
