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
		{"rows", `class = "non-party"`, alternatives + " L1..12", "000", "more than 500000 rows together"},
		{"rows of one Party", "weak = true\nparty = \"ke\"", "L5..124", "00000", "of ke up to here have more than 20000 rows"},
		{"characters", `class = "non-party"`, "L1..128", "000", "more than 10000000 characters together"},
		{"checks over checks", `class = "non-party"`, "s:N9 c:N2,mod9710(s) d:N2,mod9710(s)", jointSample(t), "more than 500 rows in which several checks"},
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
