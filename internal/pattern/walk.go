package pattern

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// maxKeys is how many keys an entry has at most, with those of its hints.
const maxKeys = 100

// headKeys and entryKeys are the keys that a library and an entry may have.
var headKeys, entryKeys = keysOf(fileText{}), keysOf(entryText{})

func keysOf(v any) map[string]bool {
	keys := make(map[string]bool)
	for t, i := reflect.TypeOf(v), 0; i < t.NumField(); i++ {
		keys[t.Field(i).Tag.Get("toml")] = true
	}
	return keys
}

// region is where in a library's text a key stands.
type region int

const (
	inHead region = iota
	inEntry
	inHints // of an entry
	inVain  // below a line that no library has
)

// walker reads a library's text before it is decoded. It finds the lines of
// all entries, which the decoder does not keep, and refuses what the decoder
// takes too long for: it would read the text again for each unknown key, and
// compare every key of a table with all others.
type walker struct {
	*reader
	counter lineCounter
	place   region
	keys    int // of the entry so far
}

// walk reports whether the text is worth decoding. What is no TOML ends the
// walk, and is left to the decoder to tell.
func (r *reader) walk(text []byte) bool {
	var p unstable.Parser
	p.Reset(text)
	w := walker{reader: r, counter: lineCounter{text: text}}
	for p.NextExpression() && len(r.errors) < maxErrors && len(r.lines) <= maxEntries {
		n := p.Expression()
		key := n.Key()
		if !key.Next() {
			continue
		}
		line := w.counter.of(key.Node())
		if n.Kind == unstable.KeyValue {
			w.key(line, string(key.Node().Data), n)
		} else {
			w.table(line, n)
		}
	}
	if len(r.lines) > maxEntries {
		r.add(1, "", fmt.Sprintf("a library has at most %d entries", maxEntries))
	}
	return len(r.errors) == 0
}

// table reads a line such as [[entry]] or [entry.hints].
func (w *walker) table(line int, n *unstable.Node) {
	var path []string
	for key := n.Key(); key.Next() && len(path) < 3; {
		path = append(path, string(key.Node().Data))
	}
	switch {
	case n.Kind == unstable.ArrayTable && slices.Equal(path, []string{"entry"}):
		w.place, w.keys = inEntry, 0
		w.lines, w.ids = append(w.lines, positions{"": {line}}), append(w.ids, "")
	case n.Kind == unstable.Table && slices.Equal(path, []string{"entry", "hints"}) && len(w.lines) > 0:
		w.place = inHints
		w.last()["hints"] = []int{line}
	default:
		w.place = inVain
		w.unknown(line, strings.Join(path, "."))
	}
}

// last returns the positions of the entry that is being walked through.
func (w *walker) last() positions { return w.lines[len(w.lines)-1] }

// key reads a key with its value.
func (w *walker) key(line int, name string, n *unstable.Node) {
	switch w.place {
	case inHead:
		if !headKeys[name] || name == "entry" {
			w.unknown(line, name)
		}
		return
	case inVain:
		return
	case inEntry:
		if name == "id" && n.Value().Kind == unstable.String {
			w.ids[len(w.ids)-1] = string(n.Value().Data)
		}
		if !entryKeys[name] {
			w.unknown(line, name)
		}
		w.last()[name] = w.values(line, n)
	}
	if w.keys += keysIn(n); w.keys > maxKeys {
		w.place = inVain
		w.add(line, w.entryAt(line), fmt.Sprintf("an entry has at most %d keys", maxKeys))
	}
}

// values returns the line of a key, followed by those of the values of its
// list.
func (w *walker) values(line int, n *unstable.Node) []int {
	lines := []int{line}
	if v := n.Value(); v.Kind == unstable.Array {
		for it := v.Children(); it.Next(); {
			lines = append(lines, w.counter.of(it.Node()))
		}
	}
	return lines
}

// unknown refuses a key or a table.
func (w *walker) unknown(line int, name string) {
	switch {
	case name == "entry":
		w.add(line, "", "an entry begins with a line of its own, [[entry]] in two brackets")
	case w.place == inEntry:
		w.add(line, w.entryAt(line), quote(name)+" is no key of an entry")
	default:
		w.add(line, w.entryAt(line), quote(name)+" is no key of a library")
	}
}

// keysIn counts the keys of a value, one for itself.
func keysIn(n *unstable.Node) int {
	keys := 0
	if n.Kind == unstable.KeyValue {
		keys, n = 1, n.Value()
	}
	if n.Kind == unstable.Array || n.Kind == unstable.InlineTable {
		for it := n.Children(); it.Next(); {
			keys += keysIn(it.Node())
		}
	}
	return keys
}

// entryAt returns the id of the entry that a line stands in, "" for none.
func (r *reader) entryAt(line int) string {
	i, _ := slices.BinarySearchFunc(r.lines, line+1, func(p positions, line int) int { return p.line("", 0) - line })
	if i == 0 {
		return ""
	}
	return r.ids[i-1]
}
