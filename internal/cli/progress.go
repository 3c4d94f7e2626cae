package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress draws how far a long list is, on a terminal only.
type progress struct {
	w    io.Writer
	of   interface{ Progress() float64 }
	last time.Time
}

// progressEvery is how often the bar is drawn; a list that is done before is
// not worth one.
const progressEvery = 200 * time.Millisecond

// newProgress returns nil where w is no terminal.
func newProgress(w io.Writer, list any) *progress {
	of, known := list.(interface{ Progress() float64 })
	if !known || !isTerminal(w) {
		return nil
	}
	return &progress{w: w, of: of, last: time.Now()}
}

func (p *progress) show(codes int) {
	if p == nil || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	const width = 30
	part := p.of.Progress()
	if part == 0 { // nobody knows how long the list is
		fmt.Fprintf(p.w, "\r%s codes ", thousands(codes))
		return
	}
	full := int(part * width)
	fmt.Fprintf(p.w, "\r[%s%s] %3.0f %%  %s codes ", strings.Repeat("#", full), strings.Repeat(".", width-full), 100*part, thousands(codes))
}

// done takes the bar away.
func (p *progress) done() {
	if p != nil {
		fmt.Fprintf(p.w, "\r%60s\r", "")
	}
}

// thousands writes a number as people read it: 1,234,567.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}
