package pattern

import (
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
	LookAlike      Slip = "look-alike"      // letters of another script that look Latin
	WrongCase      Slip = "wrong-case"      // capitals for small letters or the reverse
	WrongKeyboard  Slip = "wrong-keyboard"  // a scanner that types met another keyboard layout
	EndPunctuation Slip = "end-punctuation" // the full stop or comma of a sentence
	LostZeros      Slip = "lost-zeros"      // a spreadsheet took it for a number
)

// Slips lists every Slip.
var Slips = []Slip{LookAlike, WrongCase, WrongKeyboard, EndPunctuation, LostZeros}

// suggest tries what may have happened to a text that nothing fits. It keeps
// what then fits with evidence that chance does not give.
func (l *Library) suggest(text string) []Suggestion {
	if len(text) > maxInput {
		return nil
	}
	var all []Suggestion
	try := func(why Slip, changed string) {
		code, _, broken := normalise(changed)
		if changed == text || broken != "" {
			return
		}
		found := l.candidates(code, time.Time{})
		if len(found) == 0 || found[0].Weak {
			return
		}
		u := found[0].Canonical
		if !slices.ContainsFunc(all, func(s Suggestion) bool { return s.UIM == u }) {
			all = append(all, Suggestion{why, u, found[0].Entry})
		}
	}
	try(LookAlike, lookAlikes.Replace(text))
	try(EndPunctuation, strings.TrimRight(text, ".,;:)>! \t\r\n"))
	try(WrongCase, strings.ToUpper(text))
	if setDigits.hasAll(strings.Trim(text, " ")) {
		for zeros := 1; zeros <= 4; zeros++ {
			try(LostZeros, strings.Repeat("0", zeros)+text)
		}
	}
	for _, layout := range layouts {
		try(WrongKeyboard, layout.Replace(text))
	}
	return all
}

// lookAlikes are Cyrillic and Greek letters with the Latin ones of that shape.
var lookAlikes = pairwise(
	"АВЕКМНОРСТХУІЈЅаеорсухіјѕ"+"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
	"ABEKMHOPCTXYIJSaeopcyxijs"+"ABEZHIKMNOPTYXo",
)

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
