package node_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/registry"
)

// The key of keys@ is made once, in a file that nobody else can read. One that
// was lost is replaced; one that cannot be read stops the start.
func TestTheKeyOfKeys(t *testing.T) {
	c := configOf(t)
	path := filepath.Join(c.Data, "keys.asc")
	first := publishedKey(t, c)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: got %v, %v, want mode 0600", info, err)
	}
	if again := publishedKey(t, c); again != first {
		t.Errorf("after a restart: got %s, want %s", again, first)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second := publishedKey(t, c)
	if second == first {
		t.Errorf("after the file was lost: got %s again", second)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.UnreadableFile {
		t.Errorf("a file that is no key: got %v, want %s", err, gsp.UnreadableFile)
	}
}

// publishedKey opens a gateway and returns what it publishes for keys@.
func publishedKey(t *testing.T, c config.Config) string {
	t.Helper()
	core, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	keys, err := admin.KeyList.Do(t.Context(), core.Office, "test", admin.None{})
	keys = slices.DeleteFunc(keys, func(k admin.KeyRow) bool { return k.State == registry.ReplacedKey })
	if err != nil || len(keys) != 1 || keys[0].Address != "keys@gsp.example" {
		t.Fatalf("published: got %+v, %v, want one key", keys, err)
	}
	history, err := admin.KeyHistory.Do(t.Context(), core.Office, "test", admin.KeyOf{Address: "keys"})
	if err != nil || len(history) == 0 || history[len(history)-1].By != "gateway" {
		t.Errorf("history: got %+v, %v, want what the gateway did", history, err)
	}
	return keys[0].Fingerprint
}
