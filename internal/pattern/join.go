package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// File is one file of a library that is kept in several.
type File struct {
	Name string // for messages; its last part says what it is
	Text []byte
}

// HeadFile is the file that speaks for a library kept in several: its name and
// version, and the entries of nobody's file. Each other one is named after the
// Party whose entries it has: ke.toml.
const HeadFile = "library.toml"

// JoinedMark begins the text of every library that Join made.
const JoinedMark = "# Joined from "

// Join makes one library of several files and checks it in full. The text has
// the head first, then the Parties in the order of their names, each entry as
// its file has it: the same files make the same text, octet by octet, so that
// a signature of it is a signature of them. A Party's file has entries of that
// Party alone, and nobody else's has any of it. The error joins one *Error for
// each thing that is wrong, at its place in its own file.
func Join(files []File) (text []byte, l *Library, err error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int {
		if isHead(a) != isHead(b) {
			if isHead(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(filepath.Base(a.Name), filepath.Base(b.Name))
	})
	if len(files) == 0 || !isHead(files[0]) {
		return nil, nil, &Error{File: HeadFile, Line: 1, Msg: "there is no such file in the folder; it states the name and the version of the whole"}
	}
	j := joiner{owners: make(map[gsp.PartyID]string)}
	for _, f := range files[1:] {
		j.own(f)
	}
	j.begin(files)
	for _, f := range files {
		j.add(f)
	}
	if j.broken {
		return nil, nil, flat(errors.Join(j.errors...))
	}
	whole := &reader{file: HeadFile, origin: j.origin}
	l = whole.read(j.text.Bytes())
	if err := errors.Join(errors.Join(j.errors...), whole.err()); err != nil {
		return nil, nil, flat(err)
	}
	return j.text.Bytes(), l, nil
}

func isHead(f File) bool { return filepath.Base(f.Name) == HeadFile }

// joiner is one Join.
type joiner struct {
	owners map[gsp.PartyID]string // the file of each Party that has one
	text   bytes.Buffer
	line   int // lines of text so far
	parts  []part
	errors []error
	broken bool // the files cannot be put together
}

// part is some lines of a file in the joined text.
type part struct {
	file string
	line int // of the joined text, before the part
	from int // of the file, before the part
}

func (j *joiner) wrong(file string, line int, msg string) {
	j.errors = append(j.errors, &Error{File: file, Line: line, Msg: msg})
	j.broken = true
}

// owner returns the Party that a file is named after.
func owner(f File) (gsp.PartyID, error) {
	return gsp.ParsePartyID(short(strings.TrimSuffix(filepath.Base(f.Name), ".toml"), maxToken))
}

// own notes whose file it is.
func (j *joiner) own(f File) {
	party, err := owner(f)
	switch {
	case err != nil:
		j.wrong(f.Name, 1, fmt.Sprintf("a file is named after its Party, such as ke.toml, or %s", HeadFile))
	case j.owners[party] != "":
		j.wrong(f.Name, 1, fmt.Sprintf("%s is a file of this Party already", j.owners[party]))
	default:
		j.owners[party] = f.Name
	}
}

// begin writes the first line.
func (j *joiner) begin(files []File) {
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f.Name))
	}
	j.write(fmt.Appendf(nil, "%s%s: change those.\n", JoinedMark, strings.Join(names, ", ")))
}

func (j *joiner) write(text []byte) {
	j.text.Write(text)
	j.line += bytes.Count(text, []byte("\n"))
}

// add adds a file: the head whole, of a Party's what follows its own name and
// version.
func (j *joiner) add(f File) {
	r := &reader{file: f.Name}
	f.Text = bytes.TrimPrefix(f.Text, []byte("\ufeff"))
	t, ok := r.decode(f.Text)
	if !ok {
		j.errors, j.broken = append(j.errors, r.err()), true
		return
	}
	for i := range t.Entry {
		j.check(r, i, &t.Entry[i], f)
	}
	if err := r.err(); err != nil {
		j.errors = append(j.errors, err)
	}
	from := 0
	if !isHead(f) {
		if len(t.Entry) == 0 {
			j.wrong(f.Name, 1, "the file of a Party has at least one entry")
			return
		}
		from = r.lines[0].line("", 0) - 1
		j.write(fmt.Appendf(nil, "\n# %s\n\n", filepath.Base(f.Name)))
	}
	j.parts = append(j.parts, part{f.Name, j.line, from})
	rest := f.Text
	for range from {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	j.write(rest)
	if !bytes.HasSuffix(rest, []byte("\n")) {
		j.write([]byte("\n"))
	}
}

// check holds an entry to the file it stands in.
func (j *joiner) check(r *reader, i int, t *entryText, f File) {
	r.begin(i, t.ID)
	party, err := gsp.ParsePartyID(t.Party)
	switch own, unnamed := owner(f); {
	case !isHead(f) && unnamed != nil: // own has told that
	case isHead(f) && err == nil && j.owners[party] != "":
		r.at("party", 0, fmt.Sprintf("the entries of %s stand in %s", party, filepath.Base(j.owners[party])))
	case !isHead(f) && (err != nil || party != own):
		r.at("party", 0, fmt.Sprintf("the file of %s has entries of that Party only", own))
	}
}

// origin returns where a line of the joined text comes from.
func (j *joiner) origin(line int) (file string, of int) {
	file, of = j.parts[0].file, 1
	for _, p := range j.parts {
		if line > p.line {
			file, of = p.file, line-p.line+p.from
		}
	}
	return file, of
}

// flat joins errors that are joined already.
func flat(err error) error {
	var all []error
	var walk func(error)
	walk = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		all = append(all, err)
	}
	walk(err)
	return errors.Join(all...)
}
