package seizure

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
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
	return l, l.readTable(&sheetReader{x: newTokens(counter), texts: &b.texts}, name, o)
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
	err := b.each("xl/_rels/workbook.xml.rels", func(e xml.StartElement) {
		if e.Name.Local == "Relationship" {
			targets[attribute(e, "Id")] = attribute(e, "Target")
		}
	})
	if err != nil {
		return nil, unreadable(file, "save it again as .xlsx or .csv", err)
	}
	var names []string
	var found *zip.File
	err = b.each("xl/workbook.xml", func(e xml.StartElement) {
		if e.Name.Local != "sheet" {
			return
		}
		target := targets[attribute(e, "id")]
		if !strings.HasPrefix(target, "/") {
			target = path.Join("xl", target)
		}
		part := b.parts[strings.TrimPrefix(target, "/")]
		name := attribute(e, "name")
		if part == nil || !strings.Contains(target, "sheet") {
			return // a chart
		}
		names = append(names, name)
		if found == nil && (want == "" && visible(attribute(e, "state")) || strings.EqualFold(name, want)) {
			found = part
		}
	})
	switch {
	case err != nil:
		return nil, unreadable(file, "save it again as .xlsx or .csv", err)
	case found == nil && want != "":
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("%s has no sheet %q", file, want),
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
func (b *book) each(name string, do func(xml.StartElement)) error {
	part := b.parts[name]
	if part == nil {
		return fmt.Errorf("the workbook lacks %s", name)
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	x := newTokens(io.LimitReader(r, maxLine))
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			do(e)
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
	x := newTokens(r)
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			text, err := x.text("si")
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

// tokens reads XML token by token, each of bounded size.
type tokens struct {
	d      *xml.Decoder
	budget int
	r      *bufio.Reader
}

func newTokens(r io.Reader) *tokens {
	t := &tokens{r: bufio.NewReaderSize(r, 64<<10)}
	t.d = xml.NewDecoder(t)
	return t
}

// ReadByte makes the decoder read without a buffer of its own, so that the
// octets of each token are counted.
func (t *tokens) ReadByte() (byte, error) {
	if t.budget--; t.budget < 0 {
		return 0, errTooLarge
	}
	return t.r.ReadByte()
}

// Read is not used by the decoder, which has ReadByte.
func (t *tokens) Read(p []byte) (int, error) { return t.r.Read(p) }

func (t *tokens) next() (xml.Token, error) {
	t.budget = maxLine
	return t.d.RawToken()
}

// text returns the text of an element that has begun: of all its <t>, without
// the pronunciation that Asian workbooks add.
func (t *tokens) text(element string) (string, error) {
	var b strings.Builder
	inText, phonetic := element == "v", false
	for {
		token, err := t.next()
		if err != nil {
			return "", endTooSoon(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inText = inText || e.Name.Local == "t"
			phonetic = phonetic || e.Name.Local == "rPh"
		case xml.CharData:
			if inText && !phonetic {
				if b.Len()+len(e) > maxLine {
					return "", errTooLarge
				}
				b.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case element:
				return unescape(b.String()), nil
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			}
		}
	}
}

func endTooSoon(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// sheetReader reads the rows of a sheet.
type sheetReader struct {
	x     *tokens
	texts *texts
	row   int
	cells []cell
}

func (s *sheetReader) next() (int, []cell, error) {
	s.cells = s.cells[:0]
	for {
		token, err := s.x.next()
		if err != nil {
			return 0, nil, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				s.row++
				if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n > 0 {
					s.row = n
				}
				s.cells = s.cells[:0]
			case "c":
				if err := s.cell(e); err != nil {
					return 0, nil, err
				}
			}
		case xml.EndElement:
			if e.Name.Local == "row" {
				return s.row, s.cells, nil
			}
		}
	}
}

// cell reads one cell into its column.
func (s *sheetReader) cell(e xml.StartElement) error {
	at := len(s.cells)
	if ref := attribute(e, "r"); ref != "" {
		at = columnOf(ref)
	}
	if at < 0 || at >= maxColumns {
		return fmt.Errorf("row %d has a cell outside of the sheet", s.row)
	}
	for len(s.cells) <= at {
		s.cells = append(s.cells, cell{})
	}
	kind := attribute(e, "t")
	for {
		token, err := s.x.next()
		if err != nil {
			return endTooSoon(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local != "v" && e.Name.Local != "is" {
				continue
			}
			text, err := s.x.text(e.Name.Local)
			if err != nil {
				return err
			}
			if s.cells[at], err = s.value(kind, text); err != nil {
				return err
			}
		case xml.EndElement:
			if e.Name.Local == "c" {
				return nil
			}
		}
	}
}

// value returns what a cell of a kind holds (ECMA-376 part 1, section 18.18.11).
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

// attribute returns the value of an attribute, whatever its prefix.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// unescape reads _x001D_ as the character of that number: workbooks write so
// what XML cannot hold, such as the separator of GS1 codes (ECMA-376 part 1,
// section 22.9.2.19).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if n, ok := escaped(s[i:]); ok {
			b.WriteRune(n)
			i += len("_x001D_")
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// escaped reads one _xHHHH_ at the start of s.
func escaped(s string) (rune, bool) {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}
