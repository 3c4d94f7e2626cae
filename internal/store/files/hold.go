package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Hold keeps the mails at path from being removed, by this process or another,
// until release is called or this process ends. Mails come in meanwhile. Those
// that were to be removed go with the first removal afterwards, or with Sweep.
func Hold(path string) (release func() error, err error) {
	f, err := lock(path, syscall.LOCK_SH)
	if err != nil {
		return nil, fmt.Errorf("hold the mails: %w", err)
	}
	return f.Close, nil
}

// ErrTaken is the error of Take where another has the folder.
var ErrTaken = errors.New("somebody else works on this folder")

// Take has a folder that is there for whoever takes it, until release is called or
// this process ends. The error is ErrTaken also where the folder was moved away
// meanwhile.
func Take(path string) (release func() error, err error) {
	f, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrTaken
	}
	if err != nil {
		return nil, err
	}
	ours, err := f.Stat()
	if err == nil {
		var there fs.FileInfo
		if there, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(ours, there) {
			err = ErrTaken
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f.Close, nil
}

// lock locks a folder until the file that it returns is closed.
func lock(path string, how int) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, syscall.EINTR):
			f.Close()
			return nil, err
		}
	}
}

// CopyTo puts a mail into another folder, which may have it already from a
// copy that broke off. The copy is synced when CopyTo returns.
func (f *Folder) CopyTo(to *Folder, name string) (octets int64, err error) {
	if !isName(name) {
		return 0, fmt.Errorf("mail file %q: %w", name, fs.ErrNotExist)
	}
	_, path := f.place(name)
	folder, copied := to.place(name)
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if old, err := os.Stat(copied); err == nil && old.Size() == info.Size() {
		return info.Size(), nil
	}
	if err := to.make(folder); err != nil {
		return 0, err
	}
	if err := Copy(path, copied); err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Copy copies a file, for its owner alone. The copy is there whole, and synced,
// or not at all; one that was there is replaced.
func Copy(path, to string) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	unfinished := to + temporary
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(unfinished)
		}
	}()
	_, err = io.Copy(f, from)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(unfinished, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}
