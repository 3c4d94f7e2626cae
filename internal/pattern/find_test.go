package pattern_test

import (
	"fmt"
	"slices"
	"testing"

	"gsp.example/gsp/internal/pattern"
)

func TestFind(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, text string
		want       []string // line, outcome and code
	}{
		{"a column", "KE730214477\nKE700000001\r\n\nQCALLaB3dE5fG7X1y2\n", []string{
			"1 unique KE730214477", "2 unique KE700000001", "4 unique QCALLaB3dE5fG7X1y2",
		}},
		{"a mail", "Dear colleagues,\non 20261123 we seized 900 packs (KE730214477, and\nKE700000001.), the till said 4006381333931 twice.\n> QCALL aB3dE5fG7 X1y2\n", []string{
			"2 unique KE730214477", "3 unique KE700000001",
		}},
		{"a scanner's log", "2026-11-23 10:22:01;DM;]d2010952114189456923551qIgY)<&Jp3*j7'SDB\n2026-11-23 10:22:04\tC128\t]C100095200000000000127\n", []string{
			"1 unique ]d2010952114189456923551qIgY)<&Jp3*j7'SDB", "2 operator-code ]C100095200000000000127",
		}},
		{"a spaced code", "  QCALL aB3dE5fG7 X1y2  ", []string{"1 unique QCALL aB3dE5fG7 X1y2"}},
		{"product numbers alone", "4006381333931\n", []string{"1 product-code 4006381333931"}},
		{"a link", "see https://id.gs1.org/01/09521141894569/235/51qIgY", []string{"1 unique https://id.gs1.org/01/09521141894569/235/51qIgY"}},
		{"masks", "KE7########, n=12\nQCALL#############\n", []string{"2 unique QCALL#############"}},
		{"nothing", "Thank you.\n\nKind regards\n", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, f := range l.Find(tt.text, seized) {
			got = append(got, fmt.Sprintf("%d %s %s", f.Line, f.Verdict.Outcome, f.UIM.Reveal()))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestColumn(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name  string
		table [][]string
		want  int
	}{
		{"beside product numbers", [][]string{
			{"No", "EAN", "Code", "Place"},
			{"1", "4006381333931", "KE730214477", "Calais"},
			{"2", "4006381333931", "KE700000001", "Calais"},
			{"3", "4006381333931", "unreadable", "Calais"},
			{"4", "4006381333931", "", "Calais"},
		}, 2},
		{"codes twice", [][]string{{"1", "KE730214477", "KE730214477"}}, 1},
		{"ragged", [][]string{{"list"}, {}, {"a", "b", "QCALLaB3dE5fG7X1y2"}}, 2},
		{"product numbers only", [][]string{{"4006381333931"}}, 0},
		{"no codes", [][]string{{"a", "b"}, {"1", "2"}}, -1},
		{"empty", nil, -1},
	}
	for _, tt := range tests {
		if got := l.Column(tt.table); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// FuzzFind checks that what is found in a text stands in it and is what Judge
// says it is.
func FuzzFind(f *testing.F) {
	l := shipped(f)
	f.Add("KE730214477\nsee QCALLaB3dE5fG7X1y2, 12")
	f.Add("\xff\u2028\r\n;;;")
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range l.Find(text, seized) {
			if v := l.Judge(found.UIM, seized); v != found.Verdict || v.Outcome == pattern.Unknown {
				t.Errorf("%q: got %v, then %v", found.UIM.Reveal(), found.Verdict, v)
			}
		}
	})
}
