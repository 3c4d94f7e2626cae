package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

type libraryCommand struct {
	Import  libraryImportCommand  `cmd:"" help:"Check a pattern library and put it in force."`
	Show    libraryShowCommand    `cmd:"" help:"Show the library in force."`
	Sign    librarySignCommand    `cmd:"" help:"Sign a library with the Secretariat's key."`
	Verify  libraryVerifyCommand  `cmd:"" help:"Check a library and its signature."`
	Publish libraryPublishCommand `cmd:"" help:"Put a signed library in force."`
	History libraryHistoryCommand `cmd:"" help:"List the versions that were put in force."`

	Check    libraryCheckCommand    `cmd:"" help:"Say all that is wrong with a library, and what it would change."`
	Overlaps libraryOverlapsCommand `cmd:"" help:"List the entries that share codes, each pair with such a code."`
	Diff     libraryDiffCommand     `cmd:"" help:"Compare two libraries entry by entry."`
}

type libraryImportCommand struct {
	File string `arg:"" help:"The library, a TOML file or a folder of them; - reads standard input."`
	Leap bool   `help:"Take a version far above the one in force."`
}

func (libraryImportCommand) Help() string {
	return "Example:\n  gsp library import configs/library/gsp-library.toml"
}

func (c libraryImportCommand) Run(r *run) error {
	name, text, err := r.readLibrary(c.File)
	if err != nil {
		return broken(err)
	}
	return ask(r, admin.LibraryImport, admin.NewLibrary{File: name, Text: text, Leap: c.Leap}, func(w io.Writer, l admin.LibraryInfo) {
		fmt.Fprintf(w, "library version %d is in force, %s\n", l.Version, count(len(l.Entries), "entry", "entries"))
	})
}

// readLibrary reads a library from a file, or joins it from the files of a
// folder. It returns the name of the file that holds the library, or is to
// hold it: that of the folder, with .toml. The error joins *pattern.Errors
// where a folder is not sound; a file is not looked into.
func (r *run) readLibrary(name string) (file string, text []byte, err error) {
	if name == "-" {
		text, err = io.ReadAll(io.LimitReader(r.In, pattern.MaxFile+1)) // more is refused when it is parsed
		return name, text, err
	}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		text, err = r.readLibraryFile(name)
		return name, text, err
	}
	names, err := filepath.Glob(filepath.Join(name, "*.toml"))
	if err != nil {
		return "", nil, fmt.Errorf("list the files of the library: %w", err)
	}
	var files []pattern.File
	for _, n := range names {
		text, err := r.readLibraryFile(n)
		if err != nil {
			return "", nil, err
		}
		files = append(files, pattern.File{Name: n, Text: text})
	}
	if name, err = filepath.Abs(name); err != nil {
		return "", nil, fmt.Errorf("find the folder of the library: %w", err)
	}
	text, _, err = pattern.Join(files)
	return name + ".toml", text, err
}

// readLibraryFile reads a file that may be a library: one that is too large for
// that is left unread.
func (r *run) readLibraryFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && info.Size() > pattern.MaxFile {
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  fmt.Sprintf("%s is too large for a library, which has at most %d octets", name, pattern.MaxFile),
			Remedy: "name the TOML file of the library",
		}
	}
	return r.readFile(name)
}

// broken refuses a library that is not sound. Other errors are left as they
// are.
func broken(err error) error {
	if _, ok := errors.AsType[*pattern.Error](err); ok {
		return &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  err.Error(),
			Remedy: "mend the lines named; gsp library check tells them one by one",
		}
	}
	return err
}

type libraryShowCommand struct {
	Version   gsp.LibraryVersion `help:"A version that was in force before." placeholder:"N"`
	Text      bool               `help:"Print the library file itself." xor:"what"`
	Signature bool               `help:"Print its signature." xor:"what"`
}

func (libraryShowCommand) Help() string {
	return "Example:\n  gsp library show\n  gsp library show --version 6 --text > library.toml\n" +
		"  gsp library show --version 6 --signature > library.toml.asc"
}

func (c libraryShowCommand) Run(r *run) error {
	query := admin.LibraryQuery{Version: c.Version, Text: c.Text || c.Signature}
	return ask(r, admin.LibraryShow, query, func(w io.Writer, l admin.LibraryInfo) {
		switch {
		case c.Text:
			fmt.Fprint(r.Out, l.Text) // octet by octet, tabs too, for its signature
		case c.Signature:
			fmt.Fprint(r.Out, l.Signature)
		default:
			r.showLibrary(w, l)
		}
	})
}

func (r *run) showLibrary(w io.Writer, l admin.LibraryInfo) {
	signed := ""
	if l.SignedBy != "" {
		signed = ", signed with key " + l.SignedBy
	}
	out := r.layout(w)
	out.text(fmt.Sprintf("library version %d, %s%s", l.Version, count(len(l.Entries), "entry", "entries"), signed), 2)
	rows := [][]string{{"ENTRY", "PARTY", "CLASS", "LEVEL", "EVIDENCE", "TITLE"}}
	for _, e := range l.Entries {
		rows = append(rows, []string{e.ID, dash(strings.ToUpper(string(e.Party))), e.Class, dash(e.Level), e.Evidence, e.Title})
	}
	out.table(rows)
}
