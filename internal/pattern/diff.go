package pattern

import (
	"reflect"
	"slices"
	"strings"
)

// Difference is what became of one entry between two libraries.
type Difference struct {
	Old, New *Entry   // nil where there is none
	Fields   []string // what changed, as the keys of the file, sorted
}

// Diff compares two libraries entry by entry, by id: first what was removed,
// in the order of the old one, then what was added or changed, in the order
// of the new one.
func Diff(old, new *Library) []Difference {
	var all []Difference
	for _, e := range old.entries {
		if new.Entry(e.ID) == nil {
			all = append(all, Difference{Old: e})
		}
	}
	for _, e := range new.entries {
		was := old.Entry(e.ID)
		if was == nil {
			all = append(all, Difference{New: e})
		} else if fields := changed(was, e); len(fields) > 0 {
			all = append(all, Difference{was, e, fields})
		}
	}
	return all
}

// changed lists the exported fields that differ; the line is where an entry
// stands and no part of it.
func changed(a, b *Entry) []string {
	var fields []string
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		f := x.Type().Field(i)
		if f.IsExported() && f.Name != "Line" && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			fields = append(fields, strings.ToLower(f.Name))
		}
	}
	slices.Sort(fields)
	return fields
}
