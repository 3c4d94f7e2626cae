package pattern

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// engine finds the rows that a code fits without looking at each.
//
// The rows of one length are columns of bits: for each place and character, a
// word says which rows allow it, and a look-up is a handful of ANDs. Rows are
// sorted so that alike ones are neighbours and cut into blocks; above them a
// grid with one bit a block says which blocks are worth a visit. Characters
// that no row of a block tells apart share a column, so a place has few. The
// hidden character is one more letter, which every row allows.
//
// An engine does not change once built; a look-up keeps no state and
// allocates nothing.
type engine [maxLength + 1]*bucket

// blockRows is how many rows a block holds.
const blockRows = 256

// topPlaces is how many places the grid above the blocks looks at.
const topPlaces = 12

// topBlind is how many places of it are tested without a look at what is left:
// a branch that the processor guesses wrong costs more than a test.
const topBlind = 4

// bucket is the rows of one length.
type bucket struct {
	rows   []member // bit i of block b is rows[b*blockRows+i]
	shapes []setID  // the sets of all rows, one after the other
	top    grid     // one bit a block; unused with one block
	blocks []grid
}

// member is a row with what a look-up asks of it first, side by side: row and
// entry lie elsewhere in memory.
type member struct {
	row     *row
	entry   *Entry
	total   float64 // the row's
	plain   bool    // it has no checks
	alone   bool    // its entry has no other row of this length
	settled bool    // neither hints nor dates count for it
}

func newMember(r *row) member {
	e := r.entry
	return member{
		row: r, entry: e, total: r.total, plain: len(r.variant.checks) == 0, alone: true,
		settled: len(e.Hints) == 0 && e.From.IsZero() && e.Until.IsZero() && r.variant.made < 0,
	}
}

// grid tells which of up to 64*words members allow a code.
type grid struct {
	words   int
	places  []place
	columns []uint64 // words for each
}

// place is one tested character of a code.
type place struct {
	table *columnTable
	base  uint32 // of the place's columns in grid.columns
	at    uint8  // in the code
}

// columnTable maps a character to one of a place's columns. Many places of a
// library share one table.
type columnTable [256]uint8

// newEngine sorts rows into an engine. The rows must not change afterwards.
func newEngine(entries []*Entry) *engine {
	var e engine
	var count [maxLength + 1]int
	for _, entry := range entries {
		for i := range entry.rows {
			count[entry.rows[i].length()]++
		}
	}
	for n, c := range count {
		if c > 0 {
			e[n] = &bucket{rows: make([]member, 0, c)}
		}
	}
	for _, entry := range entries {
		for i := range entry.rows {
			r := &entry.rows[i]
			b := e[r.length()]
			m := newMember(r)
			if last := len(b.rows) - 1; last >= 0 && b.rows[last].entry == entry {
				m.alone, b.rows[last].alone = false, false
			}
			b.rows = append(b.rows, m)
		}
	}
	w := gridWriter{tables: make(map[columnTable]*columnTable)}
	for n, b := range e {
		if b != nil {
			b.build(n, &w)
		}
	}
	return &e
}

// build sorts the rows and fills the grids.
func (b *bucket) build(length int, w *gridWriter) {
	shapes := make([]setID, 0, len(b.rows)*length)
	for _, m := range b.rows {
		shapes = m.row.sets(shapes)
	}
	b.shapes = b.sort(length, shapes)
	for from := 0; from < len(b.rows); from += blockRows {
		to := min(from+blockRows, len(b.rows))
		w.begin(to-from, length)
		for i := from; i < to; i++ {
			b.allow(w, i-from, i, length, blockRows/64)
		}
		b.blocks = append(b.blocks, w.grid(length))
	}
	if len(b.blocks) == 1 {
		return
	}
	w.begin(len(b.blocks), length)
	for i := range b.rows {
		b.allow(w, i/blockRows, i, length, len(b.rows)/256+1)
	}
	b.top = w.grid(min(length, topPlaces))
}

// allow gives the sets of row i to a member, and each so many rows a sample.
func (b *bucket) allow(w *gridWriter, member, i, length, every int) {
	shape := b.shapes[i*length : (i+1)*length]
	for at, id := range shape {
		w.allow(member, at, id)
	}
	if i%every == 0 {
		w.sample(shape)
	}
}

// sort orders the rows by where their literals are, then by the literals, so
// that a block's rows have much in common, and returns their shapes in that
// order.
func (b *bucket) sort(length int, shapes []setID) []setID {
	keys := make([]byte, 0, 2*len(shapes))
	type keyed struct {
		key []byte
		row member
		i   int
	}
	order := make([]keyed, len(b.rows))
	for i, r := range b.rows {
		shape := shapes[i*length : (i+1)*length]
		start := len(keys)
		for _, id := range shape {
			keys = append(keys, byte(id>>7)) // 0 for a literal
		}
		for _, id := range shape {
			keys = append(keys, byte(id))
		}
		order[i] = keyed{keys[start:], r, i}
	}
	slices.SortFunc(order, func(x, y keyed) int {
		return cmp.Or(bytes.Compare(x.key[:2*length], y.key[:2*length]), cmp.Compare(x.i, y.i))
	})
	sorted := make([]setID, 0, len(shapes))
	for i, o := range order {
		b.rows[i] = o.row
		sorted = append(sorted, shapes[o.i*length:(o.i+1)*length]...)
	}
	return sorted
}

// match calls found for each row that fits code, a canonical or masked one,
// checks left aside. Another text fits nothing.
func (e *engine) match(code string, found func(*member)) {
	e.search(code, &maskedSets, found)
}

// meet calls found for each row that shares a code with the row that code
// spells: in place of a character it may have the letter of an alphabet,
// which stands for any of its characters. It takes what that costs off steps,
// and reports whether it came to an end before there were none left.
func (e *engine) meet(code string, steps *int, found func(*member)) bool {
	b := e[len(code)]
	if b == nil {
		return true
	}
	visit := func(block int) {
		*steps -= len(code) / 2
		b.collect(block, code, &letterSets, func(m *member) {
			*steps -= 2
			found(m)
		})
	}
	if len(b.blocks) == 1 {
		visit(0)
		return *steps >= 0
	}
	for w := range b.top.words {
		left := ^uint64(0)
		for i := range b.top.places {
			left &= b.top.columns[b.top.column(i, code)+w]
		}
		for *steps -= 2; left != 0; left &= left - 1 {
			if *steps < 0 {
				return false
			}
			visit(w*64 + bits.TrailingZeros64(left))
		}
	}
	return *steps >= 0
}

func (e *engine) search(code string, sets *setTable, found func(*member)) {
	if len(code) > maxLength || e[len(code)] == nil {
		return
	}
	b := e[len(code)]
	if len(b.blocks) == 1 {
		b.collect(0, code, sets, found)
		return
	}
	top := &b.top
	for w := range top.words {
		left := top.columns[top.column(0, code)+w]
		for i := 1; i < len(top.places) && (i < topBlind || left&(left-1) != 0); i++ {
			left &= top.columns[top.column(i, code)+w]
		}
		for ; left != 0; left &= left - 1 {
			b.collect(w*64+bits.TrailingZeros64(left), code, sets, found)
		}
	}
}

// collect calls found for each row of a block that fits code.
func (b *bucket) collect(block int, code string, sets *setTable, found func(*member)) {
	g, first := &b.blocks[block], block*blockRows
	at := g.column(0, code)
	if g.words == 1 {
		b.finish(g, 1, 0, g.columns[at], first, code, sets, found)
		return
	}
	column := (*[4]uint64)(g.columns[at:])
	a0, a1, a2, a3 := column[0], column[1], column[2], column[3]
	for i := 1; i < len(g.places); i++ {
		column = (*[4]uint64)(g.columns[g.column(i, code):])
		a0 &= column[0]
		a1 &= column[1]
		a2 &= column[2]
		a3 &= column[3]
		switch {
		case a0|a1|a2|a3 == 0:
			return
		case a1|a2|a3 == 0:
			b.finish(g, i+1, 0, a0, first, code, sets, found)
			return
		case a0|a2|a3 == 0:
			b.finish(g, i+1, 1, a1, first, code, sets, found)
			return
		case a0|a1|a3 == 0:
			b.finish(g, i+1, 2, a2, first, code, sets, found)
			return
		case a0|a1|a2 == 0:
			b.finish(g, i+1, 3, a3, first, code, sets, found)
			return
		}
	}
	for w, left := range [4]uint64{a0, a1, a2, a3} {
		b.finish(g, len(g.places), w, left, first, code, sets, found)
	}
}

// finish tests the places from number i on for the rows of left, which are
// those of word w of a block. A row that is left alone is compared itself: it
// lies in one piece, where the columns do not.
func (b *bucket) finish(g *grid, i, w int, left uint64, first int, code string, sets *setTable, found func(*member)) {
	for ; left&(left-1) != 0 && i < len(g.places); i++ {
		left &= g.columns[g.column(i, code)+w]
	}
	if left == 0 {
		return
	}
	first += 64 * w
	if left&(left-1) == 0 {
		if at := first + bits.TrailingZeros64(left); b.fits(at, code, sets) {
			found(&b.rows[at])
		}
		return
	}
	if sets == &maskedSets && !isClear(code) { // it has letters of the engine's own
		return
	}
	for ; left != 0; left &= left - 1 {
		found(&b.rows[first+bits.TrailingZeros64(left)])
	}
}

// fits compares code with one row.
func (b *bucket) fits(at int, code string, sets *setTable) bool {
	shape := b.shapes[at*len(code):][:len(code)]
	ok := uint64(1)
	for i, id := range shape {
		c := code[i]
		ok &= sets[id][c>>6] >> (c & 63)
	}
	return ok&1 != 0
}

// column returns where the column of the character stands that code has at
// place number i.
func (g *grid) column(i int, code string) int {
	p := &g.places[i]
	return int(p.base) + g.words*int(p.table[code[p.at]])
}

// setTable says of each id which octets may stand for one of its characters.
type setTable [256][4]uint64

// maskedSets are the sets with the hidden character added, letterSets these
// with the letters of the alphabets that share a character with the set.
var maskedSets, letterSets = func() (masked, letters setTable) {
	for id := range masked {
		s := idSets[id]
		s.add(hidden)
		masked[id] = [4]uint64{s[0], s[1]}
		for i, k := range kinds {
			if !idSets[id].and(k.set).empty() {
				s.add((firstKind + setID(i)).letter())
			}
		}
		letters[id] = [4]uint64{s[0], s[1]}
	}
	return masked, letters
}()
