package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the prefix of our own import paths.
const module = "gsp.example/gsp"

// tree is the module's packages by folder, "." for the root.
type tree map[string]*pkg

// pkg is one package as its source files say.
type pkg struct {
	name    string
	own     map[string][]string // our own packages it imports, by folder, with the files that do
	foreign map[string][]string // all other import paths, with the files that do
	files   []file              // its files, tests included
	tests   bool                // it has no other files than tests
}

// file is one parsed source file.
type file struct {
	path  string
	lines int
	test  bool
	ast   *ast.File
}

// read parses all Go files below root, in this process: go test reruns a test
// when a file that it opened itself has changed.
func read(root fs.FS) (tree, error) {
	t := tree{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		return t.parse(root, name)
	})
	return t, err
}

func (t tree) parse(root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	p := t[path.Dir(name)]
	if p == nil {
		p = &pkg{own: map[string][]string{}, foreign: map[string][]string{}, tests: true}
		t[path.Dir(name)] = p
	}
	test := strings.HasSuffix(name, "_test.go")
	p.files = append(p.files, file{name, strings.Count(string(text), "\n"), test, f})
	if test {
		return nil
	}
	p.tests = false
	p.name = f.Name.Name
	for _, i := range f.Imports {
		to, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		switch {
		case to == module:
			p.own["."] = append(p.own["."], name)
		case strings.HasPrefix(to, module+"/"):
			to = strings.TrimPrefix(to, module+"/")
			p.own[to] = append(p.own[to], name)
		default:
			p.foreign[to] = append(p.foreign[to], name)
		}
	}
	return nil
}

// folders returns the packages in order.
func (t tree) folders() []string { return slices.Sorted(maps.Keys(t)) }

// reach returns the packages that from imports, directly or not, each with
// the way there.
func (t tree) reach(from string) map[string][]string {
	ways := map[string][]string{from: {from}}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		p := t[next[0]]
		if p == nil {
			continue
		}
		for _, to := range slices.Sorted(maps.Keys(p.own)) {
			if ways[to] == nil {
				ways[to] = append(slices.Clone(ways[next[0]]), to)
				next = append(next, to)
			}
		}
	}
	return ways
}

// ours is this module's tree.
func ours(t *testing.T) tree {
	t.Helper()
	found, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// report fails the test with each problem.
func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}
