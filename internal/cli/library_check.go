package cli

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

type libraryCheckCommand struct {
	File    string `arg:"" help:"The library, a TOML file or a folder of them; - reads standard input."`
	Against string `help:"The library to compare it with; the one in force if not given." placeholder:"FILE"`
}

func (libraryCheckCommand) Help() string {
	return "Changes nothing. For each entry that is new or changed it shows which others share codes with it,\n" +
		"with a code that both fit.\n\n" +
		"Example:\n  gsp library check library.toml\n  gsp library check ke.toml --against library.toml"
}

// libraryCheck is the result of gsp library check.
type libraryCheck struct {
	Faults  []libraryFault  `json:"faults,omitzero"`
	Entries int             `json:"entries"`
	Parties []gsp.PartyID   `json:"parties"`
	Against string          `json:"against,omitzero"` // what it was compared with
	Changes []libraryChange `json:"changes"`
	libraryOverlaps
}

// libraryFault is one thing that is wrong.
type libraryFault struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Entry string `json:"entry,omitzero"`
	Fault string `json:"fault"`
}

func (c libraryCheckCommand) Run(r *run) error {
	file, text, err := r.readLibrary(c.File)
	if _, ok := errors.AsType[*pattern.Error](err); ok {
		return c.broken(r, err)
	}
	if err != nil {
		return err
	}
	library, err := pattern.Parse(file, text)
	if err != nil {
		return c.broken(r, err)
	}
	result := libraryCheck{Entries: len(library.Entries()), Parties: library.Parties(), Changes: []libraryChange{},
		libraryOverlaps: libraryOverlaps{Overlaps: []overlapRow{}, Unlisted: []unlistedRow{}}}
	base, called, err := r.library(c.Against)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok && c.Against == "" && refusal.Reason != gsp.DataInUse {
		base, err = pattern.Empty(), nil // no library in force here: all is new
	}
	if err != nil {
		return err
	}
	result.Against = called
	result.compare(base, library)
	return show(r, result, func(w io.Writer, result libraryCheck) { result.tell(w, c.File) })
}

// broken tells every fault of a library.
func (c libraryCheckCommand) broken(r *run, err error) error {
	var result libraryCheck
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	for _, err := range faults {
		f := libraryFault{File: c.File, Fault: err.Error()}
		if e, ok := errors.AsType[*pattern.Error](err); ok {
			f = libraryFault{e.File, e.Line, e.Entry, e.Msg}
		}
		result.Faults = append(result.Faults, f)
	}
	err = show(r, result, func(w io.Writer, result libraryCheck) {
		for _, f := range result.Faults {
			entry := ""
			if f.Entry != "" {
				entry = "entry " + f.Entry + ": "
			}
			fmt.Fprintf(w, "%s:%d: %s%s\n", f.File, f.Line, entry, f.Fault)
		}
	})
	if err != nil {
		return err
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenLibrary,
		Cause:  fmt.Sprintf("%s has %s and cannot be put in force", c.File, count(len(result.Faults), "fault", "faults")),
		Remedy: "mend the lines named; docs/patterns.md explains the language",
	}
}

// compare fills in what a library would change, and the overlaps of that: with
// its own entries, and with those of the base that it does not have.
func (l *libraryCheck) compare(base, library *pattern.Library) {
	var changed []*pattern.Entry
	for _, d := range pattern.Diff(base, library) {
		l.Changes = append(l.Changes, newChange(d))
		if d.New != nil {
			changed = append(changed, d.New)
		}
	}
	l.add(library.OverlapsOf(changed, nil))
	l.add(base.OverlapsOf(changed, library))
}

func (l *libraryCheck) tell(w io.Writer, file string) {
	fmt.Fprintf(w, "%s is good: %s, routed to %s\n", file, count(l.Entries, "entry", "entries"), count(len(l.Parties), "Party", "Parties"))
	switch {
	case l.Against == "":
		fmt.Fprintln(w, "There is no library in force here to compare it with; name one with --against.")
	case len(l.Changes) == 0:
		fmt.Fprintf(w, "It says the same as %s.\n", l.Against)
		return
	default:
		fmt.Fprintf(w, "\nAgainst %s:\n", l.Against)
		changeTable(w, l.Changes)
	}
	if len(l.Overlaps)+len(l.Unlisted) == 0 {
		fmt.Fprintln(w, "\nNo entry that is new or changed shares a code with another.")
		return
	}
	fmt.Fprintln(w, "\nEntries that are new or changed share codes with others:")
	l.libraryOverlaps.tell(w)
}

// libraryChange is what became of an entry.
type libraryChange struct {
	Entry  string        `json:"entry"`
	Change string        `json:"change"` // "new", "changed", "removed"
	Title  string        `json:"title"`
	Fields []fieldChange `json:"fields,omitzero"` // of a changed entry
}

// fieldChange is what became of one key of an entry.
type fieldChange struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
}

func newChange(d pattern.Difference) libraryChange {
	switch {
	case d.Old == nil:
		return libraryChange{Entry: d.New.ID, Change: "new", Title: d.New.Title}
	case d.New == nil:
		return libraryChange{Entry: d.Old.ID, Change: "removed", Title: d.Old.Title}
	}
	c := libraryChange{Entry: d.New.ID, Change: "changed", Title: d.New.Title}
	for _, key := range d.Fields {
		c.Fields = append(c.Fields, fieldChange{key, fieldText(d.Old, key), fieldText(d.New, key)})
	}
	return c
}

// fieldText writes the value of a key of an entry.
func fieldText(e *pattern.Entry, key string) string {
	v := reflect.ValueOf(*e).FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, key) })
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return day(x)
	case []string:
		return strings.Join(x, ", ")
	case []gsp.PartyID:
		return join(x)
	default:
		if v.IsZero() {
			return ""
		}
		return fmt.Sprint(x)
	}
}

// maxField is how many characters of a changed value people are shown.
const maxField = 300

func changeTable(w io.Writer, changes []libraryChange) {
	for _, c := range changes {
		fmt.Fprintf(w, "%-7s  %s, %s\n", c.Change, c.Entry, c.Title)
		for _, f := range c.Fields {
			fmt.Fprintf(w, "         %s: %s -> %s\n", f.Key, dash(cut(f.Old, maxField)), dash(cut(f.New, maxField)))
		}
	}
}

type libraryDiffCommand struct {
	Old string `arg:"" help:"The older library."`
	New string `arg:"" help:"The newer library."`
}

func (libraryDiffCommand) Help() string {
	return "Example:\n  gsp library show --text > old.toml\n  gsp library diff old.toml library.toml"
}

func (c libraryDiffCommand) Run(r *run) error {
	older, _, err := r.library(c.Old)
	if err != nil {
		return err
	}
	newer, _, err := r.library(c.New)
	if err != nil {
		return err
	}
	changes := []libraryChange{}
	for _, d := range pattern.Diff(older, newer) {
		changes = append(changes, newChange(d))
	}
	return show(r, changes, func(w io.Writer, changes []libraryChange) {
		if len(changes) == 0 {
			fmt.Fprintln(w, "Both say the same.")
		}
		changeTable(w, changes)
	})
}
