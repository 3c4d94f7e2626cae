package control_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/store/sqlite"
)

// serve answers verbs on a folder, as a running gateway does.
func serve(t *testing.T, folder string) (log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	who, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(folder)
	if err != nil {
		t.Fatal(err)
	}
	s := &control.Server{
		Office: &admin.Office{Registry: who, Events: store, Rooms: store, Random: rand.Reader, Now: time.Now},
		Log:    slog.New(slog.NewTextHandler(log, nil)),
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return log
}

// The log says who did what to whom, so that an operator can tell, and do it
// again after a backup was put back. What was typed wrongly is not in it.
func TestCommandsInTheLog(t *testing.T) {
	folder := t.TempDir()
	log := serve(t, folder)
	ask := func(err error) { // some are refused
		if _, refused := errors.AsType[*gsp.Refusal](err); err != nil && !refused {
			t.Error(err)
		}
	}
	_, err := control.Do(t.Context(), folder, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	ask(err)
	_, err = control.Do(t.Context(), folder, admin.AccountAdd, admin.NewAccount{Login: "ke1", Party: "ke"})
	ask(err)
	_, err = control.Do(t.Context(), folder, admin.AccountDisable, admin.AccountLogin{Login: "my-password"})
	ask(err)
	_, err = control.Do(t.Context(), folder, admin.KeyImport, admin.NewKey{Address: "ke1", Bytes: []byte("no key")})
	ask(err)
	_, err = control.Do(t.Context(), folder, admin.Ping, admin.None{})
	ask(err)
	by := " by=" + control.Name(os.Getuid())
	want := []string{
		`level=INFO msg=command verb=party-add` + by + ` party=ke`,
		`level=INFO msg=command verb=account-add` + by + ` party=ke account=1`,
		`level=INFO msg="command refused" verb=account-disable` + by + ` reason=unknown-account`,
		`level=INFO msg="command refused" verb=key-import` + by + ` party=ke account=1 reason=broken-key`,
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ") // the time
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestVerbsOnARunningGateway(t *testing.T) {
	// Longer than the path of a Unix socket may be.
	long := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{t.TempDir(), long} {
		serve(t, folder)
		party, err := control.Do(t.Context(), folder, admin.PartyAdd, admin.NewParty{ID: "KE", Name: "Kenya"})
		if err != nil || party.ID != "ke" || party.Registered.IsZero() {
			t.Fatalf("party-add: got %+v, %v, want ke, registered now", party, err)
		}
		_, err = control.Do(t.Context(), folder, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
		refusal, ok := errors.AsType[*gsp.Refusal](err)
		if !ok || refusal.Reason != gsp.PartyExists || refusal.Cause == "" || refusal.Remedy == "" {
			t.Errorf("party-add again: got %v, want the whole refusal %s", err, gsp.PartyExists)
		}
		parties, err := control.Do(t.Context(), folder, admin.PartyList, admin.None{})
		if err != nil || len(parties) != 1 {
			t.Errorf("party-list: got %v, %v, want one Party", parties, err)
		}
		issued, err := control.Do(t.Context(), folder, admin.AccountAdd, admin.NewAccount{Login: "ke1", Party: "ke"})
		if err != nil || len(issued.Password) < 26 {
			t.Fatalf("account-add: got %+v, %v, want an account", issued, err)
		}
		stranger := admin.Verb[admin.None, admin.None]{Name: "open-mail"}
		if _, err := control.Do(t.Context(), folder, stranger, admin.None{}); err == nil {
			t.Error("a verb that does not exist: got no error")
		}
		// A misspelt field must not be passed over: it could be the roles.
		misspelt := admin.Verb[map[string]any, admin.None]{Name: admin.AccountAdd.Name}
		in := map[string]any{"login": "ke2", "party": "ke", "role": []string{"replier"}}
		if _, err := control.Do(t.Context(), folder, misspelt, in); err == nil {
			t.Error("an input with an unknown field: got no error")
		}
		info, err := os.Stat(filepath.Join(folder, "control"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of the socket: got %v, %v, want 0600", info.Mode(), err)
		}
	}
}

func TestNoGateway(t *testing.T) {
	folder := t.TempDir()
	for _, folder := range []string{folder, filepath.Join(folder, "missing"), filepath.Join(folder, strings.Repeat("long/", 30))} {
		_, err := control.Do(t.Context(), folder, admin.PartyList, admin.None{})
		if !errors.Is(err, control.ErrNotRunning) {
			t.Errorf("%s: got %v, want %v", folder, err, control.ErrNotRunning)
		}
	}
	// A killed gateway leaves its socket behind.
	l, err := control.Listen(folder)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := os.Stat(filepath.Join(folder, "control")); err != nil {
		t.Fatalf("the socket is gone, so this test tests nothing: %v", err)
	}
	if _, err := control.Do(t.Context(), folder, admin.PartyList, admin.None{}); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("left-over socket: got %v, want %v", err, control.ErrNotRunning)
	}
	if l, err = control.Listen(folder); err != nil {
		t.Fatalf("listen over a left-over socket: %v", err)
	}
	l.Close()
}
