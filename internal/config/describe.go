package config

import (
	"bufio"
	_ "embed" // config.go, whose comments are the manual
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"reflect"
	"strings"
)

//go:embed config.go
var source string

// Describe writes c as a TOML file that explains itself: each key under the
// comment of its field, and the default where c differs from it. Load reads
// it back as c.
func Describe(w io.Writer, c Config) error {
	d, err := parse()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	d.out = out
	d.comment(d.types["Config"])
	d.section("", reflect.ValueOf(c), reflect.ValueOf(Default()))
	return out.Flush()
}

// description is the manual, by type and by "Type.Field".
type description struct {
	out    *bufio.Writer
	types  map[string]string
	fields map[string]string
}

// parse reads the comments out of config.go as it was compiled.
func parse() (*description, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parse the manual: %w", err)
	}
	d := &description{types: map[string]string{}, fields: map[string]string{}}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			t := spec.(*ast.TypeSpec)
			d.types[t.Name.Name] = group.Doc.Text()
			s, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range s.Fields.List {
				for _, n := range f.Names {
					d.fields[t.Name.Name+"."+n.Name] = f.Doc.Text()
				}
			}
		}
	}
	return d, nil
}

// section writes the keys of one table, then the tables below it, as TOML
// wants: a key after a table's header would belong to that table.
func (d *description) section(name string, v, standard reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Struct {
			continue
		}
		d.out.WriteByte('\n')
		d.comment(d.fields[v.Type().Name()+"."+f.Name])
		key, value, usual := f.Tag.Get("toml"), literal(v.Field(i)), literal(standard.Field(i))
		if value != usual {
			fmt.Fprintf(d.out, "# Default: %s\n", usual)
		}
		fmt.Fprintf(d.out, "%s = %s\n", key, value)
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		path := strings.TrimPrefix(name+"."+f.Tag.Get("toml"), ".")
		d.out.WriteByte('\n')
		d.comment(d.fields[v.Type().Name()+"."+f.Name])
		fmt.Fprintf(d.out, "[%s]\n", path)
		d.section(path, v.Field(i), standard.Field(i))
	}
}

func (d *description) comment(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintln(d.out, strings.TrimRight("# "+line, " \n"))
	}
}

// literal writes a value as TOML does.
func literal(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case slog.Level:
		return quote(strings.ToLower(x.String()))
	case fmt.Stringer:
		return quote(x.String())
	case []string:
		items := make([]string, len(x))
		for i, s := range x {
			items[i] = quote(s)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	if v.Kind() == reflect.String {
		return quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// quote writes a TOML basic string. strconv.Quote would use escapes that TOML
// does not know.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
