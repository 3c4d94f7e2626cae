package demo

import (
	"fmt"
	"io"
	"strings"
)

// lineWidth is the longest line in octets, for a terminal of 80 columns.
const lineWidth = 78

// page is what the demonstration tells, in lines that fit a terminal. Its
// first error is kept, and nothing is written after it.
type page struct {
	w   io.Writer
	err error
}

// tell writes a paragraph. Its first line begins with lead, the others with
// as many spaces.
func (p *page) tell(lead, format string, args ...any) {
	p.write(fill(lead, strings.Repeat(" ", len(lead)), fmt.Sprintf(format, args...)))
}

func (p *page) write(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, text)
	}
}

// fill breaks text at spaces into lines of lineWidth, the first of which
// begins with lead and the others with next. A longer word, such as a path,
// stays whole: it is there to be copied.
func fill(lead, next, text string) string {
	var b strings.Builder
	for {
		end := len(text)
		if room := lineWidth - len(lead); end > room {
			if at := strings.LastIndexByte(text[:room+1], ' '); at > 0 {
				end = at
			} else if at := strings.IndexByte(text, ' '); at > 0 {
				end = at
			}
		}
		b.WriteString(lead + text[:end] + "\n")
		if text = strings.TrimLeft(text[end:], " "); text == "" {
			return b.String()
		}
		lead = next
	}
}
