package pattern_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// TestExamplesFit checks that what a pattern generates it also matches, and
// so does the mask of it, in the shipped library and in invented ones.
func TestExamplesFit(t *testing.T) {
	for _, l := range []*pattern.Library{
		shipped(t),
		newWorld(t, newMaker(11), 200, maker.realistic).library,
		newWorld(t, newMaker(12), 200, maker.odd).library,
	} {
		for _, e := range l.Entries() {
			for seed := range uint64(20) {
				u, ok := e.Example(seed)
				if !ok {
					t.Errorf("%s: no example", e.Pattern)
					break
				}
				fits := l.Match(u, nil)
				if !slices.Contains(fits, e) {
					t.Errorf("%s: %s does not fit", e.Pattern, u.Reveal())
				}
				a := l.Resolve(u, time.Time{})
				masked := l.Match(gsp.NewUIM(a.Mask), nil)
				for _, f := range l.Match(a.Canonical, nil) {
					if !slices.Contains(masked, f) {
						t.Errorf("%s: the mask %s of %s does not fit %s", e.ID, a.Mask, u.Reveal(), f.ID)
					}
				}
			}
		}
	}
}

// TestRouteFitsWhatResolveFits checks that a program is told of the same
// candidates as a person, whatever is not looked for.
func TestRouteFitsWhatResolveFits(t *testing.T) {
	l := shipped(t)
	w := newWorld(t, newMaker(13), 200, maker.realistic)
	codes := newCorpus(w, newMaker(14))
	for _, u := range slices.Concat(codes.mixed[:300], codes.masked[:300], []gsp.UIM{gsp.NewUIM("QCXYZaB3dE5fG7X1y2"), gsp.NewUIM("QCXYZ#############")}) {
		for _, l := range []*pattern.Library{l, w.library} {
			got, want := l.Route(u, seized), l.Resolve(u, seized)
			same := func(a, b pattern.Candidate) bool { return a.Entry == b.Entry && a.Mask == b.Mask }
			if got.Outcome != want.Outcome || got.Mask != want.Mask || !slices.EqualFunc(got.Candidates, want.Candidates, same) {
				t.Errorf("%s: got %s with %d candidates, want %s with %d", u.Reveal(), got.Outcome, len(got.Candidates), want.Outcome, len(want.Candidates))
			}
		}
	}
}

// TestMakersFit checks that codes made without the package fit the patterns
// they were made for.
func TestMakersFit(t *testing.T) {
	m := newMaker(5)
	w := newWorld(t, m, 300, maker.realistic)
	for i, e := range w.library.Entries() {
		for range 20 {
			if code := w.makers[i](); !slices.Contains(w.library.Match(gsp.NewUIM(code), nil), e) {
				t.Errorf("%s: %s does not fit", e.Pattern, code)
			}
		}
	}
}

// isCanonical reports whether normalising leaves u as it is.
func isCanonical(u gsp.UIM) bool {
	a := pattern.Empty().Resolve(u, time.Time{})
	return a.Broken == "" && len(a.Changes) == 0
}

// FuzzPattern checks that any text is refused with a reason or compiles in
// bounded time into a pattern that matches its own examples, and that its
// expression agrees.
func FuzzPattern(f *testing.F) {
	l := shipped(f)
	for _, e := range l.Entries() {
		f.Add(e.Pattern)
	}
	for _, s := range []string{
		"X..90 X..90 X..90 \"" + strings.Repeat("a", 60) + "\"", "((((((N1))))))", "[N1][N1][N1][N1][N1][N1][N1]", "N1,csum(", "GS GS",
		"X1..128", "N0", "a:", "a:(N1|", "N1,luhn,luhn,luhn,luhn,luhn,luhn,luhn", "\"\"\"\"", "YYMMDD,csum YYMMDDhh,mod9710",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := pattern.Compile(text)
		if err != nil {
			return
		}
		if u, ok := e.Example(1); ok && isCanonical(u) && !e.Fits(u) {
			t.Errorf("%s: its example %s does not fit", text, u.Reveal())
		}
	})
}

func all(s string, ok func(rune) bool) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

// FuzzMatch compares the engine with the expressions of two patterns, for a
// code that the fuzzer makes of an example.
func FuzzMatch(f *testing.F) {
	f.Add(`"KE7" serial:N8`, `X..20`, uint64(1), byte(3), byte('#'))
	f.Add(`"01" N14 "21" X..20`, `X2 N14 X2 L5`, uint64(2), byte(30), byte('x'))
	f.Add(`["A"] N1..9`, `("A"|"B") U8`, uint64(3), byte(0), byte('B'))
	f.Fuzz(func(t *testing.T, first, second string, seed uint64, at, c byte) {
		printable := func(r rune) bool { return ' ' <= r && r <= '~' && r != '\'' }
		if strings.Contains(first+second, ",") || !all(first+second, printable) || c == '#' || c > 126 {
			return // checks are not in the expressions
		}
		a, errA := pattern.Compile(first)
		b, errB := pattern.Compile(second)
		if errA != nil || errB != nil {
			return
		}
		u, ok := a.Example(seed)
		v, okB := b.Example(seed)
		if !ok || !okB || !isCanonical(u) || !isCanonical(v) {
			return
		}
		l := pairLibrary(t, first, second, u.Reveal(), v.Reveal())
		code := []byte(u.Reveal())
		code[int(at)%len(code)] = c
		compare(t, l, "fuzz", string(code), newLoop(l).match(string(code), nil))
	})
}
