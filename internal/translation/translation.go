// Package translation reads what the program says to people in the six languages of
// the United Nations, from files that are built into it: one a language.
package translation

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"gsp.example/gsp/internal/gsp"
)

// Once returns a function that reads texts/LANGUAGE.json of files for each
// language when it is first called. The fields of a file are those of T, and
// no others. The function panics if a file of the program itself is broken,
// which a test would have told.
func Once[T any](files fs.FS) func() map[gsp.Language]*T {
	return sync.OnceValue(func() map[gsp.Language]*T {
		all := map[gsp.Language]*T{}
		for _, l := range gsp.Languages {
			t := new(T)
			if err := read(files, "texts/"+string(l)+".json", t); err != nil {
				panic(err)
			}
			all[l] = t
		}
		return all
	})
}

func read(files fs.FS, name string, into any) error {
	file, err := files.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
