package pattern

import "strings"

// Bounds of the search for lost separators.
const (
	maxSplits = 8     // ways that are offered
	maxReads  = 2_000 // rests of the code that are tried
)

// split returns the element strings that a text may have been before a
// scanner lost separators in it: where a value of open length ends, nobody
// can know then. With telling only those are returned whose further elements
// are unlikely to stand there by chance.
func split(text string, telling bool) []string {
	code, _, broken := normalise(text)
	if broken != "" || len(code) > maxLength {
		return nil
	}
	if id, ok := identifierAt(code); !ok || telling && rank(id.ai) != keyRank {
		return nil
	}
	var sp splitter
	sp.telling = telling
	sp.split(code)
	return sp.found
}

// splitter cuts a code at places where a separator may have been.
type splitter struct {
	telling bool
	elems   [maxElements]aiElement
	n       int                 // of them
	failed  [maxLength + 1]bool // rests of the code, by length, that cannot be read
	reads   int
	found   []string
}

func (sp *splitter) push(id identifier, value string) bool {
	if sp.n == maxElements {
		return false
	}
	sp.elems[sp.n] = aiElement{id.ai, value}
	sp.n++
	return true
}

// split tries all ends of one value of open length, and of those after it the
// first that lets the rest be read.
func (sp *splitter) split(rest string) {
	for {
		id, ok := identifierAt(rest)
		if !ok {
			return
		}
		rest = rest[len(id.ai):]
		end := id.most
		if !id.laidDown {
			end = openEnd(rest)
			sp.cut(id, rest[:end], rest)
		}
		if end >= len(rest) || !id.holds(rest[:end]) || !sp.push(id, rest[:end]) {
			return
		}
		rest = strings.TrimPrefix(rest[end:], string(separator))
	}
}

// cut ends a value at each place at which the rest can be read.
func (sp *splitter) cut(id identifier, value, rest string) {
	before := sp.n
	for n := id.least; n < len(value) && n <= id.most && len(sp.found) < maxSplits; n++ {
		if id.holds(value[:n]) && sp.push(id, value[:n]) && sp.read(rest[n:]) && (!sp.telling || sp.tells(before)) {
			sp.found = append(sp.found, elementString(sp.elems[:sp.n]))
		}
		sp.n = before
	}
}

// read reads what follows a cut, with as few further cuts as it needs.
func (sp *splitter) read(rest string) bool {
	id, ok := identifierAt(rest)
	if sp.reads++; !ok || sp.reads > maxReads || sp.failed[len(rest)] {
		return false
	}
	value := rest[len(id.ai):]
	longest, least := id.most, id.most
	if !id.laidDown {
		longest, least = min(openEnd(value), id.most), id.least
	}
	before := sp.n
	for n := longest; n >= least && n <= len(value); n-- {
		if id.holds(value[:n]) && sp.push(id, value[:n]) {
			next := strings.TrimPrefix(value[n:], string(separator))
			if next == "" || sp.read(next) {
				return true
			}
		}
		sp.n = before
	}
	sp.failed[len(rest)] = true
	return false
}

// tells reports whether the elements after number i are unlikely to stand
// there by chance: one has a date or a price, or they begin with a batch or a
// serial after a value that is more than digits.
func (sp *splitter) tells(i int) bool {
	tail := sp.elems[i+1 : sp.n]
	for _, e := range tail {
		if identifiers[e.ai].date || e.ai == "8005" {
			return true
		}
	}
	first := tail[0].ai
	return (first == "10" || first == "21" || first == "235") && !setDigits.hasAll(sp.elems[i].value)
}
