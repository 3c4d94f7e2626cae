package pattern_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// TestDocs tries the examples of docs/patterns.md.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/patterns.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```pattern\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("got %d examples, want at least 5", len(blocks))
	}
	for _, b := range blocks {
		lines := make(map[string][]string)
		for line := range strings.Lines(b[1]) {
			word, rest, _ := strings.Cut(line, " ")
			lines[word] = append(lines[word], strings.TrimSpace(rest))
		}
		l, err := pattern.Parse("docs/patterns.md", fmt.Appendf(nil,
			"name='docs'\nissued=2026-01-01\n[[entry]]\nid='docs'\nparty='zz'\ntitle='x'\nevidence='synthetic'\npattern='''%s'''\nsamples=%s\ncounter=%s\n",
			lines["pattern"][0], quoteAll(lines["fits"]), quoteAll(lines["not"])))
		if err != nil {
			t.Errorf("%s: %v", lines["pattern"][0], err)
			continue
		}
		if mask, _ := l.Mask(gsp.NewUIM(lines["fits"][0])); mask != lines["mask"][0] {
			t.Errorf("%s: got mask %s, want %s", lines["pattern"][0], mask, lines["mask"][0])
		}
	}
	var words []string
	for _, o := range pattern.Outcomes {
		words = append(words, string(o))
	}
	for _, c := range pattern.Classes {
		words = append(words, string(c))
	}
	for _, r := range pattern.Brokens {
		words = append(words, string(r))
	}
	for _, r := range pattern.Doubts {
		words = append(words, string(r))
	}
	for _, r := range pattern.Faults {
		words = append(words, string(r))
	}
	for _, r := range pattern.Slips {
		words = append(words, string(r))
	}
	for _, w := range words {
		if !strings.Contains(string(text), "`"+w+"`") {
			t.Errorf("%s is not described", w)
		}
	}
	_, entry, _ := strings.Cut(string(text), "```toml\n")
	entry, _, _ = strings.Cut(entry, "```")
	if _, err := pattern.Parse("docs/patterns.md", []byte("name='docs'\nissued=2026-01-01\n"+entry)); err != nil {
		t.Error(err)
	}
	for _, name := range pattern.CheckNames() {
		if !strings.Contains(string(text), "`,"+name+"`") {
			t.Errorf("the check %s is not described", name)
		}
	}
}

func quoteAll(list []string) string {
	quoted := slices.Clone(list)
	for i, s := range quoted {
		quoted[i] = "'" + s + "'"
	}
	return "[" + strings.Join(quoted, ",") + "]"
}
