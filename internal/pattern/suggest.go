package pattern

import (
	"html"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Suggestion is another text that would be recognised. It is offered to the
// officer and never applied: only they can see the pack.
type Suggestion struct {
	Why   Slip
	UIM   gsp.UIM // canonical
	Entry *Entry  // what it would be
}

// Slip is what may have happened to a code on its way, as a stable token.
type Slip string

// The slips.
const (
	ExtraText     Slip = "extra-text"     // other words, or a second code, beside the code
	Punctuation   Slip = "punctuation"    // of a sentence or a cell, around the code
	Grouping      Slip = "grouping"       // hyphens or points that group a printed code
	LookAlike     Slip = "look-alike"     // letters of another script, or O for 0 and I for 1
	WrongCase     Slip = "wrong-case"     // small letters for capitals
	WrongKeyboard Slip = "wrong-keyboard" // a scanner that types met another keyboard layout
	LostZeros     Slip = "lost-zeros"     // a spreadsheet took it for a number
	WebEncoding   Slip = "web-encoding"   // &lt; for <
	Placeholder   Slip = "placeholder"    // ? or * where # hides a character
)

// Slips lists every Slip.
var Slips = []Slip{
	ExtraText, Punctuation, Grouping, LookAlike, WrongCase, WrongKeyboard, LostZeros, WebEncoding, Placeholder,
}

// repair undoes a slip. It may give several texts to try.
type repair struct {
	why  Slip
	undo func(text string) []string
}

// punctuation is what sentences and cells put around a code.
const punctuation = ".,;:()<>!?'\"` \t\r\n"

// repairs are in the order of how sure one can be.
var repairs = []repair{
	{WebEncoding, func(s string) []string { return []string{html.UnescapeString(s)} }},
	{Punctuation, func(s string) []string { return []string{strings.Trim(s, punctuation)} }},
	{LookAlike, func(s string) []string { return []string{lookAlikes.Replace(s)} }},
	{ExtraText, words},
	{Grouping, func(s string) []string { return []string{ungroup.Replace(s)} }},
	{WrongCase, func(s string) []string { return []string{strings.ToUpper(s)} }},
	{LostZeros, leadingZeros},
	{WrongKeyboard, func(s string) []string {
		var all []string
		for _, layout := range layouts {
			all = append(all, layout.Replace(s))
		}
		return all
	}},
	{Placeholder, func(s string) []string { return []string{placeholders.Replace(s)} }},
}

// suggest tries what may have happened to a text that fits nothing, or only
// something with little evidence. It keeps what then fits with so much more
// that chance does not explain it.
func (l *Library) suggest(text string, beyond float64) []Suggestion {
	if len(text) > maxInput {
		return nil
	}
	var all []Suggestion
	for _, r := range repairs {
		for _, changed := range r.undo(text) {
			code, _, broken := normalise(changed)
			if changed == text || broken != "" {
				continue
			}
			found := l.candidates(code, time.Time{})
			if len(found) == 0 || found[0].Bits < beyond || found[0].Weak && r.why != Placeholder {
				continue
			}
			if u := found[0].Canonical; !slices.ContainsFunc(all, func(s Suggestion) bool { return s.UIM == u }) {
				all = append(all, Suggestion{r.why, u, found[0].Entry})
			}
		}
	}
	return all
}

// maxWords is how many words of a text are tried.
const maxWords = 16

// words returns the words of a text that has several.
func words(s string) []string {
	list := strings.FieldsFunc(s, separates)
	if len(list) < 2 {
		return nil
	}
	return list[:min(len(list), maxWords)]
}

// separates reports whether r stands between words.
func separates(r rune) bool { return r == ',' || r == ';' || r == '|' || dropSpace(r) < 0 }

// leadingZeros gives digits back the zeros in front.
func leadingZeros(s string) []string {
	if s = strings.TrimSpace(s); s == "" || !setDigits.hasAll(s) {
		return nil
	}
	var all []string
	for zeros := 1; zeros <= 4; zeros++ {
		all = append(all, strings.Repeat("0", zeros)+s)
	}
	return all
}

var (
	ungroup      = strings.NewReplacer("-", "", ".", "", "/", "", " ", "")
	placeholders = strings.NewReplacer("?", "#", "*", "#", "\u2022", "#", "\u25cf", "#")
)

// lookAlikes are Cyrillic and Greek letters with the Latin ones of that shape.
var lookAlikes = pairwise(
	"АВЕКМНОРСТХУІЈЅаеорсухіјѕ"+"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
	"ABEKMHOPCTXYIJSaeopcyxijs"+"ABEZHIKMNOPTYXo",
)

// asDigits are letters that are read for digits.
var asDigits = strings.NewReplacer("O", "0", "o", "0", "Q", "0", "I", "1", "l", "1", "Z", "2", "S", "5", "B", "8")

// layouts read what a scanner typed as if the keyboard were American: Russian,
// Greek, French and German.
var layouts = []*strings.Replacer{
	pairwise(
		"йцукенгшщзхъфывапролджэячсмитьбю"+"ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬЖЭБЮ"+`".№;:?,`,
		"qwertyuiop[]asdfghjkl;'zxcvbnm,."+"QWERTYUIOPASDFGHJKLZXCVBNM:\"<>"+`@/#$^&?`,
	),
	pairwise(
		"ςερτυθιοπασδφγηξκλζχψωβνμ"+"ΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛΖΧΨΩΒΝΜ"+":;",
		"wertyuiopasdfghjklzxcvbnm"+"ERTYUIOPASDFGHJKLZXCVBNM"+"Qq",
	),
	pairwise(
		`&é"'(-è_çàaqzwmAQZWM,?;:!§1234567890°)`,
		`1234567890qawz;QAWZ:mM,./?!@#$%^&*()_-`,
	),
	pairwise("zyZYß-_", "yzYZ-/?"),
}

// pairwise replaces each character of from with the one at its place in to.
func pairwise(from, to string) *strings.Replacer {
	f, t := []rune(from), []rune(to)
	var pairs []string
	for i := range min(len(f), len(t)) {
		pairs = append(pairs, string(f[i]), string(t[i]))
	}
	return strings.NewReplacer(pairs...)
}
