package seizure

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// headings of a column of codes, in the official languages of the WHO, the
// most telling first.
var headings = []string{
	"uim", "uims", "ui", "upui", "aui", "unique identification marking", "unique identifier", "code", "codes", "marking",
	"stamp", "scan", "scanned", "data", "barcode", "serial", "serial number",
	"identifiant unique", "code scanné", "marquage", "timbre",
	"código", "codigo", "identificador único", "marca",
	"код", "коды", "маркировка", "уиид",
	"الرمز", "الكود", "رمز",
	"代码", "编码", "唯一标识",
}

// sampleRows is how many rows decide which column is read.
const sampleRows = 200

// readTable finds the column of codes and prepares l for reading it.
func (l *List) readTable(r rows, name string, o Options) error {
	t := &tableReader{rows: r, skipped: &l.Skipped, isKnown: o.Known}
	for len(t.sample) < sampleRows {
		number, cells, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(name, "save it again, as .csv or .xlsx", err)
		}
		t.sample = append(t.sample, sampled{number, slices.Clone(cells)})
	}
	at, title, err := t.choose(name, o)
	if err != nil {
		return err
	}
	for i, n := range t.known {
		if i != at && n > 1 && 2*n >= t.known[at] && o.Column == "" {
			l.Also = append(l.Also, letters(i))
		}
	}
	t.column, l.Column = at, letters(at)
	if title != "" {
		l.Column += " (" + brief(title) + ")"
	}
	l.next = t.next
	return nil
}

// tableReader reads one column of a table.
type tableReader struct {
	rows    rows
	sample  []sampled // rows read ahead
	column  int       // from 0
	known   []int     // how many different texts of each column are known
	skipped *int
	isKnown func(gsp.UIM) bool
	items   []Item
}

// sampled is a row that was read ahead.
type sampled struct {
	number int
	cells  []cell
}

func (t *tableReader) next() ([]Item, error) {
	for {
		var number int
		var cells []cell
		if len(t.sample) > 0 {
			number, cells = t.sample[0].number, t.sample[0].cells
			t.sample = t.sample[1:]
		} else {
			var err error
			if number, cells, err = t.rows.next(); err != nil {
				return nil, err
			}
		}
		if t.column >= len(cells) || cells[t.column].text == "" {
			if !blank(cells) {
				*t.skipped++
			}
			continue
		}
		t.items = t.items[:0]
		if codes := several(cells[t.column].text, t.isKnown); codes != nil {
			for _, text := range codes {
				t.items = append(t.items, newItem(number, cell{text: text}))
			}
			return t.items, nil
		}
		t.items = append(t.items, newItem(number, cells[t.column]))
		return t.items, nil
	}
}

func newItem(row int, c cell) Item {
	return Item{Row: row, Code: gsp.NewUIM(c.text), Rounded: rounded(c)}
}

func blank(cells []cell) bool {
	return !slices.ContainsFunc(cells, func(c cell) bool { return c.text != "" })
}

// choose returns the column of codes, and its heading if it has one: the one
// that was named; else among those with a telling heading, or else among all,
// the one in which most different texts are known; else the only one, or the
// only one with a telling heading. A row of headings is taken off the sample.
func (t *tableReader) choose(name string, o Options) (column int, title string, err error) {
	if len(t.sample) == 0 {
		return 0, "", nil // nothing to read
	}
	t.dropTitle(o.Column)
	width := 0
	for _, s := range t.sample {
		width = max(width, len(s.cells))
	}
	first := t.sample[0].cells
	t.known = t.count(width, o.Known)
	known := t.known
	headed := -1 // the column with the most telling heading, of those the one with the most known texts
	best, rank := 0, len(headings)
	for i := range width {
		if known[i] > known[best] {
			best = i
		}
		if i < len(first) {
			r := telling(first[i].text)
			if r < len(headings) && (headed < 0 || known[i] > 0 && known[headed] == 0 || r < rank && (known[i] > 0) == (known[headed] > 0)) {
				headed, rank = i, r
			}
		}
	}
	switch {
	case o.Column != "":
		if column, err = named(o.Column, first, width, name); err != nil {
			return 0, "", err
		}
	case headed >= 0 && (known[headed] > 0 || known[best] == 0):
		column = headed
	case known[best] > 0 || width == 1:
		column = best
	default:
		return 0, "", &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("it is not clear which of the %d columns of %s holds the codes", width, name),
			Remedy: "name it with --column, by its heading, its letter or its number",
		}
	}
	if t.hasHeading(column, o) {
		title = first[column].text
		t.sample = t.sample[1:]
	}
	return column, title, nil
}

// maxTitle is how many rows may stand above the headings.
const maxTitle = 20

// dropTitle takes off the sample what stands above a row of headings: the
// office, the day. It is a row with a telling word or the name of the column
// that is wanted, and more cells than any above it, none of which may be a
// code.
func (t *tableReader) dropTitle(want string) {
	widest := 0
	for i, s := range t.sample[:min(len(t.sample), maxTitle+1)] {
		isHeading, isCode, filled := false, false, 0
		for _, c := range s.cells {
			if c.text != "" {
				filled++
			}
			isHeading = isHeading || telling(c.text) < len(headings) || want != "" && isNamed(c, want)
			isCode = isCode || holdsCode(c.text, t.isKnown) || looksLikeCode(c.text) && !strings.Contains(c.text, " ")
		}
		switch {
		case isHeading && filled > widest:
			for _, above := range t.sample[:i] {
				if !blank(above.cells) {
					*t.skipped++
				}
			}
			t.sample = t.sample[i:]
			return
		case isCode:
			return
		}
		widest = max(widest, filled)
	}
}

// isNamed reports whether a cell is the heading that an officer named.
func isNamed(c cell, want string) bool {
	return strings.EqualFold(strings.TrimSpace(c.text), strings.TrimSpace(want))
}

// count returns, for each column, how many different texts of the sample are
// known. A product's bar code is the same in each row, and counts once.
func (t *tableReader) count(width int, isKnown func(gsp.UIM) bool) []int {
	known := make([]int, width)
	for i := range width {
		seen := make(map[string]bool)
		for _, s := range t.sample {
			if i < len(s.cells) && !seen[s.cells[i].text] && holdsCode(s.cells[i].text, isKnown) {
				seen[s.cells[i].text] = true
			}
		}
		known[i] = len(seen)
	}
	return known
}

// holdsCode reports whether a cell is a known code or holds several.
func holdsCode(text string, isKnown func(gsp.UIM) bool) bool {
	return isKnown(gsp.NewUIM(text)) || several(text, isKnown) != nil
}

// hasHeading reports whether the first row is headings: the cell above the
// codes has a telling word, or is not known while others of the row are words.
func (t *tableReader) hasHeading(column int, o Options) bool {
	first := t.sample[0].cells
	if column >= len(first) || holdsCode(first[column].text, o.Known) {
		return false
	}
	text := first[column].text
	return telling(text) < len(headings) || strings.EqualFold(text, o.Column) || !strings.ContainsAny(text, "0123456789") && text != ""
}

// telling returns the rank of a heading, numbered or not, len(headings) for
// none.
func telling(text string) int {
	text = strings.ToLower(strings.Trim(strings.Join(strings.Fields(text), " "), " :#№.0123456789"))
	if i := slices.Index(headings, text); i >= 0 {
		return i
	}
	return len(headings)
}

// named returns the column that an officer named.
func named(want string, first []cell, width int, name string) (int, error) {
	for i, c := range first {
		if isNamed(c, want) {
			return i, nil
		}
	}
	if n, err := strconv.Atoi(want); err == nil && n >= 1 && n <= width {
		return n - 1, nil
	}
	for i := range width {
		if strings.EqualFold(letters(i), want) {
			return i, nil
		}
	}
	var there []string
	for i, c := range first {
		there = append(there, fmt.Sprintf("%s (%s)", letters(i), brief(c.text)))
		if i == 9 {
			break
		}
	}
	return 0, &gsp.Refusal{
		Reason: gsp.UnreadableFile,
		Cause:  fmt.Sprintf("%s has no column %q", name, brief(want)),
		Remedy: "its first columns are " + strings.Join(there, ", "),
	}
}

// maxBrief is how much of a text of the file a message repeats, in characters.
const maxBrief = 60

// brief cuts a text for a message.
func brief(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxBrief {
			return s[:i] + "…"
		}
	}
	return s
}

// letters returns the name that spreadsheets give to a column, from 0: A, Z, AA.
func letters(column int) string {
	s := ""
	for column++; column > 0; column = (column - 1) / 26 {
		s = string(rune('A'+(column-1)%26)) + s
	}
	return s
}

// maxDigits is how many digits of a number a spreadsheet keeps.
const maxDigits = 15

// rounded reports whether a cell is a number of which digits are lost: written
// with an exponent, or longer than a spreadsheet keeps.
func rounded(c cell) bool {
	if c.number {
		return len(strings.TrimLeft(c.text, "-0")) > maxDigits
	}
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(c.text), "E+")
	if !ok || exponent == "" || len(exponent) > 3 || !isDigits(exponent) {
		return false
	}
	whole, fraction, _ := strings.Cut(strings.Replace(mantissa, ",", ".", 1), ".")
	return len(whole) == 1 && isDigits(whole) && isDigits(fraction)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
