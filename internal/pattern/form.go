package pattern

import (
	"slices"
	"strings"
)

// form is another way to write a code, by which a pattern may know it.
type form struct {
	code    string // canonical
	changes []Change
	sure    bool // it stands for the same scan whether or not a pattern knows it
}

// forms returns the other ways to write a code in canonical spelling, the
// most faithful first; none for most codes. Parties may register any of them,
// so the code itself is looked up first.
func forms(code string) []form {
	var f formList
	f.add(code)
	f.doubtful = true
	if strings.IndexByte(code, '%') >= 0 && !isLink(code) {
		if text, ok := percentDecode(code); ok && text != code {
			f.respell(text, EncodingRead)
		}
	}
	if len(code) > 1 && (code[0] == '=' || code[0] == '\'') { // how a spreadsheet is told that a cell is a formula, or none
		f.respell(code[1:], QuotesRemoved)
	}
	return f.list
}

// formList collects forms, each once.
type formList struct {
	list     []form
	doubtful bool // what is added stands for the code only if a pattern knows it
}

// add adds the forms that a code in canonical spelling has by itself.
func (f *formList) add(code string) {
	switch {
	case isLink(code):
		f.link(code, []Change{LinkRead})
	case hasPrefixFold(code, "urn:epc:id:"):
		f.elements(readURN(code[len("urn:epc:id:"):]), []Change{URNRead})
	case lacksScheme(code):
		f.doubtful = true
		for _, scheme := range []string{"https://", "http://"} {
			f.respell(scheme+code, LinkRead)
		}
	default:
		f.elements(code, nil)
	}
}

// put adds one form.
func (f *formList) put(code string, changes []Change) {
	if code != "" && len(code) <= maxLength && !slices.ContainsFunc(f.list, func(g form) bool { return g.code == code }) {
		f.list = append(f.list, form{code, changes, !f.doubtful})
	}
}

// respell adds a text that is only perhaps what the code stands for, in
// canonical spelling, with its own forms.
func (f *formList) respell(text string, why Change) {
	code, changes, broken := normalise(text)
	if broken != "" && broken != TooLong {
		return
	}
	changes = append([]Change{why}, changes...)
	f.put(code, changes)
	if isLink(code) {
		f.link(code, changes)
	} else {
		f.elements(code, changes)
	}
}

// elements adds an element string, if it was not the code itself, and its
// forms.
func (f *formList) elements(code string, changes []Change) {
	if len(changes) > 0 {
		f.put(code, changes)
	}
	for _, other := range elementForms(code) {
		f.put(other.code, slices.Concat(changes, other.changes))
	}
}

// link adds what a link holds: a GS1 Digital Link, or a code in its query.
func (f *formList) link(link string, changes []Change) {
	f.elements(readLink(link), changes)
	_, query, _ := strings.Cut(link, "?")
	if query == "" {
		return
	}
	doubtful := f.doubtful
	f.doubtful = true
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if _, ok := linkIdentifier(key); ok {
			continue // of an element string
		}
		value, valid := percentDecode(value)
		if code, more, broken := normalise(value); valid && broken == "" {
			f.elements(code, slices.Concat(changes, more))
		}
	}
	f.doubtful = doubtful
}

// isLink reports whether a code is a link with its scheme.
func isLink(code string) bool {
	return strings.HasPrefix(code, "https://") || strings.HasPrefix(code, "http://") // in small letters: see foldHost
}

// lacksScheme reports whether a code reads as a link whose scheme was left
// out: a host name and a path.
func lacksScheme(code string) bool {
	end := strings.IndexByte(code, '/')
	if end < 4 {
		return false
	}
	name, _, _ := strings.Cut(code[:end], ":")
	dot := strings.LastIndexByte(name, '.')
	return dot > 0 && len(name)-dot > 2 && setLetters.hasAll(name[dot+1:]) && hostCharacters.hasAll(name)
}

var hostCharacters = setAlnum.or(setOf("-."))
