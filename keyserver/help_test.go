package keyserver

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// readHelp reads one language's file, with no field misspelt.
func readHelp(t *testing.T, name string) helpText {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(helpFile(name + ".json")))
	d.DisallowUnknownFields()
	var text helpText
	if err := d.Decode(&text); err != nil {
		t.Fatalf("help/%s.json: %v", name, err)
	}
	return text
}

// helpTexts returns all texts of a language, by where they stand: "intro",
// "not-sealed: title", "not-sealed: step 2".
func helpTexts(text helpText) map[string]string {
	texts := map[string]string{
		"name": text.Name, "title": text.Title, "intro": text.Intro, "meaning": text.Meaning, "steps": text.Steps,
		"all": text.All, "languages": text.Languages, "missing": text.Missing, "missingIntro": text.MissingIntro,
		"still": text.Still, "kept": text.Kept,
	}
	for i, group := range text.Groups {
		texts["group "+strconv.Itoa(i+1)] = group.Title
		for _, page := range group.Pages {
			at := string(page.Reason) + ": "
			texts[at+"title"], texts[at+"meaning"] = page.Title, page.Meaning
			for j, step := range page.Steps {
				texts[at+"step "+strconv.Itoa(j+1)] = step
			}
		}
	}
	return texts
}

// Each language has a page for each reason and for nothing else, in the order
// of the English one, with as many steps and with no text left empty.
func TestEachLanguageIsComplete(t *testing.T) {
	english := readHelp(t, "en")
	for _, name := range helpLanguages {
		text := readHelp(t, name)
		if text.Language != name || (text.Direction == "rtl") != (name == "ar") || text.Direction != "rtl" && text.Direction != "ltr" {
			t.Errorf("help/%s.json: language %q, direction %q", name, text.Language, text.Direction)
		}
		seen := map[gsp.Reason]bool{}
		var order, want []gsp.Reason
		for _, group := range text.Groups {
			for _, page := range group.Pages {
				if seen[page.Reason] || !slices.Contains(gsp.Reasons, page.Reason) {
					t.Errorf("help/%s.json: a second or unknown page %q", name, page.Reason)
				}
				seen[page.Reason] = true
				if len(page.Steps) == 0 {
					t.Errorf("help/%s.json: %s has no steps", name, page.Reason)
				}
				order = append(order, page.Reason)
			}
		}
		for _, reason := range gsp.Reasons {
			if !seen[reason] {
				t.Errorf("help/%s.json: no page for %s", name, reason)
			}
		}
		for _, group := range english.Groups {
			for _, page := range group.Pages {
				want = append(want, page.Reason)
			}
		}
		for i := range min(len(order), len(want)) {
			if order[i] != want[i] {
				t.Errorf("help/%s.json: page %d is %s, want %s as in English", name, i+1, order[i], want[i])
				break // the others follow from it
			}
		}
		for at, s := range helpTexts(text) {
			if strings.TrimSpace(s) == "" || s != strings.TrimSpace(s) {
				t.Errorf("help/%s.json: %s is %q, want a text", name, at, s)
			}
		}
	}
}

var (
	codeSpan     = regexp.MustCompile("`[^`]*`")
	quoted       = regexp.MustCompile(`«[^»]*»|“[^”]*”`) // what a program shows, which may be in English only
	englishWords = regexp.MustCompile(`\b(the|your|with|which|and|from|is|of)\b`)
)

// A translation says what the English text says: it has the same texts, none
// left in English, and in each the same addresses, commands and codes.
func TestTranslationsKeepWhatIsNotTranslated(t *testing.T) {
	english := helpTexts(readHelp(t, "en"))
	for _, name := range helpLanguages[1:] {
		texts := helpTexts(readHelp(t, name))
		for at := range texts {
			if _, ok := english[at]; !ok {
				t.Errorf("help/%s.json: %s is not in help/en.json", name, at)
			}
		}
		for at, want := range english {
			got, ok := texts[at]
			if !ok {
				t.Errorf("help/%s.json: no %s, which is in English %q", name, at, want)
				continue
			}
			gotCode, wantCode := codeSpan.FindAllString(got, -1), codeSpan.FindAllString(want, -1)
			slices.Sort(gotCode)
			slices.Sort(wantCode)
			if !slices.Equal(gotCode, wantCode) || strings.Count(got, "`")%2 != 0 {
				t.Errorf("help/%s.json: %s has the code %q, want %q as in English", name, at, gotCode, wantCode)
			}
			words := quoted.ReplaceAllString(codeSpan.ReplaceAllString(got, ""), "")
			if got == want || englishWords.MatchString(words) {
				t.Errorf("help/%s.json: %s is English: %q", name, at, got)
			}
		}
	}
}

// Each letter of a text is of its language's script; names such as OpenPGP and
// the words that English programs show are Latin everywhere.
func TestTranslationsAreInTheirScript(t *testing.T) {
	for name, script := range map[string]*unicode.RangeTable{"ar": unicode.Arabic, "zh": unicode.Han, "ru": unicode.Cyrillic} {
		for at, s := range helpTexts(readHelp(t, name)) {
			for _, r := range codeSpan.ReplaceAllString(s, "") {
				if unicode.IsLetter(r) && !unicode.In(r, script, unicode.Latin) {
					t.Errorf("help/%s.json: %s has the letter %q: %q", name, at, r, s)
				}
			}
			if !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(script, r) }) {
				t.Errorf("help/%s.json: %s has no letter of that language: %q", name, at, s)
			}
		}
	}
}

// What stands between backquotes is code, whatever the text around it, and no
// text is taken for HTML.
func TestMark(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		"A & B <c>":                            "A &amp; B &lt;c&gt;",
		"`ke@`, `<a>`.":                        `<code dir="ltr" translate="no">ke@</code>, <code dir="ltr" translate="no">&lt;a&gt;</code>.`,
		"`gsp key import secretariat KEYFILE`": `<code class="long" dir="ltr" translate="no">gsp key import secretariat KEYFILE</code>`,
	} {
		if got := string(mark(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// A mask that a page shows is one that the shipped library makes, and leads to
// a Party: whoever copies it meets no second refusal.
func TestMasksOfThePagesAreReal(t *testing.T) {
	library, err := pattern.Parse("library", configs.Library)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, name := range helpLanguages {
		masks := regexp.MustCompile(`[0-9A-Z]+#+`).FindAllString(string(helpFile(name+".json")), -1)
		if len(masks) == 0 {
			t.Errorf("%s: no mask", name)
		}
		for _, mask := range masks {
			got, _ := library.Mask(gsp.NewUIM(mask))
			if answer := library.Resolve(gsp.NewUIM(mask), now); got != mask || answer.Outcome != pattern.Unique {
				t.Errorf("%s: %s is %s with mask %q, want %s and the same mask", name, mask, answer.Outcome, got, pattern.Unique)
			}
		}
	}
}

// WCAG 2.1, success criterion 1.4.6 asks for a contrast of 7:1; 1.4.3, which
// is ours to keep, for 4.5:1.
func TestColoursHaveContrast(t *testing.T) {
	colours := regexp.MustCompile(`--(\w+): #([0-9a-f]{6})`)
	schemes := regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(string(helpFile("style.css")), -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes, want light and dark", len(schemes))
	}
	for i, scheme := range schemes {
		light := map[string]float64{}
		for _, m := range colours.FindAllStringSubmatch(scheme, -1) {
			light[m[1]] = luminance(t, m[2])
		}
		for _, pair := range [][2]string{{"text", "page"}, {"text", "soft"}, {"link", "page"}} {
			a, b := light[pair[0]], light[pair[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 7 {
				t.Errorf("scheme %d: %s on %s has a contrast of %.1f:1, want 7:1", i, pair[0], pair[1], ratio)
			}
		}
	}
}

// luminance is WCAG's relative luminance of a colour.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
