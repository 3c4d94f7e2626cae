package pattern

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

// positions are the lines of one entry's keys in a library's text, and of the
// values of its lists: "samples" has the key's own line first. The key "" is
// the line of [[entry]].
type positions map[string][]int

// line returns the line of a key or of a value of its list, or the nearest
// thing that has one.
func (p positions) line(key string, value int) int {
	lines := p[key]
	switch {
	case value+1 < len(lines):
		return lines[value+1]
	case len(lines) > 0:
		return lines[0]
	case len(p[""]) > 0:
		return p[""][0]
	}
	return 1
}

// lineCounter turns offsets that rise into line numbers, reading the text
// once however many are asked.
type lineCounter struct {
	text []byte
	at   int
	line int
}

func (c *lineCounter) of(n *unstable.Node) int {
	if to := int(n.Raw.Offset); to > c.at {
		c.line += bytes.Count(c.text[c.at:to], []byte("\n"))
		c.at = to
	}
	return c.line + 1
}
