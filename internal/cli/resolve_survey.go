package cli

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/seizure"
)

// source gives the codes to resolve.
type source interface {
	Next([]seizure.Item) (int, error) // 0 and io.EOF at the end
	Close() error
}

// typed are codes from the command line.
type typed struct{ codes []string }

func (t *typed) Next(batch []seizure.Item) (int, error) {
	if len(t.codes) == 0 {
		return 0, io.EOF
	}
	n := min(len(batch), len(t.codes))
	for i, code := range t.codes[:n] {
		batch[i] = seizure.Item{Row: i + 1, Code: gsp.NewUIM(code)}
	}
	t.codes = t.codes[n:]
	return n, nil
}

func (*typed) Close() error { return nil }

// listed are codes from a file.
type listed struct{ *seizure.List }

// batchSize is how many codes are resolved at a time.
const batchSize = 4096

// closerLooks is how many codes of a list that nothing fits are searched for
// what went wrong with them: a search takes as long as hundreds of look-ups.
const closerLooks = 1000

// survey resolves a list on all processors and hands the findings on in the
// order of the list.
type survey struct {
	library  *pattern.Library
	at       time.Time
	list     source
	progress *progress

	seed   maphash.Seed
	seen   map[uint64]struct{} // canonical codes, hashed
	looked int                 // closer looks taken
}

// batch is some codes of the list on their way.
type batch struct {
	items  []seizure.Item
	fits   []pattern.Answer // of each code; without an outcome where nothing fits
	judged chan struct{}    // closed when fits is filled
}

// answered is one code with all that the library says of it.
type answered struct {
	seizure.Finding
	pattern.Answer
}

// run resolves the list. add gets each answer in order; it must not keep it.
func (s *survey) run(ctx context.Context, add func(*answered) error) (*summary, error) {
	s.seed, s.seen = maphash.MakeSeed(), make(map[uint64]struct{})
	sum := newSummary(s.list)
	defer s.progress.done()
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan *batch)
	inOrder := make(chan *batch, 2*runtime.GOMAXPROCS(0))
	read := make(chan error, 1)
	// Nobody waits for the reader but by its channels: a terminal that is read
	// cannot be interrupted.
	go func() {
		read <- s.read(ctx, work, inOrder)
		close(work)
		close(inOrder)
	}()
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			return each(ctx, work, func(b *batch) error {
				s.judge(b)
				close(b.judged)
				return nil
			})
		})
	}
	group.Go(func() error {
		return each(ctx, inOrder, func(b *batch) error {
			select {
			case <-b.judged:
				return s.collect(b, sum, add)
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return sum, <-read
}

// each takes batches until there are no more, or ctx ends.
func each(ctx context.Context, from <-chan *batch, do func(*batch) error) error {
	for {
		select {
		case b, ok := <-from:
			if !ok {
				return nil
			}
			if err := do(b); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read cuts the list into batches.
func (s *survey) read(ctx context.Context, work, inOrder chan<- *batch) error {
	for {
		b := &batch{items: make([]seizure.Item, batchSize), judged: make(chan struct{})}
		n, err := s.list.Next(b.items)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		b.items = b.items[:n]
		for _, to := range []chan<- *batch{inOrder, work} {
			select {
			case to <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// judge resolves the codes of a batch that something fits.
func (s *survey) judge(b *batch) {
	b.fits = make([]pattern.Answer, len(b.items))
	for i, item := range b.items {
		if !item.Rounded {
			b.fits[i], _ = s.library.Recognise(item.Code, s.at)
		}
	}
}

// collect completes the answers of a batch and hands them on.
func (s *survey) collect(b *batch, sum *summary, add func(*answered) error) error {
	var a answered
	for i, item := range b.items {
		a.Answer = b.fits[i]
		if a.Answer.Outcome == "" {
			a.Answer = s.closer(item)
		}
		a.Finding = newFinding(item, &a.Answer)
		a.Again = s.again(&a.Answer)
		sum.add(&a)
		if err := add(&a); err != nil {
			return err
		}
	}
	s.progress.show(sum.Codes)
	return nil
}

// What is said of codes that no library was asked about.
const (
	roundedSentence = "A spreadsheet took this code for a number and lost digits of it; scan it again into a column of text."
	manySentence    = "No pattern in the library fits this code; the list has so many of these that this one was not looked at closer."
)

// closer answers a code that nothing fits.
func (s *survey) closer(item seizure.Item) pattern.Answer {
	unknown := pattern.Answer{Outcome: pattern.Unknown, Raw: item.Code, Normal: item.Code, Canonical: item.Code}
	switch {
	case item.Rounded:
		unknown.Broken, unknown.Sentence = pattern.Rounded, roundedSentence
	case s.looked == closerLooks:
		unknown.Sentence = manySentence
	default:
		s.looked++
		return s.library.Resolve(item.Code, s.at)
	}
	return unknown
}

// again reports whether the same UIM came before. A masked code stands for
// another one each time.
func (s *survey) again(a *pattern.Answer) bool {
	if a.Masked {
		return false
	}
	h := maphash.String(s.seed, a.Canonical.Reveal())
	if _, ok := s.seen[h]; ok {
		return true
	}
	s.seen[h] = struct{}{}
	return false
}

func newFinding(item seizure.Item, a *pattern.Answer) seizure.Finding {
	f := seizure.Finding{
		Item: item, Canonical: a.Canonical, Outcome: string(a.Outcome), Party: a.Party(), Mask: a.Mask, Reason: a.Reason(), Sentence: a.Sentence,
	}
	switch {
	case len(a.Candidates) == 0:
	case a.Outcome == pattern.Ambiguous:
		f.Candidates, f.Level = contenders(a), level(a.InPlay())
	case a.Tied():
		f.Level = level(a.InPlay())
	default:
		f.Level, f.Entry = a.Candidates[0].Entry.Level, a.Candidates[0].Entry.ID
	}
	return f
}

// level returns the level of packaging that candidates agree on, "" for none.
func level(found []pattern.Candidate) gsp.Level {
	for _, c := range found {
		if c.Entry.Level != found[0].Entry.Level {
			return gsp.LevelUnknown
		}
	}
	return found[0].Entry.Level
}

// contenders names the Parties that a code may be of, the best first; what is
// no Party stands by its class.
func contenders(a *pattern.Answer) []string {
	var names []string
	for _, c := range a.InPlay() {
		name := string(c.Entry.Class)
		if c.Entry.Routable() {
			name = string(c.Entry.Party)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
