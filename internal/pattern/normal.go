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
	FormsFolded      Change = "forms-folded"      // full-width letters, typographic dashes and quotes
	DigitsFolded     Change = "digits-folded"     // digits of another script
	LinkRead         Change = "link-read"         // a GS1 Digital Link written as an element string
	URNRead          Change = "urn-read"          // an EPC URN written as an element string
	HostFolded       Change = "host-folded"       // scheme and host of a link in small letters
	TrackingRemoved  Change = "tracking-removed"  // what sharing a link adds to it
	FramingRemoved   Change = "framing-removed"   // STX, ETX and the like around what a serial scanner sends
	EncodingRead     Change = "encoding-read"     // &lt; or %3C for <
	ElementsOrdered  Change = "elements-ordered"  // elements of an element string in another order
	AttributesLeft   Change = "attributes-left"   // elements that are no part of the UIM, such as a batch or a date
)

// Changes lists every Change.
var Changes = []Change{
	SymbologyRemoved, SeparatorRead, SpacesRemoved, QuotesRemoved, BracketsRead, FormsFolded, DigitsFolded, LinkRead, URNRead,
	HostFolded, TrackingRemoved, FramingRemoved, EncodingRead, ElementsOrdered, AttributesLeft,
}

// Broken says why a text cannot be a UIM, as a stable token; "" where it can.
type Broken string

// What makes a text no UIM.
const (
	NoText        Broken = "empty"
	TooLong       Broken = "too-long"
	BadCharacters Broken = "bad-characters"
	Rounded       Broken = "rounded" // a spreadsheet took it for a number
)

// Brokens lists every Broken but "".
var Brokens = []Broken{NoText, TooLong, BadCharacters, Rounded}

// maxInput bounds what is normalised, in octets.
const maxInput = 1024

// separators are spellings of FNC1 and ASCII 29 that scanners, keyboards and
// mail clients leave behind.
var separators = []string{
	"<GS>", "{GS}", "[GS]", "<FNC1>", "{FNC1}", "[FNC1]", `\u001d`, `\u001D`, `\x1d`, `\x1D`, "^]", "\u241d", "\x1d", "|", "~",
}

// normalise returns code in canonical spelling: GS1's character set 82, "^"
// for the separator, "#" for a hidden character. Letter case is never
// changed and nothing is corrected: every rewriting stands for one and the
// same scan.
func normalise(code string) (string, []Change, Broken) {
	if isCanonical(code) {
		return code, nil, ""
	}
	if len(code) > maxInput {
		return "", nil, TooLong
	}
	var n normaliser
	n.code = code
	// One step may lay bare what another removes, a symbology identifier
	// inside quotes for instance. Every step shortens the text or takes
	// something out of it that no step puts in.
	for before := ""; before != n.code; {
		before = n.code
		n.step(strings.Map(dropSpace, n.code), SpacesRemoved)
		n.step(strings.Map(foldForm, n.code), FormsFolded)
		n.step(strings.Map(foldDigit, n.code), DigitsFolded)
		n.step(unframe(n.code), FramingRemoved)
		n.step(readEntities(n.code), EncodingRead)
		n.step(unquote(n.code), QuotesRemoved)
		n.step(trimSymbology(n.code), SymbologyRemoved)
		n.step(readSeparators(n.code), SeparatorRead)
		n.step(joinBrackets(n.code), BracketsRead)
		n.step(foldHost(n.code), HostFolded)
		n.step(dropTracking(n.code), TrackingRemoved)
	}
	switch {
	case n.code == "":
		return "", n.changes, NoText
	case !isClear(n.code):
		return "", n.changes, BadCharacters
	case len(n.code) > maxLength:
		return n.code, n.changes, TooLong // what a link says still counts: see forms
	}
	return n.code, n.changes, ""
}

// normaliser is a code on its way to canonical spelling.
type normaliser struct {
	code    string
	changes []Change
}

func (n *normaliser) step(after string, c Change) {
	if after != n.code && !slices.Contains(n.changes, c) {
		n.changes = append(n.changes, c)
	}
	n.code = after
}

// isCanonical reports whether normalise would surely leave s as it is: the
// common case, decided in one pass without a copy.
func isCanonical(s string) bool {
	if s == "" || len(s) > maxLength || strings.IndexByte("^\"'(", s[0]) >= 0 || s[len(s)-1] == separator || s[0] == '=' && unquote(s) != s {
		return false
	}
	seen := byte(0)
	for i := range len(s) {
		seen |= spelling[s[i]]
	}
	return seen == 0 || seen&notClear == 0 && isSettled(s, seen)
}

// isSettled looks closer at a text of canonical characters, some of which may
// spell others.
func isSettled(s string, seen byte) bool {
	switch {
	case seen&mayBeName != 0 && namesControl(s) && (readSeparators(s) != s || unframe(s) != s):
	case seen&mayBeEntity != 0 && readEntities(s) != s:
	case seen&mayBeEscape != 0 && readEscapes(s) != s:
	case seen&mayBeLink != 0 && s[0]|0x20 == 'h' && (foldHost(s) != s || dropTracking(s) != s):
	default:
		return true
	}
	return false
}

// namesControl reports whether a text may hold the name of a control
// character, such as <GS>.
func namesControl(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i-1] == '<' && strings.IndexByte("GFSEC", s[i]) >= 0 {
			return true
		}
	}
	return false
}

// Bits of spelling: what a character may mean for normalising.
const (
	notClear    = 1 << iota // not one of a canonical code
	mayBeName               // begins the name of a separator or of a frame
	mayBeEntity             // begins an entity of a web page
	mayBeEscape             // begins a percent-encoding
	mayBeLink               // the colon of a link
)

var spelling = func() (bits [256]byte) {
	for c := range bits {
		if byte(c) != hidden && !setAny.has(byte(c)) {
			bits[c] = notClear
		}
	}
	bits['<'], bits['&'], bits['%'], bits[':'] = mayBeName, mayBeEntity, mayBeEscape, mayBeLink
	return bits
}()

// isClear reports whether s is made of the characters of canonical UIMs.
func isClear(s string) bool {
	seen := byte(0)
	for i := range len(s) {
		seen |= spelling[s[i]]
	}
	return s != "" && seen&notClear == 0
}

// readSeparators writes "^" for FNC1 in all its spellings and drops it at
// both ends: in front it says that the code is GS1's, and a scanner does not
// remove one that ends the last element.
func readSeparators(s string) string {
	for _, stand := range separators {
		s = strings.ReplaceAll(s, stand, string(separator))
	}
	// Codeword 232 of a Data Matrix is FNC1; some decoders leak it as U+00E8.
	// That letter is also a key of French keyboards, so it counts only where
	// an element string may have a separator.
	if at := strings.Index(s, "\u00e8"); at > 16 && s[:2] == "01" {
		s = strings.ReplaceAll(s, "\u00e8", string(separator))
	}
	return strings.Trim(readEscapes(s), string(separator))
}

// readEscapes writes "^" for a percent-encoded separator in an element string
// that begins with a product number. "%1D" elsewhere may be a code's own.
func readEscapes(s string) string {
	if len(s) < 20 || s[:2] != "01" || !digitsOrHidden.hasAll(s[:16]) {
		return s
	}
	for _, stand := range []string{"%1D", "%1d"} {
		s = strings.ReplaceAll(s, stand, string(separator))
	}
	return s
}

// dropSpace removes white space and what takes no room on a screen.
func dropSpace(r rune) rune {
	switch {
	case r == ' ' || '\t' <= r && r <= '\r' || r == 0x85 || r == 0xa0 || r == 0xad || r == 0x61c || r == 0x1680 || r == 0x180e,
		0x2000 <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202f, 0x205f <= r && r <= 0x206f,
		r == 0x3000 || r == 0xfeff || 0xfe00 <= r && r <= 0xfe0f:
		return -1
	}
	return r
}

// foldForm undoes what word processors and Asian keyboards do to ASCII.
func foldForm(r rune) rune {
	switch {
	case 0xff01 <= r && r <= 0xff5e: // full-width
		return r - 0xff01 + '!'
	case 0x2010 <= r && r <= 0x2015 || r == 0x2212 || r == 0xfe63:
		return '-'
	case r == 0x2018 || r == 0x2019 || r == 0x201b || r == 0x2032:
		return '\''
	case 0x201c <= r && r <= 0x201f || r == 0x2033:
		return '"'
	}
	return r
}

// zeros are the first digits of scripts that spreadsheets may show digits in:
// Arabic, Persian, Devanagari, Bengali, Thai, Lao, Myanmar, Khmer.
var zeros = []rune{0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xed0, 0x1040, 0x17e0}

func foldDigit(r rune) rune {
	if r < zeros[0] {
		return r
	}
	for _, zero := range zeros {
		if zero <= r && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return r
}

// unquote removes one pair of quotes around the whole.
func unquote(s string) string {
	if inner, ok := strings.CutPrefix(s, `="`); ok && len(inner) > 1 && inner[len(inner)-1] == '"' { // a formula that keeps a text a text
		return inner[:len(inner)-1]
	}
	for _, q := range []string{`""`, `''`, "\u00ab\u00bb"} {
		_, n := utf8.DecodeRuneInString(q)
		if len(s) >= len(q) && strings.HasPrefix(s, q[:n]) && strings.HasSuffix(s, q[n:]) {
			return s[n : len(s)-(len(q)-n)]
		}
	}
	return s
}

// isRounded reports whether a code is what spreadsheets make of a long row of
// digits: 9.52E+16.
func isRounded(code string) bool {
	mantissa, exponent, ok := strings.Cut(code, "E+")
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(mantissa, ",", "."), ".")
	return ok && len(whole) == 1 && exponent != "" && setDigits.hasAll(whole+fraction+exponent)
}

// trimSymbology removes an AIM symbology identifier (ISO/IEC 15424): "]", a
// letter for the symbology and a modifier.
func trimSymbology(s string) string {
	if len(s) > 3 && s[0] == ']' && setLetters.has(s[1]) && setAlnum.has(s[2]) {
		return s[3:]
	}
	return s
}
