package cli

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command has a help that fits a terminal, and an example.
func TestHelp(t *testing.T) {
	var c commands
	parser, err := kong.New(&c, kong.Name("gsp"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLUMNS", "80")
	for _, node := range append(parser.Model.Leaves(false), parser.Model.Children...) {
		args := append(strings.Fields(strings.TrimPrefix(node.FullPath(), "gsp ")), "--help")
		code, out, errs := command(t, args...)
		if code != Done || errs != "" {
			t.Errorf("gsp %s: got exit code %d and %q, want none", strings.Join(args, " "), code, errs)
		}
		if node.Leaf() && !strings.Contains(out, "\nExample:\n") {
			t.Errorf("gsp %s: got no example", strings.Join(args, " "))
		}
		for line := range strings.Lines(out) {
			if len([]rune(line)) > 81 {
				t.Errorf("gsp %s: this is wider than a terminal: %s", strings.Join(args, " "), line)
			}
		}
	}
	if _, out, _ := command(t, "--help"); strings.Count(out, "\n") > 40 {
		t.Errorf("gsp --help: got %d lines, want what fits a screen", strings.Count(out, "\n"))
	}
}
