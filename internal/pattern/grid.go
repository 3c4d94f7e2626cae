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
	places  []placeSets
}

// placeSets is what the members allow at one place.
type placeSets struct {
	sets  []memberSet
	index [256]uint8 // of an id in sets, from 1; 0 for none
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
	for len(w.places) < length {
		w.places = append(w.places, placeSets{})
	}
	w.places = w.places[:length]
	for i := range w.places {
		w.places[i] = placeSets{sets: w.places[i].sets[:0]}
	}
}

// allow lets member have a character of id at a place. A member may allow
// several sets.
func (w *gridWriter) allow(member, at int, id setID) {
	p := &w.places[at]
	i := p.index[id]
	if i == 0 {
		p.sets = append(p.sets, memberSet{id: id, members: make([]uint64, w.words)})
		i = uint8(len(p.sets))
		p.index[id] = i
	}
	s := &p.sets[i-1]
	if word, bit := &s.members[member/64], uint64(1)<<(member%64); *word&bit == 0 {
		*word |= bit
		s.count++
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
	for at := range w.places {
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

// columns returns the columns of a place and which character has which.
// Column 0 is the empty one. The hidden character has the column of all, the
// letter of an alphabet that of all who share a character with it.
func (w *gridWriter) columns(at int, all []uint64) (table columnTable, columns []uint64) {
	p := &w.places[at]
	add := func() []uint64 {
		columns = append(columns, w.empty()...)
		return columns[len(columns)-w.words:]
	}
	add()
	// A character that is no literal here is told apart only by the alphabets
	// that have it; most share one column.
	var known [1 << numKinds]uint8
	for c := setAny.first(); c < 128; c = setAny.next(c) {
		alphabets := 0
		for i := range numKinds {
			if p.index[firstKind+setID(i)] != 0 && kinds[i].set.has(c) {
				alphabets |= 1 << i
			}
		}
		literal := p.index[c]
		if literal == 0 && (alphabets == 0 || known[alphabets] != 0) {
			table[c] = known[alphabets]
			continue
		}
		column := add()
		for i := range numKinds {
			if alphabets>>i&1 != 0 {
				p.members(firstKind+setID(i), column)
			}
		}
		table[c] = uint8(len(columns)/w.words - 1)
		if literal != 0 {
			p.members(setID(c), column)
		} else {
			known[alphabets] = table[c]
		}
	}
	for i, k := range kinds {
		column := add()
		for _, s := range p.sets {
			if !s.id.set().and(k.set).empty() {
				p.members(s.id, column)
			}
		}
		table[(firstKind + setID(i)).letter()] = uint8(len(columns)/w.words - 1)
	}
	copy(add(), all)
	table[hidden] = uint8(len(columns)/w.words - 1)
	return table, columns
}

func (w *gridWriter) empty() []uint64 { return make([]uint64, w.words) }

// members adds to column those who allow the set.
func (p *placeSets) members(id setID, column []uint64) {
	for i, word := range p.sets[p.index[id]-1].members {
		column[i] |= word
	}
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
	for _, s := range w.places[at].sets {
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
