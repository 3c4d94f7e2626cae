package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsp.example/gsp/internal/cli"
	"gsp.example/gsp/internal/pattern"
)

// endless gives white space for ever, and counts it.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.n += len(p)
	return len(p), nil
}

// What is too large for a library is not read into memory, whatever it is.
func TestLibraryTooLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Fatal(err)
	}
	check := func(in io.Reader, file string) (int, string) {
		var out, errs bytes.Buffer
		code := cli.Run(t.Context(), []string{"library", "check", file}, cli.Streams{In: in, Out: &out, Err: &errs})
		return code, out.String() + errs.String()
	}
	if code, text := check(nil, name); code == cli.Done || !strings.Contains(text, "disk.img is too large for a library") {
		t.Errorf("a large file: got %d, %q", code, text)
	}
	in := new(endless)
	if code, text := check(in, "-"); code == cli.Done || !strings.Contains(text, "a library has at most 33554432 octets") {
		t.Errorf("endless input: got %d, %q", code, text)
	}
	if in.n > 2*pattern.MaxFile {
		t.Errorf("got %d octets read, want hardly more than %d", in.n, pattern.MaxFile)
	}
}
