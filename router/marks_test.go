package router

import (
	"testing"

	"gsp.example/gsp/internal/pattern"
)

func TestEachOutcomeIsRoutedOrTold(t *testing.T) {
	for _, o := range pattern.Outcomes {
		_, told := notRouted[o]
		if routed := o == pattern.Unique || o == pattern.Ambiguous; routed == told {
			t.Errorf("outcome %s: routed %v, told %v, want one of the two", o, routed, told)
		}
	}
}
