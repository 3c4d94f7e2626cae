package seizure

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// delimiters that may part columns, the likeliest first.
var delimiters = []byte{'\t', ';', ',', '|'}

// sampleLines is how many lines decide how a text is read.
const sampleLines = 200

// oneALine reports whether a text is a plain list: nine in ten lines are one
// word with digits in it.
func oneALine(lines [][]byte) bool {
	words := 0
	for _, line := range lines {
		if len(bytes.Fields(line)) == 1 && bytes.ContainsAny(line, "0123456789") {
			words++
		}
	}
	return 10*words >= 9*len(lines)
}

// delimiter looks at the beginning of a text and returns what parts its
// columns, and false where it has none. Codes may hold any of the delimiters,
// so a text whose lines are known whole has no columns.
func delimiter(sample []byte, lines [][]byte, named bool, o Options) (sep byte, table bool) {
	if len(lines) > 0 {
		if s, ok := bytes.CutPrefix(lines[0], []byte("sep=")); ok && len(s) == 1 { // a spreadsheet's own mark
			return s[0], true
		}
	}
	whole := 0
	for _, line := range lines {
		if o.Known(gsp.NewUIM(string(line))) {
			whole++
		}
	}
	if whole > 0 && 2*whole >= len(lines) {
		return 0, false
	}
	for _, d := range delimiters {
		records, codes := columnsOf(sample, d, o.Known)
		if parts(records) && (named || codes && len(records) > 1) {
			return d, true
		}
	}
	return delimiters[2], named || o.Column != ""
}

// columnsOf returns how many columns each of the first records has that is
// not blank, if d parts them, and whether one is known or headed as a code:
// the commas of prose part none.
func columnsOf(sample []byte, d byte, known func(gsp.UIM) bool) (columns []int, codes bool) {
	r := &csvReader{lines: &lineReader{r: bufio.NewReader(bytes.NewReader(sample))}, sep: d}
	for len(columns) < sampleLines {
		_, cells, err := r.next()
		if err != nil {
			break
		}
		if blank(cells) {
			continue
		}
		codes = codes || slices.ContainsFunc(cells, func(c cell) bool {
			return len(columns) == 0 && telling(c.text) < len(headings) || holdsCode(c.text, known)
		})
		columns = append(columns, len(cells))
	}
	return columns, codes
}

// parts reports whether nine in ten records have one number of columns, more
// than one.
func parts(columns []int) bool {
	counts := make(map[int]int)
	for _, n := range columns {
		counts[n]++
	}
	for n, records := range counts {
		if n > 1 && 10*records >= 9*len(columns) {
			return true
		}
	}
	return false
}

// firstLines returns the first lines of a sample that are not blank.
func firstLines(sample []byte) (lines [][]byte) {
	for line := range bytes.FieldsFuncSeq(sample, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(bytes.TrimSpace(line)) > 0 {
			lines = append(lines, bytes.TrimSpace(line))
		}
		if len(lines) == sampleLines {
			break
		}
	}
	return lines
}

// csvReader reads CSV as spreadsheets and scanners write it: any delimiter,
// lines of unequal length, and quotes that nobody doubled or closed.
type csvReader struct {
	lines  *lineReader
	sep    byte
	cells  []cell
	record []byte // lines joined where a quoted field goes over several
	begun  int    // quotes that were opened and never closed
}

// Limits of quoted fields over several lines. A quote that nobody closes
// costs a look at that many octets; after some of them quotes are no longer
// believed to go on.
const (
	maxQuoted = 32 << 10
	maxBegun  = 20
)

func (r *csvReader) next() (int, []cell, error) {
	line, err := r.lines.next()
	if err == nil && r.lines.number == 1 && bytes.HasPrefix(line, []byte("sep=")) && len(line) == 5 {
		line, err = r.lines.next()
	}
	if err != nil {
		return 0, nil, err
	}
	number, open := r.lines.number, false
	if r.cells, open = splitLine(line, r.sep, r.cells[:0]); open && r.begun < maxBegun {
		r.join(number, bytes.Clone(line))
	}
	return number, r.cells, nil
}

// join adds lines to one with an open quote, until it is closed. If that does
// not happen soon, the quote is a character like any other, and the lines are
// given back.
func (r *csvReader) join(number int, first []byte) {
	var taken []numbered
	r.record = append(r.record[:0], first...)
	for len(r.record) < maxQuoted {
		more, err := r.lines.next()
		if err != nil {
			break
		}
		taken = append(taken, numbered{r.lines.number, bytes.Clone(more)})
		r.record = append(append(r.record, '\n'), more...)
		if !bytes.ContainsRune(more, '"') {
			continue
		}
		fields, open := splitLine(r.record, r.sep, r.cells[:0])
		if r.cells = fields; !open {
			return
		}
	}
	r.begun++
	r.lines.giveBack(taken)
	r.lines.number = number
	r.cells, _ = splitLine(first, r.sep, r.cells[:0])
}

// splitLine splits a record into its fields, and reports whether a quote is
// still open at its end.
func splitLine(line []byte, sep byte, cells []cell) (fields []cell, open bool) {
	cells = slices.Grow(cells, 4)
	for {
		var field []byte
		var quoted, more bool
		if len(line) > 0 && line[0] == '"' {
			field, line, quoted, more = quotedField(line, sep)
			open = open || !quoted
		}
		if !quoted {
			field, line, more = bytes.Cut(line, []byte{sep})
		}
		cells = append(cells, cell{text: plain(string(field))})
		if !more {
			return cells, open
		}
	}
}

// quotedField reads a field that begins with a quote. It is one only if a
// quote ends it before a delimiter or the end of the line.
func quotedField(line []byte, sep byte) (field, rest []byte, ok, more bool) {
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			field = append(field, line[i])
			continue
		}
		switch {
		case i+1 == len(line):
			return field, nil, true, false
		case line[i+1] == sep:
			return field, line[i+2:], true, true
		case line[i+1] == '"':
			i++
		}
		field = append(field, '"')
	}
	return nil, line, false, false
}

// plain takes the dress off that spreadsheets put on text, ="00123".
func plain(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.ReplaceAll(inner[:len(inner)-1], `""`, `"`)
	}
	return s
}
