package seizure_test

import (
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/seizure"
)

// lines ends each line with CR LF, as mails do.
func lines(text ...string) string { return strings.Join(text, "\r\n") + "\r\n" }

// quoted spells a text in quoted-printable.
func quoted(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	io.WriteString(w, text) // to memory
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wrapped spells a text in base64, in lines of a length that mails have.
func wrapped(text string) string {
	var b strings.Builder
	for s := base64.StdEncoding.EncodeToString([]byte(text)); s != ""; {
		n := min(len(s), 76)
		b.WriteString(s[:n] + "\r\n")
		s = s[n:]
	}
	return b.String()
}

// TestMailsAsSent reads mails saved to a file, whose codes do not stand there
// as they read.
func TestMailsAsSent(t *testing.T) {
	const long = "Dear colleague, on 20 November 2026 we found at the border post a car with 900 packs: KE730214477 and (01)09521141894569(21)A=3D\r\n"
	page := "<html><head><title>x</title><style>p { color: red }</style></head><body><p>Seized:&nbsp;<b>KE7</b>30214477<br>and\r\n" +
		"<table><tr><td title='a > b'>KE730214478</td><td>KE730214479</td></tr></table><!-- KE730214470 --></body></html>"
	head := lines("Return-Path: <a@ke.example>", "From: Officer <a@ke.example>", "Date: Fri, 20 Nov 2026 08:15:22 +0300",
		"Subject: =?utf-8?Q?=20?=", "MIME-Version: 1.0")
	part := func(kind, encoding, text string) string {
		return lines("Content-Type: "+kind, "Content-Transfer-Encoding: "+encoding, "") + text
	}
	tests := []struct {
		name, mail string
		want       []string
		attached   int
	}{
		{"quoted-printable", head + part("text/plain; charset=utf-8", "quoted-printable", quoted(t, long)), []string{"1:KE730214477", "1:(01)09521141894569(21)A=3D"}, 0},
		{"base64", head + part("text/plain; charset=utf-8", "base64", wrapped("we found\r\nKE730214477\r\nKE730214478\r\n")), []string{"2:KE730214477", "3:KE730214478"}, 0},
		{"Latin-1", head + part("text/plain; charset=iso-8859-1", "quoted-printable", "trouv=E9=A0KE730214477=\r\n=A0!\r\n"), []string{"1:KE730214477"}, 0},
		{"UTF-16", head + part("text/plain; charset=utf-16le", "base64", wrapped("f\x00 \x00K\x00E\x007\x003\x000\x002\x001\x004\x004\x007\x007\x00")), []string{"1:KE730214477"}, 0},
		{"a web page alone", head + part("text/html; charset=utf-8", "quoted-printable", quoted(t, page)), []string{"1:KE730214477", "3:KE730214478", "3:KE730214479"}, 0},
		{"text and page", head + lines("Content-Type: multipart/alternative; boundary=b", "", "--b") + part("text/plain", "7bit", "KE730214477\r\n") +
			"\r\n--b\r\n" + part("text/html", "quoted-printable", quoted(t, page)) + "\r\n--b--\r\n", []string{"1:KE730214477"}, 0},
		{"page before the text", head + lines("Content-Type: multipart/alternative; boundary=b", "", "--b") + part("text/html", "quoted-printable", quoted(t, page)) +
			"\r\n--b\r\n" + part("text/plain", "base64", wrapped("KE730214477\r\n")) + "\r\n--b--\r\n", []string{"1:KE730214477"}, 0},
		{"empty text and page", head + lines("Content-Type: multipart/alternative; boundary=b", "", "--b") + part("text/plain", "7bit", "\r\n") +
			"\r\n--b\r\n" + part("text/html", "quoted-printable", quoted(t, page)) + "\r\n--b--\r\n", []string{"1:KE730214477", "3:KE730214478", "3:KE730214479"}, 0},
		{"attached list and picture", head + lines("Content-Type: multipart/mixed; boundary=\"b b\"", "", "preamble", "--b b") + part("text/plain", "quoted-printable", "see =\r\nbelow\r\n") +
			"\r\n--b b\r\n" + part("text/csv; name=list.csv", "base64", wrapped("KE730214477\r\nKE730214478\r\n")) +
			"\r\n--b b\r\n" + part("image/jpeg", "base64", wrapped("JPEG")) + "\r\n--b b--\r\n", []string{"3:KE730214477", "4:KE730214478"}, 1},
		{"a forwarded mail", head + lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: message/rfc822", "") +
			head + part("text/plain", "base64", wrapped("KE730214477")) + "\r\n--b--\r\n", []string{"1:KE730214477"}, 0},
		{"from a mailbox on disk", "From a@ke.example Fri Nov 20 08:15:22 2026\r\n" + head + part("text/plain", "base64", wrapped("KE730214477")), []string{"1:KE730214477"}, 0},
		{"lines that end with LF", strings.ReplaceAll(head+part("text/plain", "quoted-printable", quoted(t, long)), "\r\n", "\n"), []string{"1:KE730214477", "1:(01)09521141894569(21)A=3D"}, 0},
		{"sent as it reads", head + lines("Content-Type: text/plain", "Content-Transfer-Encoding: 8bit", "", "KE730214477"), []string{"9:KE730214477"}, 0},
	}
	for _, test := range tests {
		for _, ending := range []string{".eml", ".txt"} {
			name := filepath.Join(t.TempDir(), "mail"+ending)
			if err := os.WriteFile(name, []byte(test.mail), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := seizure.Open(name, seizure.Options{Known: known})
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			if got := read(t, l); !slices.Equal(got, test.want) || l.Attached != test.attached {
				t.Errorf("%s: got %q, %d attached, want %q, %d", test.name, got, l.Attached, test.want, test.attached)
			}
			l.Close()
		}
	}
}

// TestMailsWithoutText says what to do with a mail that gives no text.
func TestMailsWithoutText(t *testing.T) {
	const head = "MIME-Version: 1.0\r\nSubject: x\r\n"
	for _, test := range []struct{ name, mail, remedy string }{
		{"sealed", head + lines("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", "", "--b", "Content-Type: application/pgp-encrypted", "", "Version: 1", "--b--"), "encrypted mail"},
		{"attachment alone", head + lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: application/vnd.ms-excel", "", "x", "--b--"), "save the file that is attached"},
		{"damaged base64", head + lines("Content-Type: text/plain", "Content-Transfer-Encoding: base64", "", "S0U3MzAyMTQ0Nzc", "=!"), "cannot be decoded"},
		{"no boundary", head + lines("Content-Type: multipart/mixed", "", "x"), "cannot be decoded"},
		{"nested without end", head + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 50), "too large"},
		{"no body", head + lines("Content-Type: text/html", ""), "without a text"},
	} {
		_, err := seizure.Read(strings.NewReader(test.mail), "mail.eml", seizure.Options{Known: known})
		wantRefusal(t, err, "mail.eml", test.remedy)
	}
}

// TestPages reads tables that were saved as a web page, also under the name of
// an old spreadsheet.
func TestPages(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><body><table>\n<tr><th>No<th>UIM</tr>\n<tr><td>1</td><td>KE730214477</td></tr>\n<tr><td>2<td>KE730214478</tr></table><script>'<td>KE730214479'</script></body></html>"
	for _, name := range []string{"list.html", "list.xls"} {
		l, err := seizure.Read(strings.NewReader(page), name, seizure.Options{Known: known})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, s := range read(t, l) {
			_, code, _ := strings.Cut(s, ":")
			codes = append(codes, code)
		}
		if want := []string{"KE730214477", "KE730214478"}; !slices.Equal(codes, want) {
			t.Errorf("%s: got %q of column %q, want %q", name, codes, l.Column, want)
		}
	}
}

// TestNoWorkbook: a text under the name of a workbook is told, and not read.
func TestNoWorkbook(t *testing.T) {
	for _, text := range []string{"UIM\nKE730214477\n", "", "<html><table><tr><td>KE730214477</table>", "\x89PNG"} {
		for _, ending := range []string{".xlsx", ".XLSX", ".xlsm"} {
			name := filepath.Join(t.TempDir(), "list"+ending)
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := seizure.Open(name, seizure.Options{Known: known})
			wantRefusal(t, err, "is not a workbook", "save it as .xlsx")
		}
	}
	name := filepath.Join(t.TempDir(), "list.xlsx")
	if err := os.WriteFile(name, []byte("\xd0\xcf\x11\xe0\xa1\xb1"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := seizure.Open(name, seizure.Options{Known: known})
	wantRefusal(t, err, "cannot be read", "password")
}

// TestMessagesAreShort checks that no message repeats a long text of a file.
func TestMessagesAreShort(t *testing.T) {
	long := strings.Repeat("k", 900_000)
	for _, test := range []struct{ text, column string }{
		{long + ";b\n1;2\n", "zz"}, {long + ";b\n1;2\n", ""}, {"a;b\n1;2\n", long}, {"a;b\n" + strings.Repeat(long, 2) + ";2\n", ""},
	} {
		l, err := seizure.Read(strings.NewReader(test.text), "a.csv", seizure.Options{Known: known, Column: test.column})
		batch := make([]seizure.Item, 1)
		for err == nil {
			_, err = l.Next(batch)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("column %.10q: got a message of %d octets", test.column, len(err.Error()))
		}
	}
	l, err := seizure.Read(strings.NewReader(long+";b\nKE730214477;2\n"), "a.csv", seizure.Options{Known: known})
	if err != nil || len(l.Column) > 200 {
		t.Errorf("got %v and a column of %d octets", err, len(l.Column))
	}
}

func FuzzMail(f *testing.F) {
	head := "MIME-Version: 1.0\r\nContent-Type: "
	for _, s := range []string{
		"text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nKE73=\r\n0214477 =E9\r\n",
		"text/html; charset=windows-1251\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+S0U3MzAyMTQ0Nzc8L3A+\r\n",
		"multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nKE730214477\r\n--b\r\nContent-Type: text/html\r\n\r\n<p a='>'>x<script></p>\r\n--b--\r\n",
		"message/rfc822\r\n\r\nContent-Type: text/plain\r\n\r\nKE730214477",
		"text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\nAEs=",
	} {
		f.Add([]byte(head + s))
	}
	f.Add([]byte("<html><!-- x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := seizure.Read(strings.NewReader(string(b)), "mail.eml", seizure.Options{Known: func(u gsp.UIM) bool { return known(u) }})
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
