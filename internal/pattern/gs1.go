package pattern

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// identifier says what the value of a GS1 application identifier looks like.
type identifier struct {
	ai       string
	least    int  // characters
	most     int  // characters
	laidDown bool // the length is GS1's for good, so that no separator is needed
	digits   bool
	date     bool // begins with a date, YYMMDD or YYMMDDhh
}

// identifierTable lists the application identifiers that occur with tobacco
// products and with what they are shipped in: N for digits, X for any
// character, D for digits that begin with a date, "*" for lengths laid down
// for good; an "n" in an identifier is any digit (GS1 Syntax Dictionary).
const identifierTable = `
00 N18* 01 N14* 02 N14* 03 N14* 11 D6* 12 D6* 13 D6* 15 D6* 16 D6* 17 D6* 20 N2*
410 N13* 411 N13* 412 N13* 413 N13* 414 N13* 415 N13* 416 N13* 417 N13*
310n N6* 311n N6* 312n N6* 313n N6* 314n N6* 315n N6* 316n N6* 330n N6* 331n N6* 332n N6* 333n N6* 334n N6* 335n N6* 336n N6*
390n N..15 391n N4..18 392n N..15 393n N4..18 394n N4 395n N6
10 X..20 21 X..20 22 X..20 235 X..28 240 X..30 241 X..30 242 N..6 243 X..20 250 X..30 251 X..30
253 X13..30 254 X..20 255 N13..25 30 N..8 37 N..8
400 X..30 401 X..30 402 N17 403 X..30 420 X..20 421 X4..12 422 N3 423 N3..15 424 N3 425 N3..15 426 N3
710 X..20 711 X..20 712 X..20 713 X..20 714 X..20 715 X..20 716 X..20
7001 N13 7002 X..30 7003 D10 7004 N..4 7005 X..12 7006 D6 7007 D6..12 7020 X..20 7021 X..20 7022 X..20 7023 X..30 7040 X4
8001 N14 8002 X..20 8003 X14..30 8004 X..30 8005 N6 8006 N18 8007 X..34 8008 D8..12 8010 X..30 8011 N..12
8012 X..20 8013 X..25 8017 N18 8018 N18 8019 N..10 8020 X..25 8200 X..70
90 X..30 91 X..90 92 X..90 93 X..90 94 X..90 95 X..90 96 X..90 97 X..90 98 X..90 99 X..90`

// identifiers are those of the table, and identifierDigits says of the first
// two digits how many an identifier has.
var identifiers, identifierDigits = readIdentifiers(identifierTable)

func readIdentifiers(table string) (map[string]identifier, [100]int) {
	all, lengths := make(map[string]identifier), [100]int{}
	add := func(id identifier) {
		all[id.ai] = id
		lengths[two(id.ai)] = len(id.ai)
	}
	words := strings.Fields(table)
	for i := 0; i < len(words); i += 2 {
		id, spec := identifier{ai: words[i], least: 1}, words[i+1]
		id.digits, id.date = spec[0] != 'X', spec[0] == 'D'
		size, laidDown := strings.CutSuffix(spec[1:], "*")
		least, most, open := strings.Cut(size, "..")
		if !open {
			most = least
		}
		if least != "" {
			id.least, _ = strconv.Atoi(least) // the table is ours
		}
		id.most, _ = strconv.Atoi(most)
		id.laidDown = laidDown
		family, any := strings.CutSuffix(id.ai, "n")
		if !any {
			add(id)
			continue
		}
		for digit := range 10 {
			id.ai = family + strconv.Itoa(digit)
			add(id)
		}
	}
	return all, lengths
}

// identifierAt returns the identifier that s begins with.
func identifierAt(s string) (identifier, bool) {
	if len(s) < 3 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return identifier{}, false
	}
	n := identifierDigits[two(s)]
	if n == 0 || n >= len(s) {
		return identifier{}, false
	}
	id, ok := identifiers[s[:n]]
	return id, ok
}

// holds reports whether a value, some of whose characters may be hidden, can
// be the identifier's.
func (id identifier) holds(value string) bool {
	if len(value) < id.least || len(value) > id.most {
		return false
	}
	return !id.digits || digitsOrHidden.hasAll(value) && (!id.date || isGS1Date(value))
}

var digitsOrHidden = setDigits.or(setOf(string(hidden)))

// isGS1Date reports whether a value begins with a date. The day 00 stands for
// the end of the month.
func isGS1Date(value string) bool {
	if !visible(value) {
		return true
	}
	date := value[:6]
	if len(value) == len("YYMMDDhh") {
		date = value
	}
	if date[4:6] == "00" {
		date = date[:4] + "01" + date[6:]
	}
	return quickDate(date)
}

// aiElement is one application identifier with its value.
type aiElement struct{ ai, value string }

// maxElements is how many elements one code has at most.
const maxElements = 16

// nextElement reads the element that s begins with (GS1 General
// Specifications, section 7.8): a value of a length laid down needs no
// separator, another ends with one or with the text.
func nextElement(s string) (e aiElement, rest string, ok bool) {
	id, ok := identifierAt(s)
	if !ok {
		return aiElement{}, s, false
	}
	s = s[len(id.ai):]
	n := id.most
	if !id.laidDown {
		n = openEnd(s)
	}
	if n > len(s) || !id.holds(s[:n]) {
		return aiElement{}, s, false
	}
	return aiElement{id.ai, s[:n]}, strings.TrimPrefix(s[n:], string(separator)), true // some end every value with one
}

// hasForms reports whether a code is an element string that can be written in
// another way: it names a thing, beyond chance, and has more than its key and
// what makes it one item, or these in another order. Most codes are none, so
// it keeps nothing.
func hasForms(code string) bool {
	named, other, last := false, false, keyRank
	for rest := code; rest != ""; {
		e, after, ok := nextElement(rest)
		if !ok {
			return false
		}
		r := rank(e.ai)
		named = named || r == keyRank && (e.ai[0] == '8' || !visible(e.value) || quickCsum(e.value) || strings.IndexByte(code, separator) >= 0)
		other = other || r < last || r > itemRank
		rest, last = after, r
	}
	return named && other
}

// parseElements reads an element string, each identifier once.
func parseElements(s string) ([]aiElement, bool) {
	var elems []aiElement
	for s != "" {
		e, rest, ok := nextElement(s)
		if !ok || len(elems) == maxElements || slices.ContainsFunc(elems, func(o aiElement) bool { return o.ai == e.ai }) {
			return nil, false
		}
		elems, s = append(elems, e), rest
	}
	return elems, true
}

// openEnd returns where a value of open length ends.
func openEnd(s string) int {
	if end := strings.IndexByte(s, separator); end >= 0 {
		return end
	}
	return len(s)
}

// Ranks of elements: what names a thing comes first, then what makes it one
// item, then what States add to their marks, then the rest.
const (
	keyRank = iota
	itemRank
	markRank
	restRank
)

func rank(ai string) int {
	switch ai {
	case "00", "01", "03", "414", "417", "8004", "8006":
		return keyRank
	case "21", "235", "7040":
		return itemRank
	case "8005", "8008":
		return markRank
	}
	if ai[0] == '9' {
		return markRank
	}
	return restRank
}

// elementString writes elements as one code in their order, with a separator
// after each value of open length that is not the last.
func elementString(elems []aiElement) string {
	var b strings.Builder
	for i, e := range elems {
		b.WriteString(e.ai)
		b.WriteString(e.value)
		if !identifiers[e.ai].laidDown && i < len(elems)-1 {
			b.WriteByte(separator)
		}
	}
	return b.String()
}

// elementForms returns the other ways to write an element string under which
// patterns may know it: in the order of ranks, with batch and variant before
// the serial as GS1 Digital Links have them, then without what is no part of
// the mark, then without what States add to it.
func elementForms(code string) []form {
	if !hasForms(code) {
		return nil
	}
	elems, ok := parseElements(code)
	if !ok {
		return nil
	}
	slices.SortStableFunc(elems, func(a, b aiElement) int {
		return cmp.Or(cmp.Compare(rank(a.ai), rank(b.ai)), cmp.Compare(a.ai, b.ai))
	})
	all := []form{{code: elementString(elems)}, {code: elementString(linkOrder(elems))}}
	for _, last := range []int{markRank, itemRank} {
		n := 0
		for n < len(elems) && rank(elems[n].ai) <= last {
			n++
		}
		f := form{code: elementString(elems[:n])}
		if n < len(elems) {
			f.changes = []Change{AttributesLeft}
		}
		all = append(all, f)
	}
	var others []form
	for _, f := range all {
		if f.code == code || slices.ContainsFunc(others, func(g form) bool { return g.code == f.code }) {
			continue
		}
		if f.changes == nil {
			f.changes = []Change{ElementsOrdered}
		}
		others = append(others, f)
	}
	return others
}

// linkOrder returns elements in rank with variant and batch before the serial.
func linkOrder(elems []aiElement) []aiElement {
	place := func(e aiElement) int {
		switch {
		case rank(e.ai) == keyRank:
			return 0
		case e.ai == "22" || e.ai == "10":
			return 1
		}
		return 2
	}
	sorted := slices.Clone(elems)
	slices.SortStableFunc(sorted, func(a, b aiElement) int { return cmp.Compare(place(a), place(b)) })
	if len(sorted) > 2 && sorted[1].ai == "10" && sorted[2].ai == "22" {
		sorted[1], sorted[2] = sorted[2], sorted[1]
	}
	return sorted
}

// joinBrackets turns the human-readable form (01)...(21)... into an element
// string in the order given; [01] and {01} are read as well. Round brackets
// are data too, so it does so only where the whole text reads as identifiers and values; otherwise
// it returns s.
func joinBrackets(s string) string {
	var elems []aiElement
	for rest := s; rest != ""; {
		id, after := bracketed(rest)
		n := valueEnd(after)
		if id.laidDown && !(id.ai == "01" && isShortGTIN(after[:n])) {
			n = id.most
		}
		if id.ai == "" || n == 0 || n > len(after) {
			return s
		}
		value := strings.TrimSuffix(after[:n], string(separator))
		if value == "" {
			return s
		}
		elems = append(elems, aiElement{id.ai, wholeGTIN(id.ai, value)})
		rest = after[n:]
	}
	return elementString(elems)
}

// bracketed splits "(01)rest" where 01 is a known identifier.
func bracketed(s string) (id identifier, rest string) {
	if s == "" {
		return identifier{}, s
	}
	kind := strings.IndexByte("([{", s[0])
	if kind < 0 {
		return identifier{}, s
	}
	end := strings.IndexByte(s[:min(len(s), len("(8008)"))], ")]}"[kind])
	if end < 0 {
		return identifier{}, s
	}
	id, ok := identifiers[s[1:end]]
	if !ok {
		return identifier{}, s
	}
	return id, s[end+1:]
}

// valueEnd finds where a value of open length ends: at the next identifier in
// brackets or at the end of the text.
func valueEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if id, _ := bracketed(s[i:]); id.ai != "" {
			return i
		}
	}
	return len(s)
}

// isShortGTIN reports whether a value is a product number of fewer than 14
// digits.
func isShortGTIN(value string) bool {
	n := len(value)
	return (n == 8 || n == 12 || n == 13) && digitsOrHidden.hasAll(value)
}

// wholeGTIN gives a shorter product number the zeros that make it one of 14
// digits (GS1 General Specifications, section 3.3).
func wholeGTIN(ai, value string) string {
	if ai == "01" && isShortGTIN(value) {
		return "00000000000000"[len(value):] + value
	}
	return value
}
