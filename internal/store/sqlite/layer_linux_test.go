package sqlite_test

import (
	"fmt"
	"os"
	"testing"

	"gsp.example/gsp/internal/store/sqlite"
)

// TestACommitIsWrittenByOneCall counts the calls by which the process writes:
// without the file layer of layer_linux.c there are two for each page.
func TestACommitIsWrittenByOneCall(t *testing.T) {
	const mails = 20
	s := open(t, t.TempDir(), sqlite.Options{})
	p := newPosting(t, 8<<10, newOffice(t, s, 0)[0])
	before := writes(t)
	for range mails {
		if _, err := s.Post(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	// Others of this process may write meanwhile, such as the test log.
	if n := writes(t) - before; n > 2*mails {
		t.Errorf("%d writes for %d commits, want one each", n, mails)
	}
}

// writes returns how often this process has written to a file.
func writes(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	var read, written, reads int
	if _, err := fmt.Sscanf(string(text), "rchar: %d\nwchar: %d\nsyscr: %d\nsyscw: %d", &read, &written, &reads, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
