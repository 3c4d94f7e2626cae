package cli

import (
	"testing"

	"gsp.example/gsp/internal/pattern"
)

// Each token of the library has words for people.
func TestTextsAreComplete(t *testing.T) {
	for _, c := range pattern.Changes {
		if changeTexts[c] == "" {
			t.Errorf("no text for %s", c)
		}
	}
	for _, s := range pattern.Separators {
		if separatorTexts[s] == "" {
			t.Errorf("no text for %s", s)
		}
	}
}
