package seizure_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/seizure"
)

// workbook makes an .xlsx of two visible sheets, the rest as spreadsheet
// programs write it. Parts with another text replace these.
func workbook(t testing.TB, parts map[string]string) string {
	t.Helper()
	all := map[string]string{
		"[Content_Types].xml": `<Types/>`,
		"xl/workbook.xml": `<?xml version="1.0"?><workbook xmlns:r="r"><sheets><sheet name="Notes" sheetId="1" state="hidden" r:id="rId1"/>` +
			`<sheet name="Seizure" sheetId="2" r:id="rId2"/><sheet name="More" sheetId="3" r:id="rId3"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="rId3" Target="worksheets/sheet3.xml"/></Relationships>`,
		"xl/sharedStrings.xml": `<sst><si><t>UIM</t></si><si><r><t>KE7302</t></r><r><t xml:space="preserve">14477 </t></r><rPh sb="0" eb="1"><t>no</t></rPh></si>` +
			`<si><t>0109521141894569&lt;21_x001D_8005_x005F_x0041_</t></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData/></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet><cols/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Nr</t></is></c><c r="C1" t="s"><v>0</v></c></row>` +
			`<row r="3"><c r="A3"><v>1</v></c><c r="C3" s="4" t="s"><f>x</f><v>1</v></c></row>` +
			`<row r="4"><c r="C4" t="s"><v>2</v></c></row><row r="5"><c r="C5"><v>4.006381333931E12</v></c></row>` +
			`<row r="6"><c r="C6"><v>1.23456789012346E+17</v></c></row><row r="7"><c r="C7" t="str"><v>KE730214478</v></c></row>` +
			`<row r="8"><c r="A8"><v>9</v></c><c r="C8" t="s"/></row><row><c><v>10</v></c><c/><c t="inlineStr"><is><t>KE730214479</t></is></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet3.xml": `<worksheet><sheetData><row><c t="inlineStr"><is><t>KE730214470</t></is></c></row></sheetData></worksheet>`,
	}
	for name, text := range parts {
		all[name] = text
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range all {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "book.xlsx")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestWorkbook(t *testing.T) {
	l, err := seizure.Open(workbook(t, nil), seizure.Options{Known: known})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := []string{
		"3:KE730214477", "4:0109521141894569<21\x1d8005_x0041_", "5:4006381333931", "6:123456789012346000!", "7:KE730214478", "9:KE730214479",
	}
	if got := read(t, l); !slices.Equal(got, want) || l.Column != "C (UIM)" || l.Skipped != 1 {
		t.Errorf("got %q of column %q, %d skipped, want %q of C (UIM), 1", got, l.Column, l.Skipped, want)
	}
	if got := l.Progress(); got != 1 {
		t.Errorf("progress at the end: got %v, want 1", got)
	}
	more, err := seizure.Open(workbook(t, nil), seizure.Options{Known: known, Sheet: "more"})
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	if got, want := read(t, more), []string{"1:KE730214470"}; !slices.Equal(got, want) {
		t.Errorf("second sheet: got %q, want %q", got, want)
	}
	_, err = seizure.Open(workbook(t, nil), seizure.Options{Known: known, Sheet: "Less"})
	wantRefusal(t, err, `no sheet "Less"`, "Notes, Seizure, More")
}

// A spreadsheet keeps fifteen digits of a number, and puts zeros for the rest.
// Other programs may write ">" into an attribute, as XML allows.
func TestNumbers(t *testing.T) {
	const sheet = `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>UIM</t></is></c></row>` +
		`<row r="2"><c r="A2"><v>123456789012345</v></c></row><row r="3"><c r="A3"><v>1234567890123450</v></c></row>` +
		`<row r="4"><c name="a>b" r="A4" t="inlineStr"><is><t>1234567890123450</t></is></c></row></sheetData></worksheet>`
	l, err := seizure.Open(workbook(t, map[string]string{"xl/worksheets/sheet2.xml": sheet}), seizure.Options{Known: known})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got, want := read(t, l), []string{"2:123456789012345", "3:1234567890123450!", "4:1234567890123450"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBrokenWorkbook(t *testing.T) {
	for _, test := range []struct{ name, part, text, remedy string }{
		{"another kind of package", "xl/workbook.xml", "", "visible sheet"},
		{"an element that does not end", "xl/worksheets/sheet2.xml", `<worksheet><sheetData><row><c t="inlineStr"><is><t>x`, "save it again"},
		{"a text that is not there", "xl/worksheets/sheet2.xml", `<worksheet><sheetData><row><c t="s"><v>99</v></c></row></sheetData></worksheet>`, "save it again"},
		{"a cell outside", "xl/worksheets/sheet2.xml", `<worksheet><sheetData><row><c r="ZZZZ1"><v>1</v></c></row></sheetData></worksheet>`, "save it again"},
		{"an endless text", "xl/sharedStrings.xml", `<sst><si><t>` + strings.Repeat("x", 2<<20), "save the column"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := seizure.Open(workbook(t, map[string]string{test.part: test.text}), seizure.Options{Known: known})
			wantRefusal(t, err, "cannot be read as a list of codes", test.remedy)
		})
	}
}

// Codes of every sign come back from a workbook as they were written.
func TestBookRoundTrip(t *testing.T) {
	codes := []string{"KE730214477", "00123", "=1+1", "1.5E+3", "a\x1d<&>\"'b", "_x0041_", "x_x00_x0041_y", " ", "😀", "\xff", "-1"}
	name := filepath.Join(t.TempDir(), "found.xlsx")
	out, err := seizure.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range codes {
		f := seizure.Finding{Item: seizure.Item{Row: i + 1, Code: gsp.NewUIM(code)}, Outcome: "unknown", Sentence: "Nothing."}
		if err := out.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is there before it is whole")
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := seizure.Open(name, seizure.Options{Known: known, Column: "code"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := []string{
		"2:KE730214477", "3:00123", "4:=1+1", "5:1.5E+3!", "6:a\x1d<&>\"'b", "7:_x0041_", "8:x_x00_x0041_y", "10:😀", "11:\ufffd", "12:-1",
	}
	if got := read(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCSVAndJSON(t *testing.T) {
	found := []seizure.Finding{
		{Item: seizure.Item{Row: 2, Code: gsp.NewUIM("KE730214477")}, Canonical: gsp.NewUIM("KE730214477"), Outcome: "unique", Party: "ke",
			Level: gsp.Unit, Entry: "ke-stamp", Mask: "KE7########", Sentence: "A stamp, of Kenya."},
		{Item: seizure.Item{Row: 3, Code: gsp.NewUIM("a\"<\n")}, Outcome: "unknown", Again: true},
		{Item: seizure.Item{Row: 4, Code: gsp.NewUIM("ZZ1")}, Canonical: gsp.NewUIM("ZZ1"), Outcome: "ambiguous", Candidates: []string{"zz", "non-party"},
			Mask: "ZZ#", Reason: "not-valid-yet"},
	}
	var table, text bytes.Buffer
	for _, w := range []seizure.Writer{seizure.NewCSV(&table), seizure.NewJSON(&text)} {
		for i := range found {
			if err := w.Write(&found[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"row", "code", "canonical", "outcome", "party", "candidates", "level", "entry", "mask", "reason", "again", "sentence"},
		{"2", "KE730214477", "KE730214477", "unique", "ke", "", "unit", "ke-stamp", "KE7########", "", "", "A stamp, of Kenya."},
		{"3", "a\"<\n", "", "unknown", "", "", "", "", "", "", "again", ""},
		{"4", "ZZ1", "ZZ1", "ambiguous", "", "zz non-party", "", "", "ZZ#", "not-valid-yet", "", ""},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("CSV: got %q, want %q", rows, want)
	}
	var objects []map[string]any
	if err := json.Unmarshal(text.Bytes(), &objects); err != nil {
		t.Fatal(err)
	}
	if len(objects) != 3 || objects[0]["mask"] != "KE7########" || objects[1]["code"] != "a\"<\n" || objects[1]["again"] != true ||
		!slices.Equal(objects[2]["candidates"].([]any), []any{"zz", "non-party"}) || objects[2]["reason"] != "not-valid-yet" {
		t.Errorf("JSON: got %v, want the findings", objects)
	}
}

// A name that says no format, or a folder that is not there, is refused before
// a long list is resolved.
func TestCreateRefuses(t *testing.T) {
	_, err := seizure.Create("found.doc")
	wantRefusal(t, err, "found.doc", ".csv, .json or .xlsx")
	_, err = seizure.Create(filepath.Join(t.TempDir(), "no", "found.csv"))
	wantRefusal(t, err, "cannot be written", "folder")
	out, err := seizure.Create(filepath.Join(t.TempDir(), "found.csv"))
	if err != nil {
		t.Fatal(err)
	}
	out.Abandon()
}

func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="2"><c r="B2" t="s"><v>0</v></c></row></sheetData></worksheet>`, `<sst><si><t>KE7</t></si></sst>`)
	f.Add(`<row><c><v>1e3</v></c><c t="inlineStr"><is><r><t>x</t></r></is></c></row>`, `<si><rPh><t>x</t></rPh></si>`)
	f.Fuzz(func(t *testing.T, sheet, texts string) {
		l, err := seizure.Open(workbook(t, map[string]string{"xl/worksheets/sheet2.xml": sheet, "xl/sharedStrings.xml": texts}), seizure.Options{Known: known})
		if err != nil {
			return
		}
		defer l.Close()
		batch := make([]seizure.Item, 5)
		for err == nil {
			_, err = l.Next(batch)
		}
	})
}

// The officer's own list must not be lost to a slip of the hand.
func TestCreateKeepsWhatIsThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(name, []byte("code,remark\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := seizure.Create(name)
	wantRefusal(t, err, "exists already", "another file")
	if text, err := os.ReadFile(name); err != nil || string(text) != "code,remark\n" {
		t.Errorf("the list is now %q, %v, want it as it was", text, err)
	}
}
