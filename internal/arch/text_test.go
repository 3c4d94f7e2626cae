package arch

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// maxLines is the longest file that a reader holds in mind.
const maxLines = 500

func TestFilesAreShort(t *testing.T) {
	for folder, p := range ours(t) {
		for _, f := range p.files {
			if !f.test && f.lines > maxLines {
				t.Errorf("%s: got %d lines, want at most %d; what are the two subjects of %s?", f.path, f.lines, maxLines, folder)
			}
		}
	}
}

// Each package says what it provides, in one place.
func TestPackagesAreDocumented(t *testing.T) {
	for folder, p := range ours(t) {
		var docs []string
		for _, f := range p.files {
			if f.ast.Doc == nil {
				continue
			}
			name := f.ast.Name.Name
			start := "Package " + name + " "
			if name == "main" {
				start = "Command gsp "
			}
			if doc := f.ast.Doc.Text(); !strings.HasPrefix(doc, start) {
				t.Errorf("%s: the package comment starts with %.30q, want %q", f.path, doc, start)
			}
			docs = append(docs, f.path)
		}
		if len(docs) != 1 {
			t.Errorf("%s: got a package comment in %q, want one in one file", folder, docs)
		}
	}
}

// Each decision can be found by its number, says why, and when to drop it.
func TestDecisionsAreComplete(t *testing.T) {
	const folder = "../../docs/decisions"
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		number := fmt.Sprintf("%04d", i+1)
		if !strings.HasPrefix(e.Name(), number+"-") {
			t.Errorf("got %s, want the next to have number %s", e.Name(), number)
		}
		text, err := os.ReadFile(folder + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		rest := string(text)
		for _, part := range []string{"# " + number + ": ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n", "\n## We would change our mind if\n"} {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s: no %q where it belongs", e.Name(), part)
				break
			}
			rest = after
		}
	}
}
