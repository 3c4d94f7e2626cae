package pattern

import (
	"math"
	"math/bits"
)

// gridWriter builds grids one after the other and keeps what they share.
type gridWriter struct {
	tables  map[columnTable]*columnTable
	members int
	words   int
	places  []placeSets
	texts   []byte // sampled, one after the other
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
	w.places, w.texts = w.places[:length], w.texts[:0]
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
	p.sets[i-1].members[member/64] |= 1 << (member % 64)
}

// sample adds a text that a row of that shape allows. Places are ordered by
// how soon they tell the members of such texts apart.
func (w *gridWriter) sample(shape []setID) {
	start := len(w.texts)
	for at, id := range shape {
		// Knuth's multiplicative hash spreads the choices; any other would do.
		n := uint32(start+at) * 2654435761 >> 8
		w.texts = append(w.texts, id.text()[n%uint32(len(id.text()))])
	}
}

// grid returns the grid of at most so many places, the most telling first.
func (w *gridWriter) grid(most int) grid {
	g, all := grid{words: w.words}, make([]uint64, w.words)
	for i := range w.members {
		all[i/64] |= 1 << (i % 64)
	}
	found := make([]candidate, len(w.places))
	for at := range w.places {
		found[at].table, found[at].columns = w.columns(at, all)
	}
	for _, at := range w.order(found, all)[:most] {
		c := &found[at]
		table := w.tables[c.table]
		if table == nil {
			table = &c.table
			w.tables[c.table] = table
		}
		g.places = append(g.places, place{table, uint32(len(g.columns)), uint8(at)})
		g.columns = append(g.columns, c.columns...)
	}
	return g
}

// candidate is a place with its columns, before it has its rank.
type candidate struct {
	table   columnTable
	columns []uint64
}

// ranked is how many places are ranked by trial; after them a look-up has
// next to nothing left to tell apart.
const ranked = 8

// order ranks the places: each time the one that leaves the fewest members of
// the sampled texts, given what the places before it left. A literal that all
// members share is as useless as an alphabet that all share.
func (w *gridWriter) order(found []candidate, all []uint64) []int {
	length := len(found)
	order := make([]int, length)
	for i := range order {
		order[i] = i
	}
	left := make([]uint64, 0, len(w.texts)/length*w.words)
	for range len(w.texts) / length {
		left = append(left, all...)
	}
	for first := range min(ranked, length) {
		best, fewest := first, math.MaxInt
		for i := first; i < length; i++ {
			if n := w.leaves(&found[order[i]], order[i], left, false); n < fewest {
				best, fewest = i, n
			}
		}
		order[first], order[best] = order[best], order[first]
		w.leaves(&found[order[first]], order[first], left, true)
	}
	return order
}

// leaves counts the members that a place leaves of those in left, a column
// for each text, and if apply is set takes the others out.
func (w *gridWriter) leaves(c *candidate, at int, left []uint64, apply bool) int {
	n, length := 0, len(w.places)
	for text := range len(left) / w.words {
		column := c.columns[w.words*int(c.table[w.texts[text*length+at]]):]
		members := left[text*w.words : (text+1)*w.words]
		for i := range members {
			n += bits.OnesCount64(members[i] & column[i])
			if apply {
				members[i] &= column[i]
			}
		}
	}
	return n
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
