package router

import (
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

func TestEachFlawHasATextAndAReason(t *testing.T) {
	for _, flaw := range sealed.Flaws {
		text, ok := flawTexts[flaw]
		if !ok {
			t.Errorf("no text for flaw %s", flaw)
		}
		if !slices.Contains(gsp.Reasons, gsp.Reason(flaw)) {
			t.Errorf("flaw %s is no reason of gsp.Reasons", flaw)
		}
		for _, s := range text {
			if s == "" || strings.HasSuffix(s, ".") || s[0] >= 'A' && s[0] <= 'Z' {
				t.Errorf("flaw %s: got %q, want a clause in lower case without a full stop", flaw, s)
			}
		}
	}
}
