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
func explain(a *pattern.Answer) string {
	var b strings.Builder
	switch {
	case a.Broken == "":
		b.WriteString(a.Explain())
	case a.Broken != pattern.NoText:
		fmt.Fprintln(&b, printable(a.Raw.Reveal()))
	}
	fmt.Fprintf(&b, "%s: %s\n", a.Outcome, a.Sentence)
	if len(a.Changes) > 0 {
		fmt.Fprintf(&b, "  given as %s: %s\n", printable(a.Raw.Reveal()), changesText(a.Changes))
	}
	for i, c := range a.Candidates {
		less := a.Candidates[0].Bits - c.Bits
		switch {
		case i == 0:
			fmt.Fprintf(&b, "  mask %s, by entry %s (%s)\n", c.Mask, c.Entry.ID, c.Entry.Evidence)
			if c.Entry.Note != "" {
				fmt.Fprintf(&b, "  %s\n", c.Entry.Note)
			}
		case i > maxOthers:
		case less < 1:
			fmt.Fprintf(&b, "  as likely %s, by entry %s\n", c.Entry.Title, c.Entry.ID)
		default:
			fmt.Fprintf(&b, "  less likely %s, by entry %s: %.0f bits of evidence less\n", c.Entry.Title, c.Entry.ID, less)
		}
	}
	for _, s := range a.Suggestions {
		fmt.Fprintf(&b, "  %s would be %s (%s)\n", s.UIM.Reveal(), s.Entry.Title, s.Why)
	}
	return b.String()
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
	Normal      string             `json:"normal"` // the spelling in which segments count
	Changes     []pattern.Change   `json:"changes,omitzero"`
	Broken      pattern.Broken     `json:"broken,omitzero"`
	Candidates  []candidateDetail  `json:"candidates,omitzero"`
	Near        *nearDetail        `json:"near,omitzero"`
	Suggestions []suggestionDetail `json:"suggestions,omitzero"`
}

type candidateDetail struct {
	Entry    string          `json:"entry"`
	Title    string          `json:"title"`
	Class    pattern.Class   `json:"class"`
	Party    gsp.PartyID     `json:"party,omitzero"`
	Mask     string          `json:"mask"`
	Bits     float64         `json:"bits"` // of evidence
	Doubts   []pattern.Doubt `json:"doubts,omitzero"`
	Segments []segmentDetail `json:"segments"`
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
	d := detail{Normal: a.Normal.Reveal(), Changes: a.Changes, Broken: a.Broken}
	for _, c := range a.Candidates {
		candidate := candidateDetail{
			Entry: c.Entry.ID, Title: c.Entry.Title, Class: c.Entry.Class, Party: c.Entry.Party, Mask: c.Mask, Bits: c.Bits, Doubts: c.Doubts,
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
