package pattern_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// TestGroundsAreTheEvidence checks that the reasons told add up to what
// ranks.
func TestGroundsAreTheEvidence(t *testing.T) {
	m := newMaker(22)
	w := newWorld(t, m, 300, maker.realistic)
	libraries := map[*pattern.Library][]string{w.library: w.codes(m, 3_000)}
	l := shipped(t)
	for _, e := range l.Entries() {
		libraries[l] = append(libraries[l], e.Samples...)
		for _, s := range e.Samples {
			mask, _ := l.Mask(gsp.NewUIM(s))
			libraries[l] = append(libraries[l], mask)
		}
	}
	sum := func(grounds []pattern.Ground) (bits float64) {
		for _, g := range grounds {
			bits += g.Bits
			if !slices.Contains(pattern.GroundKinds, g.Kind) {
				t.Errorf("got a ground of kind %q", g.Kind)
			}
		}
		return bits
	}
	several := 0
	for l, codes := range libraries {
		for _, code := range codes {
			a := l.Resolve(gsp.NewUIM(code), seized.AddDate(-9, 0, 0))
			for i, c := range a.Candidates {
				if got := sum(a.Grounds(i)); math.Abs(got-c.Bits) > 1e-6 {
					t.Errorf("%s under %s: got grounds of %f bits, want %f", code, c.Entry.ID, got, c.Bits)
				}
				if got, want := sum(a.Lead(i)), a.Candidates[0].Bits-c.Bits; math.Abs(got-want) > 3 { // small ones are left out
					t.Errorf("%s under %s: got a lead of %f bits, want %f", code, c.Entry.ID, got, want)
				}
				if i > 0 {
					several++
				}
			}
		}
	}
	if several < 100 {
		t.Errorf("got %d second candidates, want more to compare", several)
	}
}

// TestExplainCandidate checks that what is told names its cause.
func TestExplainCandidate(t *testing.T) {
	stamps, err := pattern.Parse("generations.toml", []byte(generations))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		library *pattern.Library
		code    string
		at      time.Time
		want    []string // of each candidate; "" for any
	}{
		{stamps, "S123400000000210630", seized, []string{"a real date", "such codes were not made yet on the date it bears"}},
		{stamps, "S123400000000220101", seized, []string{"", "such codes were no longer made on the date it bears"}},
		{stamps, "S12340000000022####", seized, []string{"", "such codes were no longer made on the day of the seizure"}},
		{stamps, "S12340000000022####", seized.AddDate(-6, 0, 0), []string{"", "such codes were not made yet on the day of the seizure"}},
		{stamps, "S770000000000######", time.Time{}, []string{`a hint in "product" (4)`, `without a hint in "product"`}},
		{shipped(t), "00000046209849Uon<TYfACyAJPHJ", seized, []string{"a plausible price (13), a check digit (3)", "without a plausible price"}},
		{shipped(t), "KE730214477", time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), []string{"31 bits of evidence: kinds of characters (24), fixed characters (19), such codes were not made yet on the day of the seizure (-12)"}},
		{shipped(t), "########", seized, []string{"without evidence"}},
		{shipped(t), "QCALLk9Lm2Np4QQCALL7Rs024031608", seized, []string{"", "fewer fixed characters"}},
	}
	for _, tt := range tests {
		a := tt.library.Resolve(gsp.NewUIM(tt.code), tt.at)
		for i, want := range tt.want {
			if i >= len(a.Candidates) {
				t.Errorf("%s: got %d candidates, want %d", tt.code, len(a.Candidates), len(tt.want))
			} else if got := a.ExplainCandidate(i); !strings.Contains(got, want) {
				t.Errorf("%s, candidate %s: got %q, want %q", tt.code, a.Candidates[i].Entry.ID, got, want)
			}
		}
	}
}

// TestChecksAreNamed checks that each check has words for people.
func TestChecksAreNamed(t *testing.T) {
	elements := map[string]string{"mrc": "P4", "mod9710": "U12", "mod3736": "U12", "mixed": "U12"}
	for _, name := range pattern.CheckNames() {
		run := elements[name]
		if run == "" {
			run = "N12"
		}
		text := `"QQQQQ" serial:N7 x:` + run + "," + name
		e, err := pattern.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		code, ok := e.Example(1)
		if !ok {
			t.Fatalf("%s: no example", text)
		}
		l, err := pattern.Parse("checks.toml", []byte("name='x'\n[[entry]]\nid='x'\nparty='zz'\ntitle='x'\nevidence='synthetic'\npattern='"+text+"'\nsamples=['''"+code.Reveal()+"''']\n"))
		if err != nil {
			t.Fatal(err)
		}
		a := l.Resolve(code, time.Time{})
		if !slices.ContainsFunc(a.Grounds(0), func(g pattern.Ground) bool { return g.Kind == pattern.ByPassing && g.Name == name }) {
			t.Errorf("%s: got grounds %v, want the check", name, a.Grounds(0))
		}
		if got := a.ExplainCandidate(0); strings.Contains(got, ":  (") || strings.Contains(got, ",  (") {
			t.Errorf("%s: got %q, want the check in words", name, got)
		}
	}
}
