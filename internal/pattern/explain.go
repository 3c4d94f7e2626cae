package pattern

import (
	"fmt"
	"strings"
	"time"
)

// Explain draws the code with the parts that its first candidate, or a near
// miss, sees in it, one a line. Unlike the sentence it holds the code.
func (a Answer) Explain() string {
	code := a.Normal.Reveal()
	var b strings.Builder
	line := func(from, to int, mark, text string) {
		fmt.Fprintf(&b, "%s%s%s  %s\n", strings.Repeat(" ", from), strings.Repeat(mark, max(to-from, 1)),
			strings.Repeat(" ", max(len(code)-to, 0)), text)
	}
	fmt.Fprintf(&b, "%s\n", code)
	if len(a.Candidates) > 0 {
		c := a.Candidates[0]
		for _, s := range c.Segments {
			mark, text := "-", s.Name
			if s.Shown {
				mark = "="
			}
			if s.Literal && s.Name == "" {
				text = "fixed text"
			}
			if s.Name == "made" && !c.Made.IsZero() {
				text += " " + c.Made.Format(time.DateOnly)
				if s.To-s.From == len("YYMMDDhh") {
					text += c.Made.Format(" 15h")
				}
			}
			line(s.From, s.To, mark, text)
		}
	}
	if a.Near != nil {
		line(a.Near.From, a.Near.To, "^", a.Near.describe())
	}
	return b.String()
}
