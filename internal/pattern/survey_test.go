package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// libraryOf has an entry for each pattern; party names its Party, "" for an
// entry that is routed to nobody.
func libraryOf(t testing.TB, patterns []string, party func(int) string) *pattern.Library {
	t.Helper()
	var b strings.Builder
	b.WriteString("name = \"invented\"\nissued = 2026-01-01\n")
	for i, p := range patterns {
		e, err := pattern.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := e.Example(1)
		for seed := uint64(2); !isCanonical(u) && seed < 100; seed++ {
			u, _ = e.Example(seed)
		}
		if !isCanonical(u) || strings.HasPrefix(u.Reveal(), "'") {
			t.Skip(p, "has no example that normalising leaves as it is")
		}
		class := `class = "non-party"`
		if id := party(i); id != "" {
			class = fmt.Sprintf("party = %q\nweak = true", id)
		}
		fmt.Fprintf(&b, "[[entry]]\nid = \"e%d\"\n%s\ntitle = \"x\"\nevidence = \"synthetic\"\npattern = '''%s'''\nsamples = ['''%s''']\n",
			i, class, p, u.Reveal())
	}
	l, err := pattern.Parse("invented.toml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func nobody(int) string { return "" }

// hostile are ways to make every entry overlap every other one.
var hostile = []struct {
	name     string
	most     int // entries that a library may have of them, or 10,000
	patterns func(i int) string
}{
	{"open lengths", 10_000, func(int) string { return `L5..40` }},
	{"a sign somewhere", 10_000, func(i int) string { return fmt.Sprintf(`L5..24 "%c"`, 'A'+i%26) }},
	{"alternatives", 10_000, func(int) string { return `("A"|"B"|"C"|"D"|"E"|"F"|"G"|"H") L3..8` }},
	{"long rows that differ late", 10_000, func(i int) string { return fmt.Sprintf(`L100 "%05d" L20`, i) }},
	{"checks over checks", 500, func(i int) string {
		return fmt.Sprintf(`s:N%d c:N2,mod9710(s) d:N2,mod9710(s) e:N2,mod9710(s) f:N6,mod9710(s)`, 20+i%3)
	}},
}

// TestSurveyIsBounded surveys libraries that were made to overlap, and checks
// that what is not listed is counted, and that what is listed is true.
func TestSurveyIsBounded(t *testing.T) {
	const entries = 300
	for _, h := range hostile {
		var patterns []string
		for i := range entries {
			patterns = append(patterns, h.patterns(i))
		}
		l := libraryOf(t, patterns, nobody)
		s := l.Overlaps()
		listed, told := make(map[*pattern.Entry]int), 0
		for i, o := range s.Overlaps {
			listed[o.A]++
			if i%97 != 0 || o.Undecided {
				continue
			}
			if fits := l.Match(o.Witness, nil); !slices.Contains(fits, o.A) || !slices.Contains(fits, o.B) {
				t.Errorf("%s: %s does not fit both %s and %s", h.name, o.Witness.Reveal(), o.A.Pattern, o.B.Pattern)
			}
		}
		told = len(s.Overlaps)
		for _, u := range s.Unlisted {
			if u.More == 0 && !u.Unfinished {
				t.Errorf("%s: %s is said to have more overlaps, and none is counted", h.name, u.Entry.ID)
			}
			told += u.More
		}
		for e, n := range listed {
			if n > 50 {
				t.Errorf("%s: got %d overlaps of %s, want 50 at most", h.name, n, e.ID)
			}
		}
		want := 0
		for i, e := range l.Entries() {
			for _, p := range l.Partners(e) {
				if slices.Index(l.Entries()[:i], p) < 0 {
					want++
				}
			}
		}
		if told != want && !slices.ContainsFunc(s.Unlisted, func(u pattern.Unlisted) bool { return u.Unfinished }) {
			t.Errorf("%s: got %d overlaps, listed or counted, want %d", h.name, told, want)
		}
	}
}

// TestSurveyListsSoMany checks the limit of a whole list.
func TestSurveyListsSoMany(t *testing.T) {
	const entries, most = 1_100, 50_000
	s := libraryOf(t, slices.Repeat([]string{`L20`}, entries), nobody).Overlaps()
	told := len(s.Overlaps)
	for _, u := range s.Unlisted {
		told += u.More
	}
	if want := entries * (entries - 1) / 2; len(s.Overlaps) != most || told != want {
		t.Errorf("got %d overlaps and %d with those not listed, want %d and %d", len(s.Overlaps), told, most, want)
	}
}

// TestSurveyListsOtherPartiesFirst checks that a Party that fills the list
// with its own overlaps does not hide those with others.
func TestSurveyListsOtherPartiesFirst(t *testing.T) {
	patterns := slices.Repeat([]string{`L20`}, 100)
	l := libraryOf(t, patterns, func(i int) string {
		if i < 90 {
			return "aa"
		}
		return "bb"
	})
	first := l.Entry("e0")
	s := l.OverlapsOf([]*pattern.Entry{first}, nil)
	others := 0
	for _, o := range s.Overlaps {
		if o.A != first {
			t.Fatalf("got an overlap of %s, want %s only", o.A.ID, first.ID)
		}
		if o.B.Party == "bb" {
			others++
		}
	}
	if others != 10 || len(s.Overlaps) != 50 || len(s.Unlisted) != 1 || s.Unlisted[0] != (pattern.Unlisted{Entry: first, More: 49}) {
		t.Errorf("got %d overlaps, %d of them with bb, and %v, want 50, 10 and 49 more", len(s.Overlaps), others, s.Unlisted)
	}
}

// TestSurveyLeavesOut checks the two sides of a library under review: a pair
// of changed entries counts once, and what the new library has by its id is
// not looked for in the old one.
func TestSurveyLeavesOut(t *testing.T) {
	older := libraryOf(t, []string{`N9`, `N9`, `U9`}, nobody)
	newer := libraryOf(t, []string{`X9`, `L9`}, nobody)
	within := newer.OverlapsOf(newer.Entries(), nil)
	if len(within.Overlaps) != 1 || within.Overlaps[0].A.ID != "e0" || within.Overlaps[0].B.ID != "e1" {
		t.Errorf("got %d overlaps in the library, want e0 with e1 once", len(within.Overlaps))
	}
	against := older.OverlapsOf(newer.Entries(), newer)
	if len(against.Overlaps) != 2 || against.Overlaps[0].B.ID != "e2" || against.Overlaps[1].B.ID != "e2" {
		t.Errorf("got %d overlaps with the older library, want 2 with e2", len(against.Overlaps))
	}
}

// BenchmarkSurvey surveys libraries of the largest permitted size that were
// made to overlap.
func BenchmarkSurvey(b *testing.B) {
	for _, h := range hostile {
		b.Run(strings.ReplaceAll(h.name, " ", "-"), func(b *testing.B) {
			var patterns []string
			for i := range h.most {
				patterns = append(patterns, h.patterns(i))
			}
			l := libraryOf(b, patterns, nobody)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				l.Overlaps()
			}
		})
	}
}

// FuzzSurvey surveys a library of two patterns many times over, and checks
// that each overlap has a code that both fit.
func FuzzSurvey(f *testing.F) {
	f.Add(`L5..40`, `X..9 "A" X..9`)
	f.Add(`s:N9 c:N2,mod9710(s)`, `s:N11,luhn`)
	f.Add(`["A"] N1..9`, `("A"|"B") U8`)
	f.Fuzz(func(t *testing.T, first, second string) {
		printable := func(r rune) bool { return ' ' <= r && r <= '~' && r != '\'' }
		if !all(first+second, printable) {
			return
		}
		var patterns []string
		for _, p := range []string{first, second} {
			e, err := pattern.Compile(p)
			if err != nil {
				return
			}
			if _, ok := e.Example(1); !ok {
				return
			}
			patterns = append(patterns, slices.Repeat([]string{p}, 30)...)
		}
		l := libraryOf(t, patterns, nobody)
		s := l.Overlaps()
		for _, o := range s.Overlaps {
			if o.Undecided {
				continue
			}
			if fits := l.Match(o.Witness, nil); !slices.Contains(fits, o.A) || !slices.Contains(fits, o.B) {
				t.Errorf("%s does not fit both %s and %s", o.Witness.Reveal(), o.A.Pattern, o.B.Pattern)
			}
		}
		if !slices.ContainsFunc(s.Overlaps, func(o pattern.Overlap) bool { return o.A.Pattern == o.B.Pattern }) {
			t.Errorf("%s: got no overlap with itself", first)
		}
	})
}

// TestResolveAmongMany resolves a code that fits thousands of entries, which
// takes time in proportion to them and no more.
func TestResolveAmongMany(t *testing.T) {
	const entries = 10_000
	l := libraryOf(t, slices.Repeat([]string{`L5..14`}, entries), nobody)
	a := l.Resolve(gsp.NewUIM("ABCDEFGHIJ"), time.Time{})
	if len(a.Candidates)+a.More != entries {
		t.Errorf("got %d candidates and %d more, want %d in all", len(a.Candidates), a.More, entries)
	}
}
