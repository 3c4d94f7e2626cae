package pattern

import "strings"

// shownNames are the elements that a mask shows besides fixed text: they lead
// to the issuer and say nothing of the single pack.
var shownNames = []string{"issuer", "authority", "country", "market", "level"}

// shown reports whether a mask shows the element. A literal with another name
// than one of shownNames is a value like any other, and hidden.
func (e *element) shown() bool {
	if e.name == "" {
		return e.lit != ""
	}
	for _, n := range shownNames {
		if e.name == n {
			return true
		}
	}
	return false
}

// mask returns the canonical mask of code, which fits r.
func (r *row) mask(code string) string {
	return r.render(code, func(e *element, text string) string {
		if e.shown() {
			return text
		}
		return allHidden[:len(text)]
	})
}

var allHidden = strings.Repeat(string(hidden), maxLength)

// canonical returns code without an optional date of manufacture, which may
// be printed beside the symbol and is no part of the UIM (Regulation (EU)
// 2018/574, Article 21), and with the separators that a scanner lost.
func (r *row) canonical(code string) string {
	return r.render(code, func(_ *element, text string) string { return text })
}

// reduce returns the canonical form of code, which fits r, and its mask.
// Where a serial of open length ends in digits that look like a date, they
// go as well: nobody can tell them from a date, and the code must come out
// the same whether it was read with its date or without.
func (r *row) reduce(code string) (canonical, mask string) {
	for r.variant.drops {
		code = r.canonical(code)
		shorter := r.entry.match(code)
		if shorter == nil {
			return code, hide(code)
		}
		r = shorter
	}
	return r.canonical(code), r.mask(code)
}

func (r *row) render(code string, show func(*element, string) string) string {
	var b strings.Builder
	b.Grow(len(code) + 1)
	for i := range r.variant.elems {
		e := &r.variant.elems[i]
		switch {
		case e.drop:
		case e.lost:
			b.WriteByte(separator)
		default:
			b.WriteString(show(e, code[r.start(i):r.end(i)]))
		}
	}
	return b.String()
}

// isAllHidden reports whether a canonical code shows nothing but separators.
func isAllHidden(code string) bool {
	return code != "" && code[0] == hidden && strings.Trim(code, string(hidden)+string(separator)) == ""
}

// outcomeOf is outcome for a code, of which something must be seen to name a
// Party.
func outcomeOf[C contender](found []C, code string) Outcome {
	o := outcome(found)
	if o == Unique && isAllHidden(code) {
		return Ambiguous
	}
	return o
}

// hide returns a text of the length of code that shows nothing but
// separators: the mask of a code that no pattern fits.
func hide(code string) string {
	b := []byte(code)
	for i := range b {
		if b[i] != separator {
			b[i] = hidden
		}
	}
	return string(b)
}
