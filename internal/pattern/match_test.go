package pattern_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// loop is the plain way to match: every pattern as a regular expression, one
// after the other.
type loop struct {
	entries []*pattern.Entry
	regexps []*regexp.Regexp
}

func newLoop(l *pattern.Library) loop {
	o := loop{entries: l.Entries()}
	for _, e := range o.entries {
		o.regexps = append(o.regexps, regexp.MustCompile(e.Regexp()))
	}
	return o
}

func (o loop) match(code string, to []*pattern.Entry) []*pattern.Entry {
	for i, re := range o.regexps {
		if re.MatchString(code) {
			to = append(to, o.entries[i])
		}
	}
	return to
}

// TestMatchIsTheLoop compares the engine with a loop over regular expressions
// on invented libraries of all sizes: one block, several blocks, many.
func TestMatchIsTheLoop(t *testing.T) {
	for _, tt := range []struct {
		name     string
		pick     func(maker) (string, func() string)
		patterns int
		codes    int
	}{
		{"real, few", maker.realistic, 40, 4000},
		{"real, some", maker.realistic, 300, 1500},
		{"real, many", maker.realistic, 3000, 100},
		{"diverse", maker.odd, 1000, 400},
	} {
		m := newMaker(uint64(tt.patterns))
		w := newWorld(t, m, tt.patterns, tt.pick)
		o := newLoop(w.library)
		found := 0
		for _, code := range w.codes(m, tt.codes) {
			want := o.match(code, nil)
			compare(t, w.library, tt.name, code, want)
			found += len(want)
		}
		if found < tt.codes/2 {
			t.Errorf("%s: got %d matches of %d codes, want more: the trial shows nothing", tt.name, found, tt.codes)
		}
	}
}

// TestMaskedMatchIsTheLoop does the same with hidden characters. The oracle
// rewrites each pattern so that "#" may stand at any place.
func TestMaskedMatchIsTheLoop(t *testing.T) {
	m := newMaker(7)
	w := newWorld(t, m, 200, maker.realistic)
	o := newLoop(w.library)
	for i, e := range o.entries {
		o.regexps[i] = regexp.MustCompile(withHidden(e.Regexp()))
	}
	for _, code := range w.codes(m, 1500) {
		code = m.masked(code)
		compare(t, w.library, "masked", code, o.match(code, nil))
	}
}

func compare(t *testing.T, l *pattern.Library, name, code string, want []*pattern.Entry) {
	t.Helper()
	got := l.Match(gsp.NewUIM(code), nil)
	byID := func(a, b *pattern.Entry) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s: got %d entries, want %d", name, code, len(got), len(want))
	}
}

// withHidden lets every character of an expression of Entry.Regexp be "#". It
// relies on its shape: classes in brackets, escapes with a backslash.
func withHidden(expr string) string {
	var b strings.Builder
	b.WriteString("^(?:")
	for s := expr[4 : len(expr)-1]; s != ""; {
		switch {
		case s[0] == '[':
			end := strings.Index(strings.ReplaceAll(s, `\]`, `__`), "]")
			b.WriteString("[#" + s[1:end+1])
			s = s[end+1:]
		case strings.HasPrefix(s, "(?:"):
			b.WriteString("(?:")
			s = s[3:]
		case s[0] == '{':
			end := strings.IndexByte(s, '}')
			b.WriteString(s[:end+1])
			s = s[end+1:]
		case s[0] == '|' || s[0] == ')':
			b.WriteByte(s[0])
			s = s[1:]
		case s[0] == '\\':
			b.WriteString("(?:#|" + s[:2] + ")")
			s = s[2:]
		default:
			b.WriteString("[#" + s[:1] + "]")
			s = s[1:]
		}
	}
	b.WriteString("$")
	return b.String()
}

// TestMatchRefusesStrangeText looks up octets that no code has.
func TestMatchRefusesStrangeText(t *testing.T) {
	l := shipped(t)
	for c := range 256 {
		if set82 := set82 + "#^"; strings.IndexByte(set82, byte(c)) >= 0 {
			continue
		}
		for _, code := range []string{"KE73021447", "00000046209849Uon<TYfACyAJPH", "4006381333", "QCALLaB3dE5fG7X1y22403151"} {
			for _, s := range []string{code + string([]byte{byte(c)}), string([]byte{byte(c)}) + code, code[:5] + string([]byte{byte(c)}) + code[5:]} {
				if found := l.Match(gsp.NewUIM(s), nil); len(found) > 0 {
					t.Errorf("%q: got %s", s, found[0].ID)
				}
			}
		}
	}
}
