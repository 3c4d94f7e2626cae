package files_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gsp.example/gsp/internal/store/files"
	"gsp.example/gsp/internal/store/storetest"
)

func names(t *testing.T, f *files.Folder) (all []string) {
	t.Helper()
	err := f.Names(func(name string) error {
		all = append(all, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPutGetRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails")
	f, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := storetest.Mail(t, 200<<10)
	name, err := f.Put(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Put(m)
	if err != nil || again == name {
		t.Fatalf("the same mail again became file %q, %v, want another than %q", again, err, name)
	}
	f, err = files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Get(name); err != nil || !bytes.Equal(got, m.Raw()) {
		t.Errorf("file differs from what was put, %v", err)
	}
	if err := f.Remove(name, name, "", "../../lock"); err != nil {
		t.Errorf("remove: %v", err)
	}
	if _, err := f.Get(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get a removed file: %v, want ErrNotExist", err)
	}
	if got := names(t, f); !slices.Equal(got, []string{again}) {
		t.Errorf("files %q, want %q", got, again)
	}
}

// TestNamesThatAreNotOursAreNotOpened guards against a path from a database
// that somebody changed.
func TestNamesThatAreNotOursAreNotOpened(t *testing.T) {
	folder := t.TempDir()
	f, err := files.Open(filepath.Join(folder, "mails"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "a", "../secret", "../../../../../../../../../../etc/passwd", "0123456789ABCDEF0123456789ABCDEF"} {
		if _, err := f.Get(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get %q: %v, want ErrNotExist", name, err)
		}
	}
}

func TestPutLeavesNothingBehindWhenItFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails")
	f, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// A file where each folder should be.
	for i := range 256 {
		if err := os.WriteFile(filepath.Join(path, string("0123456789abcdef"[i/16])+string("0123456789abcdef"[i%16])), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, _ := storetest.Mail(t, 1000)
	if name, err := f.Put(m); err == nil {
		t.Errorf("put %q into a file", name)
	}
	if got := names(t, f); len(got) != 0 {
		t.Errorf("files %q, want none", got)
	}
}

func TestPutConcurrently(t *testing.T) {
	f, err := files.Open(filepath.Join(t.TempDir(), "mails"))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := storetest.Mail(t, 1000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if _, err := f.Put(m); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(names(t, f)); got != 80 {
		t.Errorf("%d files, want 80", got)
	}
}

// A copy is taken while mails come and go: what is held stays until it is let
// go, and then goes with the next removal.
func TestHeldMailsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails")
	f, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := storetest.Mail(t, 200<<10)
	var all []string
	for range 3 {
		name, err := f.Put(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	release, err := files.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := files.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(all[0]); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Sweep(func(string) (bool, error) { return false, nil }); n != 0 || err != nil {
		t.Errorf("sweep of held mails: got %d removed, %v, want none", n, err)
	}
	if err := errors.Join(release(), f.Remove(all[1])); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f); len(got) != 3 {
		t.Errorf("held: got %d mails, want all 3", len(got))
	}
	to, err := files.Open(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds it there
		if n, err := f.CopyTo(to, all[0]); err != nil || n != int64(len(m.Raw())) {
			t.Errorf("copy: got %d octets, %v, want %d", n, err, len(m.Raw()))
		}
	}
	if got, err := to.Get(all[0]); err != nil || !bytes.Equal(got, m.Raw()) {
		t.Errorf("copy differs from the mail, %v", err)
	}
	if err := errors.Join(second(), f.Remove(all[2])); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f); len(got) != 0 {
		t.Errorf("let go: got mails %q, want none", got)
	}
}
