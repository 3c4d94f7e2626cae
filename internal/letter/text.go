package letter

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"gsp.example/gsp/internal/gsp"
)

// lineWidth is how many columns a line of plain text has at most.
const lineWidth = 78

// Isolates (Unicode Standard Annex 9): what is filled into a text that runs
// from right to left keeps its own direction and does not disturb its
// neighbours.
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// Text returns the letter as plain text, in lines of lineWidth columns. The
// password stands alone after its label, to be copied.
func (l Letter) Text() string {
	t := allTexts()[l.language()]
	quote := func(value string) string { return value }
	if l.language() == gsp.Arabic {
		quote = func(value string) string { return isolate + value + endIsolate }
	}
	var b strings.Builder
	para := func(lead, text string) { b.WriteString(wrap(lead, l.fill(text, quote))) }
	row := func(label, value string) { para("", label+t.Colon+value) }
	server := func(label string, s gsp.Server) {
		row(label, quote(s.Host)+", "+t.Port+" "+quote(strconv.Itoa(s.Port)))
	}
	gap := func() { b.WriteByte('\n') }

	para("", t.Title)
	gap()
	row(t.For, quote(l.recipient()))
	row(t.Date, quote(l.Date.Format(time.DateOnly)))
	gap()
	para("", t.Intro)
	gap()
	row(t.Address, quote(l.Address))
	row(t.Password, quote(l.Password))
	para("", t.Spelling)
	if l.Until != "" {
		row(t.Until, quote(l.lastMoment()))
	}
	gap()
	server(t.Incoming, l.Servers.Reading)
	server(t.Outgoing, l.Servers.Submission)
	row(t.Security, quote("SSL/TLS"))
	row(t.User, t.Whole)
	row(t.Method, t.Normal)
	gap()
	para("", t.Steps)
	for i, step := range l.steps(t) {
		para(strconv.Itoa(i+1)+". ", step)
	}
	para("", t.Other)
	gap()
	row(t.Fingerprint, "\n"+strings.TrimSpace(strings.Repeat("____  ", 10)))
	gap()
	para("", t.Lost)
	para("- ", t.LostPassword)
	para("- ", t.LostKey)
	para("", l.questions(t))
	gap()
	row(t.Administrator, strings.Repeat("_", 24)+"  "+t.Telephone+t.Colon+strings.Repeat("_", 16))
	return b.String()
}

// wrap breaks a text into lines, the first of which begins with lead and the
// others with as many spaces.
func wrap(lead, text string) string {
	var b strings.Builder
	indent := strings.Repeat(" ", len(lead))
	for paragraph := range strings.Lines(text) {
		line, used := lead, len(lead)
		for _, word := range words(strings.TrimSuffix(paragraph, "\n")) {
			n := columns(word)
			if bare := columns(strings.TrimRight(word, " ")); used+bare > lineWidth && used > len(indent) {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line, used = indent, len(indent)
			}
			line, used = line+word, used+n
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		lead = indent
	}
	return b.String()
}

// words takes a text apart where a line may end: after a space, and between
// Chinese characters, but not before what closes or after what opens.
func words(text string) []string {
	var all []string
	start := 0
	var before rune
	for i, r := range text {
		if i > start && (before == ' ' && r != ' ' || breakable(before, r)) {
			all = append(all, text[start:i])
			start = i
		}
		before = r
	}
	return append(all, text[start:])
}

// breakable reports whether a line may end between two characters without a
// space.
func breakable(before, after rune) bool {
	const opens, closes = "“（《", "”）》，。、；：？！"
	if strings.ContainsRune(opens, before) || strings.ContainsRune(closes, after) {
		return false
	}
	return isWide(before) || isWide(after) && before != ' '
}

// columns returns how many columns a text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Cf): // vowel signs, isolates
		case isWide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// isWide reports whether a character takes two columns.
func isWide(r rune) bool {
	return unicode.Is(unicode.Han, r) || 0x3000 <= r && r <= 0x303f || 0xff01 <= r && r <= 0xff60
}
