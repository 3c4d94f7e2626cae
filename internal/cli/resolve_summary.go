package cli

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/wire"
)

// summary is what a list comes to.
type summary struct {
	Column   string                  `json:"column,omitzero"`   // of the list that was read
	Also     []string                `json:"also,omitzero"`     // columns that have codes too, and were not read
	Attached int                     `json:"attached,omitzero"` // files attached to a mail, not read
	Codes    int                     `json:"codes"`             // all that were read
	Again    int                     `json:"again,omitzero"`    // of these, UIMs that came before
	Skipped  int                     `json:"skipped,omitzero"`  // lines or rows without a code
	Counts   map[pattern.Outcome]int `json:"outcomes"`
	Asks     []*inquiry              `json:"ask"` // whom to ask, the most codes first

	list      source
	asks      map[string]*inquiry
	sentences map[sentenceKey]*told
}

// inquiry is a mail to write: to one Party, or to one of several between which the
// officer must choose.
type inquiry struct {
	Parties []gsp.PartyID `json:"parties"`
	UIMs    int           `json:"uims"`    // different ones
	Header  string        `json:"gsp_uim"` // the value of GSP-UIM, "" if there are too many masks for one mail
	Masks   int           `json:"masks"`

	marks map[string]int
}

type sentenceKey struct {
	outcome pattern.Outcome
	text    string
}

// told is how often a sentence was said, and of which rows first.
type told struct {
	codes int
	rows  []int
}

// maxRows is how many rows a sentence names.
const maxRows = 5

// maxSentences is how many different sentences a summary keeps.
const maxSentences = 1000

func newSummary(list source) *summary {
	return &summary{
		list: list, Counts: make(map[pattern.Outcome]int), Asks: []*inquiry{},
		asks: make(map[string]*inquiry), sentences: make(map[sentenceKey]*told),
	}
}

func (s *summary) add(a *answered) {
	s.Codes++
	s.Counts[a.Answer.Outcome]++
	key := sentenceKey{a.Answer.Outcome, a.Answer.Sentence}
	if s.sentences[key] == nil && len(s.sentences) < maxSentences {
		s.sentences[key] = new(told)
	}
	if t := s.sentences[key]; t != nil {
		if t.codes++; len(t.rows) <= maxRows && !slices.Contains(t.rows, a.Row) {
			t.rows = append(t.rows, a.Row)
		}
	}
	if a.Again {
		s.Again++
		return
	}
	if parties := inPlay(&a.Answer); len(parties) > 0 {
		s.ask(parties, a.Finding.Mask)
	}
}

func (s *summary) ask(parties []gsp.PartyID, mask string) {
	key := join(parties)
	to := s.asks[key]
	if to == nil {
		to = &inquiry{Parties: parties, marks: make(map[string]int)}
		s.asks[key] = to
	}
	to.UIMs++
	to.marks[mask]++
}

// inPlay returns the Parties that a code may be of.
func inPlay(a *pattern.Answer) []gsp.PartyID {
	if p := a.Party(); p != "" {
		return []gsp.PartyID{p}
	}
	if a.Outcome != pattern.Ambiguous {
		return nil
	}
	var parties []gsp.PartyID
	for _, c := range a.InPlay() {
		if c.Entry.Routable() && !slices.Contains(parties, c.Entry.Party) {
			parties = append(parties, c.Entry.Party)
		}
	}
	slices.Sort(parties)
	return parties
}

// finish fills in what is known at the end only.
func (s *summary) finish() {
	if l, ok := s.list.(listed); ok {
		s.Column, s.Also, s.Skipped, s.Attached = l.Column, l.Also, l.Skipped, l.Attached
	}
	s.Asks = slices.SortedFunc(maps.Values(s.asks), func(a, b *inquiry) int {
		return cmp.Or(cmp.Compare(len(a.Parties), len(b.Parties)), cmp.Compare(b.UIMs, a.UIMs), strings.Compare(join(a.Parties), join(b.Parties)))
	})
	for _, a := range s.Asks {
		a.Masks = len(a.marks)
		// Too many masks for one mail leave the line empty, and are told.
		a.Header, _ = wire.FormatClaims(a.claims())
	}
}

// claims returns the masks with their counts, the most frequent first.
func (q *inquiry) claims() []gsp.Claim {
	var claims []gsp.Claim
	for mask, n := range q.marks {
		claims = append(claims, gsp.Claim{UIM: gsp.NewUIM(mask), Count: min(n, math.MaxInt32)})
	}
	slices.SortFunc(claims, func(x, y gsp.Claim) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.UIM.Reveal(), y.UIM.Reveal()))
	})
	return claims
}

// meanings returns the sentences, the most frequent first of each outcome.
func (s *summary) meanings() []sentenceKey {
	return slices.SortedFunc(maps.Keys(s.sentences), func(a, b sentenceKey) int {
		return cmp.Or(
			cmp.Compare(slices.Index(pattern.Outcomes, a.outcome), slices.Index(pattern.Outcomes, b.outcome)),
			cmp.Compare(s.sentences[b].codes, s.sentences[a].codes), strings.Compare(a.text, b.text))
	})
}
