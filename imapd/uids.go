package imapd

import "sort"

// uidList is a rising list of UIDs. It is kept as runs without a gap: a
// mailbox of 100,000 messages takes eight octets where nothing was ever
// expunged, and 800 KB where every second message was.
type uidList struct {
	runs []run
	n    int // UIDs in all runs
}

// run is some UIDs in a row, up to where the next run begins.
type run struct {
	first  uint32
	before uint32 // UIDs in the runs before it
}

// add appends a UID, which must be above all others.
func (l *uidList) add(uid uint32) { l.addRun(uid, uid+1) }

// addRun appends the UIDs from first up to end, which is the first that is not
// meant.
func (l *uidList) addRun(first, end uint32) {
	if first == end {
		return
	}
	if l.n == 0 || l.at(l.n-1)+1 != first {
		l.runs = append(l.runs, run{first, uint32(l.n)})
	}
	l.n += int(end - first)
}

// at returns the UID at a place, counted from 0.
func (l *uidList) at(place int) uint32 {
	r := l.runs[sort.Search(len(l.runs), func(i int) bool { return int(l.runs[i].before) > place })-1]
	return r.first + uint32(place) - r.before
}

// place returns where a UID stands or would stand.
func (l *uidList) place(uid uint32) int {
	i := sort.Search(len(l.runs), func(i int) bool { return l.runs[i].first > uid }) - 1
	if i < 0 {
		return 0
	}
	return min(int(l.runs[i].before)+int(uid-l.runs[i].first), l.end(i))
}

// end returns the place behind a run.
func (l *uidList) end(i int) int {
	if i+1 < len(l.runs) {
		return int(l.runs[i+1].before)
	}
	return l.n
}

func (l *uidList) has(uid uint32) bool {
	p := l.place(uid)
	return p < l.n && l.at(p) == uid
}

// without returns the list without some UIDs, which rise.
func (l *uidList) without(gone []uint32) uidList {
	var kept uidList
	for i, r := range l.runs {
		first, end := r.first, r.first+uint32(l.end(i))-r.before
		for len(gone) > 0 && gone[0] < end {
			if gone[0] >= first {
				kept.addRun(first, gone[0])
				first = gone[0] + 1
			}
			gone = gone[1:]
		}
		kept.addRun(first, end)
	}
	return kept
}
