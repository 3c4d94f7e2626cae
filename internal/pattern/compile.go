package pattern

import (
	"math/rand/v2"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// Compile reads a pattern by itself, to try it before it is part of a
// library. The entry has nothing but the pattern. The error says where in the
// text something is wrong.
func Compile(text string) (*Entry, error) {
	e := &Entry{Pattern: text}
	if err := e.compile(); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Entry) compile() error {
	seq, err := parsePattern(e.Pattern)
	if err != nil {
		return err
	}
	e.variants, e.rows, err = expand(seq)
	for i := range e.rows {
		e.rows[i].entry = e
		e.rows[i].weigh()
	}
	return err
}

// Fits reports whether u, whole or masked and in any spelling, fits the
// entry's pattern.
func (e *Entry) Fits(u gsp.UIM) bool {
	code, _, broken := normalise(u.Reveal())
	if broken != "" && broken != TooLong {
		return false
	}
	return e.match(code) != nil || slices.ContainsFunc(forms(code), func(f form) bool { return e.match(f.code) != nil })
}

// Example returns a code that fits the entry, checks and dates included: for
// training, and for trying a pattern. The same seed gives the same code. ok
// is false where the checks leave no code at all, or hardly any.
func (e *Entry) Example(seed uint64) (u gsp.UIM, ok bool) {
	random := rand.New(rand.NewPCG(seed, 0))
	first := random.IntN(len(e.rows))
	for i := range e.rows {
		r := &e.rows[(first+i)%len(e.rows)]
		w := meeting{random: random}
		w.begin(rowPair{r, r})
		if code, verdict := w.search(); verdict == witness {
			return gsp.NewUIM(code), true
		}
	}
	return gsp.UIM{}, false
}
