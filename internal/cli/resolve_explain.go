package cli

import (
	"fmt"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// maxOthers is how many further candidates are told.
const maxOthers = 8

// explain draws a code with its parts and says all that is known about it.
func explain(l layout, a *pattern.Answer) {
	switch {
	case a.Broken == "":
		fmt.Fprint(l.w, a.Explain())
	case a.Broken != pattern.NoText:
		fmt.Fprintln(l.w, printable(a.Raw.Reveal()))
	}
	l.text(fmt.Sprintf("%s: %s", a.Outcome, a.Sentence), 0)
	if len(a.Changes) > 0 {
		l.text(fmt.Sprintf("  given as %s: %s", printable(a.Raw.Reveal()), changesText(a.Changes)), 4)
	}
	for i := range a.Candidates[:min(len(a.Candidates), 1+maxOthers)] {
		candidate(l, a, i)
	}
	if more := len(a.Candidates) + a.More - 1 - maxOthers; more > 0 {
		fmt.Fprintf(l.w, "  and %s more\n", count(more, "entry", "entries"))
	}
	if len(a.Separators) > 0 {
		var texts []string
		for _, s := range a.Separators {
			texts = append(texts, separatorTexts[s])
		}
		l.text("  the first two can be told apart by: "+strings.Join(texts, "; "), 4)
	}
	for _, s := range a.Suggestions {
		l.text(fmt.Sprintf("  %s would be %s (%s)", s.UIM.Reveal(), s.Entry.Title, s.Why), 4)
	}
}

// candidate says what speaks for a candidate, or why it is not the first.
func candidate(l layout, a *pattern.Answer, i int) {
	c := &a.Candidates[i]
	less := a.Candidates[0].Bits - c.Bits
	switch {
	case i == 0:
		fmt.Fprintf(l.w, "  mask %s\n", c.Mask)
		l.text(fmt.Sprintf("  by entry %s (%s), %s", c.Entry.ID, c.Entry.Evidence, a.ExplainCandidate(0)), 4)
		if c.Entry.Note != "" {
			l.text("  "+c.Entry.Note, 2)
		}
	case less == 0:
		l.text(fmt.Sprintf("  as likely %s, by entry %s", c.Entry.Title, c.Entry.ID), 4)
	default:
		l.text(fmt.Sprintf("  less likely %s, by entry %s, %.0f bits less: %s", c.Entry.Title, c.Entry.ID, less, a.ExplainCandidate(i)), 4)
	}
}

// changeTexts say to people what was done to read a code.
var changeTexts = map[pattern.Change]string{
	pattern.SymbologyRemoved: "the scanner's mark in front was taken off",
	pattern.SeparatorRead:    "separators were read",
	pattern.SpacesRemoved:    "spaces were taken out",
	pattern.QuotesRemoved:    "quotes were taken off",
	pattern.BracketsRead:     "brackets were read",
	pattern.FormsFolded:      "signs of another form were read",
	pattern.DigitsFolded:     "digits of another script were read",
	pattern.LinkRead:         "a link was read",
	pattern.URNRead:          "a URN was read",
	pattern.HostFolded:       "the host of the link was written small",
	pattern.TrackingRemoved:  "what sharing a link adds was taken off",
	pattern.FramingRemoved:   "the frame of a serial line was taken off",
	pattern.EncodingRead:     "the encoding of web pages or links was undone",
	pattern.ElementsOrdered:  "GS1 elements were put in order",
	pattern.AttributesLeft:   "GS1 elements that are no part of the code were left out",
}

func changesText(changes []pattern.Change) string {
	var texts []string
	for _, c := range changes {
		text := changeTexts[c]
		if text == "" {
			text = string(c)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// detail is what --explain adds to a finding for programs.
type detail struct {
	Normal      string              `json:"normal"` // the spelling in which segments count
	Changes     []pattern.Change    `json:"changes,omitzero"`
	Broken      pattern.Broken      `json:"broken,omitzero"`
	Candidates  []candidateDetail   `json:"candidates,omitzero"`
	Separators  []pattern.Separator `json:"separators,omitzero"` // of the first two
	Near        *nearDetail         `json:"near,omitzero"`
	Suggestions []suggestionDetail  `json:"suggestions,omitzero"`
}

type candidateDetail struct {
	Entry  string          `json:"entry"`
	Title  string          `json:"title"`
	Class  pattern.Class   `json:"class"`
	Party  gsp.PartyID     `json:"party,omitzero"`
	Mask   string          `json:"mask"`
	Bits   float64         `json:"bits"` // of evidence
	Doubts []pattern.Doubt `json:"doubts,omitzero"`
	// Grounds are what Bits rest on; Lead is, of all but the first candidate,
	// what ranks the first one before it.
	Grounds  []pattern.Ground `json:"grounds"`
	Lead     []pattern.Ground `json:"lead,omitzero"`
	Segments []segmentDetail  `json:"segments"`
}

type segmentDetail struct {
	Name  string `json:"name,omitzero"`
	From  int    `json:"from"`
	To    int    `json:"to"` // the first character after it
	Shown bool   `json:"shown"`
}

type nearDetail struct {
	Entry   string        `json:"entry"`
	Fault   pattern.Fault `json:"fault"`
	Segment string        `json:"segment,omitzero"`
	From    int           `json:"from"`
	To      int           `json:"to"`
	Check   string        `json:"check,omitzero"`
}

type suggestionDetail struct {
	Why   pattern.Slip `json:"why"`
	Code  string       `json:"code"`
	Entry string       `json:"entry"`
}

func newDetail(a *pattern.Answer) detail {
	d := detail{Normal: a.Normal.Reveal(), Changes: a.Changes, Broken: a.Broken, Separators: a.Separators}
	for i, c := range a.Candidates {
		candidate := candidateDetail{
			Entry: c.Entry.ID, Title: c.Entry.Title, Class: c.Entry.Class, Party: c.Entry.Party, Mask: c.Mask, Bits: c.Bits, Doubts: c.Doubts,
			Grounds: a.Grounds(i),
		}
		if i > 0 {
			candidate.Lead = a.Lead(i)
		}
		for _, s := range c.Segments {
			candidate.Segments = append(candidate.Segments, segmentDetail{s.Name, s.From, s.To, s.Shown})
		}
		d.Candidates = append(d.Candidates, candidate)
	}
	if n := a.Near; n != nil {
		d.Near = &nearDetail{n.Entry.ID, n.Fault, n.Segment, n.From, n.To, n.Check}
	}
	for _, s := range a.Suggestions {
		d.Suggestions = append(d.Suggestions, suggestionDetail{s.Why, s.UIM.Reveal(), s.Entry.ID})
	}
	return d
}
