package pattern

import (
	"runtime"
	"slices"
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
	var r ranking
	return l.judge(&r, spell(u), at)
}

// spell returns u in canonical spelling, "" where it cannot be a UIM. What is
// too long for one may still hold one.
func spell(u gsp.UIM) string {
	code, _, broken := normalise(u.Reveal())
	if broken != "" && broken != TooLong {
		return ""
	}
	return code
}

// judge judges what spell returned.
func (l *Library) judge(r *ranking, code string, at time.Time) Verdict {
	if code == "" {
		return Verdict{Outcome: Unknown}
	}
	v, _ := l.best(r, code, at)
	if v.Fits > 0 {
		return v
	}
	for _, f := range forms(code) {
		if w, weak := l.best(r, f.code, at); w.Fits > 0 && (f.sure || !weak) {
			return w
		}
	}
	return v
}

func (l *Library) best(r *ranking, code string, at time.Time) (v Verdict, weak bool) {
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
// Within a chunk the codes are spelt as they lie in memory and then taken by
// length, so that what one look-up read is still in the cache for the next.
func (l *Library) JudgeAll(list []gsp.UIM, at time.Time) []Verdict {
	verdicts := make([]Verdict, len(list))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)/chunk+1) {
		workers.Go(func() {
			var b batch
			for {
				to := int(next.Add(chunk))
				from := to - chunk
				if from >= len(list) {
					return
				}
				b.spell(list[from:min(to, len(list))])
				for _, i := range b.order {
					verdicts[from+int(i)] = l.judge(&b.ranking, b.codes[i], at)
				}
			}
		})
	}
	workers.Wait()
	return verdicts
}

// batch has the room for a chunk of a list.
type batch struct {
	codes   []string // as spell returned them
	order   []uint16 // places in codes, the shortest first
	ranking ranking
}

// spell begins a chunk.
func (b *batch) spell(list []gsp.UIM) {
	b.codes = b.codes[:0]
	var begin [maxLength + 3]uint16
	slot := func(code string) int { return min(len(code), maxLength+1) }
	for _, u := range list {
		code := spell(u)
		b.codes = append(b.codes, code)
		begin[slot(code)+1]++
	}
	for i := 1; i < len(begin); i++ {
		begin[i] += begin[i-1]
	}
	b.order = slices.Grow(b.order[:0], len(list))[:len(list)]
	for i, code := range b.codes {
		n := slot(code)
		b.order[begin[n]] = uint16(i)
		begin[n]++
	}
}
