package pattern_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// corpus is codes in random order and the same grouped by length, as a batch
// asks for them; masked ones likewise.
type corpus struct{ mixed, grouped, masked []gsp.UIM }

func newCorpus(w world, m maker) corpus {
	var c corpus
	codes := w.codes(m, 100_000)
	for _, s := range codes {
		c.mixed = append(c.mixed, gsp.NewUIM(s))
		mask, ok := w.library.Mask(gsp.NewUIM(s))
		if !ok {
			mask = m.masked(s)
		}
		c.masked = append(c.masked, gsp.NewUIM(mask))
	}
	c.grouped = slices.Clone(c.mixed)
	byLength := func(a, b gsp.UIM) int { return len(a.Reveal()) - len(b.Reveal()) }
	slices.SortStableFunc(c.grouped, byLength)
	slices.SortStableFunc(c.masked, byLength)
	for _, list := range [][]gsp.UIM{c.grouped, c.masked} {
		for i, u := range list { // one after the other in memory too
			list[i] = gsp.NewUIM(strings.Clone(u.Reveal()))
		}
	}
	return c
}

// BenchmarkMatch reports nanoseconds per look-up, and how many times that is
// what a loop over compiled regular expressions takes in the same run. For
// the ratio both take turns and the best round of each counts, so that what
// else the machine does falls on neither.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{50, 500, 5_000, 50_000} {
		if n == 50_000 && testing.Short() {
			continue
		}
		m := newMaker(1)
		w := newWorld(b, m, n, maker.realistic)
		c := newCorpus(w, m)
		o := newLoop(w.library)
		for _, kind := range []struct {
			name  string
			codes []gsp.UIM
		}{{"mixed", c.mixed}, {"grouped", c.grouped}, {"masked", c.masked}} {
			b.Run(fmt.Sprintf("patterns=%d/%s", n, kind.name), func(b *testing.B) {
				b.ReportAllocs()
				var found []*pattern.Entry
				hits, i := 0, 0
				for b.Loop() {
					found = w.library.Match(kind.codes[i], found[:0])
					hits += len(found)
					if i++; i == len(kind.codes) {
						i = 0
					}
				}
				perOp, times := versus(w.library, o, kind.codes)
				b.ReportMetric(perOp, "best-ns/op")
				b.ReportMetric(times, "times-the-loop")
				b.ReportMetric(float64(hits)/float64(b.N), "hits")
			})
		}
	}
}

// versus returns the best time of a look-up in nanoseconds and how many times
// the loop's best is of it. The loop gets a stride of the codes, so that its
// sample has all lengths.
func versus(l *pattern.Library, o loop, codes []gsp.UIM) (perOp, times float64) {
	var found []*pattern.Entry
	ours, theirs := math.Inf(1), math.Inf(1)
	for round := range 7 {
		begin := time.Now()
		for _, u := range codes {
			found = l.Match(u, found[:0])
		}
		ours = min(ours, float64(time.Since(begin))/float64(len(codes)))

		done, i := 0, round
		begin = time.Now()
		for time.Since(begin) < 100*time.Millisecond {
			found = o.match(codes[i].Reveal(), found[:0])
			i = (i + 7919) % len(codes)
			done++
		}
		theirs = min(theirs, float64(time.Since(begin))/float64(done))
	}
	return ours, theirs / ours
}

// BenchmarkParse reads a library of 5,000 patterns, checks it in full and
// builds the engine.
func BenchmarkParse(b *testing.B) {
	w := newWorld(b, newMaker(1), 5_000, maker.realistic)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pattern.Parse("invented.toml", []byte(w.text)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResolve answers codes in full: spelling, ranking, mask, sentence.
// Codes that nothing fits cost the search for what they should have been.
func BenchmarkResolve(b *testing.B) {
	m := newMaker(1)
	w := newWorld(b, m, 5_000, maker.realistic)
	var fit, unfit []gsp.UIM
	for _, u := range newCorpus(w, m).mixed {
		if w.library.Judge(u, seized).Fits > 0 {
			fit = append(fit, u)
		} else {
			unfit = append(unfit, u)
		}
	}
	for _, kind := range []struct {
		name  string
		codes []gsp.UIM
	}{{"fit", fit}, {"unfit", unfit}} {
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				w.library.Resolve(kind.codes[i], seized)
				if i++; i == len(kind.codes) {
					i = 0
				}
			}
		})
		b.Run(kind.name+" in a list", func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				w.library.Recognise(kind.codes[i], seized)
				if i++; i == len(kind.codes) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkRoute answers a mask of which little is to be seen, for a person and
// for a program.
func BenchmarkRoute(b *testing.B) {
	l, u := shipped(b), gsp.NewUIM("QCXYZ#############")
	b.Run("person", func(b *testing.B) {
		for b.Loop() {
			l.Resolve(u, seized)
		}
	})
	b.Run("program", func(b *testing.B) {
		for b.Loop() {
			l.Route(u, seized)
		}
	})
}

// BenchmarkJudgeAll judges a seizure of a million codes against 5,000
// patterns.
func BenchmarkJudgeAll(b *testing.B) {
	m := newMaker(1)
	w := newWorld(b, m, 5_000, maker.realistic)
	var list []gsp.UIM
	for _, s := range w.codes(m, 1_000_000) {
		list = append(list, gsp.NewUIM(s))
	}
	b.ReportAllocs()
	for b.Loop() {
		w.library.JudgeAll(list, seized)
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "codes/s")
}
