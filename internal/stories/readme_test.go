package stories_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gsp.example/gsp/internal/cli"
)

// commandBlocks returns the commands that the README shows, a block each.
func commandBlocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

// TestReadmeDemo runs the first command of the README.
func TestReadmeDemo(t *testing.T) {
	if got, want := commandBlocks(t)[0], "go run . demo\n"; got != want {
		t.Fatalf("first command of the README: got %q, want %q", got, want)
	}
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), []string{"demo", "--once"}, cli.Streams{Out: &out, Err: &errs})
	if code != cli.Done {
		t.Fatalf("gsp demo --once: got exit code %d, want %d; it said:\n%s%s", code, cli.Done, &out, &errs)
	}
	for _, want := range []string{"recognise", "wake", "reply", "not-sealed", "statistics"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("gsp demo --once: got\n%s\nwant it to tell of %q", &out, want)
		}
	}
}

// TestReadmeRun does what the README's section "Run it" says, on free ports.
func TestReadmeRun(t *testing.T) {
	blocks := commandBlocks(t)
	start, rest := blocks[2], blocks[3]
	if want := "go build .\nmkdir site && cd site\n../gsp serve &\n"; start != want {
		t.Fatalf("start of the README's walk: got %q, want %q", start, want)
	}
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gpg is missing")
		}
		t.Skip("gpg is missing: install GnuPG to run the README's walk")
	}
	gsp, err := exec.LookPath("gsp")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{folder: t.TempDir()}
	site := filepath.Join(w.folder, "site")
	configs, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"gsp": gsp, "configs": configs} {
		if err := os.Symlink(target, filepath.Join(w.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(site, 0o700); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../configs/gsp.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.folder, "example.toml"), example, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := w.freeports(ctx, []string{"example.toml", "site/gsp.toml"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.serve(ctx, nil); err != nil {
		t.Fatal(err)
	}
	defer w.kill()

	home, err := os.MkdirTemp("", "gpg") // a short path: the agent's socket stands in it
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	bash := exec.CommandContext(ctx, "bash", "-e", "-o", "pipefail", "-c", rest+"\ngpgconf --kill all\n")
	bash.Dir = site
	bash.Env = append(os.Environ(), "GNUPGHOME="+home)
	out, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("the README's walk: %v; it said:\n%s", err, out)
	}
	for _, want := range []string{"is in force", "password:", "ke@gsp.example", "para 24"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the README's walk: got\n%s\nwant it to say %q", out, want)
		}
	}
	if _, err := w.terminate(ctx, nil); err != nil {
		t.Error(err)
	}
}
