package config_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
)

var update = flag.Bool("update", false, "write configs/gsp.toml")

// example is what `gsp config describe` prints for the defaults.
const example = "../../configs/gsp.toml"

func describe(t *testing.T, c config.Config) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := config.Describe(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExampleIsCurrent(t *testing.T) {
	got := describe(t, config.Default())
	if *update {
		if err := os.WriteFile(example, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what Describe prints; run go test -update ./internal/config\ngot:\n%s", example, got)
	}
}

func TestDescribedIsReadBack(t *testing.T) {
	c := config.Default()
	c.Domain = "gsp.int"
	c.Data = `a "b" \ c` + "\t\x7f\u00e9"
	c.UIMDisclosure = config.Refuse
	c.Help = "https://help.gsp.int/en/"
	c.SMTP.Listen, c.SMTP.STARTTLSListen = ":465", ":587"
	c.Deadlines.Command, c.Deadlines.Mail = config.Duration(90*time.Second), config.Duration(90*time.Minute)
	c.Public = config.Public{SMTP: "mail.gsp.int:465", STARTTLS: "mail.gsp.int", IMAP: "imap.gsp.int", HTTPS: "gsp.int:443"}
	c.TLS = config.TLS{Certificate: "chain.pem", Key: "key.pem"}
	c.Aliases = []string{"old.gsp.int", "gsp.example"}
	c.Limits.MaxMessage, c.Limits.MaxRecipients, c.Limits.MailsPerHour = 64<<10+1, 1, 0
	c.Store.InlineLimit = 0
	c.Log = config.Log{Level: -4, Format: config.JSON}
	for _, want := range []config.Config{config.Default(), c} {
		text := describe(t, want)
		got, err := config.Parse("gsp.toml", text)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v, from:\n%s", got, want, text)
		}
	}
}

// A value that was changed stands under the default that it replaced.
func TestDescribeNamesTheDefault(t *testing.T) {
	c := config.Default()
	c.Limits.MaxRecipients = 7
	want := "# Default: 100\nmax_recipients = 7\n"
	if got := string(describe(t, c)); !strings.Contains(got, want) || strings.Count(got, "# Default:") != 1 {
		t.Errorf("got:\n%s\nwant in it, once: %q", got, want)
	}
}

// No key is without its lines in the manual, and none without its TOML name.
func TestEveryKeyIsDocumented(t *testing.T) {
	lines := strings.Split(string(describe(t, config.Default())), "\n")
	for i, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if i == 0 || !strings.HasPrefix(lines[i-1], "# ") {
			t.Errorf("%q has no comment", line)
		}
	}
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for f := range s.Fields() {
			if f.Tag.Get("toml") == "" {
				t.Errorf("%s.%s has no TOML name", s.Name(), f.Name)
			}
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[config.Config]())
}

// Each bad file names file, line, column and key, and what is near. "..." is
// where the words are the TOML library's.
func TestBadFiles(t *testing.T) {
	tests := []struct{ name, text, cause string }{
		{"unknown key", "domain = \"a.b\"\ndomian = \"gsp.int\"", "gsp.toml:2:1: unknown key domian, perhaps domain"},
		{"unknown key in a section", "[smtp]\n  lissten = \":465\"", "gsp.toml:2:3: unknown key smtp.lissten, perhaps smtp.listen"},
		{"unknown section", "[stmp]\nlisten = \":465\"", "gsp.toml:1:2: unknown key stmp, perhaps smtp"},
		{"key in the wrong section", "[smtp]\nmax_message = \"1MiB\"", "gsp.toml:2:1: unknown key smtp.max_message, perhaps limits.max_message"},
		{"nothing near", "colour = 1", "gsp.toml:1:1: unknown key colour"},
		{"not TOML", "domain = \n", "gsp.toml:1:..."},
		{"twice", "data = \"a\"\ndata = \"b\"", "gsp.toml:2:1: ..."},
		{"number for a text", "domain = 7", "gsp.toml:1:10: key domain: want a text in quotes, found integer"},
		{"text for a number", "[limits]\nmax_recipients = \"many\"", "gsp.toml:2:18: key limits.max_recipients: want a whole number, found string"},
		{"list for a section", "smtp = [1]", "gsp.toml:1:8: key smtp: want a section, found array"},
		{"decimal size", "[limits]\nmax_message = \"25MB\"", "gsp.toml:2:15: key limits.max_message: want a size..."},
		{"size beyond 63 bits", "[limits]\nmax_message = \"9223372036854775807KiB\"", "gsp.toml:2:15: key limits.max_message: want a size..."},
		{"negative size", "[store]\ninline_limit = -1", "gsp.toml:2:1: key store.inline_limit: -1 is not between 0 and 16MiB"},
		{"size out of range", "[limits]\nmax_recipients = 1\nmax_message = \"1GiB\"",
			"gsp.toml:3:1: key limits.max_message: 1GiB is not between 64KiB and 64MiB"},
		{"dotted key out of range", "limits.max_recipients = 0", "gsp.toml:1:1: key limits.max_recipients: 0 is not between 1 and 1000"},
		{"no room", "[limits]\nmax_message = \"64MiB\"\nin_flight = \"100MiB\"",
			"gsp.toml:3:1: key limits.in_flight: 100MiB is not between 128MiB and 64GiB"},
		{"an hour below a mail", "[limits]\nrecipients_per_hour = 99", "gsp.toml:2:1: key limits.recipients_per_hour: 99 is not between 100 and 10000000"},
		{"time without unit", "[deadlines]\nlogin = 60", "gsp.toml:2:1: key deadlines.login: 60ns is not between 5s and 10m"},
		{"time in words", "[deadlines]\nlogin = \"a minute\"", `gsp.toml:2:9: key deadlines.login: want a time such as "30s" or "5m"`},
		{"time out of range", "[deadlines]\nmail = \"7h\"", "gsp.toml:2:1: key deadlines.mail: 7h is not between 1m and 6h"},
		{"two doors of submission", "[smtp]\nstarttls_listen = \"127.0.0.1:8465\"",
			`gsp.toml:2:1: key smtp.starttls_listen: another door listens on "127.0.0.1:8465" already`},
		{"no level", "[log]\nlevel = \"loud\"", "gsp.toml:2:9: key log.level: want \"debug\", \"info\", \"warn\" or \"error\""},
		{"no format", "[log]\nformat = \"xml\"", `gsp.toml:2:1: key log.format: "xml" is none of "text", "json"`},
		{"no disclosure", "uim_disclosure = \"show\"", `gsp.toml:1:1: key uim_disclosure: "show" is none of "mask", "refuse"`},
		{"no domain", "domain = \"\"", `gsp.toml:1:1: key domain: "" is not a domain name`},
		{"bare domain", "domain = \"localhost\"", `gsp.toml:1:1: key domain: "localhost" has no dot`},
		{"alias of itself", "aliases = [\"gsp.example\"]", `gsp.toml:1:1: key aliases: "gsp.example" is the domain itself`},
		{"alias twice", "aliases = [\"a.b\", \"a.b\"]", `gsp.toml:1:1: key aliases: "a.b" stands there twice`},
		{"alias in capitals", "aliases = [\"A.b\"]", `gsp.toml:1:1: key aliases: write the domain in lower case, "a.b"`},
		{"many aliases", "aliases = [" + strings.Repeat("\"a.b\",", 11) + "]", "gsp.toml:1:1: key aliases: at most 10 are allowed"},
		{"capitals", "domain = \"GSP.int\"", `gsp.toml:1:1: key domain: write the domain in lower case, "gsp.int"`},
		{"no port", "[imap]\nlisten = \"localhost\"", `gsp.toml:2:1: key imap.listen: "localhost" is not of the form address:port`},
		{"port name", "[imap]\nlisten = \":imaps\"", `gsp.toml:2:1: key imap.listen: ":imaps" has no port between 0 and 65535`},
		{"same port", "[https]\nlisten = \"127.0.0.1:8465\"", `gsp.toml:2:1: key https.listen: another door listens on "127.0.0.1:8465" already`},
		{"certificate alone", "[tls]\ncertificate = \"c.pem\"", "gsp.toml:1:2: key tls.key: certificate and key belong together: set both or none"},
		{"help without slash", "help = \"https://gsp.int/help\"", `gsp.toml:1:1: key help: "https://gsp.int/help" does not end in /`},
		{"help without host", "help = \"help/\"", `gsp.toml:1:1: key help: "help/" is not an address that starts with https://`},
		{"no data", "data = \"\"", "gsp.toml:1:1: key data: a folder is needed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("gsp.toml", []byte(test.text))
			r, ok := errors.AsType[*gsp.Refusal](err)
			if !ok {
				t.Fatalf("got %v, want a refusal", err)
			}
			start, more := strings.CutSuffix(test.cause, "...")
			if r.Reason != gsp.BrokenConfig || r.Remedy == "" || !strings.HasPrefix(r.Cause, start) || !more && r.Cause != start {
				t.Errorf("got %v (%s), want %s", r, r.Remedy, test.cause)
			}
			if strings.Contains(r.Cause, "\n") {
				t.Errorf("got cause of several lines: %q", r.Cause)
			}
		})
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "gsp.toml")
	text := "data = \"kept\"\n[tls]\ncertificate = \"tls/chain.pem\"\nkey = \"/etc/gsp/key.pem\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Data, c.TLS.Certificate, c.TLS.Key}
	want := []string{filepath.Join(folder, "kept"), filepath.Join(folder, "tls/chain.pem"), "/etc/gsp/key.pem"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnreadableFiles(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.toml")
	if err := os.WriteFile(large, bytes.Repeat([]byte("#\n"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(folder, "gsp.toml"), folder, large} {
		_, err := config.Load(path)
		r, ok := errors.AsType[*gsp.Refusal](err)
		if !ok || r.Reason != gsp.UnreadableFile || !strings.Contains(r.Cause, path) || strings.Count(r.Cause, path) != 1 {
			t.Errorf("%s: got %v, want %s that names it once", path, err, gsp.UnreadableFile)
		}
	}
	if _, err := config.Load(filepath.Join(folder, "gsp.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want one that is fs.ErrNotExist", err)
	}
}

// A configuration that was not read from a file is checked all the same.
func TestCheckNamesTheKey(t *testing.T) {
	if err := config.Default().Check(); err != nil {
		t.Errorf("defaults: got %v, want nil", err)
	}
	c := config.Default()
	c.Limits.MaxRecipients = 0
	r, ok := errors.AsType[*gsp.Refusal](c.Check())
	if want := "key limits.max_recipients: 0 is not between 1 and 1000"; !ok || r.Cause != want {
		t.Errorf("got %v, want %s", r, want)
	}
}

// Every file that ships beside the example is one that loads.
func TestShippedFilesLoad(t *testing.T) {
	files, err := filepath.Glob("../../configs/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := config.Load(f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("domain = \"a.b\"\n[smtp]\nlisten = \":1\"\n"))
	f.Add([]byte("limits.max_message = 3\n[[tls]]\n"))
	f.Add([]byte("limits = {max_message = \"1GiB\"}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("f", text)
		if err != nil {
			r, ok := errors.AsType[*gsp.Refusal](err)
			if !ok || r.Reason != gsp.BrokenConfig || !strings.HasPrefix(r.Cause, "f") {
				t.Fatalf("got %v, want a refusal that names the file", err)
			}
			return
		}
		again, err := config.Parse("f", describe(t, c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("got %+v, %v after describing %+v", again, err, c)
		}
	})
}
