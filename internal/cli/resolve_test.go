package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gsp.example/gsp/internal/cli"
)

const shipped = "../../configs/library/gsp-library.toml"

// resolve runs gsp resolve on the shipped library.
func resolve(t *testing.T, ctx context.Context, in io.Reader, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(ctx, append([]string{"resolve", "--library", shipped}, args...), cli.Streams{In: in, Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// A list comes from strangers: what a terminal would obey is not printed.
func TestTerminalIsNotCommanded(t *testing.T) {
	const text = "n;UIM\n1;KE7302\x1b]0;owned\x07\n2;KE730214477\u202e\n3;KE730214478\n"
	for _, args := range [][]string{{"--file", "-"}, {"--file", "-", "--explain"}} {
		code, out, _ := resolve(t, t.Context(), strings.NewReader(text), args...)
		if code != cli.Done || !strings.Contains(out, "KE730214478") {
			t.Fatalf("%v: got %d, %q", args, code, out)
		}
		for _, c := range []string{"\x1b", "\x07", "\u202e"} {
			if strings.Contains(out, c) {
				t.Errorf("%v: got %q in the output, want it replaced", args, c)
			}
		}
	}
}

// A long list fills no terminal, and what is not shown is counted.
func TestLongList(t *testing.T) {
	var list strings.Builder
	for i := range 150 {
		fmt.Fprintf(&list, "KE7%08d\n", i)
	}
	code, out, errs := resolve(t, t.Context(), strings.NewReader(list.String()), "--file", "-")
	if code != cli.Done {
		t.Fatalf("got %d, %s", code, errs)
	}
	if n := strings.Count(out, "KE700000"); n != 100 || !strings.Contains(out, "... and 50 more") {
		t.Errorf("got %d codes in %s, want 100 and 50 more counted", n, out)
	}
}

// An interrupted run ends although its input does not, and leaves no file.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	folder := t.TempDir()
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		io.WriteString(w, "KE730214477\n"+strings.Repeat("KE730214478\n", 40_000)) // more than is looked at before reading
		cancel()
	}()
	code, out, _ := resolve(t, ctx, r, "--file", "-", "--write", filepath.Join(folder, "found.csv"))
	left, err := os.ReadDir(folder)
	if code == cli.Done || err != nil || len(left) > 0 {
		t.Errorf("got exit code %d, output %q and %v, want a failure and nothing left behind", code, out, left)
	}
}

// Thousands of codes that nothing fits are all told, though not all are
// looked at closer, and all come in the order of the list.
func TestManyUnknown(t *testing.T) {
	const n = 9000
	var list strings.Builder
	for i := range n {
		fmt.Fprintf(&list, "KE7%07dX\n", i)
	}
	code, out, errs := resolve(t, t.Context(), strings.NewReader(list.String()), "--file", "-", "-o", "json")
	var result struct {
		Found []struct {
			Row           int
			Code, Outcome string
		}
		Summary struct {
			Codes    int
			Outcomes map[string]int
		}
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != cli.Done {
		t.Fatalf("got %d, %v, %q", code, err, errs)
	}
	for i, f := range result.Found {
		if want := fmt.Sprintf("KE7%07dX", i); f.Code != want || f.Row != i+1 {
			t.Fatalf("code %d: got %s of row %d, want %s of row %d", i, f.Code, f.Row, want, i+1)
		}
	}
	if o := result.Summary.Outcomes; result.Summary.Codes != n || o["near-miss"] != 1000 || o["unknown"] != n-1000 {
		t.Errorf("got %d codes, %v, want %d, of these 1000 near-miss", result.Summary.Codes, o, n)
	}
}

// BenchmarkResolveFile resolves a list of a million codes with a library of
// 5,000 patterns, from file to file.
func BenchmarkResolveFile(b *testing.B) {
	folder := b.TempDir()
	library, list := filepath.Join(folder, "library.toml"), filepath.Join(folder, "list.csv")
	const codes = 1_000_000
	invent(b, library, list, codes)
	for _, ending := range []string{".csv", ".json", ".xlsx"} {
		b.Run("write="+ending[1:], func(b *testing.B) {
			for b.Loop() {
				args := []string{"resolve", "--library", library, "--file", list, "--write", filepath.Join(folder, "found"+ending)}
				if code := cli.Run(b.Context(), args, cli.Streams{Out: io.Discard, Err: os.Stderr}); code != cli.Done {
					b.Fatalf("got exit code %d", code)
				}
			}
			b.ReportMetric(codes*float64(b.N)/b.Elapsed().Seconds(), "codes/s")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-most")
		})
	}
}

// invent writes a library of 5,000 patterns in three styles, and a list of
// codes of forty of them, one in fifty unknown.
func invent(b *testing.B, library, list string, codes int) {
	b.Helper()
	random := rand.New(rand.NewPCG(3, 5))
	text := func(alphabet string, n int) string {
		s := make([]byte, n)
		for i := range s {
			s[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(s)
	}
	const digits, capitals = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const alnum = digits + capitals + "abcdefghijklmnopqrstuvwxyz"
	var entries, rows strings.Builder
	entries.WriteString("name = \"invented\"\n")
	var makers []func() string
	for i := range 5000 {
		start := fmt.Sprintf("%s%04d", text(capitals, 2), i)
		n, m := 8+random.IntN(5), 4+random.IntN(6)
		pattern, code := fmt.Sprintf("serial:N%d", n), func() string { return start + text(digits, n) }
		switch i % 3 {
		case 1:
			pattern, code = fmt.Sprintf("serial:L%d product:U%d [made:YYMMDDhh]", n, m), func() string {
				return start + text(alnum, n) + text(capitals, m) + []string{"", "26051214"}[random.IntN(2)]
			}
		case 2:
			start = "010" + start[2:] + text(digits, 2)
			pattern, code = `gtin:N7 "21" serial:L..20`, func() string { return start + text(digits, 7) + "21" + text(alnum, 5+random.IntN(16)) }
		}
		fmt.Fprintf(&entries, "[[entry]]\nid = \"e%d\"\nparty = %q\ntitle = \"a code\"\nevidence = \"synthetic\"\nsource = \"invented\"\npattern = '\"%s\" %s'\nsamples = [%q]\n",
			i, strings.ToLower(text(capitals, 2)), start, pattern, code())
		makers = append(makers, code)
	}
	rows.WriteString("Nr;Found;UIM;Product\r\n")
	for i := range codes {
		code := makers[random.IntN(40)]()
		if i%50 == 0 {
			code = text(alnum, 20)
		}
		fmt.Fprintf(&rows, "%d;2026-11-20;%s;cigarettes\r\n", i+1, code)
	}
	for name, content := range map[string]string{library: entries.String(), list: rows.String()} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
