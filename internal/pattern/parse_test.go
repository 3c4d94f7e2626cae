package pattern_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// entryText is a sound entry; tests put other lines in place of its own.
const entryText = `name = "test"
issued = 2026-01-02

[[entry]]
id = "ke-test"
party = "ke"
title = "a stamp"
evidence = "synthetic"
from = 2022-02-01
pattern = '"KE7" serial:N8'
samples = [
  "KE700000001",
  "KE700000002",
]
counter = ["KE8"]
`

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, old, new string
		line           int
		want           string
	}{
		{"positive sample", `"KE700000002"`, `"KE70000000"`, 13, "sample 2 does not match the pattern: one character is missing at the end, from the part \"serial\" on"},
		{"sample with a letter", `"KE700000002"`, `"KE700000A02"`, 13, `character 9, in the part "serial", does not fit`},
		{"sample too long", `"KE700000002"`, `"KE70000000222"`, 13, "it has 2 characters too many at the end"},
		{"sample with a bad check", `serial:N8`, `serial:N8,luhn`, 12, `characters 4 to 11, ending in the part "serial", fail the check luhn`},
		{"sample that no choice completes", `'"KE7" serial:N8'
samples = [
  "KE700000001"`, `'"KE7" serial:N10,csum check:N1,luhn(serial)'
samples = [
  "KE7000000000#5"`, 12, "no choice of its hidden characters passes all checks"},
		{"version of a part", `name = "test"`, "version = 7.5\nname = \"test\"", 1, `"version" cannot be a float; want a whole number`},
		{"version in quotes", `name = "test"`, "version = '7'\nname = \"test\"", 1, `"version" cannot be a string; want a whole number`},
		{"version out of all measure", `name = "test"`, "version = 9007199254740992\nname = \"test\"", 1, "a version is a number from 1 to 9007199254740991"},
		{"moment", "from = 2022-02-01", "from = 2022-02-01T00:00:00Z", 9, `"entry.from" cannot be a datetime; want a day`},
		{"sample by itself", `counter = ["KE8"]`, `counter = "KE8"`, 15, `"entry.counter" cannot be a string; want a list of texts`},
		{"negative sample", `["KE8"]`, `["KE8", "KE712345678"]`, 15, "counter-sample 2 matches"},
		{"validity", "from = 2022-02-01", "from = 2022-02-01\nuntil = 2021-01-01", 10, "ends before it begins"},
		{"double id", `counter = ["KE8"]`, "counter = []\n[[entry]]\nid = \"ke-test\"\nparty=\"ke\"\ntitle=\"x\"\nevidence=\"synthetic\"\npattern='\"KE7\" serial:N8'\nsamples=['KE700000001']", 17, "line 4 has an entry of this id"},
		{"bad id", `"ke-test"`, `"KE test"`, 5, "needs an id"},
		{"unknown key", "title =", "titel =", 7, `"titel" is no key of an entry`},
		{"unknown key of the whole", "issued =", "edition =", 2, `"edition" is no key of a library`},
		{"another spelling of a key", "title =", "Title =", 7, `"Title" is no key of an entry`},
		{"unknown table", "from = 2022-02-01", "[entry.dates]\nfrom = 2022-02-01", 9, `"entry.dates" is no key of a library`},
		{"table within hints", `counter = ["KE8"]`, "[entry.hints.serial]\na = ['1']", 15, `"entry.hints.serial" is no key of a library`},
		{"hint of a table", `counter = ["KE8"]`, "[entry.hints]\ngtin = ['1']", 15, `no element named "gtin"`},
		{"sample of another host", `counter = ["KE8"]`, "hosts = ['stamp.example']", 12, "sample 1 is no link to one of the hosts"},
		{"title that commands a terminal", `"a stamp"`, `"a stamp \u001b[2J"`, 7, "title has a character that cannot be shown, U+001B"},
		{"title of two lines", `"a stamp"`, `"a stamp\nof x"`, 7, "cannot be shown, U+000A"},
		{"note that turns a line", `title = "a stamp"`, "title = \"a stamp\"\nnote = \"\"\"two\nlines\u202e\"\"\"", 8, "note has a character that cannot be shown, U+202E"},
		{"sample with a control character", `"KE700000002"`, `"KE700000002\u200b"`, 13, "samples has a character that cannot be shown, U+200B"},
		{"name that commands a terminal", `"test"`, `"\u009b2J"`, 1, "the name or the note of the library has a character that cannot be shown, U+009B"},
		{"one bracket", "[[entry]]", "[entry]", 4, "an entry begins with a line of its own, [[entry]] in two brackets"},
		{"entries in a row", "[[entry]]", "entry = []\n[[entry]]", 4, "an entry begins with a line of its own"},
		{"broken TOML", `title = "a stamp"`, `title = "a stamp`, 7, ""},
		{"bad date", "from = 2022-02-01", "from = 2022-02-31", 9, ""},
		{"no Party", `party = "ke"`, "", 4, "needs the Party"},
		{"bad Party", `party = "ke"`, `party = "k3"`, 6, "two to eight letters"},
		{"Party of a non-Party", `party = "ke"`, "party = \"ke\"\nclass = \"non-party\"", 6, "are sent to no Party"},
		{"class", `party = "ke"`, "party = \"ke\"\nclass = \"x\"", 7, "want one of"},
		{"evidence", `"synthetic"`, `"sure"`, 8, "want one of"},
		{"level", `party = "ke"`, "level = \"box\"\nparty = \"ke\"", 6, "want one of"},
		{"small mask", `serial:N8`, `serial:N5 [serial:N3]`, 10, "would fit about 100000 codes"},
		{"checks leave few codes", `serial:N8`, `serial:N6 check:N1,mod9710(serial)`, 10, "million"},
		{"little evidence", `'"KE7" serial:N8'`, `'serial:X30'`, 10, "needs weak = true"},
		{"pattern", `serial:N8`, `serial:Q8`, 10, `character 14: 'Q' is no alphabet`},
		{"hint", "from = 2022-02-01", "from = 2022-02-01\nhints = { gtin = [\"1\"] }", 10, `no element named "gtin"`},
	}
	for _, tt := range tests {
		text := strings.Replace(entryText, tt.old, tt.new, 1)
		_, err := pattern.Parse("lib.toml", []byte(text))
		var e *pattern.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got error %v, want a *pattern.Error", tt.name, err)
			continue
		}
		if e.Line > 4 && e.Entry == "" {
			t.Errorf("%s: got %q, want it to name the entry", tt.name, e)
		}
		if e.File != "lib.toml" || e.Line != tt.line || !strings.Contains(e.Msg, tt.want) {
			t.Errorf("%s: got %q, want line %d and %q", tt.name, e, tt.line, tt.want)
		}
	}
	if _, err := pattern.Parse("lib.toml", []byte(entryText)); err != nil {
		t.Errorf("the sound library: %v", err)
	}
}

// What is wrong is told without repeating megabytes of it.
func TestParseErrorsAreShort(t *testing.T) {
	long := strings.Repeat("q", 1<<20)
	for _, tt := range []struct{ old, new, want string }{
		{`"ke-test"`, `"` + long + `"`, "an entry needs an id"},
		{`"ke"`, `"` + long + `"`, "want two to eight letters"},
		{`party = "ke"`, `class = "` + long + `"`, "want one of"},
		{`party = "ke"`, "party = \"ke\"\nlevel = '" + long + "'", "want one of"},
		{`"synthetic"`, `"` + long + `"`, "want one of"},
		{`party = "ke"`, "party = \"ke\"\n" + long + " = 1", "is no key of an entry"},
		{`party = "ke"`, "party = \"ke\"\nhints = { " + long + " = ['1'] }", "has no element named"},
		{`party = "ke"`, "party = \"ke\"\nhosts = ['/" + long + "']", "want a name such as stamp.example"},
		{`serial:N8`, long + `:N8`, "a pattern has at most"},
		{`"KE8"`, `"KE8", ` + long, ""},
	} {
		_, err := pattern.Parse("lib.toml", []byte(strings.Replace(entryText, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got error %.200v, want %q", err, tt.want)
			continue
		}
		for line := range strings.Lines(err.Error()) {
			if len(line) > 600 {
				t.Errorf("%s: got a line of %d octets, want it short", tt.want, len(line))
			}
		}
	}
}

// TestParseReportsAll checks that one reading finds all that is wrong, in the
// order of the text.
func TestParseReportsAll(t *testing.T) {
	text := strings.NewReplacer(`"a stamp"`, `""`, `"KE700000001"`, `"x"`, `"synthetic"`, `"no"`).Replace(entryText)
	_, err := pattern.Parse("lib.toml", []byte(text))
	got := strings.Split(fmt.Sprint(err), "\n")
	want := []string{"lib.toml:7: entry ke-test: an entry needs a title", "lib.toml:8: entry ke-test: evidence", "lib.toml:12: entry ke-test: sample 1"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %d lines", got, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

// TestEmpty checks that a new gateway's library answers.
func TestEmpty(t *testing.T) {
	l := pattern.Empty()
	if got := len(l.Entries()) + len(l.Parties()); got != 0 {
		t.Errorf("got %d entries and Parties, want none", got)
	}
}

// FuzzParse checks that no text makes the reader fail, and that a library it
// accepts recognises its own samples.
func FuzzParse(f *testing.F) {
	f.Add([]byte(entryText))
	f.Add([]byte(generations))
	f.Add([]byte("name='x'\nentry=[{id='a',title='b',class='non-party',evidence='synthetic',pattern='N8',samples=['12345678']}]"))
	f.Add([]byte("[[entry]]\n[[entry.hints]]\n[entry]\n"))
	f.Add([]byte("[[entry]]\n[entry.hints]\na=['b']\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := pattern.Parse("fuzz.toml", text)
		if err != nil {
			var e *pattern.Error
			if !errors.As(err, &e) || e.Line < 1 {
				t.Errorf("got error %v, want a line", err)
			}
			return
		}
		for _, e := range l.Entries() {
			for _, s := range e.Samples {
				if !e.Fits(gsp.NewUIM(s)) {
					t.Errorf("entry %s: a sample does not fit", e.ID)
				}
			}
		}
	})
}
