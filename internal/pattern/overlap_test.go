package pattern_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// pairLibrary has two routable entries with the given patterns; their samples
// are found by the test itself, so none is checked here.
func pairLibrary(t *testing.T, first, second, sampleA, sampleB string) *pattern.Library {
	t.Helper()
	text := "name = \"pair\"\nissued = 2026-01-01\n"
	for i, p := range []string{first, second} {
		text += fmt.Sprintf("[[entry]]\nid = \"p%d\"\nclass = \"non-party\"\ntitle = \"x\"\nevidence = \"synthetic\"\npattern = '''%s'''\nsamples = [%q]\n",
			i, p, []string{sampleA, sampleB}[i])
	}
	l, err := pattern.Parse("pair.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOverlapWitness(t *testing.T) {
	tests := []struct {
		name, a, b       string
		sampleA, sampleB string
		witness          string // "" for none
	}{
		{"a literal with a wrong check digit", `"04012345123457"`, `gtin:N14,csum`, "04012345123457", "04012345123456", ""},
		{"a literal with the right one", `"04012345123456"`, `gtin:N14,csum`, "04012345123456", "04012345123456", "04012345123456"},
		{"other lengths", `N8`, `N9`, "12345678", "123456789", ""},
		{"ranges that meet", `"A" X3..6`, `U6..9`, "Axyz", "ABCDEF", "A00000"},
		{"two check digits over one span", `serial:N9 check:N2,mod9710(serial)`, `serial:N11,luhn`, "12345678978", "00000000000", "00000001941"},
		{"serial and check character", `serial:U12`, `"AB" serial:N9 check:U1,mod3736(serial)`, "ABCDEFGHIJKL", "AB000000000V", "AB000000000V"},
		{"a date and a serial", `"QC" made:YYMMDDhh`, `X6 N4`, "QC24022900", "xxxxxx1234", "QC00010100"},
		{"dates that never meet", `"23" YYMMDD`, `"2302299" N1`, "23240229", "23022999", ""},
	}
	for _, tt := range tests {
		l := pairLibrary(t, tt.a, tt.b, tt.sampleA, tt.sampleB)
		got := l.Overlaps().Overlaps
		switch {
		case tt.witness == "" && len(got) > 0:
			t.Errorf("%s: got witness %s, want none", tt.name, got[0].Witness.Reveal())
		case tt.witness != "" && (len(got) != 1 || got[0].Witness.Reveal() != tt.witness):
			t.Errorf("%s: got %d overlaps, want witness %s", tt.name, len(got), tt.witness)
		}
	}
}

// TestOverlapsAreComplete compares the matrix of an invented library with
// every pair tried, and checks that each witness fits both its entries.
func TestOverlapsAreComplete(t *testing.T) {
	m := newMaker(3)
	w := newWorld(t, m, 400, maker.realistic)
	seen := make(map[string]bool)
	for _, o := range w.library.Overlaps().Overlaps {
		fits := w.library.Match(o.Witness, nil)
		for _, e := range []*pattern.Entry{o.A, o.B} {
			if !contains(fits, e) {
				t.Errorf("%s and %s: the witness does not fit %s", o.A.Pattern, o.B.Pattern, e.Pattern)
			}
		}
		seen[o.A.ID+" "+o.B.ID] = true
	}
	// Every code that fits several entries proves their overlap.
	for _, code := range w.codes(m, 20_000) {
		fits := w.library.Match(gsp.NewUIM(code), nil)
		for _, a := range fits {
			for _, b := range fits {
				if a != b && !seen[a.ID+" "+b.ID] && !seen[b.ID+" "+a.ID] {
					t.Errorf("%s and %s share a code and are not reported", a.Pattern, b.Pattern)
				}
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("got %d overlaps, want more: the trial shows nothing", len(seen))
	}
}

func contains(list []*pattern.Entry, e *pattern.Entry) bool {
	for _, x := range list {
		if x == e {
			return true
		}
	}
	return false
}

// BenchmarkOverlaps computes all pairs of 5,000 patterns with a witness each,
// and all partners of one pattern.
func BenchmarkOverlaps(b *testing.B) {
	w := newWorld(b, newMaker(1), 5_000, maker.realistic)
	b.Run("matrix", func(b *testing.B) {
		pairs := 0
		for b.Loop() {
			pairs = len(w.library.Overlaps().Overlaps)
		}
		b.ReportMetric(float64(pairs), "pairs")
	})
	b.Run("partners", func(b *testing.B) {
		entries, i, found := w.library.Entries(), 0, 0
		for b.Loop() {
			found += len(w.library.Partners(entries[i]))
			i = (i + 1) % len(entries)
		}
		b.ReportMetric(float64(found)/float64(b.N), "partners")
	})
	b.Run("witness", func(b *testing.B) {
		entries, i, pairs := w.library.Entries(), 0, 0
		begin := time.Now()
		for b.Loop() {
			pairs += len(w.library.OverlapsOf(entries[i:i+1], nil).Overlaps)
			i = (i + 1) % len(entries)
		}
		b.ReportMetric(float64(time.Since(begin))/float64(max(pairs, 1)), "ns/witness")
	})
}

// TestOverlapsByCounting compares the matrix with all codes there are, for
// patterns of digits short enough to try every one.
func TestOverlapsByCounting(t *testing.T) {
	m := newMaker(31)
	const patterns, longest = 50, 4 // as many as are listed of one
	text := "name = \"short\"\nissued = 2026-01-01\n"
	for i := range patterns {
		p := m.short()
		e, err := pattern.Compile(p)
		for err != nil {
			p = m.short()
			e, err = pattern.Compile(p)
		}
		u, ok := e.Example(0)
		if !ok { // its checks leave nothing
			p, u = "N4", gsp.NewUIM("0000")
		}
		text += fmt.Sprintf("[[entry]]\nid = \"p%d\"\nclass = \"non-party\"\ntitle = \"x\"\nevidence = \"synthetic\"\npattern = '''%s'''\nsamples = [%q]\n", i, p, u.Reveal())
	}
	l, err := pattern.Parse("short.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	shared := make(map[[2]string]bool)
	for length, codes := 1, 10; length <= longest; length, codes = length+1, codes*10 {
		for n := range codes {
			fits := l.Match(gsp.NewUIM(fmt.Sprintf("%0*d", length, n)), nil)
			for _, a := range fits {
				for _, b := range fits {
					shared[[2]string{a.ID, b.ID}] = true
				}
			}
		}
	}
	found := make(map[[2]string]bool)
	for _, o := range l.Overlaps().Overlaps {
		found[[2]string{o.A.ID, o.B.ID}] = true
		if !shared[[2]string{o.A.ID, o.B.ID}] {
			t.Errorf("%s and %s: got witness %s, but no code fits both", o.A.Pattern, o.B.Pattern, o.Witness.Reveal())
		}
	}
	entries := l.Entries()
	for i, a := range entries {
		for _, b := range entries[i+1:] {
			if pair := [2]string{a.ID, b.ID}; shared[pair] && !found[pair] {
				t.Errorf("%s and %s share a code and are not reported", a.Pattern, b.Pattern)
			}
		}
	}
	if total := patterns * (patterns - 1) / 2; len(found) < total/20 || len(found) > total*19/20 {
		t.Errorf("got %d overlaps of %d pairs: the trial shows nothing", len(found), total)
	}
}

// short returns a pattern of at most four digits, often with checks.
func (m maker) short() string {
	check := func() string { return []string{"", "", ",luhn", ",csum", ",mod1110", ",mod9710"}[m.IntN(6)] }
	switch m.IntN(5) {
	case 0:
		return quote(m.text(digits, m.between(1, 2))) + " N2" + check()
	case 1:
		return fmt.Sprintf("N%d%s", m.between(2, 4), check())
	case 2:
		return fmt.Sprintf("a:N%d ( %s | %s ) c:N1,luhn(a)", m.between(1, 2), quote(m.text(digits, 1)), quote(m.text(digits, 1)))
	case 3:
		return fmt.Sprintf("N1 [ %s ] N1%s N1%s", quote(m.text(digits, 1)), check(), check())
	}
	return "x:N2 y:N1,mod1110(x) N1,csum(y)"
}

// TestSeparators checks what is said of overlapping entries: what tells them
// apart, and whether their masks still do.
func TestSeparators(t *testing.T) {
	l, err := pattern.Parse("generations.toml", []byte(generations))
	if err != nil {
		t.Fatal(err)
	}
	o := l.Overlaps().Overlaps
	if len(o) != 1 {
		t.Fatalf("got %d overlaps, want 1", len(o))
	}
	want := []pattern.Separator{pattern.ByValidity, pattern.ByHint, pattern.ByAsking}
	if o[0].Lead != 0 || !slices.Equal(o[0].Separators, want) {
		t.Errorf("got a lead of %.1f and %v, want 0 and %v", o[0].Lead, o[0].Separators, want)
	}

	// The check tells whole codes apart. A mask hides it.
	text := "name = \"pair\"\nissued = 2026-01-01\n"
	for i, p := range []string{`"S" serial:N12 check:N4`, `"S" serial:N8 check:N2,mod9710(serial) N2 check:N4,mod9710(serial)`} {
		e, err := pattern.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := e.Example(1)
		text += fmt.Sprintf("[[entry]]\nid = \"p%d\"\nparty = \"%c%c\"\ntitle = \"x\"\nevidence = \"synthetic\"\npattern = '''%s'''\nsamples = [%q]\n",
			i, 'a'+i, 'a'+i, p, u.Reveal())
	}
	if l, err = pattern.Parse("pair.toml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	o = l.OverlapsOf([]*pattern.Entry{l.Entry("p1")}, nil).Overlaps
	if len(o) != 1 || o[0].Lead < 12 || o[0].MaskLead >= 12 || !slices.Contains(o[0].Separators, pattern.ByRanking) {
		t.Errorf("got %+v, want a clear lead for whole codes only", o)
	}
	if p := l.Partners(l.Entry("p1")); len(p) != 1 || p[0].ID != "p0" {
		t.Errorf("got %d partners, want p0", len(p))
	}
}

// TestOverlapsOfDates checks that a witness bears a real date.
func TestOverlapsOfDates(t *testing.T) {
	for fixed, want := range map[string]int{"24022923": 1, "23022923": 0, "24043023": 1, "24043123": 0, "24130100": 0, "24010124": 0, "24010023": 0} {
		l := libraryOf(t, []string{"YYMMDDhh", quote(fixed)}, nobody)
		if got := len(l.Overlaps().Overlaps); got != want {
			t.Errorf("%s: got %d overlaps with a date, want %d", fixed, got, want)
		}
	}
}

// TestMaskLead checks that the mask of the entry that leads is compared,
// whichever of the two comes first, and that packaging tells entries apart.
func TestMaskLead(t *testing.T) {
	const text = `name = "pair"
[[entry]]
id = "shown"
party = "aa"
title = "x"
level = "unit"
evidence = "synthetic"
pattern = '"QCUK" serial:U10'
samples = ["QCUK0000000000"]
[[entry]]
id = "hidden"
party = "bb"
title = "x"
level = "carton"
evidence = "synthetic"
weak = true
pattern = 'code:"Q" code:U13'
samples = ["Q0000000000000"]
`
	l, err := pattern.Parse("pair.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id   string
		sign float64
	}{{"shown", 1}, {"hidden", -1}} {
		o := l.OverlapsOf([]*pattern.Entry{l.Entry(tt.id)}, nil).Overlaps
		if len(o) != 1 || o[0].Lead*tt.sign < 12 || o[0].MaskLead*tt.sign < 12 || !slices.Contains(o[0].Separators, pattern.ByLevel) {
			t.Errorf("%s: got %+v, want a clear lead of shown, its mask too, and the packaging", tt.id, o)
		}
	}
}
