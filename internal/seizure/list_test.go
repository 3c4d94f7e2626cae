package seizure_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/seizure"
)

// known stands for a library: stamps such as KE730214477, trade numbers of
// thirteen digits, and element strings.
func known(u gsp.UIM) bool { return knownCodes.MatchString(u.Reveal()) }

var knownCodes = regexp.MustCompile(`^(KE7\d{8}|\d{13}|01\d{14}21.+|\(01\).+)$`)

// read returns the codes of a list, each as "row:code", with "!" where it was
// rounded.
func read(t testing.TB, l *seizure.List) (codes []string) {
	t.Helper()
	batch := make([]seizure.Item, 3) // so that batches end within lines
	for {
		n, err := l.Next(batch)
		if errors.Is(err, io.EOF) {
			return codes
		}
		if err != nil {
			t.Fatalf("read the list: %v", err)
		}
		for _, item := range batch[:n] {
			code := fmt.Sprintf("%d:%s", item.Row, item.Code.Reveal())
			if item.Rounded {
				code += "!"
			}
			codes = append(codes, code)
		}
	}
}

func TestText(t *testing.T) {
	tests := []struct {
		name, file, text string
		column           string // that is read
		want             []string
		skipped          int
	}{
		{"one a line", "a.txt", "KE730214477\r\nKE730214478\r\n\r\nhello1\n", "", []string{"1:KE730214477", "2:KE730214478", "4:hello1"}, 0},
		{"old Macintosh line ends", "a.txt", "KE730214477\rKE730214478", "", []string{"1:KE730214477", "2:KE730214478"}, 0},
		{"byte order mark", "a.txt", "\ufeffKE730214477", "", []string{"1:KE730214477"}, 0},
		{"heading alone above", "a.txt", "UIM\nKE730214477\nKE730214479\nKE730214470\nKE730214471\nKE730214472\nKE730214473\nKE730214474\nKE730214475\nKE730214476", "",
			[]string{"2:KE730214477", "3:KE730214479", "4:KE730214470", "5:KE730214471", "6:KE730214472", "7:KE730214473", "8:KE730214474", "9:KE730214475", "10:KE730214476"}, 1},
		{"commas within codes", "a.csv", "010952114189456921A,b;1\n010952114189456921A,c;2\n", "", []string{"1:010952114189456921A,b;1", "2:010952114189456921A,c;2"}, 0},

		{"headed column", "a.csv", "EAN,UIM\n4006381333931,KE730214477\n4006381333931,KE730214478\n", "B (UIM)", []string{"2:KE730214477", "3:KE730214478"}, 0},
		{"heading of an unknown code", "a.csv", "Trade,UIM\n4006381333931,UG1\n4006381333932,UG2\n", "A (Trade)", []string{"2:4006381333931", "3:4006381333932"}, 0},
		{"no heading, column by content", "a.csv", "1;KE730214477\n2;KE730214478\n", "B", []string{"1:KE730214477", "2:KE730214478"}, 0},
		{"different ones and not the same again", "a.csv", "4006381333931;KE730214477\n4006381333931;KE730214478\n", "B", []string{"1:KE730214477", "2:KE730214478"}, 0},
		{"Russian heading", "a.csv", "Номер\tКод\n1\tUG12\n2\tUG13\n", "B (Код)", []string{"2:UG12", "3:UG13"}, 0},
		{"spreadsheet's own mark", "a.csv", "sep=;\nn;code\n1;KE730214477\n", "B (code)", []string{"3:KE730214477"}, 0},
		{"text as a formula", "a.csv", "n,code\n1,\"=\"\"KE730214477\"\"\"\n", "B (code)", []string{"2:KE730214477"}, 0},
		{"quoted lines", "a.csv", "code,remark\nKE730214477,\"two\nlines, \"\"here\"\"\"\nKE730214478,\n", "A (code)", []string{"2:KE730214477", "4:KE730214478"}, 0},
		{"quotes of codes", "a.csv", "code;n\n010952114189456921t\"Xz;1\nKE730214478;2\n", "A (code)", []string{"2:010952114189456921t\"Xz", "3:KE730214478"}, 0},
		{"quote that is never closed", "a.csv", "code;n\n\"KE730214477;1\nKE730214478;2\nKE730214479;3\n", "A (code)", []string{"2:\"KE730214477", "3:KE730214478", "4:KE730214479"}, 0},
		{"rounded by a spreadsheet", "a.csv", "n;code\n1;KE730214477\n2;1,23457E+17\n3;1.2E5\n", "B (code)", []string{"2:KE730214477", "3:1,23457E+17!", "4:1.2E5"}, 0},
		{"several in one cell", "a.csv", "n,code\n1,\"KE730214477, KE730214478\"\n2,KE730214479;KE730214470\n3,KE730214471 KE730214472\n4,\"KE730214473\nKE730214474\"\n5,KE730214475|KE7302144\n6,see KE730214476\n", "B (code)",
			[]string{"2:KE730214477", "2:KE730214478", "3:KE730214479", "3:KE730214470", "4:KE730214471", "4:KE730214472", "5:KE730214473", "5:KE730214474", "7:KE730214475", "7:KE7302144", "8:see KE730214476"}, 0},
		{"several in every cell, no heading", "a.csv", "1,KE730214477 KE730214478\n2,KE730214479 KE730214470\n", "B", []string{"1:KE730214477", "1:KE730214478", "2:KE730214479", "2:KE730214470"}, 0},
		{"several of which the whole is known", "a.txt", "010952114189456921A1b2C3,010952114189456921A1b2C4\n010952114189456921A1b2C5\n", "", []string{"1:010952114189456921A1b2C3", "1:010952114189456921A1b2C4", "2:010952114189456921A1b2C5"}, 0},
		{"a comma within a code", "a.csv", "n;code\n1;010952114189456921A1b2C3,KE7302144\n", "B (code)", []string{"2:010952114189456921A1b2C3,KE7302144"}, 0},
		{"a known whole with known parts", "a.csv", "n;code\n1;010952114189456921A1b2C3,KE730214477,x\n", "B (code)", []string{"2:010952114189456921A1b2C3,KE730214477,x"}, 0},
		{"rows without", "a.csv", "n;code\n1;KE730214477\n2;\n;\n4;KE730214479\n5;KE730214479\n", "B (code)", []string{"2:KE730214477", "5:KE730214479", "6:KE730214479"}, 1},

		{"a title above", "a.csv", "Zollamt Hamburg;;\nAufgriff 20.11.2026;;\n;;\nNr;Code 1;Menge\n1;KE730214477;2\n2;KE730214478;3\n", "B (Code 1)", []string{"5:KE730214477", "6:KE730214478"}, 2},
		{"a title in the column of codes", "a.csv", "Seizure;\nUIM;n\nKE730214477;2\nKE7302144;3\n", "A (UIM)", []string{"3:KE730214477", "4:KE7302144"}, 1},
		{"a telling word below codes", "a.csv", "UG12345678;\nUG12345679;scan\nKE730214477;\n", "A", []string{"1:UG12345678", "2:UG12345679", "3:KE730214477"}, 0},
		{"a telling word below short codes", "a.csv", "UG1;2\nUG2;scan\nKE730214477;\n", "A", []string{"1:UG1", "2:UG2", "3:KE730214477"}, 0},
		{"a mail", "-", "Date: Fri, 20 Nov 2026 08:15:22 +0300\nMessage-ID: <2026112008ABC@x.example>\n\nDear colleague,\n - KE730214477, KE730214478 and KE7302144;\n> \"KE730214479\".\nTel. +254722123456, case 2026-KE-7Q4M2.\n",
			"", []string{"5:KE730214477", "5:KE730214478", "5:KE7302144", "6:KE730214479"}, 4},
		{"an unknown code in a mail", "-", "we found UG99 and (UG12345678), what is it\nall right\n", "", []string{"1:UG12345678"}, 1},
		{"brackets of element strings", "-", "we have (01)4006381333931(21)A1 and the other\nand so on\n", "", []string{"1:(01)4006381333931(21)A1"}, 1},
		{"a scanner's log", "scan.log", "20261120 08:15:22 SCN00123 KE730214477\n20261120 08:15:23 SCN00123 KE730214478\n", "", []string{"1:KE730214477", "2:KE730214478"}, 0},
		{"a code in groups", "-", "the pack has KE7 3021 4477, the other KE7 30214 478.\nTel. 400 6381 333931\n", "", []string{"1:KE7 3021 4477", "1:KE7 30214 478"}, 1},
		{"a chat", "a.txt", "[20/11/2026, 08:15:22] Officer: KE730214477\n[20/11/2026, 08:16:02] Officer: KE730214478!\n", "", []string{"1:KE730214477", "2:KE730214478"}, 0},
		{"nothing", "a.txt", "", "", nil, 0},
		{"nothing but a heading", "a.csv", "UIM\n", "A (UIM)", nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := seizure.Read(strings.NewReader(test.text), test.file, seizure.Options{Known: known})
			if err != nil {
				t.Fatalf("%q: %v", test.text, err)
			}
			if got := read(t, l); !slices.Equal(got, test.want) || l.Skipped != test.skipped || l.Column != test.column {
				t.Errorf("%q: got %q of column %q, %d skipped, want %q of %q, %d", test.text, got, l.Column, l.Skipped, test.want, test.column, test.skipped)
			}
		})
	}
}

// "Unicode text" of spreadsheets.
func TestUTF16(t *testing.T) {
	const text = "№\tUIM\tRemark 😀\r\n1\tKE730214477\tчто\r\n2\tKE730214478\t\r\n"
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			b = order.AppendUint16(b, unit)
		}
		l, err := seizure.Read(strings.NewReader(string(b)), "a.txt", seizure.Options{Known: known})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := read(t, l), []string{"2:KE730214477", "3:KE730214478"}; !slices.Equal(got, want) || l.Column != "B (UIM)" {
			t.Errorf("%v: got %q of column %q, want %q", order, got, l.Column, want)
		}
	}
}

func TestNamedColumn(t *testing.T) {
	const text = "Nr,Front,Back\n1,KE730214477,UG1\n2,KE730214478,UG2\n"
	for _, name := range []string{"back", "C", "c", "3"} {
		l, err := seizure.Read(strings.NewReader(text), "a.csv", seizure.Options{Known: known, Column: name})
		if err != nil {
			t.Fatalf("column %q: %v", name, err)
		}
		if got, want := read(t, l), []string{"2:UG1", "3:UG2"}; !slices.Equal(got, want) {
			t.Errorf("column %q: got %q, want %q", name, got, want)
		}
	}
	l, err := seizure.Read(strings.NewReader("Seizure of 2026\n\n"+text), "a.csv", seizure.Options{Known: known, Column: "Back"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, l), []string{"4:UG1", "5:UG2"}; !slices.Equal(got, want) || l.Column != "C (Back)" {
		t.Errorf("below a title: got %q of column %q, want %q of C (Back)", got, l.Column, want)
	}
	for _, test := range []struct{ column, cause, remedy string }{
		{"Side", `no column "Side"`, "A (Nr), B (Front), C (Back)"},
		{"4", `no column "4"`, "C (Back)"},
	} {
		_, err := seizure.Read(strings.NewReader(text), "a.csv", seizure.Options{Known: known, Column: test.column})
		wantRefusal(t, err, test.cause, test.remedy)
	}
	_, err = seizure.Read(strings.NewReader("a,b\n1,UG1\n2,UG2\n"), "a.csv", seizure.Options{Known: known})
	wantRefusal(t, err, "which of the 2 columns", "--column")
}

// Codes in a further column are told, for nobody misses what was not read.
func TestFurtherColumns(t *testing.T) {
	l, err := seizure.Read(strings.NewReader("1,KE730214477,KE730214478,4006381333931\n2,KE730214479,KE730214470,4006381333931\n"), "a.csv", seizure.Options{Known: known})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"C"}; l.Column != "B" || !slices.Equal(l.Also, want) {
		t.Errorf("got column %q and also %q, want B and %q", l.Column, l.Also, want)
	}
}

func wantRefusal(t testing.TB, err error, cause, remedy string) {
	t.Helper()
	r, ok := errors.AsType[*gsp.Refusal](err)
	if !ok || r.Reason != gsp.UnreadableFile && r.Reason != gsp.UnwritableFile || !strings.Contains(r.Cause, cause) || !strings.Contains(r.Remedy, remedy) {
		t.Errorf("got %v, want a refusal with %q and %q", err, cause, remedy)
	}
}

func TestForeignFiles(t *testing.T) {
	for _, test := range []struct{ text, remedy string }{
		{"\xd0\xcf\x11\xe0\xa1\xb1", "save it as .xlsx"},
		{"%PDF-1.7", "copy its text"},
		{"Look at this:\r\n\r\nSubject: seized\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nKE73=\r\n0214477\r\n", "mail program"},
		{"PK\x03\x04 broken", "save it again"},
	} {
		name := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(name, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seizure.Open(name, seizure.Options{Known: known})
		wantRefusal(t, err, "cannot be read as a list of codes", test.remedy)
	}
	_, err := seizure.Open(filepath.Join(t.TempDir(), "missing.csv"), seizure.Options{Known: known})
	wantRefusal(t, err, "missing.csv", "check its name")
	_, err = seizure.Open(t.TempDir(), seizure.Options{Known: known})
	wantRefusal(t, err, "cannot be read", "whether it is a file")
}

// A line without end is refused and not kept.
func TestEndlessLine(t *testing.T) {
	l, err := seizure.Read(strings.NewReader("KE730214477\n"+strings.Repeat("x", 3<<20)), "a.txt", seizure.Options{Known: known})
	batch := make([]seizure.Item, 1)
	for err == nil {
		_, err = l.Next(batch)
	}
	wantRefusal(t, err, "a.txt", "save it again")
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"UIM;n\nKE730214477;1\n", "\"a\"\"b\",c\r\n\"\n\"", "\xff\xfeK\x00E\x00", "- KE730214477, x(9)12345678)", "sep=,\n,\n"} {
		f.Add([]byte(s), "a.csv")
		f.Add([]byte(s), "a.txt")
	}
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		l, err := seizure.Read(strings.NewReader(string(b)), name, seizure.Options{Known: known})
		if err != nil {
			return
		}
		batch, last := make([]seizure.Item, 5), 0
		for {
			n, err := l.Next(batch)
			if err != nil {
				return
			}
			for _, item := range batch[:n] {
				if item.Row < last || item.Code.Reveal() == "" {
					t.Fatalf("%q: got item %d after %d, of %d octets", b, item.Row, last, len(item.Code.Reveal()))
				}
				last = item.Row
			}
		}
	})
}
