package pattern_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// generations is a library of one Party that changed its serials, and of a
// neighbour whose product numbers begin otherwise.
const generations = `name = "generations"
version = 7
issued = 2026-01-01

[[entry]]
id = "old"
party = "ke"
title = "an old stamp"
evidence = "synthetic"
until = 2021-12-31
pattern = '"S" product:N4 serial:N8 made:YYMMDD'
samples = ["S123400000000210630"]

[[entry]]
id = "new"
party = "ug"
title = "a new stamp"
evidence = "synthetic"
from = 2022-01-01
pattern = '"S" product:N4 serial:N8 made:YYMMDD'
hints = { product = ["77", "78"] }
samples = ["S123400000000220630"]
`

func TestValidityRanks(t *testing.T) {
	l, err := pattern.Parse("generations.toml", []byte(generations))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, code string
		at         time.Time
		outcome    pattern.Outcome
		first      string
		doubts     []pattern.Doubt // of the first
		last       []pattern.Doubt
	}{
		{"made in the old time", "S123400000000210630", seized, pattern.Unique, "old", nil, []pattern.Doubt{pattern.NotValidYet}},
		{"made on its last day", "S123400000000211231", seized, pattern.Unique, "old", nil, []pattern.Doubt{pattern.NotValidYet}},
		{"made on the first day", "S123400000000220101", seized, pattern.Unique, "new", nil, []pattern.Doubt{pattern.NotValidNow}},
		{"date hidden, seized today", "S12340000000022####", seized, pattern.Ambiguous, "new", nil, []pattern.Doubt{pattern.NoLongerMade}},
		{"date hidden, seized in the old time", "S12340000000022####", seized.AddDate(-6, 0, 0), pattern.Unique, "old", nil, []pattern.Doubt{pattern.NotValidYet}},
		{"date hidden, seized before", "S1234########2106##", seized.AddDate(-6, 0, 0), pattern.Unique, "old", nil, []pattern.Doubt{pattern.NotValidYet}},
		{"a hint", "S770000000000######", seized, pattern.Ambiguous, "new", nil, []pattern.Doubt{pattern.NoLongerMade}},
		{"made tomorrow", "S123400000000261125", seized, pattern.Ambiguous, "new", []pattern.Doubt{pattern.FutureDate}, []pattern.Doubt{pattern.FutureDate}},
		{"no time asked", "S123400000000991231", time.Time{}, pattern.Unique, "new", nil, []pattern.Doubt{pattern.NotValidNow}},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), tt.at)
		if a.Outcome != tt.outcome || len(a.Candidates) != 2 {
			t.Errorf("%s: got %s of %d, want %s of 2", tt.name, a.Outcome, len(a.Candidates), tt.outcome)
			continue
		}
		first, last := a.Candidates[0], a.Candidates[1]
		if first.Entry.ID != tt.first || !slices.Equal(first.Doubts, tt.doubts) || !slices.Equal(last.Doubts, tt.last) {
			t.Errorf("%s: got %s with %v, other %v, want %s with %v, other %v", tt.name, first.Entry.ID, first.Doubts, last.Doubts, tt.first, tt.doubts, tt.last)
		}
	}
	if got := l.Version(); got != 7 {
		t.Errorf("got version %d, want 7", got)
	}
}

// TestJudgeIsResolve compares the short form with the long one.
func TestJudgeIsResolve(t *testing.T) {
	m := newMaker(21)
	w := newWorld(t, m, 400, maker.realistic)
	var list []gsp.UIM
	for _, s := range w.codes(m, 9_000) {
		list = append(list, gsp.NewUIM(s))
	}
	list = append(list, gsp.NewUIM(""), gsp.NewUIM(strings.Repeat("A", 5_000)), gsp.NewUIM("\x00"))
	for i, v := range w.library.JudgeAll(list, seized) {
		a := w.library.Resolve(list[i], seized)
		want := pattern.Verdict{Outcome: a.Outcome, Fits: len(a.Candidates) + a.More}
		if want.Outcome == pattern.NearlyMatches {
			want.Outcome = pattern.Unknown
		}
		if len(a.Candidates) > 0 {
			want.Entry = a.Candidates[0].Entry
		}
		if r, ok := w.library.Recognise(list[i], seized); ok != (want.Fits > 0) || ok && !reflect.DeepEqual(r, a) {
			t.Errorf("%s: recognised as %+v, %t, resolved as %+v", list[i].Reveal(), r, ok, a)
		}
		if v != want {
			t.Errorf("%s: got %+v, want %+v", list[i].Reveal(), v, want)
		}
	}
}

// TestJudgeAllocatesNothing holds a look-up to its promise.
func TestJudgeAllocatesNothing(t *testing.T) {
	l := shipped(t)
	var found []*pattern.Entry
	for _, code := range []string{"QCALLaB3dE5fG7X1y224031514", "00000046209849Uon<TYfACyAJPHJ", "QCUKT#############", "QCUKT#####################", "01##############23551q####", "######", "hello"} {
		u := gsp.NewUIM(code)
		if n := testing.AllocsPerRun(100, func() { l.Judge(u, seized); found = l.Match(u, found[:0]) }); n > 0 {
			t.Errorf("%s: got %.0f allocations, want none", code, n)
		}
	}
}

// TestAnswersHideTheCode checks that neither the sentence nor the mask of an
// answer has what was hidden in the code.
func TestAnswersHideTheCode(t *testing.T) {
	l := shipped(t)
	for _, e := range l.Entries() {
		for seed := range uint64(10) {
			u, _ := e.Example(seed)
			code := u.Reveal()
			broken := code[:len(code)-1] + "\x7f"
			for _, s := range []string{code, broken, code[:len(code)-1], strings.ToLower(code)} {
				a := l.Resolve(gsp.NewUIM(s), seized)
				if a.Sentence == "" || strings.Count(a.Sentence, "\n") > 0 || !strings.HasSuffix(a.Sentence, ".") {
					t.Errorf("%s: got sentence %q", e.ID, a.Sentence)
				}
				if strings.Contains(a.Sentence, s[len(s)-6:]) {
					t.Errorf("%s: the sentence holds the end of the code: %s", e.ID, a.Sentence)
				}
			}
		}
	}
}

func TestExplain(t *testing.T) {
	l := shipped(t)
	tests := []struct{ code, want string }{
		{"QCALLaB3dE5fG7X1y224031514", `QCALLaB3dE5fG7X1y224031514
=====                       fixed text
     ---------              serial
              ----          product
                  --------  made 2024-03-15 14h
`},
		{"KE73O214477", `KE73O214477
    ^        character 5, in the part "serial", does not fit
`},
	}
	for _, tt := range tests {
		if got := l.Resolve(gsp.NewUIM(tt.code), seized).Explain(); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}

func TestNearMisses(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code string
		entry      string
		fault      pattern.Fault
		segment    string
		from, to   int
	}{
		{"letter for a digit", "KE73O214477", "ke-stamp", pattern.WrongCharacter, "serial", 4, 5},
		{"check digit", "(01)09521141894568(235)51qIgY)<&Jp3*j7'SDB", "eu-gs1-unit", pattern.FailedCheck, "gtin", 2, 16},
		{"date", "010952114189456923551qIgY)<&Jp3*j7'SDB^800824033214", "eu-gs1-unit", pattern.FailedCheck, "made", 43, 51},
		{"cut", "KE73021447", "ke-stamp", pattern.CutShort, "", 10, 11},
		{"too long", "KE73021447700", "ke-stamp", pattern.Overlong, "", 11, 13},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		n := a.Near
		if a.Outcome != pattern.NearlyMatches || n == nil {
			t.Errorf("%s: got %s, want near-miss", tt.name, a.Outcome)
			continue
		}
		if n.Entry.ID != tt.entry || n.Fault != tt.fault || n.Segment != tt.segment || n.From != tt.from || n.To != tt.to {
			t.Errorf("%s: got %s %s %q %d:%d, want %s %s %q %d:%d", tt.name,
				n.Entry.ID, n.Fault, n.Segment, n.From, n.To, tt.entry, tt.fault, tt.segment, tt.from, tt.to)
		}
	}
}

func TestDiff(t *testing.T) {
	old, err := pattern.Parse("old.toml", []byte(generations))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`id = "old"`, `id = "other"`, "2022-01-01", "2023-01-01", `"77", "78"`, `"77"`, "220630", "230630").Replace(generations)
	changed, err := pattern.Parse("new.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range pattern.Diff(old, changed) {
		switch {
		case d.New == nil:
			got = append(got, "-"+d.Old.ID)
		case d.Old == nil:
			got = append(got, "+"+d.New.ID)
		default:
			got = append(got, d.New.ID+" "+strings.Join(d.Fields, ","))
		}
	}
	if want := []string{"-old", "+other", "new from,hints,samples"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if d := pattern.Diff(old, old); len(d) > 0 {
		t.Errorf("got %d differences of a library with itself", len(d))
	}
}

// TestShippedLibrary checks what a library must have to be shipped.
func TestShippedLibrary(t *testing.T) {
	l := shipped(t)
	if n := len(l.Entries()); n < 18 {
		t.Errorf("got %d entries, want at least 18", n)
	}
	if got, want := l.Parties(), []gsp.PartyID{"eu", "gb", "ke", "xx", "zz"}; !slices.Equal(got, want) {
		t.Errorf("got Parties %v, want %v", got, want)
	}
	for _, e := range l.Entries() {
		if e.Source == "" {
			t.Errorf("%s: no source", e.ID)
		}
		if e.Evidence == pattern.Verified && e.Class == pattern.Routable && e.Party != "eu" {
			t.Errorf("%s: no format of %s is verified", e.ID, e.Party)
		}
	}
	// Two Parties that cannot be told apart are a fault of the library,
	// unless they are there to train for it.
	for _, o := range l.Overlaps().Overlaps {
		if o.A.Routable() && o.B.Routable() && !slices.Contains(o.Separators, pattern.ByRanking) &&
			!slices.Contains(o.Separators, pattern.SameParty) && o.A.ID != "zz-shared" {
			t.Errorf("%s and %s share %s and nothing tells them apart", o.A.ID, o.B.ID, o.Witness.Reveal())
		}
	}
}

// TestClearLeadIsRight asks for codes whose pattern is known. A unique answer
// must name its Party, and where the answer is ambiguous the Party must be
// among the candidates.
func TestClearLeadIsRight(t *testing.T) {
	m := newMaker(41)
	w := newWorld(t, m, 2_000, maker.realistic)
	entries := w.library.Entries()
	unique, ambiguous := 0, 0
	for range 20_000 {
		i := m.IntN(len(entries))
		a := w.library.Resolve(gsp.NewUIM(w.makers[i]()), time.Time{})
		switch a.Outcome {
		case pattern.Unique:
			unique++
			if a.Party() != entries[i].Party {
				t.Errorf("%s: got Party %s of %s, want %s of %s", a.Raw.Reveal(), a.Party(), a.Candidates[0].Entry.Pattern, entries[i].Party, entries[i].Pattern)
			}
		case pattern.Ambiguous:
			ambiguous++
			if math.IsInf(bitsOf(a, entries[i]), -1) {
				t.Errorf("%s: %s is not among %d candidates", a.Raw.Reveal(), entries[i].Party, len(a.Candidates))
			}
		default:
			t.Errorf("%s: got %s", a.Raw.Reveal(), a.Outcome)
		}
	}
	if ambiguous < 200 || unique < 10_000 {
		t.Errorf("got %d unique and %d ambiguous: the trial shows nothing", unique, ambiguous)
	}
}

// bitsOf returns the evidence of an entry in an answer.
func bitsOf(a pattern.Answer, e *pattern.Entry) float64 {
	for _, c := range a.Candidates {
		if c.Entry == e {
			return c.Bits
		}
	}
	return math.Inf(-1)
}
