// Package files keeps large mails as immutable files, one a mail.
//
// A file is there whole or not at all: it is written under a temporary name,
// synced, renamed, and its folder synced. It knows no digest and no row; which
// files are wanted is the caller's knowledge, who names them to Sweep after a
// crash.
package files

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"gsp.example/gsp/internal/sealed"
)

// Folder is a folder of mails. Its methods may be called concurrently, but
// Sweep only before the first Put.
type Folder struct {
	path string
	mu   sync.Mutex // held while a folder of the second level is made

	removing sync.Mutex
	late     []string // to be removed when nobody holds them any more
}

// temporary ends the name of a file that is still being written.
const temporary = ".new"

// Open makes the folder, mode 0700, if it is not there.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o700); err != nil { // also where the umask took more away
		return nil, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return &Folder{path: path}, nil
}

// Put writes a mail and returns the name to read it by, once it is synced. It
// takes a sealed.Message, so that nothing readable can become a file.
func (f *Folder) Put(m sealed.Message) (name string, err error) {
	var random [16]byte
	rand.Read(random[:])
	name = hex.EncodeToString(random[:])
	folder, path := f.place(name)
	if err := f.make(folder); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(path + temporary)
			os.Remove(path)
		}
	}()
	if err := write(path+temporary, m.Raw()); err != nil {
		return "", err
	}
	if err := os.Rename(path+temporary, path); err != nil {
		return "", err
	}
	return name, syncFolder(folder)
}

// Get returns the octets of a mail. The error is fs.ErrNotExist for one that
// is not there.
func (f *Folder) Get(name string) ([]byte, error) {
	if !isName(name) {
		return nil, fmt.Errorf("mail file %q: %w", name, fs.ErrNotExist)
	}
	_, path := f.place(name)
	return os.ReadFile(path)
}

// Remove removes mails, or keeps in mind to, while somebody holds them; those
// that are not there are passed over. A removal that a crash undoes is found by
// Sweep.
func (f *Folder) Remove(names ...string) error {
	if len(names) == 0 {
		return nil
	}
	f.removing.Lock()
	defer f.removing.Unlock()
	f.late = append(f.late, names...)
	alone, err := lock(f.path, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer alone.Close()
	names, f.late = f.late, nil
	var errs []error
	for _, name := range names {
		if !isName(name) {
			continue
		}
		_, path := f.place(name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Names calls yield for each mail in the folder, in no order.
func (f *Folder) Names(yield func(name string) error) error {
	return f.walk(func(path, name string) error {
		if !isName(name) {
			return nil
		}
		return yield(name)
	})
}

// Sweep removes what a crash left behind: half-written files, and mails that
// keep does not want. It returns how many files it removed, none while somebody
// holds them.
func (f *Folder) Sweep(keep func(name string) (bool, error)) (removed int, err error) {
	alone, err := lock(f.path, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer alone.Close()
	err = f.walk(func(path, name string) error {
		switch base, isNew := strings.CutSuffix(name, temporary); {
		case isNew && isName(base):
		case !isName(name):
			return nil // not ours
		default:
			if wanted, err := keep(name); wanted || err != nil {
				return err
			}
		}
		removed++
		return os.Remove(path)
	})
	return removed, err
}

// walk visits the files two levels down, where mails are.
func (f *Folder) walk(visit func(path, name string) error) error {
	folders, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(f.path, folder.Name()))
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := visit(filepath.Join(f.path, folder.Name(), entry.Name()), entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// place spreads the files over 256 folders by the first octet of their names.
func (f *Folder) place(name string) (folder, path string) {
	folder = filepath.Join(f.path, name[:2])
	return folder, filepath.Join(folder, name)
}

// make makes a folder of the second level, once, and durable before anything
// is put in it by whomever.
func (f *Folder) make(folder string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch err := os.Mkdir(folder, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	if err := syncFolder(f.path); err != nil {
		os.Remove(folder) // or the next would take it for durable
		return err
	}
	return nil
}

func isName(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

func write(path string, octets []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(octets); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// syncFolder makes the names in a folder durable: a rename alone is lost by a
// power cut.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
