package letter_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/letter"
)

// password is one that cannot stand elsewhere by chance.
const password = "abcde-fghij-klmno-pqrst-uvwxyz"

func sample(l gsp.Language) letter.Letter {
	return letter.Letter{
		Language: l, Name: "Wanjiru <Kamau> & Sons", Party: "Kenya", Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
		Address: "border-crossing-mombasa-17.ke@gsp.example", Until: "2027-06-30", Password: password, Support: "support@gsp.example",
		Servers: gsp.Servers{
			Submission: gsp.Server{Host: "smtp.gateway.secretariat.example", Port: 465},
			Reading:    gsp.Server{Host: "imap.gateway.secretariat.example", Port: 1993},
			Directory:  gsp.Server{Host: "gsp.example", Port: 443},
		},
		Keys: "keys@gsp.example",
		CA:   strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
	}
}

// Each letter says all that its reader needs.
func TestLetterIsComplete(t *testing.T) {
	for _, l := range gsp.Languages {
		for form, text := range map[string]string{"text": sample(l).Text(), "HTML": visible(t, sample(l).HTML())} {
			for _, want := range []string{
				"Wanjiru <Kamau> & Sons", "Kenya", "2026-11-23", "2027-06-30, 24:00 UTC", "border-crossing-mombasa-17.ke@gsp.example", password,
				"smtp.gateway.secretariat.example", "465", "imap.gateway.secretariat.example", "1993", "SSL/TLS", "Thunderbird",
				"keys@gsp.example", "support@gsp.example", "https://gsp.example/setup/", "https://gsp.example/help/", "AB:AB:AB", "SHA-256", "ca.pem",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %s: got\n%s\nwant %q in it", l, form, text, want)
				}
			}
			if strings.ContainsAny(text, "{}") {
				t.Errorf("%s, %s: got\n%s\nwant all values filled in", l, form, text)
			}
		}
	}
}

// visible returns the text of a page, which must be well-formed but for the
// elements that HTML leaves open.
func visible(t *testing.T, page []byte) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(string(page), "")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var b strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		if text, ok := token.(xml.CharData); ok {
			b.Write(text)
		}
	}
}

// With a certificate that programs know, and keys that the administrator
// takes, two steps read otherwise. A Secretariat without a key is not named.
func TestLetterSaysOnlyWhatIsTrue(t *testing.T) {
	for _, l := range gsp.Languages {
		full, plain := sample(l), sample(l)
		plain.CA, plain.Keys, plain.Support, plain.Until = "", "", "", ""
		if page := string(plain.HTML()); strings.Contains(page, `<code dir="ltr"></code>`) {
			t.Errorf("%s: got a value that is empty in\n%s", l, page)
		}
		for form, texts := range map[string][2]string{
			"text": {full.Text(), plain.Text()}, "HTML": {string(full.HTML()), string(plain.HTML())},
		} {
			for _, word := range []string{"ca.pem", "keys@", "support@", "24:00"} {
				if !strings.Contains(texts[0], word) || strings.Contains(texts[1], word) {
					t.Errorf("%s, %s: want %q in the first only of\n%s\n%s", l, form, word, texts[0], texts[1])
				}
			}
		}
	}
}

// One sheet, on a printer that knows nothing but lines.
func TestTextFitsOnePage(t *testing.T) {
	for _, l := range gsp.Languages {
		lines := strings.Split(strings.TrimSuffix(sample(l).Text(), "\n"), "\n")
		if len(lines) > 60 {
			t.Errorf("%s: got %d lines, want at most 60", l, len(lines))
		}
		for _, line := range lines {
			if n := columns(line); n > 78 {
				t.Errorf("%s: got %d columns in %q, want at most 78", l, n, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s: got spaces at the end of %q", l, line)
			}
			for _, closing := range []string{"，", "。", "”", "、"} {
				if strings.HasPrefix(strings.TrimSpace(line), closing) {
					t.Errorf("%s: got a line that begins with %s: %q", l, closing, line)
				}
			}
		}
	}
}

// columns counts a Chinese character as two, and vowel signs and isolates as
// none.
func columns(line string) int {
	n := 0
	for _, r := range line {
		switch {
		case r >= 0x2e80:
			n += 2
		case !unicode.In(r, unicode.Mn, unicode.Cf):
			n++
		}
	}
	return n
}

func TestDirection(t *testing.T) {
	for _, l := range gsp.Languages {
		want := fmt.Sprintf(`<html lang="%s" dir="ltr">`, l)
		if l == gsp.Arabic {
			want = `<html lang="ar" dir="rtl">`
		}
		if page := string(sample(l).HTML()); !strings.Contains(page, want) || !strings.Contains(page, `<code class="address" dir="ltr">`) {
			t.Errorf("%s: got\n%s\nwant %s, and the address from left to right", l, page, want)
		}
	}
	if text := sample(gsp.Arabic).Text(); !strings.Contains(text, "\u2068"+password+"\u2069") {
		t.Errorf("got\n%s\nwant the password isolated", text)
	}
}

// A page that is opened loads nothing, runs nothing and names nobody.
func TestPageStandsAlone(t *testing.T) {
	page := string(sample(gsp.English).HTML())
	for _, bad := range []string{"<script", "src=", "<link", "@import", "url(", "<Kamau>"} {
		if strings.Contains(page, bad) {
			t.Errorf("got %q in\n%s", bad, page)
		}
	}
	title := regexp.MustCompile(`<title>(.*)</title>`).FindStringSubmatch(page)
	if len(title) != 2 || strings.Contains(title[1], "@") || strings.Contains(title[1], "abcde") {
		t.Errorf("got title %q, want one that says nothing", title)
	}
}

// What formats a letter for a log sees no password.
func TestLetterDoesNotLeak(t *testing.T) {
	l := sample(gsp.English)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(format, l) + fmt.Sprintf(format, &l); strings.Contains(got, "abcde") {
			t.Errorf("%s: got %s, want no password", format, got)
		}
	}
}

func TestUnknownLanguageIsEnglish(t *testing.T) {
	if got, want := sample("de").Text(), sample(gsp.English).Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
