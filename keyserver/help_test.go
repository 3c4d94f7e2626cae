package keyserver

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// Each language has a page for each reason and for nothing else, with no field
// left empty or misspelt.
func TestEachLanguageIsComplete(t *testing.T) {
	for _, name := range helpLanguages {
		d := json.NewDecoder(strings.NewReader(string(helpFile(name + ".json"))))
		d.DisallowUnknownFields()
		var text helpText
		if err := d.Decode(&text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if text.Language != name || text.Direction != "ltr" && text.Direction != "rtl" {
			t.Errorf("%s: language %q, direction %q", name, text.Language, text.Direction)
		}
		if slices.Contains([]string{text.Name, text.Title, text.Intro, text.Meaning, text.Steps, text.All, text.Still, text.Kept}, "") {
			t.Errorf("%s: a text of all pages is empty", name)
		}
		seen := map[gsp.Reason]bool{}
		for _, group := range text.Groups {
			for _, page := range group.Pages {
				if seen[page.Reason] || !slices.Contains(gsp.Reasons, page.Reason) {
					t.Errorf("%s: a second or unknown page %q", name, page.Reason)
				}
				seen[page.Reason] = true
				if group.Title == "" || page.Title == "" || page.Meaning == "" || len(page.Steps) == 0 || slices.Contains(page.Steps, "") {
					t.Errorf("%s: %s has an empty text", name, page.Reason)
				}
			}
		}
		for _, reason := range gsp.Reasons {
			if !seen[reason] {
				t.Errorf("%s: no page for %s", name, reason)
			}
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
