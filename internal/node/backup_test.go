package node_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/store/files"
	"gsp.example/gsp/internal/store/sqlite"
)

// A timer and a person begin at the same moment. The second would write over the
// database that the first has read and found whole; with a restore it could be
// one that takes mail already.
func TestNoTwoBackupsWorkOnOneFolder(t *testing.T) {
	folder := t.TempDir()
	c := config.Default()
	c.Domain, c.Data = "gsp.example", filepath.Join(folder, "data")
	makeData(t, c)
	file, to := filepath.Join(folder, "gsp.toml"), filepath.Join(folder, "monday")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Mkdir(to+".new", 0o700)); err != nil {
		t.Fatal(err)
	}
	there := c
	there.Data = filepath.Join(folder, "there")
	if err := os.Mkdir(there.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		folder string
		do     func() error
	}{
		"backup": {to + ".new", func() error {
			_, err := node.MakeBackup(t.Context(), c, file, to)
			return err
		}},
		"restore": {there.Data, func() error {
			from := filepath.Join(folder, "tuesday")
			if _, err := node.MakeBackup(t.Context(), c, file, from); err != nil {
				return err
			}
			_, err := node.Restore(t.Context(), there, from, slog.New(slog.DiscardHandler))
			return err
		}},
	} {
		release, err := files.Take(test.folder)
		if err != nil {
			t.Fatal(err)
		}
		err = test.do()
		if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.DataInUse {
			t.Errorf("%s beside another one: got %v, want %s", name, err, gsp.DataInUse)
		}
		if entries, err := os.ReadDir(test.folder); err != nil || name == "restore" && len(entries) > 0 {
			t.Errorf("%s: the folder of the other one has %v, %v", name, entries, err)
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := node.MakeBackup(t.Context(), c, file, to); err != nil {
		t.Errorf("after the other one ended: %v", err)
	}
}

// makeData makes a data folder for a configuration.
func makeData(t *testing.T, c config.Config) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), c.Data, sqlite.Options{})
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Backups in a folder where others may write, under a name that they can guess.
func TestABackupFollowsNobodysLink(t *testing.T) {
	folder := t.TempDir()
	c := config.Default()
	c.Domain, c.Data = "gsp.example", filepath.Join(folder, "data")
	makeData(t, c)
	theirs, to := filepath.Join(folder, "theirs"), filepath.Join(folder, "monday")
	open := filepath.Join(folder, "tuesday")
	err := errors.Join(os.Mkdir(theirs, 0o700), os.Symlink(theirs, to+".new"), os.Mkdir(open+".new", 0o700), os.Chmod(open+".new", 0o777))
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{theirs: to, open + ".new": open} {
		_, err := node.MakeBackup(t.Context(), c, filepath.Join(folder, "gsp.toml"), to)
		if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.UnwritableFile {
			t.Errorf("backup to %s: got %v, want %s", to, err, gsp.UnwritableFile)
		}
		if entries, err := os.ReadDir(name); err != nil || len(entries) > 0 {
			t.Errorf("%s has %v, %v, want nothing", name, entries, err)
		}
	}
}
