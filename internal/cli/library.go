package cli

import (
	"fmt"
	"io"

	"gsp.example/gsp/internal/admin"
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
	File string `arg:"" help:"The library, a TOML file; - reads standard input."`
}

func (libraryImportCommand) Help() string {
	return "Example:\n  gsp library import configs/library/gsp-library.toml"
}

func (c libraryImportCommand) Run(r *run) error {
	text, err := r.readFile(c.File)
	if err != nil {
		return err
	}
	return ask(r, admin.LibraryImport, admin.NewLibrary{File: c.File, Text: text}, func(w io.Writer, l admin.LibraryInfo) {
		fmt.Fprintf(w, "library version %d is in force, %d entries\n", l.Version, len(l.Entries))
	})
}

type libraryShowCommand struct {
	Text bool `help:"Print the library file itself."`
}

func (libraryShowCommand) Help() string {
	return "Example:\n  gsp library show\n  gsp library show --text > library.toml"
}

func (c libraryShowCommand) Run(r *run) error {
	return ask(r, admin.LibraryShow, admin.LibraryQuery{Text: c.Text}, func(w io.Writer, l admin.LibraryInfo) {
		if c.Text {
			fmt.Fprint(w, l.Text)
			return
		}
		fmt.Fprintf(w, "library version %d, %d entries\n", l.Version, len(l.Entries))
		fmt.Fprintln(w, "ENTRY\tPARTY\tCLASS\tLEVEL\tEVIDENCE\tTITLE")
		for _, e := range l.Entries {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, dash(e.Party), e.Class, dash(e.Level), e.Evidence, e.Title)
		}
	})
}
