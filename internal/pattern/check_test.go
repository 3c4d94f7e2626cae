package pattern_test

import (
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// TestChecks holds each check against published examples: the standards'
// own, and well-known numbers.
func TestChecks(t *testing.T) {
	tests := []struct {
		pattern string
		good    []string
		bad     []string
	}{
		{"N13,csum", []string{"4006381333931", "9521141111116"}, []string{"4006381333932", "4006381339331"}},
		{"N18,csum", []string{"095200000000000127"}, []string{"095200000000000128"}},
		{"N11,luhn", []string{"79927398713"}, []string{"79927398710", "79927398731"}},
		{"U22,mod9710", []string{"WEST12345698765432GB82"}, []string{"WEST12345698765432GB28", "WEST12345698765423GB82"}},
		{"N11,mod1110", []string{"86095742719", "65929970489"}, []string{"86095742718", "86095472719"}},
		{"U18,mod3736", []string{"A12425GABC1234002M"}, []string{"A12425GABC1234002N", "A12425GBAC1234002M"}},
		{"P4,mrc", []string{"ACyA", "AABU", "A>KA"}, []string{"NW1k", "AAAA", "BAAA", "A>KB", "A>LU", "A?AA"}},
		{"U12,mixed", []string{"A7B3K9P2X4M1"}, []string{"123456789012", "ABCDEFGHIJKL", "ABCDEFGHIJK#", "1#3456789012", "A23456789012", "ABCDEFGHIJK1"}},
		{"YYMMDD", []string{"240229", "000101", "991231", "2#0229", "######"}, []string{"#30229", "0#1301", "230229", "240230", "240431", "241301", "240001", "240100"}},
		{"YYMMDDhh", []string{"24022923", "240229#3"}, []string{"24022924", "2402293#", "23022900"}},
	}
	for _, tt := range tests {
		e, err := pattern.Compile(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range tt.good {
			if !e.Fits(gsp.NewUIM(s)) {
				t.Errorf("%s: %s does not fit", tt.pattern, s)
			}
		}
		for _, s := range tt.bad {
			if e.Fits(gsp.NewUIM(s)) {
				t.Errorf("%s: %s fits", tt.pattern, s)
			}
		}
	}
}

// TestHiddenChecks decides a masked code by trying all its completions: for
// each check, at each place one and two characters are hidden.
func TestHiddenChecks(t *testing.T) {
	m := newMaker(9)
	for _, p := range []string{"N6,csum", "N6,luhn", "N6,mod1110", "N6,mod9710", "U4,mod3736", "P4,mrc", "U5,mixed", "YYMMDD", "YYMMDDhh"} {
		e, err := pattern.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			u, _ := e.Example(m.Uint64())
			code := []byte(u.Reveal())
			alphabet := map[byte]string{'N': digits, 'Y': digits, 'U': upper, 'P': alnum + `!"%&'*+-./_,:;=<>?`}[p[0]]
			code[m.IntN(len(code))] = alphabet[m.IntN(len(alphabet))]
			code[m.IntN(len(code))] = '#'
			if m.IntN(2) == 0 {
				code[m.IntN(len(code))] = '#'
			}
			if strings.IndexByte(`"'`, code[0]) >= 0 {
				continue
			}
			got, want := e.Fits(gsp.NewUIM(string(code))), completable(e, code, alphabet)
			if got != want {
				t.Errorf("%s: %s: got %t, want %t", p, code, got, want)
			}
		}
	}
}

// completable tries every character for every hidden one.
func completable(e *pattern.Entry, code []byte, alphabet string) bool {
	for i, c := range code {
		if c != '#' {
			continue
		}
		for j := range len(alphabet) {
			code[i] = alphabet[j]
			if completable(e, code, alphabet) {
				code[i] = '#'
				return true
			}
		}
		code[i] = '#'
		return false
	}
	return e.Fits(gsp.NewUIM(string(code)))
}

// TestJointChecks hides characters that two checks cover: each alone could be
// satisfied, both together not always.
func TestJointChecks(t *testing.T) {
	e, err := pattern.Compile("N4,luhn,csum")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		code := []byte{'0' + byte(n%10), '0' + byte(n/10%10), '0' + byte(n/100), '#'}
		if got, want := e.Fits(gsp.NewUIM(string(code))), completable(e, code, digits); got != want {
			t.Errorf("%s: got %t, want %t", code, got, want)
		}
	}
}
