package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/seizure"
)

type resolveCommand struct {
	Codes   []string `arg:"" optional:"" name:"code" help:"Codes, each in quotes if it has signs that the shell reads."`
	File    string   `help:"A list of codes: .csv, .xlsx, or any text such as a scanner's log or a mail; - reads standard input." placeholder:"FILE"`
	Column  string   `help:"The column of codes, by its heading, letter or number, where it is not found by itself." placeholder:"COLUMN"`
	Sheet   string   `help:"The sheet of a workbook; the first one if not given." placeholder:"SHEET"`
	Write   string   `help:"Write what was found for every code to this file: .csv for programs, .json, .xlsx for people." placeholder:"FILE"`
	Explain bool     `help:"Draw each code with its parts."`
	Library string   `help:"A downloaded library; then nothing else is asked, neither a gateway nor a configuration." placeholder:"FILE"`
	At      string   `help:"The day of the seizure; today if not given." placeholder:"DAY"`
}

func (resolveCommand) Help() string {
	return "Says of each code what it is and which Party to ask, and ends with a line for the mail that asks it.\n" +
		"Nothing leaves this machine, and nothing is kept.\n\n" +
		"Example:\n  gsp resolve KE730214477\n" +
		"  gsp resolve --explain --library library.toml '(01)09521141894569(21)A1b2C3'\n" +
		"  gsp resolve --file seizure.xlsx --at 2026-11-20 --write found.xlsx"
}

// Validate lets a command line through that says what to resolve.
func (c resolveCommand) Validate() error {
	switch {
	case len(c.Codes) == 0 && c.File == "":
		return errors.New("give codes, or a list of them with --file")
	case len(c.Codes) > 0 && c.File != "":
		return errors.New("give codes or --file, not both")
	}
	return nil
}

func (c resolveCommand) Run(r *run) error {
	at := time.Now()
	if c.At != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, c.At); err != nil {
			return errPeriod("at", c.At)
		}
	}
	library, called, err := r.library(c.Library)
	if err != nil {
		return err
	}
	list, err := c.open(r, library)
	if err != nil {
		return err
	}
	defer list.Close()
	found, err := c.answers(r, called, list)
	if err != nil {
		return err
	}
	defer found.abandon()
	s := &survey{library: library, at: at, list: list}
	if c.File != "" {
		s.progress = newProgress(r.Err, list)
	}
	summary, err := s.run(r.ctx, found.add)
	if err != nil {
		return err
	}
	return found.end(summary)
}

// open opens the list to resolve.
func (c resolveCommand) open(r *run, library *pattern.Library) (source, error) {
	if c.File == "" {
		return &typed{codes: c.Codes}, nil
	}
	o := seizure.Options{Column: c.Column, Sheet: c.Sheet, Known: func(u gsp.UIM) bool {
		return library.Judge(u, time.Time{}).Fits > 0
	}}
	if c.File == "-" {
		return opened(seizure.Read(r.In, "standard input", o))
	}
	return opened(seizure.Open(c.File, o))
}

func opened(l *seizure.List, err error) (source, error) {
	if err != nil {
		return nil, err
	}
	return listed{l}, nil
}

// library reads a library file; without one it asks for the library in force.
// called names what was read, for the officer.
func (r *run) library(file string) (library *pattern.Library, called string, err error) {
	if file != "" {
		name, text, err := r.readLibrary(file)
		if err != nil {
			return nil, "", broken(err)
		}
		library, err := parseLibrary(name, text)
		return library, "the library " + file, err
	}
	if _, err := os.Stat(r.config); errors.Is(err, os.ErrNotExist) {
		return nil, "", &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("there is no configuration file %s, and so no library in force", r.config),
			Remedy: "name a downloaded library with --library, or the configuration with --config",
		}
	}
	info, err := do(r, admin.LibraryShow, admin.LibraryQuery{Text: true})
	if err != nil {
		return nil, "", err
	}
	if info.Version == 0 {
		return nil, "", &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  "no library is in force yet",
			Remedy: "put one in force with: gsp library import FILE",
		}
	}
	called = fmt.Sprintf("library version %d", info.Version)
	library, err = parseLibrary(called, []byte(info.Text))
	return library, called, err
}

func parseLibrary(name string, text []byte) (*pattern.Library, error) {
	library, err := pattern.Parse(name, text)
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  err.Error(),
			Remedy: "download the library again, or see what is wrong with: gsp library check FILE",
		}
	}
	return library, nil
}
