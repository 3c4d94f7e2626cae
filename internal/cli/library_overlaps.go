package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"gsp.example/gsp/internal/pattern"
)

type libraryOverlapsCommand struct {
	File string `arg:"" optional:"" help:"The library; the one in force if not given."`
}

func (libraryOverlapsCommand) Help() string {
	return "Lists every pair of entries that share codes: a code that fits both, computed and not guessed, how\n" +
		"many they share, and what tells them apart. Of an entry that shares codes with very many others only some\n" +
		"are listed; how many more there are is said below the list.\n\nExample:\n  gsp library overlaps library.toml"
}

// libraryOverlaps is the result of gsp library overlaps.
type libraryOverlaps struct {
	Overlaps []overlapRow  `json:"overlaps"`
	Unlisted []unlistedRow `json:"unlisted"`
}

func (l *libraryOverlaps) add(s pattern.Survey) {
	for _, o := range s.Overlaps {
		l.Overlaps = append(l.Overlaps, newOverlapRow(o))
	}
	for _, u := range s.Unlisted {
		l.Unlisted = append(l.Unlisted, unlistedRow{u.Entry.ID, u.More, u.Unfinished})
	}
}

func (l *libraryOverlaps) tell(w io.Writer) {
	if len(l.Overlaps) > 0 {
		fmt.Fprintln(w)
		overlapTable(w, l.Overlaps)
	}
	unlistedTable(w, l.Unlisted)
}

func (c libraryOverlapsCommand) Run(r *run) error {
	library, called, err := r.library(c.File)
	if err != nil {
		return err
	}
	result := libraryOverlaps{Overlaps: []overlapRow{}, Unlisted: []unlistedRow{}}
	result.add(library.Overlaps())
	return show(r, result, func(w io.Writer, l libraryOverlaps) {
		n, least := len(library.Entries()), ""
		if len(l.Unlisted) > 0 {
			least = "at least "
		}
		fmt.Fprintf(w, "%s%d of %d pairs of entries of %s share codes\n", least, len(l.Overlaps), n*(n-1)/2, called)
		l.tell(w)
	})
}

// unlistedRow counts the overlaps of an entry that are not listed.
type unlistedRow struct {
	Entry      string `json:"entry"`
	More       int    `json:"more"`                // entries that it may share codes with too
	Unfinished bool   `json:"unfinished,omitzero"` // there may be still more
}

// shownUnlisted is how many entries the text names whose overlaps are not all
// listed.
const shownUnlisted = 20

func unlistedTable(w io.Writer, rows []unlistedRow) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNot all is listed. These share codes with very many others:")
	for _, u := range rows[:min(len(rows), shownUnlisted)] {
		more := thousands(u.More)
		if u.Unfinished {
			more = "at least " + more
		}
		fmt.Fprintf(w, "%s: %s more not listed\n", u.Entry, more)
	}
	if n := len(rows) - shownUnlisted; n > 0 {
		fmt.Fprintf(w, "and %s more such entries; -o json names them\n", thousands(n))
	}
}

// overlapRow is one pair of entries that share codes.
type overlapRow struct {
	A          string              `json:"a"`
	B          string              `json:"b"`
	Witness    string              `json:"witness"`   // invented; fits both
	Shared     float64             `json:"shared"`    // log2 of about how many codes
	Lead       float64             `json:"lead"`      // bits of evidence by which A is ranked before B
	MaskLead   float64             `json:"mask_lead"` // the same where only masks are known
	Separators []pattern.Separator `json:"separators"`
	Undecided  bool                `json:"undecided,omitzero"`
}

func newOverlapRow(o pattern.Overlap) overlapRow {
	separators := o.Separators
	if separators == nil {
		separators = []pattern.Separator{}
	}
	return overlapRow{o.A.ID, o.B.ID, o.Witness.Reveal(), o.Shared, o.Lead, o.MaskLead, separators, o.Undecided}
}

// separatorTexts say to people what tells two entries apart.
var separatorTexts = map[pattern.Separator]string{
	pattern.SameParty:  "not needed: one Party, or none",
	pattern.ByRanking:  "the evidence",
	pattern.ByValidity: "their dates",
	pattern.ByCheck:    "a check digit",
	pattern.ByHint:     "hints",
	pattern.ByLevel:    "the packaging",
	pattern.ByAsking:   "the officer, who is asked",
}

// apart says what tells the two apart.
func (o overlapRow) apart() string {
	switch {
	case o.Undecided:
		return "not known whether they share codes"
	case len(o.Separators) == 0:
		return "NOTHING"
	}
	var texts []string
	for _, s := range o.Separators {
		text := separatorTexts[s]
		if s == pattern.ByRanking {
			first := o.A
			if o.Lead < 0 {
				first = o.B
			}
			text += ", for " + first
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

func overlapTable(w io.Writer, rows []overlapRow) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ENTRY\tSHARES\tWITH\tSUCH AS\tTOLD APART BY")
	for _, o := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.A, o.amount(), o.B, dash(o.Witness), o.apart())
	}
	t.Flush()
}

// amount writes about how many codes two entries share.
func (o overlapRow) amount() string {
	switch digits := o.Shared * math.Log10(2); {
	case o.Undecided:
		return "?"
	case digits < 6:
		return thousands(int(math.Round(math.Exp2(o.Shared))))
	default:
		return fmt.Sprintf("10^%.0f", digits)
	}
}
