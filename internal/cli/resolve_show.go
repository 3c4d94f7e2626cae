package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

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

// maxWhom is how many Parties a row of the table names.
const maxWhom = 3

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
			var drawn strings.Builder
			explain(a.run.layout(&drawn), &one.Answer)
			a.drawn = append(a.drawn, drawn.String())
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
		l := a.run.layout(w)
		a.heading(w, s)
		if a.command.Explain {
			a.drawings(w)
		} else {
			a.table(l)
		}
		if more := s.Codes - len(a.shown); a.command.Write == "" && more > 0 {
			fmt.Fprintf(w, "... and %s more; --write FILE keeps them all\n", thousands(more))
		}
		s.tell(l, a.command.Explain && len(a.shown) == s.Codes)
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
	if s.Attached > 0 {
		fmt.Fprintf(w, "NOT READ: %s attached to this mail; save what has codes to a file, and give that one\n", count(s.Attached, "file", "files"))
	}
	if a.command.Write != "" {
		fmt.Fprintf(w, "written to %s\n", a.command.Write)
	}
	if len(a.shown) > 0 {
		fmt.Fprintln(w)
	}
}

// table shows a row for each code. Where the masks do not fit beside the rest
// they are left out: what a mail needs of them is told below.
func (a *answers) table(l layout) {
	if len(a.shown) == 0 {
		return
	}
	rows := a.rows(l, true)
	if !l.fits(rows) {
		rows = a.rows(l, false)
	}
	l.table(rows)
}

// maxStranger is how many characters of a text that nothing fits a terminal
// shows.
const maxStranger = 40

func (a *answers) rows(l layout, masks bool) [][]string {
	list := a.command.File != ""
	heading := []string{"CODE", "OUTCOME", "PARTY", "LEVEL", ""}
	if masks {
		heading[4] = "MASK"
	}
	if list {
		heading = append([]string{"ROW"}, heading...)
	}
	rows := [][]string{heading}
	for i := range a.shown {
		f := &a.shown[i]
		code, last := printable(f.Code.Reveal()), ""
		if l.room > 0 && f.Outcome == string(pattern.Unknown) {
			code = cut(code, maxStranger)
		}
		if masks {
			last = dash("")
			if f.Party != "" || len(f.Candidates) > 0 { // where nobody is asked it has no use
				last = f.Mask
			}
		}
		if f.Again {
			last += "  (again)"
		}
		row := []string{code, f.Outcome, dash(whom(f)), dash(f.Level), last}
		if list {
			row = append([]string{fmt.Sprint(f.Row)}, row...)
		}
		rows = append(rows, row)
	}
	return rows
}

// whom names who may be asked about a code.
func whom(f *seizure.Finding) string {
	if len(f.Candidates) == 0 {
		return strings.ToUpper(string(f.Party))
	}
	var names []string
	for i, name := range f.Candidates {
		if i == maxWhom {
			names = append(names, "...")
			break
		}
		if !slices.Contains(pattern.Classes, pattern.Class(name)) {
			name = strings.ToUpper(name)
		}
		names = append(names, name)
	}
	return strings.Join(names, "/")
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
func (s *summary) tell(l layout, explained bool) {
	if s.Codes == 0 {
		fmt.Fprintln(l.w, "There is no code in it.")
		return
	}
	width := len(thousands(s.Codes))
	meanings := s.meanings()
	if explained {
		meanings = nil
	} else {
		fmt.Fprintln(l.w)
	}
	for i, m := range meanings {
		if i == maxMeanings {
			fmt.Fprintf(l.w, "%*s  and %d more of these sentences\n", width, "", len(meanings)-i)
			break
		}
		t := s.sentences[m]
		line := fmt.Sprintf("%*s  %-13s  %s", width, thousands(t.codes), m.outcome, m.text)
		if _, list := s.list.(listed); list && m.outcome != pattern.Unique {
			line += "  " + t.where()
		}
		l.text(line, width+17)
	}
	if s.Again > 0 {
		fmt.Fprintf(l.w, "%*s  came before in the list; each counts once below.\n", width, thousands(s.Again))
	}
	for _, to := range s.Asks {
		to.tell(l)
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

func (q *inquiry) tell(l layout) {
	fmt.Fprintln(l.w)
	codes := count(q.UIMs, "code", "codes")
	line := fmt.Sprintf("Ask %s about %s.", strings.ToUpper(string(q.Parties[0])), codes)
	if len(q.Parties) > 1 {
		line = fmt.Sprintf("Choose by what else is printed on the pack which of %s to ask about %s.",
			strings.ToUpper(strings.ReplaceAll(join(q.Parties), ",", ", ")), codes)
	}
	if q.Header == "" {
		l.text(fmt.Sprintf("%s They have %s different masks, too many for one mail: ask about parts of the list.", line, thousands(q.Masks)), 0)
		return
	}
	l.text(line+" In the mail's header, or else in its subject:", 0)
	fmt.Fprintf(l.w, "  GSP-UIM: %s\n", q.Header) // whole, to be copied
	if q.Masks <= 4 {
		fmt.Fprintf(l.w, "  %s\n", q.subject())
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
