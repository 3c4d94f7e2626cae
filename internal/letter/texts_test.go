package letter

import (
	"reflect"
	"regexp"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// No language lacks a text, or a value that the English one has.
func TestTextsAreComplete(t *testing.T) {
	named := regexp.MustCompile(`\{[a-z]+\}`)
	english := reflect.ValueOf(*allTexts()[gsp.English])
	for _, l := range gsp.Languages {
		for f, v := range reflect.ValueOf(*allTexts()[l]).Fields() {
			got, want := named.FindAllString(v.String(), -1), named.FindAllString(english.FieldByIndex(f.Index).String(), -1)
			if v.String() == "" || !slices.Equal(got, want) {
				t.Errorf("%s, %s: got %q with values %v, want them to be %v", l, f.Name, v, got, want)
			}
		}
	}
}
