package arch

import (
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
