package notice

import (
	"reflect"
	"regexp"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// flatten returns the texts of a language by their place in the file.
func flatten(v reflect.Value, at string, into map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				flatten(v.Field(i), at+"."+f.Name, into)
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			into[at+"."+k.String()] = v.MapIndex(k).String()
		}
	default:
		into[at] = v.String()
	}
}

// Every language says everything, and fills in the same names.
func TestTextsAreComplete(t *testing.T) {
	flat := map[gsp.Language]map[string]string{}
	for _, l := range gsp.Languages {
		read := allTexts()[l]
		flat[l] = map[string]string{}
		flatten(reflect.ValueOf(*read), "", flat[l])
		complete(t, l, "outcomes", read.Outcomes, pattern.Outcomes)
		complete(t, l, "doubts", read.Doubts, pattern.Doubts)
		complete(t, l, "faults", read.Faults, pattern.Faults)
		complete(t, l, "slips", read.Slips, pattern.Slips)
		complete(t, l, "separators", read.Separators, pattern.Separators)
		complete(t, l, "broken", read.Broken, pattern.Brokens)
	}
	for _, l := range gsp.Languages {
		for at, english := range flat[gsp.English] {
			text := flat[l][at]
			if text == "" {
				t.Errorf("%s: no text %s", l, at)
			}
			got, want := placeholder.FindAllString(text, -1), placeholder.FindAllString(english, -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s: got %v, want %v", l, at, got, want)
			}
			if l != gsp.English && text == english && len(english) > 20 {
				t.Errorf("%s: %s is not translated", l, at)
			}
		}
	}
}

func complete[T ~string](t *testing.T, l gsp.Language, name string, texts map[T]string, all []T) {
	t.Helper()
	for _, token := range all {
		if texts[token] == "" {
			t.Errorf("%s: no text for %s %q", l, name, token)
		}
	}
	for token := range texts {
		if !slices.Contains(all, token) {
			t.Errorf("%s: a text for %s %q, which does not exist", l, name, token)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		places []int
		want   string
	}{{[]int{0}, "1"}, {[]int{0, 1, 2, 6}, "1-3, 7"}, {[]int{1, 3}, "2, 4"}, {nil, ""}} {
		if got := numbers(test.places); got != test.want {
			t.Errorf("numbers(%v): got %q, want %q", test.places, got, test.want)
		}
	}
}
