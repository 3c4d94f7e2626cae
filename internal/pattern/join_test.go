package pattern_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/pattern"
)

// partyText is the file of a Party, with a name and version of its own.
func partyText(party, start string) string {
	return fmt.Sprintf(`name = "stamps of %[1]s"
version = 3

[[entry]]
id = "%[1]s-stamp"
party = "%[1]s"
title = "a stamp"
evidence = "synthetic"
pattern = '"%[2]s" serial:N8'
samples = ["%[2]s12345678"]`, party, start)
}

const headText = `# The Secretariat's part.
name = "whole"
version = 12

[[entry]]
id = "ean"
class = "product-code"
title = "a product number"
evidence = "synthetic"
pattern = 'gtin:N13,csum'
samples = ["4006381333931"]
`

// The same files make the same library, in whatever order they are given.
func TestJoin(t *testing.T) {
	files := []pattern.File{
		{"lib/ug.toml", []byte(partyText("ug", "UG"))},
		{"lib/library.toml", []byte(headText)},
		{"lib/ke.toml", []byte("\ufeff" + partyText("ke", "KE7"))},
	}
	text, l, err := pattern.Join(files)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range l.Entries() {
		ids = append(ids, e.ID)
	}
	if want := []string{"ean", "ke-stamp", "ug-stamp"}; !slices.Equal(ids, want) || l.Version() != 12 || l.Name() != "whole" {
		t.Errorf("got entries %v of %s, version %d, want %v of whole, version 12", ids, l.Name(), l.Version(), want)
	}
	if !strings.HasPrefix(string(text), pattern.JoinedMark+"library.toml, ke.toml, ug.toml") {
		t.Errorf("got a text that begins %.80q, want its files named", text)
	}
	again, err := pattern.Parse("joined.toml", text)
	if err != nil || len(pattern.Diff(l, again)) > 0 {
		t.Errorf("got %v, want the joined text to be the same library", err)
	}
	slices.Reverse(files)
	if other, _, err := pattern.Join(files); err != nil || string(other) != string(text) {
		t.Errorf("got %v and another text for another order of the files", err)
	}
}

// What is wrong is told by its own file, line and entry.
func TestJoinErrors(t *testing.T) {
	ke, ug := partyText("ke", "KE7"), partyText("ug", "UG")
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"no head", map[string]string{"ke.toml": ke}, []string{"library.toml:1: there is no such file"}},
		{"another Party's entry", map[string]string{"library.toml": headText, "ke.toml": ug},
			[]string{"ke.toml:6: entry ug-stamp: the file of ke has entries of that Party only"}},
		{"an entry of no Party", map[string]string{"library.toml": headText, "ke.toml": headText},
			[]string{"ke.toml:5: entry ean: the file of ke has entries of that Party only", "ke.toml:6: entry ean: library.toml:5 has an entry of this id"}},
		{"in the head", map[string]string{"library.toml": headText + ug, "ug.toml": ug}, []string{`library.toml:12: entry ean: "name" is no key of an entry`, `library.toml:13: entry ean: "version" is no key`}},
		{"a Party's entry in the head", map[string]string{"library.toml": headText + ug[strings.Index(ug, "[["):], "ug.toml": ug},
			[]string{"library.toml:14: entry ug-stamp: the entries of ug stand in ug.toml", "ug.toml:5: entry ug-stamp: library.toml:12 has an entry of this id"}},
		{"a sample", map[string]string{"library.toml": headText, "ke.toml": ke, "ug.toml": strings.Replace(ug, "UG1234", "UG123", 1)},
			[]string{"ug.toml:10: entry ug-stamp: sample 1 does not match the pattern: one character is missing"}},
		{"syntax in two files", map[string]string{"library.toml": headText, "ke.toml": ke + "\nx", "ug.toml": strings.Replace(ug, "title", "titel", 1)},
			[]string{"ke.toml:11: ", `ug.toml:7: entry ug-stamp: "titel" is no key`}},
		{"a name", map[string]string{"library.toml": headText, "kenya2.toml": ke}, []string{"kenya2.toml:1: a file is named after its Party"}},
		{"one Party twice", map[string]string{"library.toml": headText, "ke.toml": ke, "KE.toml": ke}, []string{"is a file of this Party already"}},
		{"inline", map[string]string{"library.toml": headText, "ke.toml": "entry = [{id='a',party='ke'}]"}, []string{"ke.toml:1: an entry begins with a line of its own"}},
		{"nothing", map[string]string{"library.toml": headText, "ke.toml": ""}, []string{"ke.toml:1: the file of a Party has at least one entry"}},
	}
	for _, tt := range tests {
		var files []pattern.File
		for name, text := range tt.files {
			files = append(files, pattern.File{Name: name, Text: []byte(text)})
		}
		_, _, err := pattern.Join(files)
		if e, ok := errors.AsType[*pattern.Error](err); !ok || e.Line < 1 {
			t.Errorf("%s: got error %v, want a *pattern.Error with a line", tt.name, err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		for i, want := range tt.want {
			if len(lines) != len(tt.want) || !strings.Contains(lines[i], want) {
				t.Errorf("%s: got %q, want %q", tt.name, lines, tt.want)
				break
			}
		}
	}
}

// FuzzJoin checks that no file of a Party makes entries of another.
func FuzzJoin(f *testing.F) {
	f.Add(partyText("ke", "KE7"))
	f.Add("note = \"\"\"\n[[entry]]\n\"\"\"\n" + partyText("ke", "KE7"))
	f.Add(partyText("ke", "KE7") + "\n[entry.hints]\nserial = [\"1\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		joined, l, err := pattern.Join([]pattern.File{{pattern.HeadFile, []byte(headText)}, {"ke.toml", []byte(text)}})
		if err != nil {
			return
		}
		alone, err := pattern.Parse("ke.toml", []byte(strings.TrimPrefix(text, "\ufeff")))
		if err == nil && len(alone.Entries())+1 != len(l.Entries()) {
			t.Errorf("got %d entries joined, want one more than %d", len(l.Entries()), len(alone.Entries()))
		}
		for _, e := range l.Entries() {
			if e.ID != "ean" && e.Party != "ke" {
				t.Errorf("got entry %s of %s in the file of ke", e.ID, e.Party)
			}
		}
		if again, err := pattern.Parse("joined.toml", joined); err != nil || len(pattern.Diff(l, again)) > 0 {
			t.Errorf("got %v, want the joined text to be the same library", err)
		}
	})
}
