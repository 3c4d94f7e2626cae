package pattern

import (
	"cmp"
	"slices"
)

// Limits of a search for overlaps. Whoever types in patterns can make all of
// them overlap, and the matrix of 50,000 has more than a thousand million
// pairs; 5,000 honest ones need a fiftieth of the steps.
const (
	maxListed = 50          // overlaps listed of one entry
	maxSurvey = 50_000      // overlaps listed in all
	maxSteps  = 100_000_000 // of a whole search; 20 to 40 nanoseconds each
	maxPairs  = 500_000     // pairs of rows of one entry
	fewPairs  = 1_000       // pairs that are sorted by comparing: for these, a table of all entries costs more
)

// Survey is what a search for overlaps found, and what it left out.
type Survey struct {
	Overlaps []Overlap
	Unlisted []Unlisted
}

// Unlisted counts the overlaps of an entry that a survey does not list.
type Unlisted struct {
	Entry *Entry
	More  int // further entries with which it may share codes, checks left aside
	// Unfinished says that the search ended before it knew all of them, so
	// there may be more than More.
	Unfinished bool
}

// Overlaps returns each pair of entries that share codes, once, in the order
// of the library.
func (l *Library) Overlaps() Survey { return l.OverlapsOf(l.entries, nil) }

// OverlapsOf returns the pairs of one of entries, which may be of another
// library, with one of l that share codes: each pair once, in the order of
// entries and then of l. Entries of one id are taken for the same, and those
// whose id is in except, if it is not nil, are left out.
//
// It takes bounded time and memory, whatever the patterns are. Of each entry
// the overlaps with other Parties come before those that change nothing for
// whom to ask, and what is beyond a limit is counted.
func (l *Library) OverlapsOf(entries []*Entry, except *Library) Survey {
	s := newSurveyor(l)
	if except != nil {
		for i, e := range l.entries {
			s.done[i] = except.byID[e.ID] != nil
		}
	}
	for _, e := range entries {
		// What one entry does not need is left for the next, and none can
		// take what belongs to those after it.
		s.steps += maxSteps / len(entries)
		s.entry(e)
	}
	return s.found
}

// Partners returns the entries that may share codes with e, checks left
// aside, in the order of the library: at least those that half a million
// pairs of rows show.
func (l *Library) Partners(e *Entry) []*Entry {
	s := newSurveyor(l)
	s.steps = maxSteps
	s.leave(e)
	pairs, _ := s.pairs(e)
	var found []*Entry
	for len(pairs) > 0 {
		found = append(found, pairs[0].b.entry)
		pairs = pairs[sameEntry(pairs):]
	}
	return found
}

// surveyor searches for overlaps.
type surveyor struct {
	library *Library
	done    []bool // the entries, by place, that are not to be listed
	steps   int    // that are left
	found   Survey

	unsorted, sorted []rowPair // of one entry
	ends             []int     // of each entry's pairs among the sorted, by place; nil while there were few pairs
}

func newSurveyor(l *Library) *surveyor {
	return &surveyor{library: l, done: make([]bool, len(l.entries))}
}

// leave takes the entry of the same id out of the search.
func (s *surveyor) leave(e *Entry) {
	if same := s.library.byID[e.ID]; same != nil {
		s.done[same.place] = true
	}
}

// entry adds the overlaps of e.
func (s *surveyor) entry(e *Entry) {
	s.leave(e)
	pairs, all := s.pairs(e)
	begin, more := len(s.found.Overlaps), 0
	for _, within := range [2]bool{false, true} { // its Party
		for left := pairs; len(left) > 0; {
			n := sameEntry(left)
			pair := left[:n]
			left = left[n:]
			if (pair[0].b.entry.Party == e.Party) != within {
				continue
			}
			if n := len(s.found.Overlaps); n == begin+maxListed || n == maxSurvey || s.steps <= 0 {
				more++
			} else if o, ok := overlap(pair, &s.steps); ok {
				s.found.Overlaps = append(s.found.Overlaps, o)
			}
		}
	}
	slices.SortFunc(s.found.Overlaps[begin:], func(o, p Overlap) int { return cmp.Compare(o.B.place, p.B.place) })
	if more > 0 || !all {
		s.found.Unlisted = append(s.found.Unlisted, Unlisted{e, more, !all})
	}
}

// rowPair is two rows of one length that agree at every place.
type rowPair struct{ a, b *row }

// sameEntry returns how many of pairs, by entry, are with the first one's.
func sameEntry(pairs []rowPair) int {
	n := 1
	for n < len(pairs) && pairs[n].b.entry == pairs[0].b.entry {
		n++
	}
	return n
}

// pairs finds the rows that agree with some row of e, by entry, for half the
// steps at most, and reports whether it found all of them. A row is looked up
// like a masked code, each alphabet a letter. The pairs are valid until the
// next call.
func (s *surveyor) pairs(e *Entry) (found []rowPair, all bool) {
	half := s.steps - s.steps/2
	s.steps -= half
	s.unsorted, all = s.unsorted[:0], true
	var room [maxLength]setID
	var letters [maxLength]byte
	for i := 0; i < len(e.rows) && all; i++ {
		r := &e.rows[i]
		for at, id := range r.sets(room[:0]) {
			letters[at] = id.letter()
		}
		all = s.library.engine.meet(string(letters[:r.length()]), &half, func(m *member) {
			if !s.done[m.entry.place] && len(s.unsorted) < maxPairs {
				s.unsorted = append(s.unsorted, rowPair{r, m.row})
			}
		}) && len(s.unsorted) < maxPairs
	}
	s.steps += half
	return s.byEntry(), all
}

// byEntry sorts the unsorted pairs by the place of the second entry, and
// leaves those of one entry as they are.
func (s *surveyor) byEntry() []rowPair {
	if len(s.unsorted) <= fewPairs {
		slices.SortStableFunc(s.unsorted, func(p, q rowPair) int { return cmp.Compare(p.b.entry.place, q.b.entry.place) })
		return s.unsorted
	}
	if s.ends == nil {
		s.ends = make([]int, len(s.library.entries))
	}
	var places []int
	for _, p := range s.unsorted {
		place := p.b.entry.place
		if s.ends[place] == 0 {
			places = append(places, place)
		}
		s.ends[place]++
	}
	slices.Sort(places)
	end := 0
	for _, place := range places {
		end += s.ends[place]
		s.ends[place] = end
	}
	s.sorted = slices.Grow(s.sorted[:0], end)[:end]
	for _, p := range slices.Backward(s.unsorted) {
		place := p.b.entry.place
		s.ends[place]--
		s.sorted[s.ends[place]] = p
	}
	for _, place := range places {
		s.ends[place] = 0
	}
	return s.sorted
}
