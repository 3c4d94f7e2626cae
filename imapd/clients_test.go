package imapd_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gsp.example/gsp/internal/store/storetest"
)

// Each file of testdata/clients is what a family of mail clients says to a
// mailbox of three mails, and what it must hear: "C:" lines are sent, "S:"
// lines are awaited, with "…" for anything and literals in their line. {mail}
// stands for the octets of a sealed mail, {size} for their number.
func TestClientFamilies(t *testing.T) {
	files, err := filepath.Glob("testdata/clients/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t)
			w.deliver("ann", "INBOX", 2000, 5000)
			w.rebuilt("ann")
			w.deliver("ke", "INBOX", 2000)
			mail, _ := storetest.Mail(t, 3000)
			fill := strings.NewReplacer("{mail}", string(mail.Raw()), "{size}", fmt.Sprint(len(mail.Raw())))
			c := w.connect()
			for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
				switch who, said, _ := strings.Cut(line, ":"); who {
				case "C":
					io.WriteString(c.Conn, fill.Replace(strings.TrimPrefix(said, " "))+"\r\n")
				case "S":
					heard(t, i+1, c.line(), strings.TrimPrefix(said, " "))
				case "D": // something arrives
					w.deliver("ann", "INBOX", 2000)
				default:
					if who != "" && line[0] != '#' {
						t.Fatalf("line %d: %q is no line of a transcript", i+1, line)
					}
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// heard compares a line with what was awaited.
func heard(t *testing.T, number int, got, want string) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*")
	if !regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(got) {
		t.Errorf("line %d: got %.300q, want %q", number, got, want)
	}
}
