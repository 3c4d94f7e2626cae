package smtpd

import (
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func TestCodesAreComplete(t *testing.T) {
	for _, r := range gsp.Reasons {
		c, ok := codes[r]
		switch {
		case !ok:
			t.Errorf("no reply for %s", r)
		case c.code/100 != c.enhanced[0]:
			t.Errorf("%s: code %d with class %d", r, c.code, c.enhanced[0])
		case c.code/100 != 4 && c.code/100 != 5:
			t.Errorf("%s: code %d does not refuse", r, c.code)
		}
	}
	if len(codes) != len(gsp.Reasons) {
		t.Errorf("%d replies for %d reasons", len(codes), len(gsp.Reasons))
	}
}
