package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"gsp.example/gsp/internal/gsp"
)

// WriteText writes the tables for a person at a terminal, at most 80 columns
// wide, each with its number and its definition.
func (s Statistics) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "Statistics of the GSP (FCTC/MOP/3/5, para 24)\n%s\n", s.scope())
	for _, item := range Items {
		fmt.Fprintf(out, "\n%d. %s\n", item.Number, item.Title)
		for _, line := range wrap(item.Definition, 76) {
			fmt.Fprintf(out, "   %s\n", line)
		}
		out.WriteByte('\n')
		writeTable(out, item, s)
	}
	return out.Flush()
}

// scope says in words what the query was.
func (s Statistics) scope() string {
	text := "Period:"
	if s.From.IsZero() && s.Until.IsZero() {
		text += " all that the log holds"
	}
	if !s.From.IsZero() {
		text += " from " + s.From.Format(time.RFC3339)
	}
	if !s.Until.IsZero() {
		text += " before " + s.Until.Format(time.RFC3339)
	}
	if len(s.Parties) == 0 {
		return text + "\nParties: all"
	}
	text += "\nParties:"
	for _, p := range s.Parties {
		text += " " + show(p)
	}
	return text
}

// writeTable writes texts to the left and numbers to the right.
func writeTable(out *bufio.Writer, item Item, s Statistics) {
	lines := [][]string{item.headings()}
	rows := item.rows(s)
	right := make([]bool, len(item.Columns))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = show(v)
			switch v.(type) {
			case int, wait:
				right[i] = true
			}
		}
		lines = append(lines, cells)
	}
	if len(rows) == 0 {
		out.WriteString("   (none)\n")
		return
	}
	width := make([]int, len(item.Columns))
	for _, cells := range lines {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range lines {
		line := "  "
		for i, c := range cells {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if right[i] {
				line += "  " + gap + c
			} else {
				line += " " + c + gap
			}
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// headings returns the columns as people read them.
func (i Item) headings() []string {
	var h []string
	for _, c := range i.Columns {
		c = strings.TrimSuffix(c, "_seconds")
		h = append(h, strings.ReplaceAll(c, "_", " "))
	}
	return h
}

// show writes a cell for a person: Parties in capitals as in a case number,
// 0 as "-" so that the eye finds what is not.
func show(v any) string {
	switch v := v.(type) {
	case gsp.PartyID:
		if v == everyone {
			return "all"
		}
		return strings.ToUpper(string(v))
	case int:
		if v == 0 {
			return "-"
		}
	case wait:
		return v.String()
	}
	return fmt.Sprint(v)
}

// String writes a wait in its two largest units: "3d 4h", "5h 12m", "40s".
func (w wait) String() string {
	s := w.seconds
	switch {
	case w.none:
		return "-"
	case s >= 86400:
		return fmt.Sprintf("%dd %dh", s/86400, s%86400/3600)
	case s >= 3600:
		return fmt.Sprintf("%dh %dm", s/3600, s%3600/60)
	case s >= 60:
		return fmt.Sprintf("%dm %ds", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}

// wrap breaks a text into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// WriteJSON writes the statistics as one JSON object, indented, with the
// definitions of the items by name.
func (s Statistics) WriteJSON(w io.Writer) error {
	definitions := map[string]string{}
	for _, i := range Items {
		definitions[i.Name] = i.Definition
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Statistics
		Definitions map[string]string `json:"definitions"`
	}{s, definitions})
}

// WriteCSV writes the table of one item for programs: RFC 4180, codes of
// Parties as they are, numbers without grouping, a wait in seconds and empty
// where there was no reply. A row of totals has "*" for its Parties.
func (s Statistics) WriteCSV(w io.Writer, item Item) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	out.Write(item.Columns) // csv.Writer keeps the first error for Error
	for _, row := range item.rows(s) {
		cells := make([]string, len(row))
		for i, v := range row {
			if v, ok := v.(wait); ok {
				if !v.none {
					cells[i] = fmt.Sprint(v.seconds)
				}
				continue
			}
			cells[i] = fmt.Sprint(v)
		}
		out.Write(cells)
	}
	out.Flush()
	return out.Error()
}
