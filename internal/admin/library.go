package admin

import (
	"bytes"
	"context"
	"fmt"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/report"
)

// NewLibrary is the input of LibraryImport.
type NewLibrary struct {
	File string `json:"file"` // its name, for messages
	Text []byte `json:"text"`
}

// LibraryInfo says what a library holds.
type LibraryInfo struct {
	Version gsp.LibraryVersion `json:"version"`
	Entries []EntryRow         `json:"entries"`
	Text    string             `json:"text,omitzero"` // where it was asked for
}

// EntryRow is one entry of a library.
type EntryRow struct {
	ID       string      `json:"id"`
	Party    gsp.PartyID `json:"party,omitzero"`
	Class    string      `json:"class"`
	Level    gsp.Level   `json:"level,omitzero"`
	Evidence string      `json:"evidence"`
	Title    string      `json:"title"`
}

// LibraryQuery is the input of LibraryShow.
type LibraryQuery struct {
	Text bool `json:"text,omitzero"` // the whole text as well
}

// LibraryImport checks a pattern library in full and puts it in force as the
// next version.
var LibraryImport = Verb[NewLibrary, LibraryInfo]{"library-import", libraryImport}

// LibraryShow tells the library in force.
var LibraryShow = Verb[LibraryQuery, LibraryInfo]{"library-show", libraryShow}

// Stats makes the statistics of FCTC/MOP/3/5, para 24.
var Stats = Verb[report.Query, report.Statistics]{"stats", func(ctx context.Context, o *Office, _ string, q report.Query) (report.Statistics, error) {
	return report.Make(ctx, o.Events, q)
}}

func libraryImport(ctx context.Context, o *Office, _ string, in NewLibrary) (LibraryInfo, error) {
	library, err := pattern.Parse(in.File, in.Text)
	if err != nil {
		return LibraryInfo{}, &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  err.Error(),
			Remedy: "mend the entries named and import the file again; the library in force stays as it is",
		}
	}
	now := o.Now()
	var info LibraryInfo
	_, err = o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		inForce := roll.LibraryText()
		if inForce.Version > 0 && bytes.Equal(inForce.Text, in.Text) {
			info = infoOf(library, inForce.Version)
			return gsp.Change{}, nil // in force already
		}
		next := inForce.Version + 1
		info = infoOf(library, next)
		return gsp.Change{
			Library: &gsp.LibraryText{Version: next, Text: in.Text, Published: now},
			Events:  []gsp.Event{{At: now, Kind: gsp.LibraryPublished, Library: next}},
		}, nil
	})
	if err != nil {
		return LibraryInfo{}, fmt.Errorf("import the library: %w", err)
	}
	return info, nil
}

func libraryShow(_ context.Context, o *Office, _ string, in LibraryQuery) (LibraryInfo, error) {
	roll := o.Registry.Snapshot()
	library, version := roll.Library()
	info := infoOf(library, version)
	if in.Text {
		info.Text = string(roll.LibraryText().Text)
	}
	return info, nil
}

func infoOf(library *pattern.Library, version gsp.LibraryVersion) LibraryInfo {
	info := LibraryInfo{Version: version, Entries: []EntryRow{}}
	for _, e := range library.Entries() {
		info.Entries = append(info.Entries, EntryRow{
			ID: e.ID, Party: e.Party, Class: string(e.Class), Level: e.Level, Evidence: string(e.Evidence), Title: e.Title,
		})
	}
	return info
}
