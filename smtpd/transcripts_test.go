package smtpd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/smtpd"
)

// TestTranscripts plays what clients say, a family a file, and holds the
// replies against the file, line by line. Lines of the client that follow each
// other are sent at once.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	credential := auth.NewCredential(7, password, time.Now())
	logins := auth.NewAuthenticator(auth.Options{
		Domain: domain, Now: time.Now,
		Login: func(login string) (gsp.Account, gsp.Credential, bool) {
			return gsp.Account{ID: 7, Login: "customs1.ke", Party: "ke"}, credential, login == "customs1.ke"
		},
	})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d := openDoor(t, func(s *smtpd.Server) { s.Accounts = registered{logins} })
			c := d.dial(t)
			var said strings.Builder
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSuffix(line, "\n")
				switch who, rest, _ := strings.Cut(line, " "); who {
				case "C:":
					said.WriteString(rest + "\r\n")
				case "S:":
					if said.Len() > 0 {
						c.send(said.String())
						said.Reset()
					}
					got, err := c.in.ReadString('\n')
					if err != nil || got != rest+"\r\n" {
						t.Fatalf("got %q, %v, want %q", got, err, rest)
					}
				case "#":
				default:
					t.Fatalf("%q is no line of a transcript", line)
				}
			}
			c.gone()
		})
	}
}
