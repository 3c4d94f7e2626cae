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
	WebEncoding   Slip = "web-encoding"   // %3C for <
	LostSeparator Slip = "lost-separator" // between two elements of a GS1 code
	JoinedDate    Slip = "joined-date"    // a date printed beside the code, joined to it by - or /
	Placeholder   Slip = "placeholder"    // ? or * where # hides a character
)

// Slips lists every Slip.
var Slips = []Slip{
	ExtraText, Punctuation, Grouping, LookAlike, WrongCase, WrongKeyboard, LostZeros, WebEncoding, LostSeparator, JoinedDate, Placeholder,
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
	{WebEncoding, unescape},
	{JoinedDate, unjoin},
	{LostSeparator, func(s string) []string { return split(s, false) }},
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
	{Placeholder, func(s string) []string { return []string{placeholders.Replace(s), hideTail(s)} }},
}

// reconsider offers what else a code may be that a pattern fits well: what
// these repairs undo can hide in the part of a code that may be anything.
func (l *Library) reconsider(a *Answer) {
	code := a.Normal.Reveal()
	offer := func(why Slip, texts []string) {
		for _, text := range texts {
			if s, ok := l.suggestion(why, text, weakBits); ok && s.UIM != a.Canonical {
				a.Suggestions = append(a.Suggestions, s)
				return
			}
		}
	}
	if strings.IndexByte(code, '%') >= 0 {
		offer(WebEncoding, unescape(code))
	}
	offer(JoinedDate, unjoin(code))
	offer(LostSeparator, split(code, true))
}

// suggestion looks a repaired text up.
func (l *Library) suggestion(why Slip, text string, beyond float64) (Suggestion, bool) {
	code, _, broken := normalise(text)
	if broken != "" && broken != TooLong {
		return Suggestion{}, false
	}
	found, as := l.lookUp(code, time.Time{})
	if len(found) == 0 || found[0].Bits < beyond || found[0].Weak && why != Placeholder && visible(as.code) || isAllHidden(as.code) {
		return Suggestion{}, false
	}
	return Suggestion{why, found[0].Canonical, found[0].Entry}, true
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
			if changed == text {
				continue
			}
			if s, ok := l.suggestion(r.why, changed, beyond); ok && !slices.ContainsFunc(all, func(t Suggestion) bool { return t.UIM == s.UIM }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// maxWords is how many words of a text are tried.
const maxWords = 16

// words returns the words of a text that has several, or the parts of a link.
func words(s string) []string {
	between := separates
	if strings.Contains(s, "://") {
		between = func(r rune) bool { return strings.ContainsRune("/?&=#", r) || separates(r) }
	}
	list := strings.FieldsFunc(s, between)
	if len(list) < 2 {
		return nil
	}
	return list[:min(len(list), maxWords)]
}

// separates reports whether r stands between words.
func separates(r rune) bool { return r == ',' || r == ';' || r == '|' || dropSpace(r) < 0 }

// unescape undoes the encodings of web pages and links. What a link leaves as
// it is tells whether a text was encoded at all: it has no other signs.
func unescape(s string) []string {
	all := []string{html.UnescapeString(s)}
	if text, ok := percentDecode(s); ok && strings.IndexByte(s, '%') >= 0 && inLinks.hasAll(s) {
		all = append(all, text)
	}
	return all
}

// inLinks are the characters of percent-encoded text (RFC 3986, section 2).
var inLinks = setAlnum.or(setOf("%-_.!~*'()"))

// joinedDate is what stands at the end of a code with a date that was printed
// beside it: a sign and YYMMDDhh.
const joinedDate = len("-YYMMDDhh")

// unjoin takes a date off that was joined to a code by a sign, and then only
// the sign.
func unjoin(s string) []string {
	s = strings.Map(dropSpace, s)
	at := len(s) - joinedDate
	if at < shortestHead || s[at] != '-' && s[at] != '/' {
		return nil
	}
	if date := s[at+1:]; setDigits.hasAll(date) && quickDate(date) {
		return []string{s[:at], s[:at] + date}
	}
	return nil
}

// shortestHead is how long a code before a joined date is at least.
const shortestHead = 5

// hideTail reads a run of at least four x at the end as hidden characters.
func hideTail(s string) string {
	head := strings.TrimRight(strings.TrimSpace(s), "Xx")
	if n := len(strings.TrimSpace(s)) - len(head); n >= 4 {
		return head + strings.Repeat(string(hidden), n)
	}
	return s
}

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
