package seizure

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxSheetRows is how many rows a sheet has at most, its headings included.
const maxSheetRows = 1 << 20

// NewBook writes a workbook (.xlsx) for people. Every code is a cell of text,
// so that no spreadsheet takes it for a number, a date or a formula.
func NewBook(w io.Writer) Writer {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, newDeflater)
	return &bookWriter{zip: z, shared: make(map[string]int)}
}

type bookWriter struct {
	zip    *zip.Writer
	sheet  io.Writer // the part being written
	sheets int
	row    int
	buf    []byte
	shared map[string]int // texts of the table of texts, by their number
	texts  []byte         // that table
}

// Texts that many rows have, such as outcomes and sentences, are kept once, in
// the workbook's table of texts, as long as there are no more than maxShared.
// Codes are not: each is another one.
const (
	maxShared  = 10_000
	ownColumns = 3 // the row and the two spellings of the code
)

// Write adds a row, on a new sheet where one is full.
func (b *bookWriter) Write(f *Finding) error {
	if b.sheet == nil || b.row == maxSheetRows {
		if err := b.begin(); err != nil {
			return err
		}
	}
	b.row++
	b.buf = append(b.buf, `<row r="`...)
	b.buf = strconv.AppendInt(b.buf, int64(b.row), 10)
	b.buf = append(b.buf, `"><c r="A`...)
	b.buf = strconv.AppendInt(b.buf, int64(b.row), 10)
	b.buf = append(b.buf, `"><v>`...)
	b.buf = strconv.AppendInt(b.buf, int64(f.Row), 10)
	b.buf = append(b.buf, `</v></c>`...)
	for i, v := range f.values() {
		b.text(i+1, 1, v)
	}
	b.buf = append(b.buf, "</row>"...)
	return b.flush(64 << 10)
}

// Close writes the parts that hold the sheets together.
func (b *bookWriter) Close() error {
	if b.sheets == 0 {
		if err := b.begin(); err != nil {
			return err
		}
	}
	if err := b.end(); err != nil {
		return err
	}
	var types, sheets, relations strings.Builder
	for i := 1; i <= b.sheets; i++ {
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i)
		fmt.Fprintf(&sheets, `<sheet name="Codes %d" sheetId="%d" r:id="rId%d"/>`, i, i, i)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="`+relationType+`worksheet" Target="worksheets/sheet%d.xml"/>`, i, i)
	}
	for _, part := range []struct{ name, text string }{
		{"xl/workbook.xml", `<workbook xmlns="` + mainSpace + `" xmlns:r="` + strings.TrimSuffix(relationType, "/") + `"><bookViews><workbookView/></bookViews><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + relationSpace + `">` + relations.String() +
			`<Relationship Id="rIdStyles" Type="` + relationType + `styles" Target="styles.xml"/>` +
			`<Relationship Id="rIdTexts" Type="` + relationType + `sharedStrings" Target="sharedStrings.xml"/></Relationships>`},
		{"xl/sharedStrings.xml", `<sst xmlns="` + mainSpace + `">` + string(b.texts) + `</sst>`},
		{"xl/styles.xml", styles},
		{"_rels/.rels", `<Relationships xmlns="` + relationSpace + `"><Relationship Id="rId1" Type="` + relationType + `officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
			`<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>` +
			types.String() + `</Types>`},
	} {
		w, err := b.zip.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, declaration+part.text); err != nil {
			return err
		}
	}
	return b.zip.Close()
}

const (
	declaration   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationSpace = "http://schemas.openxmlformats.org/package/2006/relationships"
	relationType  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

	// styles has three: plain, text (the built-in number format 49), bold.
	styles = `<styleSheet xmlns="` + mainSpace + `"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
		`<cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>`
)

// widths of the columns, in characters.
var widths = []int{8, 34, 34, 14, 8, 14, 12, 24, 34, 16, 8, 90}

// begin starts a sheet with its headings.
func (b *bookWriter) begin() error {
	if err := b.end(); err != nil {
		return err
	}
	b.sheets++
	w, err := b.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", b.sheets))
	if err != nil {
		return err
	}
	b.sheet, b.row = w, 1
	b.buf = append(b.buf, declaration+`<worksheet xmlns="`+mainSpace+`"><sheetViews><sheetView workbookViewId="0">`+
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`...)
	for i, width := range widths {
		b.buf = fmt.Appendf(b.buf, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, width)
	}
	b.buf = append(b.buf, `</cols><sheetData><row r="1">`...)
	for i, heading := range columns {
		b.text(i, 2, heading)
	}
	b.buf = append(b.buf, "</row>"...)
	return nil
}

// end ends the sheet being written, if there is one.
func (b *bookWriter) end() error {
	if b.sheet == nil {
		return nil
	}
	b.buf = append(b.buf, fmt.Sprintf(`</sheetData><autoFilter ref="A1:%s%d"/></worksheet>`, letters(len(columns)-1), b.row)...)
	return b.flush(0)
}

// flush hands the text on when there is more than that of it.
func (b *bookWriter) flush(more int) error {
	if len(b.buf) <= more {
		return nil
	}
	_, err := b.sheet.Write(b.buf)
	b.buf = b.buf[:0]
	return err
}

// text adds a cell of text. An empty one is left out.
func (b *bookWriter) text(column, style int, s string) {
	if s == "" {
		return
	}
	b.buf = append(b.buf, `<c r="`...)
	b.buf = append(b.buf, byte('A'+column))
	b.buf = strconv.AppendInt(b.buf, int64(b.row), 10)
	b.buf = append(b.buf, `" s="`...)
	b.buf = append(b.buf, byte('0'+style))
	if column >= ownColumns {
		if n, ok := b.share(s); ok {
			b.buf = append(b.buf, `" t="s"><v>`...)
			b.buf = strconv.AppendInt(b.buf, int64(n), 10)
			b.buf = append(b.buf, `</v></c>`...)
			return
		}
	}
	b.buf = append(b.buf, `" t="inlineStr"><is>`...)
	b.buf = appendText(b.buf, s)
	b.buf = append(b.buf, `</is></c>`...)
}

// share returns the number of a text in the table of texts, which it may add
// it to.
func (b *bookWriter) share(s string) (int, bool) {
	n, ok := b.shared[s]
	if !ok && len(b.shared) < maxShared {
		n, ok = len(b.shared), true
		b.shared[strings.Clone(s)] = n
		b.texts = append(b.texts, "<si>"...)
		b.texts = appendText(b.texts, s)
		b.texts = append(b.texts, "</si>"...)
	}
	return n, ok
}

// appendText writes a text of a cell. White space at its ends is kept only
// where that is said.
func appendText(b []byte, s string) []byte {
	if strings.TrimSpace(s) != s {
		b = append(b, `<t xml:space="preserve">`...)
	} else {
		b = append(b, "<t>"...)
	}
	return append(appendEscaped(b, s), "</t>"...)
}

// appendEscaped writes the characters of a text. What XML cannot hold is written as
// _x001D_, and what looks like that has its first sign written so.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; ' ' <= c && c < utf8.RuneSelf && c != '&' && c != '<' && c != '>' && c != '_' {
			b = append(b, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '_' && isEscape(s[i:]):
			b = append(b, "_x005F_"...)
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b = fmt.Appendf(b, "_x%04X_", r)
		case r == utf8.RuneError && n == 1:
			b = append(b, "\ufffd"...)
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return b
}

func isEscape(s string) bool {
	_, ok := escaped(s)
	return ok
}
