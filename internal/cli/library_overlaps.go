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
		"many they share, and what tells them apart.\n\nExample:\n  gsp library overlaps library.toml"
}

func (c libraryOverlapsCommand) Run(r *run) error {
	library, called, err := r.library(c.File)
	if err != nil {
		return err
	}
	rows := []overlapRow{}
	for _, o := range library.Overlaps() {
		rows = append(rows, newOverlapRow(o))
	}
	return show(r, rows, func(w io.Writer, rows []overlapRow) {
		n := len(library.Entries())
		fmt.Fprintf(w, "%d of %d pairs of entries of %s share codes\n", len(rows), n*(n-1)/2, called)
		if len(rows) > 0 {
			fmt.Fprintln(w)
			overlapTable(w, rows)
		}
	})
}

// overlapRow is one pair of entries that share codes.
type overlapRow struct {
	A          string              `json:"a"`
	B          string              `json:"b"`
	Witness    string              `json:"witness"` // invented; fits both
	Shared     float64             `json:"shared"`  // log2 of about how many codes
	Lead       float64             `json:"lead"`    // bits of evidence by which A is ranked before B
	Separators []pattern.Separator `json:"separators"`
	Undecided  bool                `json:"undecided,omitzero"`
}

func newOverlapRow(o pattern.Overlap) overlapRow {
	separators := o.Separators
	if separators == nil {
		separators = []pattern.Separator{}
	}
	return overlapRow{o.A.ID, o.B.ID, o.Witness.Reveal(), o.Shared, o.Lead, separators, o.Undecided}
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
