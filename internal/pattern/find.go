package pattern

import (
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Found is a code in a text.
type Found struct {
	Line    int     // from 1
	UIM     gsp.UIM // as it stands there
	Verdict Verdict
}

// Find reads codes out of a text that holds other things too: a mail, a
// scanner's log, a column that was copied. A line that is a code counts as
// one, white space inside included; of other lines it takes the words that
// are codes. Words with little evidence are left alone, and so are product
// numbers, which dates and amounts may look like.
func (l *Library) Find(text string, at time.Time) []Found {
	var all []Found
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if v, weak := l.telling(line, at); !weak {
			all = append(all, Found{n, gsp.NewUIM(line), v})
			continue
		}
		for word := range strings.FieldsFuncSeq(line, separates) {
			for _, s := range []string{word, strings.Trim(word, punctuation)} {
				if v, weak := l.telling(s, at); !weak && v.Outcome != IsProduct {
					all = append(all, Found{n, gsp.NewUIM(s), v})
					break
				}
			}
		}
	}
	return all
}

// separates reports whether r stands between words. A comma or semicolon may
// be part of a code, but in a line that is no code it seldom is.
func separates(r rune) bool {
	return r == ',' || r == ';' || r == '\t' || r == '|' || dropSpace(r) < 0
}

// telling judges a text and says whether its evidence is weak.
func (l *Library) telling(text string, at time.Time) (v Verdict, weak bool) {
	code, _, broken := normalise(text)
	if broken != "" {
		return Verdict{Outcome: Unknown}, true
	}
	if other, _ := reading(code); other != "" && l.judge(code, at).Fits == 0 {
		code = other
	}
	var r ranking
	fits := r.rank(l.engine, code, at)
	if len(fits) == 0 {
		return Verdict{Outcome: Unknown}, true
	}
	return Verdict{outcome(fits), fits[0].row.entry, len(fits)}, fits[0].weak
}

// columnRows is how many rows of a table are tried to find its codes.
const columnRows = 1_000

// Column returns which column of a table holds the codes, counted from 0, or
// -1 if none does: the one with most codes, a UIM counting more than a
// product number in the column beside it.
func (l *Library) Column(table [][]string) int {
	var score []int
	for _, row := range table[:min(len(table), columnRows)] {
		for i, cell := range row {
			if i == len(score) {
				score = append(score, 0)
			}
			if v, weak := l.telling(cell, time.Time{}); weak {
				continue
			} else if v.Outcome == IsProduct || v.Outcome == IsOperator {
				score[i]++
			} else {
				score[i] += 4
			}
		}
	}
	best := -1
	for i, n := range score {
		if n > 0 && (best < 0 || n > score[best]) {
			best = i
		}
	}
	return best
}
