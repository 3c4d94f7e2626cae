package arch

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// sample makes a tree of one file a package, from "folder: imports".
func sample(t *testing.T, packages map[string]string) tree {
	t.Helper()
	files := fstest.MapFS{}
	for folder, imports := range packages {
		text := "package p\n"
		for _, i := range strings.Fields(imports) {
			if first, _, _ := strings.Cut(i, "/"); !strings.Contains(first, ".") && i[0] != '!' {
				i = module + "/" + i
			}
			text += "import _ \"" + strings.TrimPrefix(i, "!") + "\"\n"
		}
		files[folder+"/p.go"] = &fstest.MapFile{Data: []byte(text)}
	}
	found, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func wantProblem(t *testing.T, problems []string, want string) {
	t.Helper()
	if want == "" && len(problems) > 0 || want != "" && (len(problems) != 1 || !strings.Contains(problems[0], want)) {
		t.Errorf("got %q, want %q", problems, want)
	}
}

// The rules themselves: each breach is found, and told by folder and file.
func TestRulesBite(t *testing.T) {
	lines := map[string][]string{"a": {"b"}, "b": {}, "c": {"*"}}
	tests := []struct {
		name     string
		packages map[string]string
		later    []string
		want     string
	}{
		{"as it should be", map[string]string{"a": "b", "b": "!net", "c": "a b"}, nil, ""},
		{"forbidden", map[string]string{"a": "b", "b": "a", "c": ""}, nil, "b: must not import a (b/p.go)"},
		{"no line", map[string]string{"a": "", "b": "", "c": "", "d": ""}, nil, "d: no line in the policy"},
		{"no package", map[string]string{"a": "", "b": ""}, nil, "c: a line in the policy and no package"},
		{"later", map[string]string{"a": "", "b": ""}, []string{"c"}, ""},
		{"no longer later", map[string]string{"a": "", "b": "", "c": ""}, []string{"c"}, "c: exists, and is still among those for later"},
		{"the main package", map[string]string{"a": module, "b": "", "c": ""}, nil, "a: must not import . (a/p.go)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantProblem(t, checkOwn(sample(t, test.packages), lines, test.later), test.want)
		})
	}
}

func TestReachIsTransitive(t *testing.T) {
	cannot := map[string][]string{"a": {"d"}}
	wantProblem(t, checkReach(sample(t, map[string]string{"a": "b", "b": "c", "c": "d", "d": ""}), cannot), "d, and does: a -> b -> c -> d")
	wantProblem(t, checkReach(sample(t, map[string]string{"a": "b", "b": "a c", "c": "b", "d": "a"}), cannot), "")
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	tests := []struct{ folder, imports, want string }{
		{"internal/wire", "github.com/dunglas/httpsfv", ""},
		{"imapd", "github.com/emersion/go-imap/v2/imapserver", ""},
		{"router", "github.com/dunglas/httpsfv", "router: must not import github.com/dunglas/httpsfv"},
		{"internal/node", "github.com/mattn/go-sqlite3", "internal/node: must not import"},
		{"internal/node", "!database/sql", "internal/node: must not import database/sql"},
		{"internal/node", "example.org/new", "imports example.org/new, which has no line"},
		{"imapd", "github.com/emersion/go-imap", "which has no line"}, // version 1 is another library
		{"router", "!net", "router: must not touch the world"},
	}
	for _, test := range tests {
		t.Run(test.folder+" "+test.imports, func(t *testing.T) {
			wantProblem(t, checkForeign(sample(t, map[string]string{test.folder: test.imports})), test.want)
		})
	}
}

// Tests may import what they need; their files are read for citations only.
func TestTestFilesImportFreely(t *testing.T) {
	found, err := read(fstest.MapFS{
		"a/a_test.go":        {Data: []byte("package a\nimport _ \"" + module + "/b\"\n")},
		"a/testdata/no.go":   {Data: []byte("not Go\n")},
		"b/b.go":             {Data: []byte("package b\n")},
		".hidden/no.go":      {Data: []byte("not Go\n")},
		"b/_ignored/no.go":   {Data: []byte("not Go\n")},
		"docs/not_source.md": {Data: []byte("text\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found.folders(), []string{"a", "b"}; !slices.Equal(got, want) || !found["a"].tests || len(found["a"].own) != 0 {
		t.Errorf("got %v, want %v and a with tests only", got, want)
	}
}
