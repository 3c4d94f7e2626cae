package wks

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Verdict is how somebody decides about a key.
type Verdict string

// The verdicts, as they are written in every language.
const (
	Approve Verdict = "approve" // one that waits
	Reject  Verdict = "reject"
	Revoke  Verdict = "revoke" // take the one of an address out of use, which is the first word of the reason
)

// Decision is what an administrator writes about a key: a verdict as the first
// word of his own text, and a reason behind it.
type Decision struct {
	Verdict Verdict // "" for none
	Reason  string  // one line, at most maxReason characters, "" for none
}

// maxReason is how long a reason may be, in characters: it is passed on.
const maxReason = 300

// decisionOf reads a text that a person wrote above or below a quoted mail. The
// first line that is neither quoted nor says who wrote what is quoted decides;
// the rest of its paragraph is the reason.
func decisionOf(text string) Decision {
	var own []string // a paragraph that is not quoted
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
		if line != "" && !strings.HasPrefix(line, ">") {
			own = append(own, line)
			continue
		}
		if len(own) == 0 {
			continue
		}
		d := paragraphDecision(own)
		last := own[len(own)-1]
		if d.Verdict != "" || !strings.HasSuffix(last, ":") && !strings.HasSuffix(last, "：") {
			return d
		}
		own = nil
	}
	return Decision{}
}

func paragraphDecision(lines []string) Decision {
	text := strings.Join(lines, " ")
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(text)
	}
	rest := text[end:]
	switch v := Verdict(strings.ToLower(text[:end])); {
	case v == Approve && (strings.Contains(strings.ToLower(rest), string(Reject)) || !standsAlone(lines[0][min(end, len(lines[0])):])):
		return Decision{} // "approve or reject?" asks, and "approve? never" says no
	case v == Approve, v == Reject, v == Revoke:
		return Decision{v, reasonOf(rest)}
	}
	return Decision{}
}

// standsAlone reports whether what follows a word on its line is nothing, or
// begins with a mark that ends a sentence or leads to a reason.
func standsAlone(rest string) bool {
	rest = strings.TrimSpace(rest)
	mark, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || strings.ContainsRune(".!,:;-(–—،؛。，：；！（", mark)
}

// reasonOf cleans a reason of the punctuation before it and of what a terminal
// or a mail program would obey.
func reasonOf(text string) string {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) })
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(text, "") {
		if n++; n > maxReason {
			break
		}
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// markup is a tag of HTML, with its name and whether it ends an element. A comment
// that is not closed goes on to the end, as browsers have it; were it no match,
// each of many would be read to the end for every tag behind it.
var markup = regexp.MustCompile(`(?s)<!--.*?(?:-->|\z)|<(/?)([A-Za-z]+)[^>]*>`)

// plain makes HTML into text as far as decisionOf needs it: lines end where
// elements do, and what is quoted is left out but for its mark.
func plain(text string) string {
	var (
		b      strings.Builder
		hidden int // how many elements are open that are not read as one's own text
		at     int
	)
	write := func(s string) {
		if hidden == 0 {
			b.WriteString(html.UnescapeString(strings.Join(strings.Fields(s), " ")))
		}
	}
	for _, m := range markup.FindAllStringSubmatchIndex(text, -1) {
		write(text[at:m[0]])
		at = m[1]
		if m[4] < 0 {
			continue
		}
		switch closes := m[3] > m[2]; strings.ToLower(text[m[4]:m[5]]) {
		case "b", "i", "u", "span", "font", "a", "em", "strong":
			b.WriteByte(' ')
		case "blockquote", "head", "style", "script":
			if closes {
				hidden = max(0, hidden-1)
			} else {
				hidden++
			}
			b.WriteString("\n>\n")
		default:
			b.WriteByte('\n')
		}
	}
	write(text[at:])
	return b.String()
}
