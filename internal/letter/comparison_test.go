package letter_test

import (
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/letter"
)

const fingerprint = "61EE9B853922A0870296E453CAFF011040CDA1F6"

func comparison(l gsp.Language) letter.Comparison {
	since := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	return letter.Comparison{
		Language: l, Date: since, Address: "customs1.ke@gsp.example", Name: "Wanjiru <Kamau>", Party: "Kenya", Fingerprint: fingerprint,
		Words: strings.Fields("fallout universe puppy leprosy classroom candidate ragtime liberty accrue monument tonic enterprise spellbind " +
			"yucatan absurd autopsy crackdown sandalwood ratchet vocalist"),
		Waiting: true, Since: since, Replaces: strings.Repeat("AB12", 10),
	}
}

// Both forms say all of it in each language, and what is to be done with the key
// as it is.
func TestComparison(t *testing.T) {
	for _, l := range gsp.Languages {
		waits, published := comparison(l), comparison(l)
		published.Waiting, published.Replaces, published.Name = false, "", ""
		for form, texts := range map[string][2]string{
			"text": {waits.Text(), published.Text()},
			"HTML": {visible(t, waits.HTML()), visible(t, published.HTML())},
		} {
			squeezed := strings.Join(strings.Fields(texts[0]), "")
			for _, want := range append([]string{"customs1.ke@gsp.example", "Wanjiru <Kamau>", "Kenya", "2026-11-23", "approve", "reject", "Thunderbird"}, waits.Words...) {
				if !strings.Contains(texts[0], want) {
					t.Errorf("%s, %s: got\n%s\nwant %q in it", l, form, texts[0], want)
				}
			}
			if !strings.Contains(squeezed, fingerprint) || !strings.Contains(squeezed, strings.Repeat("AB12", 10)) {
				t.Errorf("%s, %s: got\n%s\nwant both fingerprints", l, form, texts[0])
			}
			if strings.Contains(texts[1], "approve") || strings.Contains(texts[1], "AB12") || !strings.Contains(strings.Join(strings.Fields(texts[1]), " "), "gsp key revoke") {
				t.Errorf("%s, %s: got\n%s\nwant what to do with a key that is published", l, form, texts[1])
			}
			if strings.ContainsAny(texts[0]+texts[1], "{}") {
				t.Errorf("%s, %s: got\n%s\nwant all values filled in", l, form, texts[0])
			}
		}
		if l == gsp.Arabic && (!strings.Contains(waits.Text(), "\u20682026-11-23\u2069") || !strings.Contains(string(waits.HTML()), `dir="rtl"`)) {
			t.Errorf("%s: want it from right to left, with dates of their own direction", l)
		}
	}
	for _, bad := range []string{"<script", "src=", "<link", "url(", "<Kamau>"} {
		if page := string(comparison(gsp.English).HTML()); strings.Contains(page, bad) {
			t.Errorf("got %q in\n%s", bad, page)
		}
	}
}

// A page of text fits a page of paper.
func TestComparisonFitsOnePage(t *testing.T) {
	for _, l := range gsp.Languages {
		lines := strings.Split(strings.TrimSuffix(comparison(l).Text(), "\n"), "\n")
		if len(lines) > 60 {
			t.Errorf("%s: got %d lines, want at most 60", l, len(lines))
		}
		for _, line := range lines {
			if n := columns(line); n > 78 || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: got %d columns in %q, want at most 78 and no spaces at its end", l, n, line)
			}
		}
	}
}

// A key of version 6 has 32 octets.
func TestComparisonOfALongFingerprint(t *testing.T) {
	c := comparison(gsp.English)
	c.Fingerprint, c.Words = strings.Repeat("0123456789ABCDEF", 4), append(c.Words, c.Words[:12]...)
	if text := c.Text(); !strings.Contains(text, "[ ] 32  EF  enterprise\n") {
		t.Errorf("got\n%s\nwant 32 words", text)
	}
}
