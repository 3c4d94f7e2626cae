package cli

import (
	"bytes"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/seizure"
)

// lay returns what is written to a terminal.
func lay(do func(layout)) []string {
	var b strings.Builder
	do(layout{&b, terminalColumns})
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// On a terminal nothing runs over the edge, and signs of double width keep the
// columns straight.
func TestTableOfCodes(t *testing.T) {
	list := []string{"KE730214477", "ＫＥ７30214478", "KE7302144漢字", strings.Repeat("A1", 64), "KE7302144\u0301\u200b77", "(01)09521141894569(235)51qIgY)<&Jp3*j7'SDB"}
	a := answers{command: resolveCommand{File: "list.csv"}}
	for i, code := range list {
		f := seizure.Finding{Item: seizure.Item{Row: i + 2, Code: gsp.NewUIM(code)}, Outcome: string(pattern.Unknown)}
		if i < 2 {
			f.Outcome, f.Party, f.Level, f.Mask, f.Again = string(pattern.Unique), "ke", gsp.Unit, "KE7########", i == 1
		}
		a.shown = append(a.shown, f)
	}
	want := []string{
		"ROW  CODE                                       OUTCOME  PARTY  LEVEL",
		"2    KE730214477                                unique   KE     unit",
		"3    ＫＥ７30214478                             unique   KE     unit     (again)",
		"4    KE7302144漢字                              unknown  -      -",
		"5    A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1…  unknown  -      -",
		"6    KE7302144\ufffd\ufffd77                              unknown  -      -",
		"7    (01)09521141894569(235)51qIgY)<&Jp3*j7'S…  unknown  -      -",
	}
	got := lay(a.table)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	a.shown = a.shown[:2]
	if got := lay(a.table); got[1] != "2    KE730214477     unique   KE     unit   KE7########" {
		t.Errorf("where there is room: got %q, want the masks", got)
	}
}

func TestText(t *testing.T) {
	text := "  by entry x, " + strings.Repeat("word ", 30) + strings.Repeat("w", 100) + " end"
	for i, line := range lay(func(l layout) { l.text(text, 4) }) {
		if n := len(line); n > terminalColumns && !strings.Contains(line, "www") || i > 0 && !strings.HasPrefix(line, "    ") {
			t.Errorf("line %d: got %q, want it indented and within %d columns", i, line, terminalColumns)
		}
	}
	var b strings.Builder
	layout{w: &b}.text(text, 4)
	if b.String() != text+"\n" {
		t.Errorf("for a program: got %q, want one line", b.String())
	}
}

func TestTableBelow(t *testing.T) {
	title := strings.Repeat("a long title ", 8)
	got := lay(func(l layout) { l.table([][]string{{"ENTRY", "TITLE"}, {"ke-stamp", title}, {"x", ""}}) })
	want := []string{"ENTRY", "ke-stamp", "  a long title", "x"}
	if len(got) != 5 || got[0] != want[0] || got[1] != want[1] || !strings.HasPrefix(got[2], want[2]) || got[4] != want[3] {
		t.Errorf("got %q, want the title below its entry", got)
	}
}

// Sentences are broken on a terminal; tables and what is to be copied are not.
func TestProseIsWrapped(t *testing.T) {
	table := "ADDRESS  " + strings.Repeat("x", 100)
	page := "A sentence that says more than the eighty columns of a terminal have room for, and so is broken.\n\n" + table + "\n"
	got := wrapProse(bytes.NewBufferString(page)).String()
	want := "A sentence that says more than the eighty columns of a terminal have room for,\nand so is broken.\n\n" + table + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
