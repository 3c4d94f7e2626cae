package pattern

import (
	"cmp"
	"math/bits"
	"slices"
)

// gridWriter builds grids one after the other and keeps what they share.
type gridWriter struct {
	tables  map[columnTable]*columnTable
	members int
	words   int
	sets    [][]memberSet // of each place
}

// memberSet is the members that allow one set at one place.
type memberSet struct {
	id      setID
	members []uint64
	count   int
}

// begin starts a grid of so many members. Blocks have one word or four, so
// that a look-up has two loops only.
func (w *gridWriter) begin(members, length int) {
	w.members = members
	w.words = (members + 63) / 64
	if w.words > 1 && w.words < 4 {
		w.words = 4
	}
	w.sets = make([][]memberSet, length)
}

// allow lets member have a character of id at a place. A member may allow
// several sets.
func (w *gridWriter) allow(member, at int, id setID) {
	sets := w.sets[at]
	i := slices.IndexFunc(sets, func(s memberSet) bool { return s.id == id })
	if i < 0 {
		i = len(sets)
		sets = append(sets, memberSet{id: id, members: make([]uint64, w.words)})
		w.sets[at] = sets
	}
	if word, bit := &sets[i].members[member/64], uint64(1)<<(member%64); *word&bit == 0 {
		*word |= bit
		sets[i].count++
	}
}

// grid returns the grid of the most telling places.
func (w *gridWriter) grid(most int) grid {
	g := grid{words: w.words, all: make([]uint64, w.words)}
	for i := range w.members {
		g.all[i/64] |= 1 << (i % 64)
	}
	type candidate struct {
		at      int
		left    float64
		table   columnTable
		columns []uint64
	}
	var found []candidate
	for at := range w.sets {
		table, columns := w.columns(at, g.all)
		found = append(found, candidate{at, w.left(at, table, columns), table, columns})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.left, b.left) })
	for _, c := range found[:most] {
		table := w.tables[c.table]
		if table == nil {
			table = &c.table
			w.tables[c.table] = table
		}
		g.places = append(g.places, place{table, uint32(len(g.columns)), uint8(c.at)})
		g.columns = append(g.columns, c.columns...)
	}
	return g
}

// columns returns the columns of a place, each once, and which character has
// which. Column 0 is the empty one. The hidden character has the column of
// all, the letter of an alphabet that of all who share a character with it.
func (w *gridWriter) columns(at int, all []uint64) (table columnTable, columns []uint64) {
	columns = make([]uint64, w.words)
	column := make([]uint64, w.words)
	number := func() uint8 {
		for i := 0; i < len(columns); i += w.words {
			if slices.Equal(columns[i:i+w.words], column) {
				return uint8(i / w.words)
			}
		}
		columns = append(columns, column...)
		return uint8(len(columns)/w.words - 1)
	}
	for c := setAny.first(); c < 128; c = setAny.next(c) {
		clear(column)
		for _, s := range w.sets[at] {
			if s.id.set().has(c) {
				for i, word := range s.members {
					column[i] |= word
				}
			}
		}
		table[c] = number()
	}
	for i := range kinds {
		clear(column)
		id := firstKind + setID(i)
		for _, s := range w.sets[at] {
			if !s.id.set().and(id.set()).empty() {
				for i, word := range s.members {
					column[i] |= word
				}
			}
		}
		table[id.letter()] = number()
	}
	copy(column, all)
	table[hidden] = number()
	return table, columns
}

// left estimates how many members a place leaves of a code that is drawn from
// the members themselves: each as often, and each of its characters. A
// literal that all share is as useless as an alphabet that all share.
func (w *gridWriter) left(at int, table columnTable, columns []uint64) float64 {
	size := make([]int, len(columns)/w.words)
	for i := range size {
		for _, word := range columns[i*w.words : (i+1)*w.words] {
			size[i] += bits.OnesCount64(word)
		}
	}
	sum, total := 0.0, 0
	for _, s := range w.sets[at] {
		set := s.id.set()
		left := 0
		for c := set.first(); c < 128; c = set.next(c) {
			left += size[table[c]]
		}
		sum += float64(s.count) * float64(left) / float64(set.size())
		total += s.count
	}
	return sum / float64(max(total, 1))
}
