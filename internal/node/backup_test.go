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
	store, err := sqlite.Open(t.Context(), c.Data, sqlite.Options{})
	if err == nil {
		err = store.Close()
	}
	file, to := filepath.Join(folder, "gsp.toml"), filepath.Join(folder, "monday")
	if err := errors.Join(err, os.WriteFile(file, nil, 0o600), os.Mkdir(to+".new", 0o700)); err != nil {
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
