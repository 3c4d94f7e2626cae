package stories_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/cli"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
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
	start, rest := blocks[2], blocks[3]+blocks[4]
	if want := "go build .\nmkdir site && cd site\n../gsp serve &\n"; start != want {
		t.Fatalf("start of the README's walk: got %q, want %q", start, want)
	}
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gpg is missing")
		}
		t.Skip("gpg is missing: install GnuPG to run the README's walk")
	}
	program, err := exec.LookPath("gsp")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{folder: t.TempDir()}
	site := filepath.Join(w.folder, "site")
	configs, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"gsp": program, "configs": configs} {
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
	bash := exec.CommandContext(ctx, "bash", "-e", "-o", "pipefail", "-c", rest+sealing+"gpgconf --kill all\n")
	bash.Dir = site
	bash.Env = append(os.Environ(), "GNUPGHOME="+home)
	out, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("the README's walk: %v; it said:\n%s", err, out)
	}
	for _, want := range []string{"is in force", "password:", "\nke@gsp.example ", "\neu@gsp.example ", "\ncustoms1.ke@gsp.example ", "para 24", "holds all as of"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the README's walk: got\n%s\nwant it to say %q", out, want)
		}
	}
	w.writeAsOfficer(ctx, t, string(out))
	if _, err := w.terminate(ctx, nil); err != nil {
		t.Error(err)
	}
}

// sealing makes, after the README's commands and with the keys they made, what
// an officer's mail client would.
const sealing = `
echo 'When were these made?' | gpg --batch --armor --trust-model always --sign --encrypt \
  --local-user '<customs1.ke@gsp.example>' --recipient '<eu@gsp.example>' --recipient '<customs1.ke@gsp.example>' > sealed.asc
`

// writeAsOfficer sends the sealed mail as the README's section "Connect as an
// officer" says: to a Party, with the README's mask in the subject. It takes
// the password from what the commands said.
func (w *world) writeAsOfficer(ctx context.Context, t *testing.T, said string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`\[uim (\S+) n=12\]`).FindStringSubmatch(string(readme))
	if tag == nil || !strings.Contains(said, "[uim "+tag[1]+"]") {
		t.Fatalf("the README's tag: got %q, want the mask that gsp resolve shows in\n%s", tag, said)
	}
	password := regexp.MustCompile(`password:\s+(\S+)`).FindStringSubmatch(said)
	submission := regexp.MustCompile(`submission .*?(\S+)\n`).FindStringSubmatch(w.program.output.String())
	pem, err := os.ReadFile(filepath.Join(w.folder, "site/data/tls/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	sealed, err := os.ReadFile(filepath.Join(w.folder, "site/sealed.asc"))
	if err != nil {
		t.Fatal(err)
	}
	mail := fmt.Sprintf("From: customs1.ke@gsp.example\nTo: eu@gsp.example\nSubject: %s\nDate: %s\nMessage-ID: <1@laptop.example>\n"+
		"MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n"+
		"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n%s\n--b--\n",
		tag[0], time.Now().Format(time.RFC1123Z), sealed)
	at := client.Login{
		Server: submission[1], User: "customs1.ke", Password: password[1],
		TLS: &tls.Config{RootCAs: roots, ServerName: domain},
	}
	raw := []byte(strings.ReplaceAll(mail, "\n", "\r\n"))
	got, err := client.Submit(ctx, at, address("customs1.ke"), []gsp.Address{address("eu")}, raw)
	if err != nil || !strings.Contains(got, "stored, case") {
		t.Errorf("a mail after the README's walk: got %q, %v, want it stored in a case", got, err)
	}
}
