package seizure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"gsp.example/gsp/internal/gsp"
)

// freeText finds codes in text that has no columns: a list with one code a
// line, the log of a scanner, a mail.
type freeText struct {
	lines   *lineReader
	known   func(gsp.UIM) bool
	plain   bool // one code a line
	skipped *int
	items   []Item
}

// next returns the codes of the next line that has some.
func (f *freeText) next() ([]Item, error) {
	for {
		line, err := f.lines.next()
		if err != nil {
			return nil, err
		}
		f.items = f.items[:0]
		text := string(line)
		f.find(strings.TrimSpace(text))
		if len(f.items) > 0 {
			return f.items, nil
		}
		if strings.TrimSpace(text) != "" {
			*f.skipped++
		}
	}
}

func (f *freeText) add(text string) {
	f.items = append(f.items, newItem(f.lines.number, cell{text: text}))
}

// find takes the whole line if it is known, else the words of it that are,
// with those that begin as they do; else the words that look like codes, so
// that an unknown code is told and not passed over.
func (f *freeText) find(line string) {
	if line == "" {
		return
	}
	if codes := several(line, f.known); codes != nil && (f.plain || f.known(gsp.NewUIM(line))) {
		for _, text := range codes { // the words below, but that the whole is known too
			f.add(text)
		}
		return
	}
	if f.plain && (f.lines.number > 1 || telling(line) == len(headings)) || f.known(gsp.NewUIM(line)) {
		f.add(line)
		return
	}
	words := strings.Fields(line)
	if len(words) == 1 && !strings.ContainsAny(line, ",;") {
		if looksLikeCode(line) || rounded(cell{text: line}) {
			f.add(line)
		}
		return
	}
	var texts []string
	var isKnown []bool
	start := "" // of the known words
	for len(words) > 0 {
		pieces, n := f.pieces(words[0]), 1
		if len(pieces) == 1 && !f.known(gsp.NewUIM(pieces[0])) {
			if text, parts := f.spaced(words); parts > 0 {
				pieces, n = []string{text}, parts
			}
		}
		words = words[n:]
		for _, text := range pieces {
			known := n > 1 || f.known(gsp.NewUIM(text)) && !isTime(text)
			texts, isKnown = append(texts, text), append(isKnown, known)
			if known && start == "" {
				start = text[:min(2, len(text))]
			}
		}
	}
	for i, text := range texts {
		like := looksLikeCode(text) && (start == "" || strings.HasPrefix(text, start))
		if isKnown[i] || like {
			f.add(text)
		}
	}
}

// several returns the codes of a line or cell that holds more than one; nil
// for any other. Where a library knows the whole, all pieces must be known:
// that is no chance. Else pieces that begin like the known one and look like
// codes count too, so that a damaged code is told and not passed over.
func several(text string, known func(gsp.UIM) bool) []string {
	if len(text) < 2*shortestCode || len(text) > maxSeveral || !hasParts(text) {
		return nil
	}
	var pieces, found []string
	long := 0
	for piece := range strings.FieldsFuncSeq(text, partsCodes) {
		if piece = trim(piece); piece != "" {
			pieces = append(pieces, piece)
		}
		if len(piece) >= shortestCode {
			long++
		}
	}
	if long < 2 {
		return nil
	}
	isKnown, start, all := make([]bool, len(pieces)), "", true
	for i, piece := range pieces {
		isKnown[i] = len(piece) >= shortestCode && known(gsp.NewUIM(piece)) && !isTime(piece)
		if all = all && isKnown[i]; isKnown[i] && start == "" {
			start = piece[:2]
		}
	}
	for i, piece := range pieces {
		if isKnown[i] || start != "" && strings.HasPrefix(piece, start) && looksLikeCode(piece) {
			found = append(found, piece)
		}
	}
	if len(found) < 2 || !all && known(gsp.NewUIM(text)) {
		return nil
	}
	return found
}

// maxSeveral is how long a text with several codes may be, in octets.
const maxSeveral = 64 << 10

// hasParts reports whether a text may have several pieces.
func hasParts(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == ',' || c == ';' || c == '|' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// partsCodes reports whether r stands between codes of one cell. All but
// white space may be in a code, too.
func partsCodes(r rune) bool { return r == ',' || r == ';' || r == '|' || unicode.IsSpace(r) }

// maxSpaced is how many words a code may be written in.
const maxSpaced = 6

// spaced looks for a code that somebody wrote in groups, from the first word
// on, and returns it with how many words it has. A code of digits alone would
// be found by chance in telephone numbers.
func (f *freeText) spaced(words []string) (text string, parts int) {
	for n := min(len(words), maxSpaced); n > 1; n-- {
		text = trim(strings.Join(words[:n], " "))
		if strings.ContainsFunc(text, unicode.IsLetter) && f.known(gsp.NewUIM(strings.ReplaceAll(text, " ", ""))) {
			return text, n
		}
	}
	return "", 0
}

// pieces returns a word without the punctuation of a sentence; one that is
// not known is split at commas and semicolons, which a code may hold.
func (f *freeText) pieces(word string) []string {
	for _, whole := range []string{trim(word), word} {
		if f.known(gsp.NewUIM(whole)) {
			return []string{whole}
		}
	}
	var all []string
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == ',' || r == ';' }) {
		if part = trim(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// trim takes off what stands around a word in a sentence or a list.
func trim(word string) string {
	word = strings.TrimLeft(word, `"'<*>-•·«“‘`)
	word = strings.TrimRight(word, `"'>.,;:!?»”’`)
	if !strings.HasPrefix(word, "(") {
		word = strings.TrimRight(word, ")")
	} else if strings.Count(word, ")") == 0 || strings.HasSuffix(word, ")") && strings.Count(word, "(") == 1 {
		word = strings.Trim(word, "()")
	}
	return word
}

// shortestCode is the length from which a word may be a code.
const shortestCode = 8

// looksLikeCode reports whether a word may be a code that no library knows:
// long, with digits, and no date, time, address, telephone or case number.
func looksLikeCode(word string) bool {
	digits, letters := 0, 0
	for _, r := range word {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	switch {
	case len(word) < shortestCode || digits == 0 || letters == 0 && digits < 10:
		return false
	case strings.ContainsAny(word, "@") || word[0] == '+':
		return false
	case strings.HasPrefix(word, "=?") && strings.HasSuffix(word, "?="): // RFC 2047, of a mail's subject
		return false
	}
	_, err := gsp.ParseCaseID(word)
	return err != nil && !isTime(word)
}

// isTime reports whether a word is a date or a time: digits in groups of one
// to four parted by signs, or eight digits that begin with this century.
func isTime(word string) bool {
	word = strings.TrimSuffix(word, "Z")
	if len(word) == 8 && isDigits(word) {
		return word[:2] == "20" && word[4:6] <= "12" && word[6:] <= "31"
	}
	groups := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("-:/.+T", r) })
	if len(groups) < 2 {
		return false
	}
	for _, g := range groups {
		if len(g) > 4 && len(g) != 6 || !isDigits(g) {
			return false
		}
	}
	return true
}
