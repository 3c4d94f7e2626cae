package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/pattern"
)

// jointSample returns a code that passes two checks over each other.
func jointSample(t *testing.T) string {
	t.Helper()
	e, err := pattern.Compile("s:N9 c:N2,mod9710(s) d:N2,mod9710(s)")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := e.Example(1)
	return u.Reveal()
}

// TestLibraryLimits checks that a library whose rows would fill the memory is
// refused, by its line, before they do.
func TestLibraryLimits(t *testing.T) {
	var letters []string
	for _, c := range alnum[:40] {
		letters = append(letters, fmt.Sprintf(`"%c"`, c))
	}
	alternatives := "(" + strings.Join(letters, "|") + ")"
	for _, tt := range []struct{ name, owner, pattern, sample, want string }{
		{"rows", `class = "non-party"`, alternatives + " L1..12", "000", "more than 500000 ways to fit together"},
		{"rows of one Party", "weak = true\nparty = \"ke\"", "L5..124", "00000", "of ke up to here have more than 20000 ways to fit together"},
		{"characters", `class = "non-party"`, "L1..128", "000", "more than 10000000 characters together"},
		{"checks over checks", `class = "non-party"`, "s:N9 c:N2,mod9710(s) d:N2,mod9710(s)", jointSample(t), "more than 500 ways to fit in which several checks"},
		{"elements", `class = "non-party"`, alternatives + strings.Repeat(" N1", 90), strings.Repeat("0", 91), "more than 10000000 characters together"},
	} {
		var b strings.Builder
		b.WriteString("name = \"hostile\"\nissued = 2026-01-01\n")
		for i := range 4000 {
			fmt.Fprintf(&b, "[[entry]]\nid = \"e%d\"\n%s\ntitle = \"x\"\nevidence = \"synthetic\"\npattern = '%s'\nsamples = [%q]\n",
				i, tt.owner, tt.pattern, tt.sample)
		}
		_, err := pattern.Parse("hostile.toml", []byte(b.String()))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.300v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestHostileText checks that a text which would keep the reader of TOML busy,
// or fill the memory, is refused before it is decoded.
func TestHostileText(t *testing.T) {
	const head = "name = 'hostile'\n"
	numbered := func(format string) string {
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, text, want string }{
		{"octets", head + strings.Repeat(" ", pattern.MaxFile), "at most 33554432 octets"},
		{"entries", head + strings.Repeat("[[entry]]\n", 1_000_000), "at most 50000 entries"},
		{"entries in a row", head + "entry = [" + strings.Repeat("{},", 1_000_000) + "]", "[[entry]] in two brackets"},
		{"lines", head + strings.Repeat("\n", 2_000_000), "at most 2000000 commas, full stops and lines"},
		{"values", head + "note = [" + strings.Repeat("'',", 2_000_000) + "]", "at most 2000000 commas, full stops and lines"},
		{"parts of a key", head + strings.Repeat("a.", 2_000_000) + "a = 1", "at most 2000000 commas, full stops and lines"},
		{"unknown keys", head + numbered("a%d = 1\n"), `"a99" is no key of a library`},
		{"unknown tables", head + numbered("[a%d]\n"), `"a99" is no key of a library`},
		{"keys of an entry", head + "[[entry]]\nid = 'a'\n" + numbered("hints.h%d = []\n"), "hostile.toml:103: entry a: an entry has at most 100 keys"},
		{"keys of hints", head + "[[entry]]\nid = 'a'\n[entry.hints]\n" + numbered("h%d = []\n"), "entry a: an entry has at most 100 keys"},
		{"keys in a row", head + "[[entry]]\nid = 'a'\nhints = {" + numbered("h%d = [],") + "x = []}", "entry a: an entry has at most 100 keys"},
		{"keys within values", head + "[[entry]]\nid = 'a'\nhints = { h = [{" + numbered("h%d = [],") + "x = []}] }", "entry a: an entry has at most 100 keys"},
	} {
		_, err := pattern.Parse("hostile.toml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.300v, want %q", tt.name, err, tt.want)
			continue
		}
		if n := strings.Count(err.Error(), "\n"); n >= 100 {
			t.Errorf("%s: got %d lines, want at most 100", tt.name, n+1)
		}
	}
}
