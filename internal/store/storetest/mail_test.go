package storetest_test

import (
	"testing"

	"gsp.example/gsp/internal/store/storetest"
)

func TestMailHasAboutTheSizeAskedFor(t *testing.T) {
	for _, want := range []int{1000, 8 << 10, 200 << 10} {
		m, s := storetest.Mail(t, want)
		if got := len(m.Raw()); got < want-300 || got > want+300 {
			t.Errorf("Mail(%d) has %d octets", want, got)
		}
		if s.Layout != m.Layout() {
			t.Errorf("Mail(%d): summary of another layout", want)
		}
	}
}
