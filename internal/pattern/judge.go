package pattern

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Verdict is the short form of an Answer, for long lists.
type Verdict struct {
	Outcome Outcome // never near-miss: a list is not the place for repairs
	Entry   *Entry  // the best candidate, nil for none
	Fits    int     // candidates
}

// Judge is Resolve without what only one reader of one code needs. It
// allocates nothing for a canonical code with up to eight candidates.
func (l *Library) Judge(u gsp.UIM, at time.Time) Verdict {
	code, _, broken := normalise(u.Reveal())
	if broken != "" && broken != TooLong {
		return Verdict{Outcome: Unknown}
	}
	v, _ := l.judge(code, at)
	if v.Fits > 0 {
		return v
	}
	for _, f := range forms(code) {
		if w, weak := l.judge(f.code, at); w.Fits > 0 && (f.sure || !weak) {
			return w
		}
	}
	return v
}

func (l *Library) judge(code string, at time.Time) (v Verdict, weak bool) {
	var r ranking
	fits := r.rank(l.engine, code, at)
	v = Verdict{Outcome: outcomeOf(fits, code), Fits: len(fits)}
	if len(fits) > 0 {
		v.Entry, weak = fits[0].row.entry, fits[0].weak
	}
	return v, weak
}

// chunk is how many codes of a list are taken together: few enough to stay in
// the processor's cache, enough to have many of each length.
const chunk = 4096

// JudgeAll judges a list of any length, in its order, on all processors.
// Within a chunk the codes are taken by length, so that what one look-up
// read is still in the cache for the next.
func (l *Library) JudgeAll(list []gsp.UIM, at time.Time) []Verdict {
	verdicts := make([]Verdict, len(list))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)/chunk+1) {
		workers.Go(func() {
			var order [chunk]uint16
			for {
				to := int(next.Add(chunk))
				from := to - chunk
				if from >= len(list) {
					return
				}
				part := list[from:min(to, len(list))]
				for _, i := range byLength(part, &order) {
					verdicts[from+int(i)] = l.Judge(part[i], at)
				}
			}
		})
	}
	workers.Wait()
	return verdicts
}

// byLength fills order with the places of a list, the shortest codes first.
func byLength(list []gsp.UIM, order *[chunk]uint16) []uint16 {
	var begin [maxLength + 3]uint16
	slot := func(u gsp.UIM) int { return min(len(u.Reveal()), maxLength+1) }
	for _, u := range list {
		begin[slot(u)+1]++
	}
	for i := 1; i < len(begin); i++ {
		begin[i] += begin[i-1]
	}
	for i, u := range list {
		n := slot(u)
		order[begin[n]] = uint16(i)
		begin[n]++
	}
	return order[:len(list)]
}
