package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command carries out a command line as the program does.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// Whoever writes a script goes by the exit codes.
func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("gsp.toml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want int
		says string // on standard error
	}{
		{"version", Done, ""},
		{"--help", Done, ""},
		{"help", Done, ""},
		{"party add --help", Done, ""},
		{"config check", Done, ""},
		{"health", Refused, "gsp: not-running: no gateway runs on "},
		{"status", Refused, "gsp: not-running: "},
		{"party list", Refused, "gsp: unreadable-file: there is no data folder "},
		{"party list --config nothing.toml", Refused, "gsp: unreadable-file: there is no configuration file "},
		{"party", Misused, "gsp: a command is missing: add, list, show, "},
		{"party add", Misused, "gsp: this is missing: <party> <name> ...\nTry: gsp party add --help"},
		{"account add ke1", Misused, "gsp: missing flags: --party=PARTY"},
		{"account add ke1 --party", Misused, "gsp: --party needs a value"},
		{"account add ke1 --party ke --role", Misused, "gsp: --role needs a value"},
		{"account role ke1", Misused, "gsp: this is missing: <role> ..."},
		{"party ad ke Kenya", Misused, `gsp: there is no command ad, did you mean "add"?`},
		{"party list ke", Misused, "gsp: unexpected argument ke"},
		{"party withdraw ke", Misused, "if that is meant, add --yes"},
		{"account disable x", Misused, "gsp: this ends the account x: its roles end, its key is published no more; if that is meant, add --yes"},
		{"key revoke ke", Misused, "add --yes"},
		{"nonsense", Misused, "gsp: there is no command nonsense"},
		{"--nonsense", Misused, "gsp: unknown flag --nonsense"},
		{"party list --output xml", Misused, `gsp: --output must be one of "text","json"`},
		{"stats --config file/gsp.toml", Refused, "gsp: unreadable-file: "},
	} {
		code, _, errs := command(t, strings.Fields(c.args)...)
		if code != c.want || !strings.Contains(errs, c.says) {
			t.Errorf("gsp %s: got exit code %d and %q, want %d and %q in it", c.args, code, errs, c.want, c.says)
		}
	}
}

func TestInterruptedHasACodeOfItsOwn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	path := filepath.Join(t.TempDir(), "gsp.toml")
	if code := Run(ctx, []string{"demo", "--once", "--data", path}, Streams{Out: new(bytes.Buffer), Err: &errs}); code != Interrupted {
		t.Errorf("got exit code %d and %q, want %d", code, &errs, Interrupted)
	}
}
