package admin_test

import (
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/admin"
)

var update = flag.Bool("update", false, "write testdata/shapes.txt anew")

// TestShapes holds the JSON of every verb, in and out, to what is written in
// testdata/shapes.txt: scripts of administrators read it. A key may be added;
// one that goes or changes breaks somebody's script, so say so in the commit.
func TestShapes(t *testing.T) {
	var b strings.Builder
	for _, h := range admin.Handlers() {
		do, ok := reflect.TypeOf(h).FieldByName("do")
		if !ok {
			t.Fatalf("%s: got no function do, want the one of a Verb", h.Called())
		}
		fmt.Fprintf(&b, "%s\n", h.Called())
		for _, line := range shape("  in ", do.Type.In(3)) {
			fmt.Fprintln(&b, line)
		}
		for _, line := range shape("  out ", do.Type.Out(0)) {
			fmt.Fprintln(&b, line)
		}
	}
	const file = "testdata/shapes.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, want := slices.Collect(strings.Lines(b.String())), slices.Collect(strings.Lines(string(text)))
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s:%d: got %q, want %q\nif it is meant: go test ./internal/admin -run TestShapes -update",
				file, i+1, at(got, i), at(want, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return strings.TrimSuffix(lines[i], "\n")
	}
	return ""
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// shape lists the keys of a type, with the JSON type of each.
func shape(path string, t reflect.Type) []string {
	switch {
	case t.Kind() == reflect.Pointer:
		return shape(path, t.Elem())
	case t.Implements(jsonMarshaler) || t.Implements(textMarshaler):
		return []string{path + " text"}
	}
	switch t.Kind() {
	case reflect.Struct:
		var lines []string
		for f := range t.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported() && !f.Anonymous:
				continue
			case f.Anonymous && name == "":
				lines = append(lines, shape(path, f.Type)...)
				continue
			case name == "":
				name = f.Name
			}
			if strings.Contains(options, "omit") {
				name += "?"
			}
			lines = append(lines, shape(path+"."+name, f.Type)...)
		}
		return lines
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return []string{path + " base64"}
		}
		return shape(path+"[]", t.Elem())
	case reflect.Map:
		return shape(path+"{}", t.Elem())
	case reflect.Bool:
		return []string{path + " bool"}
	case reflect.String:
		return []string{path + " text"}
	}
	return []string{path + " number"}
}
