package pgpcert_test

import (
	"strings"
	"testing"

	"gsp.example/gsp/internal/pgpcert"
)

// The first is the example that the list is usually shown with.
func TestWords(t *testing.T) {
	for fingerprint, want := range map[string]string{
		"E58294F2E9A227486E8B061B31CC528FD7FA3F19": "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa " +
			"afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless",
		"0001FFFF": "aardvark adviser Zulu Yucatan",
		"":         "",
		"XY":       "",
	} {
		if got := strings.Join(pgpcert.Words(fingerprint), " "); !strings.EqualFold(got, want) {
			t.Errorf("%s: got %q, want %q", fingerprint, got, want)
		}
	}
	seen := map[string]bool{}
	for i := range 256 {
		for _, word := range pgpcert.Words(strings.Repeat(string("0123456789ABCDEF"[i>>4])+string("0123456789ABCDEF"[i&15]), 2)) {
			if seen[word] {
				t.Errorf("%q stands for two octets", word)
			}
			seen[word] = true
		}
	}
}
