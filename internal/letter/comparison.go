package letter

import (
	"bytes"
	_ "embed" // for the page
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Comparison is the sheet by which an administrator compares a key with its
// owner by telephone. Nothing in it is secret.
type Comparison struct {
	Language    gsp.Language // "" for English
	Date        time.Time
	Address     string
	Name        string // of the owner, "" where it is not known
	Party       string // its name
	Fingerprint string // capital hexadecimal
	Words       []string
	Waiting     bool      // for a decision; else it is published
	Since       time.Time // when it was handed in or published
	Replaces    string    // fingerprint of the key that it would take the place of, "" for none
}

// comparisonTexts are what the sheet says.
type comparisonTexts struct {
	Title       string
	Intro       string
	Address     string
	Owner       string
	Party       string
	State       string
	Waiting     string // {date}
	Published   string // {date}
	Replaces    string
	Fingerprint string
	Words       string
	Steps       []string
	Decide      string // where it waits
	Doubt       string // where it is published
	Number      string // called
	Same        string
	Different   string
	Signature   string
}

//go:embed comparison.html
var comparisonPage string

var comparisonLayout = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("comparison").Parse(comparisonPage))
})

// word is one word of a fingerprint, with its place and the digits it stands
// for.
type word struct {
	Place        int
	Digits, Word string
}

func (c Comparison) words() []word {
	var all []word
	for i, w := range c.Words {
		all = append(all, word{i + 1, c.Fingerprint[2*i : 2*i+2], w})
	}
	return all
}

// groups parts a fingerprint into groups of four digits.
func groups(fingerprint string) (all []string) {
	for ; len(fingerprint) > 4; fingerprint = fingerprint[4:] {
		all = append(all, fingerprint[:4])
	}
	return append(all, fingerprint)
}

func (c Comparison) language() gsp.Language { return Letter{Language: c.Language}.language() }

// quote keeps a value's own direction in a text that runs from right to left.
func (c Comparison) quote(value string) string {
	if c.language() == gsp.Arabic {
		return isolate + value + endIsolate
	}
	return value
}

// state says what the key is, and since when.
func (c Comparison) state(t *comparisonTexts) string {
	text := t.Published
	if c.Waiting {
		text = t.Waiting
	}
	return strings.ReplaceAll(text, "{date}", c.quote(c.Since.UTC().Format(time.DateOnly)))
}

// steps returns what is to be done, in order.
func (c Comparison) steps(t *comparisonTexts) []string {
	last := t.Doubt
	if c.Waiting {
		last = t.Decide
	}
	return append(append([]string{}, t.Steps...), last)
}

// HTML returns the sheet as a page of A4 that needs nothing beside it.
func (c Comparison) HTML() []byte {
	t := allTexts()[c.language()]
	view := struct {
		Comparison
		Text               *comparisonTexts
		Code               gsp.Language
		Direction, Colon   string
		Day, Kind          string
		Groups, Before, Do []string
		Pairs              []word
	}{
		Comparison: c, Text: &t.Comparison, Code: c.language(), Direction: t.Direction, Colon: t.Colon,
		Day: c.Date.UTC().Format(time.DateOnly), Kind: c.state(&t.Comparison),
		Groups: groups(c.Fingerprint), Do: c.steps(&t.Comparison), Pairs: c.words(),
	}
	if c.Replaces != "" {
		view.Before = groups(c.Replaces)
	}
	var b bytes.Buffer
	if err := comparisonLayout().Execute(&b, view); err != nil {
		panic("letter: write page: " + err.Error()) // of the program's own layout
	}
	return b.Bytes()
}

// Text returns the sheet as plain text, in lines of lineWidth columns.
func (c Comparison) Text() string {
	all := allTexts()[c.language()]
	t := all.Comparison
	var b strings.Builder
	row := func(label, value string) {
		b.WriteString(wrap("", label+all.Colon+value))
	}
	gap := func() { b.WriteByte('\n') }
	b.WriteString(wrap("", t.Title))
	gap()
	b.WriteString(wrap("", t.Intro))
	gap()
	row(t.Address, c.quote(c.Address))
	if c.Name != "" {
		row(t.Owner, c.quote(c.Name))
	}
	if c.Party != "" {
		row(t.Party, c.quote(c.Party))
	}
	row(t.State, c.state(&t))
	if c.Replaces != "" {
		row(t.Replaces, c.quote(strings.Join(groups(c.Replaces), " ")))
	}
	gap()
	b.WriteString(wrap("", t.Fingerprint))
	four := groups(c.Fingerprint)
	for i := 0; i < len(four); i += 5 {
		fmt.Fprintf(&b, "    %s\n", strings.Join(four[i:min(i+5, len(four))], "  "))
	}
	gap()
	b.WriteString(wrap("", t.Words))
	for i, w := range c.words() {
		line := fmt.Sprintf("[ ] %2d  %s  %-14s", w.Place, w.Digits, w.Word)
		if i%2 == 0 {
			b.WriteString("    " + line)
			continue
		}
		b.WriteString("    " + strings.TrimRight(line, " ") + "\n")
	}
	gap()
	for i, step := range c.steps(&t) {
		b.WriteString(wrap(fmt.Sprintf("%d. ", i+1), step))
	}
	gap()
	const blank = "____________________"
	b.WriteString(t.Number + "  " + blank + "\n\n[ ] " + t.Same + "    [ ] " + t.Different + "\n\n")
	b.WriteString(t.Signature + "\n\n" + blank + blank + "\n")
	return b.String()
}
