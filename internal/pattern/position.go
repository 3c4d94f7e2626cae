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

// index finds the lines of all entries. The decoder keeps none, so the text
// is walked a second time; it has been decoded, so it holds no error.
func index(text []byte) []positions {
	var all []positions
	var p unstable.Parser
	p.Reset(text)
	lines := lineCounter{text: text}
	for inEntry := false; p.NextExpression(); {
		n := p.Expression()
		key := n.Key()
		if !key.Next() {
			continue
		}
		first := key.Node()
		switch n.Kind {
		case unstable.ArrayTable, unstable.Table:
			inEntry = string(first.Data) == "entry"
			switch {
			case !inEntry:
			case key.Next() && len(all) > 0: // [entry.hints]
				all[len(all)-1][string(key.Node().Data)] = []int{lines.of(first)}
				inEntry = false
			default:
				all = append(all, positions{"": {lines.of(first)}})
			}
		case unstable.KeyValue:
			if !inEntry || len(all) == 0 {
				continue
			}
			at := []int{lines.of(first)}
			if v := n.Value(); v.Kind == unstable.Array {
				for it := v.Children(); it.Next(); {
					at = append(at, lines.of(it.Node()))
				}
			}
			all[len(all)-1][string(first.Data)] = at
		}
	}
	return all
}
