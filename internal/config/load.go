package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"gsp.example/gsp/internal/gsp"
)

// maxFile bounds a configuration file, in octets: more is some other file.
const maxFile = 1 << 20

// Load reads the file at path over the defaults and returns it with its paths
// made absolute. The error is a *gsp.Refusal: gsp.BrokenConfig with file, line,
// column and key in its Cause, or gsp.UnreadableFile, which wraps
// fs.ErrNotExist where there is no file.
func Load(path string) (Config, error) {
	text, err := read(path)
	if err != nil {
		return Config{}, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("cannot read the configuration %s: %v", path, reason(err)),
			Remedy: "name the right file, or let the gateway's user read it",
			Err:    err,
		}
	}
	c, err := Parse(path, text)
	if err != nil {
		return Config{}, err
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return c.in(folder), nil
}

// Parse reads a configuration over the defaults and checks it. Relative paths
// stay as they are written. The name stands for the file in errors.
func Parse(name string, text []byte) (Config, error) {
	c := Default()
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, refuse(name, err)
	}
	if len(c.Aliases) == 0 {
		c.Aliases = nil // as in Default
	}
	if f, ok := c.fault(); ok {
		return Config{}, &gsp.Refusal{
			Reason: gsp.BrokenConfig,
			Cause:  fmt.Sprintf("%s: key %s: %s", place(name, text, f.key), f.key, f.problem),
			Remedy: "correct that line",
		}
	}
	return c, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("larger than %v", Size(maxFile))
	}
	return text, err
}

// reason leaves the path out of a file error: the Cause has it already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// in makes relative paths absolute in folder.
func (c Config) in(folder string) Config {
	for _, p := range []*string{&c.Data, &c.TLS.Certificate, &c.TLS.Key} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
	return c
}

// refuse puts a decoding error into our words. Of several unknown keys it
// names the first.
func refuse(name string, err error) error {
	r := &gsp.Refusal{Reason: gsp.BrokenConfig, Remedy: "correct that line", Err: err}
	if missing, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(missing.Errors) > 0 {
		e := &missing.Errors[0]
		line, column := e.Position()
		key := strings.Join(e.Key(), ".")
		r.Cause = fmt.Sprintf("%s:%d:%d: unknown key %s", name, line, column, key)
		r.Remedy = "remove it; `gsp config describe` lists the keys there are"
		if near := nearest(key); near != "" {
			r.Cause += ", perhaps " + near
			r.Remedy = "correct its name, or remove it"
		}
		return r
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := e.Position()
		r.Cause = fmt.Sprintf("%s:%d:%d: ", name, line, column)
		if key := strings.Join(e.Key(), "."); key != "" {
			r.Cause += "key " + key + ": "
		}
		r.Cause += problem(e)
		return r
	}
	r.Cause = name + ": " + strings.TrimPrefix(err.Error(), "toml: ")
	return r
}

// problem says what a decoding error is about. The libraries tell of a wrong
// type or level in words of Go, which the operator need not know.
func problem(e *toml.DecodeError) string {
	text := strings.TrimPrefix(e.Error(), "toml: ")
	if strings.HasPrefix(text, "slog: ") {
		return `want "debug", "info", "warn" or "error"`
	}
	found, ok := strings.CutPrefix(text, "cannot decode TOML ")
	if !ok {
		return text
	}
	found, _, _ = strings.Cut(found, " into ")
	t := reflect.TypeFor[Config]()
	for _, part := range e.Key() {
		if t.Kind() != reflect.Struct {
			break
		}
		for f := range t.Fields() {
			if f.Tag.Get("toml") == part {
				t = f.Type
				break
			}
		}
	}
	want := "a whole number"
	switch t.Kind() {
	case reflect.Struct:
		want = "a section"
	case reflect.String:
		want = "a text in quotes"
	}
	return fmt.Sprintf("want %s, found %s", want, found)
}

// place says where a key stands: file:line:column, the section's place if only
// its section is there, or the file alone if a default is at fault.
func place(name string, text []byte, key string) string {
	section, _, _ := strings.Cut(key, ".")
	at := name
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		path, first := keyOf(e)
		if e.Kind == unstable.Table {
			table = path
		} else {
			path = slices.Concat(table, path)
		}
		start := p.Shape(first).Start
		switch strings.Join(path, ".") {
		case key:
			return fmt.Sprintf("%s:%d:%d", name, start.Line, start.Column)
		case section:
			at = fmt.Sprintf("%s:%d:%d", name, start.Line, start.Column)
		}
	}
	return at
}

// keyOf returns the dotted key of an expression and where its first part is.
func keyOf(e *unstable.Node) (path []string, first unstable.Range) {
	for k := e.Key(); k.Next(); {
		if len(path) == 0 {
			first = k.Node().Raw
		}
		path = append(path, string(k.Node().Data))
	}
	return path, first
}

// keys returns every key of t, sections included, in the order of the manual.
func keys(t reflect.Type, prefix string) []string {
	var all []string
	for f := range t.Fields() {
		key := prefix + f.Tag.Get("toml")
		all = append(all, key)
		if f.Type.Kind() == reflect.Struct {
			all = append(all, keys(f.Type, key+".")...)
		}
	}
	return all
}

// nearest returns the known key that a wrong one was probably meant to be: a
// slip of a letter or three, or the right name in the wrong section. It
// returns "" where none is near.
func nearest(wrong string) string {
	best, least := "", 4
	for _, key := range keys(reflect.TypeFor[Config](), "") {
		d := min(distance(wrong, key), 1+distance(last(wrong), last(key)))
		if d < least && d <= len(last(key))/2 {
			best, least = key, d
		}
	}
	return best
}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// distance counts the insertions, deletions and changes of octets that make
// one string of the other. It stops at 4 where the lengths alone say so.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 3 || d < -3 {
		return 4
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}
