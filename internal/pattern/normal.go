package pattern

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Change is one thing that normalising did to a code, as a stable token. It
// is a fact about the scan that the officer should see.
type Change string

// The changes.
const (
	SymbologyRemoved Change = "symbology-removed" // the scanner's AIM identifier, such as ]d2
	SeparatorRead    Change = "separator-read"    // a stand-in for FNC1 or ASCII 29
	SpacesRemoved    Change = "spaces-removed"    // white space, zero-width and direction marks
	QuotesRemoved    Change = "quotes-removed"    // around the whole
	BracketsRead     Change = "brackets-read"     // (01)... written as an element string
)

// Changes lists every Change.
var Changes = []Change{SymbologyRemoved, SeparatorRead, SpacesRemoved, QuotesRemoved, BracketsRead}

// Broken says why a text cannot be a UIM, as a stable token; "" where it can.
type Broken string

// What makes a text no UIM.
const (
	NoText        Broken = "empty"
	TooLong       Broken = "too-long"
	BadCharacters Broken = "bad-characters"
)

// maxInput bounds what is normalised, in octets.
const maxInput = 1024

// separators are spellings of FNC1 and ASCII 29 that scanners, keyboards and
// mail clients leave behind, longest first where one begins another.
var separators = []string{
	"<GS>", "{GS}", "[GS]", "<FNC1>", "{FNC1}", "[FNC1]", `\u001d`, `\x1d`, "^]", "\u241d", "\u00e8", "\x1d", "|", "~",
}

// normalise returns code in canonical spelling: GS1's character set 82, "^"
// for the separator, "#" for a hidden character. Letter case is never
// changed and nothing is corrected.
func normalise(code string) (string, []Change, Broken) {
	if isCanonical(code) {
		return code, nil, ""
	}
	if len(code) > maxInput {
		return "", nil, TooLong
	}
	var changes []Change
	note := func(before, after string, c Change) string {
		if before != after && !slices.Contains(changes, c) {
			changes = append(changes, c)
		}
		return after
	}
	// One step may lay bare what another removes, a symbology identifier
	// inside quotes for instance. Every step shortens the text or ends it.
	for before := ""; before != code; {
		before = code
		code = note(code, strings.Map(dropSpace, code), SpacesRemoved)
		code = note(code, unquote(code), QuotesRemoved)
		code = note(code, trimSymbology(code), SymbologyRemoved)
		code = note(code, readSeparators(code), SeparatorRead)
		code = note(code, joinBrackets(code), BracketsRead)
	}
	switch {
	case code == "":
		return "", changes, NoText
	case len(code) > maxLength:
		return "", changes, TooLong
	case !isClear(code):
		return "", changes, BadCharacters
	}
	return code, changes, ""
}

// isCanonical reports whether normalise would surely leave s as it is: the
// common case, decided without a copy.
func isCanonical(s string) bool {
	return isClear(s) && len(s) <= maxLength && strings.IndexByte("^\"'(", s[0]) < 0 &&
		s[len(s)-1] != separator && !strings.Contains(s, "<GS>") && !strings.Contains(s, "<FNC1>")
}

// isClear reports whether s is made of the characters of canonical UIMs.
func isClear(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != hidden && !setAny.has(c) {
			return false
		}
	}
	return s != ""
}

func readSeparators(s string) string {
	for _, stand := range separators {
		s = strings.ReplaceAll(s, stand, string(separator))
	}
	return strings.Trim(s, string(separator))
}

// dropSpace removes white space and what takes no room on a screen.
func dropSpace(r rune) rune {
	switch {
	case r == ' ' || '\t' <= r && r <= '\r' || r == 0x85 || r == 0xa0 || r == 0xad || r == 0x1680 || r == 0x180e,
		0x2000 <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202f, 0x205f <= r && r <= 0x206f,
		r == 0x3000 || r == 0xfeff || 0xfe00 <= r && r <= 0xfe0f:
		return -1
	}
	return r
}

// unquote removes one pair of quotes around the whole.
func unquote(s string) string {
	for _, q := range []string{`""`, `''`, "\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb"} {
		first, n := utf8.DecodeRuneInString(q)
		if len(s) >= len(q) && strings.HasPrefix(s, string(first)) && strings.HasSuffix(s, q[n:]) {
			return s[n : len(s)-(len(q)-n)]
		}
	}
	return s
}

// trimSymbology removes an AIM symbology identifier (ISO/IEC 15424): "]", a
// letter for the symbology and a modifier.
func trimSymbology(s string) string {
	if len(s) > 3 && s[0] == ']' && setOf(capitals+smalls).has(s[1]) && setAlnum.has(s[2]) {
		return s[3:]
	}
	return s
}
