package seizure

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// Finding is what was found out about one code.
type Finding struct {
	Item
	Canonical gsp.UIM     // the code in canonical spelling, without an optional date
	Outcome   string      // a stable token
	Party     gsp.PartyID // whom to ask, "" for nobody
	// Candidates are, where the code may be of several Parties, these, best
	// first; what is no Party stands by the token of its class.
	Candidates []string
	Level      gsp.Level // "" for unknown
	Entry      string    // id of the library's entry, "" for none or several
	Mask       string
	Reason     string // a stable token: what is doubtful, or why the outcome is not better; "" for nothing
	Again      bool   // an earlier code of the list is the same UIM
	Sentence   string
	Detail     any // for JSON only, nil for none
}

// Writer writes findings, one after the other. Close ends the text; it closes
// no file.
type Writer interface {
	Write(*Finding) error
	Close() error
}

// columns are the headings of what is written, the same in each format.
var columns = []string{"row", "code", "canonical", "outcome", "party", "candidates", "level", "entry", "mask", "reason", "again", "sentence"}

// values are the values of a finding under columns but the first.
func (f *Finding) values() [11]string {
	again := ""
	if f.Again {
		again = "again"
	}
	return [11]string{
		f.Code.Reveal(), f.Canonical.Reveal(), f.Outcome, string(f.Party), strings.Join(f.Candidates, " "), string(f.Level),
		f.Entry, f.Mask, f.Reason, again, f.Sentence,
	}
}

// Output is a file of findings. It appears under its name when it is whole.
type Output struct {
	Writer
	file *os.File
	name string
	buf  *bufio.Writer
}

// Create makes a file of findings; its name says in which format. The error is
// a *gsp.Refusal where the name is the reason.
func Create(name string) (*Output, error) {
	make, ok := map[string]func(io.Writer) Writer{".csv": NewCSV, ".json": NewJSON, ".xlsx": NewBook}[strings.ToLower(filepath.Ext(name))]
	if !ok {
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("the name %s does not say which kind of file to write", name),
			Remedy: "end it with .csv, .json or .xlsx",
		}
	}
	if _, err := os.Stat(name); err == nil {
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s exists already, and is left as it is", name),
			Remedy: "name another file to write, or remove that one first",
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".seizure-*") // readable by its owner alone
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s cannot be written", name),
			Remedy: "check that its folder is there and that you may write to it",
			Err:    err,
		}
	}
	buf := bufio.NewWriterSize(f, 256<<10)
	return &Output{Writer: make(buf), file: f, name: name, buf: buf}, nil
}

// Close finishes the file and gives it its name.
func (o *Output) Close() error {
	err := o.Writer.Close()
	if err == nil {
		err = o.buf.Flush()
	}
	if err = errors.Join(err, o.file.Close()); err == nil {
		err = os.Rename(o.file.Name(), o.name)
	}
	if err != nil {
		os.Remove(o.file.Name())
		return fmt.Errorf("write %s: %w", o.name, err)
	}
	return nil
}

// Abandon removes what was written so far. After Close it does nothing.
func (o *Output) Abandon() {
	o.file.Close()
	os.Remove(o.file.Name())
}

// NewCSV writes CSV for programs (RFC 4180): commas, CRLF, UTF-8. Codes stand
// as they are, so a spreadsheet that opens the file may round them or take
// one for a formula; people want the workbook.
func NewCSV(w io.Writer) Writer { return &csvWriter{w: w} }

type csvWriter struct {
	w     io.Writer
	line  []byte
	begun bool
}

func (c *csvWriter) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	_, err := io.WriteString(c.w, strings.Join(columns, ",")+"\r\n")
	return err
}

func (c *csvWriter) Write(f *Finding) error {
	if err := c.begin(); err != nil {
		return err
	}
	c.line = strconv.AppendInt(c.line[:0], int64(f.Row), 10)
	for _, v := range f.values() {
		c.line = appendField(append(c.line, ','), v)
	}
	_, err := c.w.Write(append(c.line, "\r\n"...))
	return err
}

func (c *csvWriter) Close() error { return c.begin() }

func appendField(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		c := s[i]
		plain = plain && c != '"' && c != ',' && c != '\r' && c != '\n'
	}
	if plain {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// NewJSON writes an array of objects, one a line.
func NewJSON(w io.Writer) Writer {
	j := &jsonWriter{w: w, encoder: json.NewEncoder(w)}
	j.encoder.SetEscapeHTML(false)
	return j
}

type jsonWriter struct {
	w       io.Writer
	encoder *json.Encoder
	begun   bool
}

// findingText is a finding in JSON.
type findingText struct {
	Row        int         `json:"row"`
	Code       string      `json:"code"`
	Canonical  string      `json:"canonical"`
	Outcome    string      `json:"outcome"`
	Party      gsp.PartyID `json:"party,omitzero"`
	Candidates []string    `json:"candidates,omitzero"`
	Level      gsp.Level   `json:"level,omitzero"`
	Entry      string      `json:"entry,omitzero"`
	Mask       string      `json:"mask,omitzero"`
	Reason     string      `json:"reason,omitzero"`
	Again      bool        `json:"again,omitzero"`
	Sentence   string      `json:"sentence"`
	Detail     any         `json:"detail,omitempty"`
}

func (j *jsonWriter) Write(f *Finding) error {
	separator := ","
	if !j.begun {
		j.begun, separator = true, "[\n"
	}
	if _, err := io.WriteString(j.w, separator); err != nil {
		return err
	}
	return j.encoder.Encode(findingText{
		f.Row, f.Code.Reveal(), f.Canonical.Reveal(), f.Outcome, f.Party, f.Candidates, f.Level, f.Entry, f.Mask, f.Reason,
		f.Again, f.Sentence, f.Detail,
	})
}

func (j *jsonWriter) Close() error {
	text := "]"
	if !j.begun {
		text = "[]"
	}
	_, err := io.WriteString(j.w, text)
	return err
}
