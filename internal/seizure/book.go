package seizure

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"gsp.example/gsp/internal/gsp"
)

// Limits of a workbook.
const (
	maxTexts   = 256 << 20 // octets of its table of texts
	maxColumns = 16_384    // of a spreadsheet
	maxParts   = 10_000    // files within it
	maxNamed   = 20        // sheets that a message names
)

// errTooLarge reports a part of a workbook beyond its limit.
var errTooLarge = errors.New("a part of the workbook is too large")

// openBook opens a workbook (.xlsx) whose file is f.
func openBook(f io.ReaderAt, size int64, name string, o Options) (*List, error) {
	z, err := zip.NewReader(f, size)
	if err != nil || len(z.File) > maxParts {
		return nil, unreadable(name, "save it again as .xlsx or .csv", err)
	}
	b := &book{parts: make(map[string]*zip.File)}
	for _, p := range z.File {
		b.parts[strings.TrimPrefix(p.Name, "/")] = p
	}
	if b.parts["xl/workbook.xml"] == nil {
		return nil, unreadable(name, "only .xlsx workbooks are read: save it as .xlsx or .csv", nil)
	}
	part, err := b.sheet(name, o.Sheet)
	if err != nil {
		return nil, err
	}
	if err := b.readTexts(); err != nil {
		return nil, unreadable(name, "save the column of codes alone as .csv", err)
	}
	sheet, err := part.Open()
	if err != nil {
		return nil, unreadable(name, "save it again as .xlsx or .csv", err)
	}
	counter := &counting{r: sheet}
	l := &List{name: name, read: counter.n.Load, size: int64(min(part.UncompressedSize64, 1<<62))}
	return l, l.readTable(&sheetReader{m: newMarkup(counter), texts: &b.texts}, name, o)
}

// book is an open workbook.
type book struct {
	parts map[string]*zip.File
	texts texts
}

// texts are the texts of a workbook, each kept once, one after the other.
type texts struct {
	slab []byte
	ends []uint32
}

func (t *texts) at(i int) (string, bool) {
	if i < 0 || i >= len(t.ends) {
		return "", false
	}
	begin := uint32(0)
	if i > 0 {
		begin = t.ends[i-1]
	}
	return string(t.slab[begin:t.ends[i]]), true
}

// sheet finds the sheet of that name, or the first one.
func (b *book) sheet(file, want string) (*zip.File, error) {
	targets := make(map[string]string) // by relationship
	err := b.each("xl/_rels/workbook.xml.rels", func(p *piece) {
		if string(p.name) == "Relationship" {
			targets[p.attribute("Id")] = p.attribute("Target")
		}
	})
	if err != nil {
		return nil, unreadable(file, "save it again as .xlsx or .csv", err)
	}
	var names []string
	var found *zip.File
	err = b.each("xl/workbook.xml", func(p *piece) {
		if string(p.name) != "sheet" {
			return
		}
		target := targets[p.attribute("id")]
		if !strings.HasPrefix(target, "/") {
			target = path.Join("xl", target)
		}
		part := b.parts[strings.TrimPrefix(target, "/")]
		name := p.attribute("name")
		if part == nil || !strings.Contains(target, "sheet") {
			return // a chart
		}
		if len(names) < maxNamed {
			names = append(names, brief(name))
		}
		if found == nil && (want == "" && visible(p.attribute("state")) || strings.EqualFold(name, want)) {
			found = part
		}
	})
	switch {
	case err != nil:
		return nil, unreadable(file, "save it again as .xlsx or .csv", err)
	case found == nil && want != "":
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("%s has no sheet %q", file, brief(want)),
			Remedy: "its sheets are " + strings.Join(names, ", "),
		}
	case found == nil:
		return nil, unreadable(file, "it has no visible sheet; name one with --sheet", nil)
	}
	return found, nil
}

// visible reports whether a sheet of that state is shown.
func visible(state string) bool { return state == "" || state == "visible" }

// each calls do for each element of a small part.
func (b *book) each(name string, do func(*piece)) error {
	part := b.parts[name]
	if part == nil {
		return fmt.Errorf("the workbook lacks %s", name)
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	m := newMarkup(io.LimitReader(r, maxLine))
	for {
		p, err := m.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.kind == startPiece {
			do(&p)
		}
	}
}

// readTexts reads the table of texts, if there is one.
func (b *book) readTexts() error {
	part := b.parts["xl/sharedStrings.xml"]
	if part == nil {
		return nil
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	m, room := newMarkup(r), textReader{}
	for {
		p, err := m.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.is(startPiece, "si") {
			text, err := room.text(m, "si")
			if err != nil {
				return err
			}
			if len(b.texts.slab)+len(text) > maxTexts {
				return errTooLarge
			}
			b.texts.slab = append(b.texts.slab, text...)
			b.texts.ends = append(b.texts.ends, uint32(len(b.texts.slab)))
		}
	}
}

// text returns the text of an element that has begun: of all its <t>, without
// the pronunciation that Asian workbooks add. It is valid until the next call.
func (b *textReader) text(m *markup, element string) ([]byte, error) {
	b.plain = b.plain[:0]
	inText, phonetic := element == "v", false
	for {
		p, err := m.next()
		if err != nil {
			return nil, endTooSoon(err)
		}
		switch p.kind {
		case startPiece:
			inText = inText || string(p.name) == "t"
			phonetic = phonetic || string(p.name) == "rPh"
		case textPiece:
			if !inText || phonetic {
				continue
			}
			if len(b.plain)+len(p.text) > maxLine {
				return nil, errTooLarge
			}
			if p.plain {
				b.plain = append(b.plain, p.text...)
			} else {
				b.plain = appendPlain(b.plain, p.text)
			}
		case endPiece:
			switch string(p.name) {
			case element:
				return unescape(b.plain), nil
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			}
		}
	}
}

// textReader has the room for a text.
type textReader struct{ plain []byte }

// sheetReader reads the rows of a sheet.
type sheetReader struct {
	m     *markup
	room  textReader
	texts *texts
	row   int
	cells []cell
}

func (s *sheetReader) next() (int, []cell, error) {
	s.cells = s.cells[:0]
	for {
		p, err := s.m.next()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case p.is(startPiece, "row"):
			s.row++
			if n, err := strconv.Atoi(p.attribute("r")); err == nil && n > 0 {
				s.row = n
			}
			s.cells = s.cells[:0]
		case p.is(startPiece, "c"):
			if err := s.cell(&p); err != nil {
				return 0, nil, err
			}
		case p.is(endPiece, "row"):
			return s.row, s.cells, nil
		}
	}
}

// cell reads one cell into its column.
func (s *sheetReader) cell(p *piece) error {
	at := len(s.cells)
	if ref := p.attribute("r"); ref != "" {
		at = columnOf(ref)
	}
	if at < 0 || at >= maxColumns {
		return fmt.Errorf("row %d has a cell outside of the sheet", s.row)
	}
	for len(s.cells) <= at {
		s.cells = append(s.cells, cell{})
	}
	kind := p.attribute("t")
	for {
		p, err := s.m.next()
		switch {
		case err != nil:
			return endTooSoon(err)
		case p.is(endPiece, "c"):
			return nil
		case p.is(startPiece, "v") || p.is(startPiece, "is"):
			text, err := s.room.text(s.m, string(p.name))
			if err != nil {
				return err
			}
			if s.cells[at], err = s.value(kind, string(text)); err != nil {
				return err
			}
		}
	}
}

// value returns what a cell of a kind holds (ISO/IEC 29500-1, section 18.18.11).
func (s *sheetReader) value(kind, text string) (cell, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(text)
		if err != nil {
			return cell{}, fmt.Errorf("row %d: %w", s.row, err)
		}
		shared, ok := s.texts.at(i)
		if !ok {
			return cell{}, fmt.Errorf("row %d has a text that is not in the table of texts", s.row)
		}
		return cell{text: strings.TrimSpace(shared)}, nil
	case "", "n":
		return cell{text: integer(text), number: true}, nil
	}
	return cell{text: strings.TrimSpace(text)}, nil
}

// integer writes a number without exponent, as the column shows it when it is
// wide enough.
func integer(text string) string {
	if !strings.ContainsAny(text, "eE.") || len(text) > 30 {
		return text
	}
	f, _, err := big.ParseFloat(text, 10, 200, big.ToNearestEven)
	if err != nil || !f.IsInt() || f.MantExp(nil) > 200 {
		return text
	}
	return f.Text('f', 0)
}

// columnOf returns the column of a reference such as "AB12", from 0, or -1.
func columnOf(ref string) int {
	n := 0
	for i := range len(ref) {
		c := ref[i]
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumns {
			return -1
		}
	}
	return n - 1
}

// unescape reads _x001D_ as the character of that number: workbooks write so
// what XML cannot hold, such as the separator of GS1 codes (ISO/IEC 29500-1,
// section 22.9.2.19).
func unescape(s []byte) []byte {
	if !bytes.Contains(s, []byte("_x")) {
		return s
	}
	var b []byte
	for i := 0; i < len(s); {
		if r, ok := escaped(string(s[i:min(len(s), i+7)])); ok {
			b = utf8.AppendRune(b, r)
			i += len("_x001D_")
			continue
		}
		b = append(b, s[i])
		i++
	}
	return b
}

// escaped reads one _xHHHH_ at the start of s.
func escaped(s string) (rune, bool) {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}
