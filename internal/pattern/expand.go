package pattern

import (
	"fmt"
	"slices"
)

// variant is a pattern with its alternatives chosen: a plain sequence of
// elements. checks are resolved to spans of elements.
type variant struct {
	elems  []element
	checks []spanCheck
	joint  bool // some checks cover the same characters
	made   int  // the element that dates the code, -1 for none
	drops  bool // some element is no part of the canonical form
}

// spanCheck is a rule over the elements from to to, both included.
type spanCheck struct {
	rule     *rule
	from, to int
}

// row is one way for a code to fit a pattern: a variant with all lengths
// chosen, so that each place of the code has one set of characters.
type row struct {
	entry   *Entry
	variant *variant
	ends    []uint8 // where each element ends, in characters
	place   uint16  // in the entry; of equals the first is meant
	total   float64 // evidence of a code with nothing hidden
}

// expand turns a parsed pattern into all its rows. Its error is a *syntaxError.
func expand(seq []node) ([]*variant, []row, error) {
	choices, err := flatten(seq)
	if err != nil {
		return nil, nil, err
	}
	var variants []*variant
	var rows []row
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
			return nil, &syntaxError{n.elem.pos, fmt.Sprintf("more than %d ways to choose alternatives", maxVariants)}
		}
		if len(ways) == 1 { // nothing to choose, so each grows where it is
			for i := range all {
				all[i] = append(all[i], ways[0]...)
			}
			continue
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

// besides are the names of elements that make the optional group they stand
// in no part of the UIM: a date of manufacture, what else is printed with the
// code, and the sign by which such a thing is joined to it.
var besides = []string{"made", "attribute", "joint"}

// ways lists what a node may stand for. An optional group that holds one of
// besides is marked as no part of the UIM; where an optional separator is left
// out, it is marked as lost.
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
			if n.optional && standsBeside(w) {
				for i := range w {
					dropped := *w[i].piece
					dropped.drop = true
					w[i].piece = &dropped
				}
			}
			ways = append(ways, w)
		}
	}
	if len(ways) > maxVariants {
		return nil, &syntaxError{n.elem.pos, fmt.Sprintf("more than %d ways to choose alternatives", maxVariants)}
	}
	return ways, nil
}

// absent is what an optional group leaves behind when it is left out.
func (n node) absent() []element {
	if len(n.choices) == 1 && len(n.choices[0]) == 1 && n.choices[0][0].elem.lit == string(separator) {
		return []element{{&piece{lit: string(separator), lost: true, pos: n.elem.pos}}}
	}
	return nil
}

// standsBeside reports whether elements are no part of the UIM where they may
// be left out.
func standsBeside(elems []element) bool {
	for _, e := range elems {
		if slices.Contains(besides, e.name) {
			return true
		}
	}
	return false
}

// newVariant resolves the checks of a sequence.
func newVariant(elems []element) (*variant, error) {
	v := &variant{elems: elems, made: -1}
	for i, e := range elems {
		v.drops = v.drops || e.drop
		if e.date {
			if e.name == "made" {
				v.made = i
			}
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
					return nil, &syntaxError{e.pos, fmt.Sprintf("no element named %q comes before this check", c.from)}
				}
			}
			for _, covered := range elems[from : i+1] {
				if !covered.characters().within(c.rule.set) {
					return nil, &syntaxError{covered.pos, fmt.Sprintf("%s reads the alphabet %c only, and this element may hold other characters", c.rule.name, c.rule.set.letter())}
				}
			}
			v.checks = append(v.checks, spanCheck{c.rule, from, i})
		}
	}
	if len(v.checks) > maxChecks {
		return nil, &syntaxError{elems[0].pos, fmt.Sprintf("more than %d checks and dates", maxChecks)}
	}
	for i, c := range v.checks {
		v.joint = v.joint || slices.ContainsFunc(v.checks[:i], func(d spanCheck) bool { return c.from <= d.to && d.from <= c.to })
	}
	return v, nil
}

// characters returns all that the element may hold.
func (e element) characters() charSet {
	if e.lit != "" {
		return setOf(e.lit)
	}
	return e.kind.set()
}

// at returns the set of the element's character number i.
func (e *element) at(i int) setID {
	if e.lit != "" {
		return setID(e.lit[i])
	}
	return e.kind
}

// rows appends the rows of v, shortest first. Lengths that cannot end within
// maxLength are never tried, so the work is bounded by the rows found.
func (v *variant) rows(rows []row) ([]row, error) {
	rest := make([]int, len(v.elems)+1) // least characters from element i on
	for i := len(v.elems) - 1; i >= 0; i-- {
		rest[i] = rest[i+1]
		if e := v.elems[i]; !e.lost {
			rest[i] += e.min
		}
	}
	ends := make([]uint8, len(v.elems))
	var choose func(i, at int) error
	choose = func(i, at int) error {
		if i == len(v.elems) {
			if at == 0 {
				return &syntaxError{0, "everything in it may be left out"}
			}
			if len(rows) == maxRows {
				return &syntaxError{v.elems[0].pos, fmt.Sprintf("more than %d ways to choose lengths", maxRows)}
			}
			rows = append(rows, row{variant: v, ends: slices.Clone(ends), place: uint16(len(rows))})
			return nil
		}
		e := v.elems[i]
		if e.lost {
			ends[i] = uint8(at)
			return choose(i+1, at)
		}
		for n := e.min; n <= e.max && at+n+rest[i+1] <= maxLength; n++ {
			ends[i] = uint8(at + n)
			if err := choose(i+1, at+n); err != nil {
				return err
			}
		}
		return nil
	}
	err := choose(0, 0)
	return rows, err
}

// length is how many characters a code of the row has.
func (r *row) length() int { return int(r.ends[len(r.ends)-1]) }

// start returns where element i begins.
func (r *row) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(r.ends[i-1])
}

// end returns where element i ends.
func (r *row) end(i int) int { return int(r.ends[i]) }

// sets appends the set of each place.
func (r *row) sets(to []setID) []setID {
	start := 0
	for i := range r.variant.elems {
		e, end := &r.variant.elems[i], r.end(i)
		for at := start; at < end; at++ {
			to = append(to, e.at(at-start))
		}
		start = end
	}
	return to
}

// span returns where the elements of a check begin and end.
func (r *row) span(c spanCheck) (from, to int) { return r.start(c.from), r.end(c.to) }
