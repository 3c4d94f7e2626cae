package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/files"
	"gsp.example/gsp/internal/store/sqlite"
)

// Backup says what a backup holds.
type Backup struct {
	Taken   time.Time `json:"taken"` // all that was answered before is in it
	Domain  string    `json:"domain"`
	Mails   int       `json:"mails"`
	Octets  int64     `json:"octets"`           // of the database and the mails beside it
	Damaged int       `json:"damaged,omitzero"` // mails whose octets the gateway itself has lost
	Outside []string  `json:"outside,omitzero"` // files that the configuration names, not copied
}

// What is in the folder of a backup.
const (
	backupData     = "data"
	backupConfig   = "gsp.toml"
	backupManifest = "backup.json"
)

// restoring is a file in a data folder to which a backup comes back: what is
// there is a part.
const restoring = "restoring"

// MakeBackup copies all that the gateway keeps into a new folder, mode 0700,
// whether or not it runs, and reads the copy whole. A folder that broke off is
// called to.new, and the next backup to the same place goes on with it.
func MakeBackup(ctx context.Context, c config.Config, configFile, to string) (Backup, error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return Backup{}, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s exists already, and may be another backup", to),
			Remedy: "name a folder that is not there yet, such as one with the day in its name",
		}
	}
	if inside(c.Data, to) {
		return Backup{}, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s is in the data folder, and would be lost with it", to),
			Remedy: "name a folder elsewhere, on another disk",
		}
	}
	unfinished := to + ".new"
	if err := makeOwn(unfinished); err != nil {
		return Backup{}, unwritable(to, err)
	}
	release, err := takeFolder(unfinished)
	if err != nil {
		return Backup{}, err
	}
	defer release()
	if err := os.MkdirAll(filepath.Join(unfinished, backupData), 0o700); err != nil {
		return Backup{}, unwritable(to, err)
	}
	copied, err := sqlite.Backup(ctx, c.Data, filepath.Join(unfinished, backupData))
	if err != nil {
		return Backup{}, unwritable(to, err)
	}
	b := Backup{Taken: copied.Taken, Domain: c.Domain, Mails: copied.Mails, Octets: copied.Octets, Damaged: len(copied.Damaged)}
	for _, name := range []string{c.TLS.Certificate, c.TLS.Key} {
		if name != "" && !inside(c.Data, name) {
			b.Outside = append(b.Outside, name)
		}
	}
	manifest, err := json.MarshalIndent(b, "", "  ")
	err = errors.Join(err,
		copyRest(c.Data, filepath.Join(unfinished, backupData)),
		files.Copy(configFile, filepath.Join(unfinished, backupConfig)),
		os.WriteFile(filepath.Join(unfinished, backupManifest), append(manifest, '\n'), 0o600),
		os.Chmod(unfinished, 0o700))
	if err != nil {
		return Backup{}, unwritable(to, err)
	}
	if err := os.Rename(unfinished, to); err != nil {
		return Backup{}, unwritable(to, err)
	}
	return b, syncFolder(filepath.Dir(to))
}

// Restore puts a backup back as the data folder that the configuration names,
// which must be empty or missing, and reads it whole. One that broke off is gone
// on with.
func Restore(ctx context.Context, c config.Config, from string, log *slog.Logger) (Backup, error) {
	data := filepath.Join(from, backupData)
	text, err := os.ReadFile(filepath.Join(from, backupManifest))
	var b Backup
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		return Backup{}, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("%s is not a whole backup", from),
			Remedy: "name a folder that gsp backup made; one that ends in .new is a part of one",
			Err:    err,
		}
	}
	there := c
	there.Data = data
	if err := checkDomain(there); err != nil {
		return Backup{}, err
	}
	release, err := makeRoom(c.Data)
	if err != nil {
		return Backup{}, err
	}
	defer release()
	if err := putBack(data, c.Data); err != nil {
		return Backup{}, unwritable(c.Data, err)
	}
	store, err := sqlite.Open(ctx, c.Data, sqlite.Options{Log: log})
	if err != nil {
		return Backup{}, err
	}
	found, err := store.Verify(ctx)
	if err := errors.Join(err, store.Close()); err != nil {
		return Backup{}, fmt.Errorf("verify what was put back: %w", err)
	}
	if found.Mails != b.Mails || len(found.Damaged) > b.Damaged {
		return Backup{}, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("the backup had %d mails, %d of them damaged; %d came back, %d damaged", b.Mails, b.Damaged, found.Mails, len(found.Damaged)),
			Remedy: "take an older backup, or another copy of this one",
		}
	}
	return b, errors.Join(os.Remove(filepath.Join(c.Data, restoring)), syncFolder(c.Data))
}

// RestoreConfig puts the configuration of a backup back as a file.
func RestoreConfig(from, to string) error {
	err := os.MkdirAll(filepath.Dir(to), 0o700)
	if err == nil {
		err = files.Copy(filepath.Join(from, backupConfig), to)
	}
	if err != nil {
		return &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("the configuration cannot be put back from %s as %s", from, to),
			Remedy: "name a folder that gsp backup made, and with --config a file that you may write",
			Err:    err,
		}
	}
	return nil
}

// makeRoom makes a data folder with nothing in it but what an earlier try put
// there, and keeps others from putting something there until release is called.
func makeRoom(folder string) (release func() error, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, unwritable(folder, err)
	}
	if release, err = takeFolder(folder); err != nil {
		return nil, err
	}
	there, err := os.ReadDir(folder)
	if _, part := os.Lstat(filepath.Join(folder, restoring)); err == nil && len(there) > 0 && part != nil {
		release()
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("there is a data folder %s already", folder),
			Remedy: "stop the gateway, move the folder away and keep it, and try again",
		}
	}
	if err := os.WriteFile(filepath.Join(folder, restoring), nil, 0o600); err != nil {
		release()
		return nil, unwritable(folder, err)
	}
	return release, nil
}

// makeOwn makes a folder, mode 0700, unless we have made it before. Where others
// may write beside it, one of them could have put a folder or a link there, to
// read the gateway's keys or to have other files written over.
func makeOwn(folder string) error {
	err := os.MkdirAll(filepath.Dir(folder), 0o700)
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	if there, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(there.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s is there, and is no folder of this user alone", folder),
			Remedy: "see who made it and remove it, or name another folder",
		}
	}
	return nil
}

// takeFolder keeps a second backup or restore from the folder of the first, whose
// database it would write over after it was read and found whole.
func takeFolder(folder string) (release func() error, err error) {
	release, err = files.Take(folder)
	if errors.Is(err, files.ErrTaken) {
		return nil, &gsp.Refusal{
			Reason: gsp.DataInUse,
			Cause:  fmt.Sprintf("another gsp backup or gsp restore works on %s", folder),
			Remedy: "wait until it has ended",
		}
	}
	if err != nil {
		return nil, unwritable(folder, err)
	}
	return release, nil
}

// putBack copies the data folder of a backup.
func putBack(from, to string) error {
	if err := copyRest(from, to); err != nil {
		return err
	}
	mails, err := files.Open(filepath.Join(from, "mails"))
	if err != nil {
		return err
	}
	copies, err := files.Open(filepath.Join(to, "mails"))
	if err != nil {
		return err
	}
	err = mails.Names(func(name string) error {
		_, err := mails.CopyTo(copies, name)
		return err
	})
	if err != nil {
		return err
	}
	for _, log := range []string{"-wal", "-shm"} { // of a try that broke off
		if err := os.Remove(filepath.Join(to, "gsp.db"+log)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return files.Copy(filepath.Join(from, "gsp.db"), filepath.Join(to, "gsp.db"))
}

// copyRest copies what is in a data folder beside the store's own: keys,
// certificates. What is being written at that moment has its old form or none.
func copyRest(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(from, path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case name == "mails":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case !entry.Type().IsRegular() || strings.HasPrefix(name, "gsp.db") || name == "lock" || name == restoring || strings.HasSuffix(name, ".new"):
			return nil
		}
		return files.Copy(path, filepath.Join(to, name))
	})
}

// checkWhole refuses a data folder that is a part of a backup.
func checkWhole(folder string) error {
	if _, err := os.Lstat(filepath.Join(folder, restoring)); err != nil {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.UnreadableFile,
		Cause:  fmt.Sprintf("the data folder %s is a part of a backup that is being put back", folder),
		Remedy: "let gsp restore end, or repeat it if it broke off; it goes on where it was",
	}
}

func inside(folder, path string) bool {
	name, err := filepath.Rel(folder, path)
	return err == nil && name != ".." && !strings.HasPrefix(name, "../")
}

// unwritable puts an error of the disk into words.
func unwritable(path string, err error) error {
	cause, remedy := "", ""
	switch {
	case errors.Is(err, syscall.ENOSPC):
		cause, remedy = "there is not enough room for %s", "make room and try again"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		cause, remedy = "%s cannot be written", "name a folder where you may write, and run this as the gateway's user"
	default:
		return err
	}
	return &gsp.Refusal{Reason: gsp.UnwritableFile, Cause: fmt.Sprintf(cause, path), Remedy: remedy, Err: err}
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
