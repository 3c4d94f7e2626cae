package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/seizure"
)

// answers is where findings go: a file, JSON, or a table for an officer.
type answers struct {
	run     *run
	command resolveCommand
	called  string // the library
	file    *seizure.Output
	json    seizure.Writer
	shown   []seizure.Finding
	drawn   []string // explained, beside shown
}

// maxShown is how many codes a terminal shows; files and JSON have all.
const maxShown = 100

// maxMeanings is how many different sentences a summary shows.
const maxMeanings = 20

// answers opens where the findings go.
func (c resolveCommand) answers(r *run, called string, list source) (*answers, error) {
	a := &answers{run: r, command: c, called: called}
	if c.Write != "" {
		file, err := seizure.Create(c.Write)
		if err != nil {
			return nil, err
		}
		a.file = file
	}
	if r.json && a.file == nil {
		name, _ := json.Marshal(called) // a string can always be written
		if _, err := fmt.Fprintf(r.Out, "{\"library\": %s,\n\"found\": ", name); err != nil {
			return nil, err
		}
		a.json = seizure.NewJSON(r.Out)
	}
	return a, nil
}

func (a *answers) add(one *answered) error {
	switch {
	case a.file != nil:
		return a.file.Write(&one.Finding)
	case a.json != nil:
		if a.command.Explain {
			one.Detail = newDetail(&one.Answer)
		}
		return a.json.Write(&one.Finding)
	case len(a.shown) < maxShown:
		a.shown = append(a.shown, one.Finding)
		if a.command.Explain {
			a.drawn = append(a.drawn, explain(&one.Answer))
		}
	}
	return nil
}

// abandon removes a file that was not finished.
func (a *answers) abandon() {
	if a.file != nil {
		a.file.Abandon()
	}
}

// end finishes what was written and shows the summary.
func (a *answers) end(s *summary) error {
	s.finish()
	if a.file != nil {
		err := a.file.Close()
		if a.file = nil; err != nil {
			return err
		}
	}
	if a.json != nil {
		if err := a.json.Close(); err != nil {
			return err
		}
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.run.Out, ",\n\"summary\": %s}\n", text)
		return err
	}
	return show(a.run, s, func(w io.Writer, s *summary) {
		a.heading(w, s)
		if a.command.Explain {
			a.drawings(w)
		} else {
			a.table(w)
		}
		if more := s.Codes - len(a.shown); a.command.Write == "" && more > 0 {
			fmt.Fprintf(w, "... and %s more; --write FILE keeps them all\n", thousands(more))
		}
		s.tell(w, a.command.Explain && len(a.shown) == s.Codes)
	})
}

func (a *answers) heading(w io.Writer, s *summary) {
	if a.command.File == "" {
		return
	}
	from := a.command.File
	if s.Column != "" {
		from += ", column " + printable(s.Column)
	}
	if from == "-" {
		from = "standard input"
	}
	fmt.Fprintf(w, "%s from %s, by %s\n", count(s.Codes, "code", "codes"), from, a.called)
	if s.Skipped > 0 {
		fmt.Fprintf(w, "%s passed over\n", count(s.Skipped, "line without a code was", "lines without a code were"))
	}
	if len(s.Also) > 0 {
		fmt.Fprintf(w, "NOT READ: column %s, which has codes too; read it with --column\n", strings.Join(s.Also, ", "))
	}
	if a.command.Write != "" {
		fmt.Fprintf(w, "written to %s\n", a.command.Write)
	}
	if len(a.shown) > 0 {
		fmt.Fprintln(w)
	}
}

func (a *answers) table(w io.Writer) {
	if len(a.shown) == 0 {
		return
	}
	list := a.command.File != ""
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if list {
		fmt.Fprint(t, "ROW\t")
	}
	fmt.Fprintln(t, "CODE\tOUTCOME\tPARTY\tLEVEL\tMASK")
	for i := range a.shown {
		f := &a.shown[i]
		if list {
			fmt.Fprintf(t, "%d\t", f.Row)
		}
		mask := f.Mask
		if f.Entry == "" {
			mask = "" // it would show nothing but the length
		}
		again := ""
		if f.Again {
			again = "  (again)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s%s\n", printable(f.Code.Reveal()), f.Outcome, dash(strings.ToUpper(string(f.Party))), dash(f.Level), dash(mask), again)
	}
	t.Flush()
}

func (a *answers) drawings(w io.Writer) {
	for i := range a.shown {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if a.command.File != "" {
			fmt.Fprintf(w, "row %d\n", a.shown[i].Row)
		}
		fmt.Fprint(w, a.drawn[i])
	}
	if len(a.shown) > 0 {
		fmt.Fprintln(w, "\n= the mask shows it   - the mask hides it   ^ it does not fit")
	}
}

// tell says what the outcomes mean, and whom to ask how.
func (s *summary) tell(w io.Writer, explained bool) {
	if s.Codes == 0 {
		fmt.Fprintln(w, "There is no code in it.")
		return
	}
	width := len(thousands(s.Codes))
	meanings := s.meanings()
	if explained {
		meanings = nil
	} else {
		fmt.Fprintln(w)
	}
	for i, m := range meanings {
		if i == maxMeanings {
			fmt.Fprintf(w, "%*s  and %d more of these sentences\n", width, "", len(meanings)-i)
			break
		}
		t := s.sentences[m]
		fmt.Fprintf(w, "%*s  %-13s  %s", width, thousands(t.codes), m.outcome, m.text)
		if _, list := s.list.(listed); list && m.outcome != pattern.Unique {
			fmt.Fprint(w, "  ", t.where())
		}
		fmt.Fprintln(w)
	}
	if s.Again > 0 {
		fmt.Fprintf(w, "%*s  came before in the list; each counts once below.\n", width, thousands(s.Again))
	}
	for _, to := range s.Asks {
		to.tell(w)
	}
}

// where names the rows.
func (t *told) where() string {
	var names []string
	for _, row := range t.rows[:min(len(t.rows), maxRows)] {
		names = append(names, fmt.Sprint(row))
	}
	s := "(row " + strings.Join(names, ", ")
	if len(names) > 1 {
		s = "(rows " + strings.Join(names, ", ")
	}
	if len(t.rows) > maxRows {
		s += ", ..."
	}
	return s + ")"
}

func (q *inquiry) tell(w io.Writer) {
	codes := count(q.UIMs, "code", "codes")
	if len(q.Parties) == 1 {
		fmt.Fprintf(w, "\nAsk %s about %s. ", strings.ToUpper(string(q.Parties[0])), codes)
	} else {
		fmt.Fprintf(w, "\nChoose by what else is printed on the pack which of %s to ask about %s. ", strings.ToUpper(strings.ReplaceAll(join(q.Parties), ",", ", ")), codes)
	}
	if q.Header == "" {
		fmt.Fprintf(w, "They have %s different masks, too many for one mail: ask about parts of the list.\n", thousands(q.Masks))
		return
	}
	fmt.Fprint(w, "In the mail's header, or else in its subject:\n")
	fmt.Fprintf(w, "  GSP-UIM: %s\n", q.Header)
	if q.Masks <= 4 {
		fmt.Fprintf(w, "  %s\n", q.subject())
	}
}

// subject returns the masks as a subject carries them.
func (q *inquiry) subject() string {
	var tags []string
	for _, c := range q.claims() {
		tag := "[uim " + c.UIM.Reveal()
		if c.Count > 1 {
			tag += fmt.Sprintf(" n=%d", c.Count)
		}
		tags = append(tags, tag+"]")
	}
	return strings.Join(tags, " ")
}

// printable replaces what a terminal would obey and not show: a list comes
// from strangers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0x1d:
			return '^'
		case !unicode.IsPrint(r):
			return '\ufffd'
		}
		return r
	}, s)
}
