package imapd_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/store/storetest"
)

// What docs/specs.md says of each command is so.
func TestCommandsAreAnsweredAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/specs.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]+) \| (Yes|Partial|No)\b`).FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = row[2]
	}
	mail, _ := storetest.Mail(t, 1000)
	arguments := map[string]string{
		"ID": " NIL", "AUTHENTICATE": " PLAIN AGFubgBwdw==", "LOGIN": " ann pw", "ENABLE": " UTF8=ACCEPT",
		"SELECT": " INBOX", "EXAMINE": " INBOX", "CREATE": " Cases", "DELETE": " Archive", "RENAME": " Trash Bin",
		"SUBSCRIBE": " Sent", "UNSUBSCRIBE": " Sent", "LIST": ` "" *`, "LSUB": ` "" *`, "STATUS": " INBOX (MESSAGES)",
		"APPEND": fmt.Sprintf(" Drafts {%d+}\r\n%s", len(mail.Raw()), mail.Raw()), "IDLE": "\r\nDONE",
		"SEARCH": " ALL", "FETCH": " 1 FLAGS", "STORE": ` 1 +FLAGS (\Seen)`, "COPY": " 1 Sent", "MOVE": " 1 Sent", "UID": " FETCH 1 FLAGS",
		"MYRIGHTS": " Sent", "GETACL": " Sent", "LISTRIGHTS": " Sent ann", "SETACL": " Sent bob lr", "DELETEACL": " Sent bob",
		"GETQUOTA": " ann", "SETQUOTA": " ann (STORAGE 512)", "GETQUOTAROOT": " INBOX", "SORT": " (DATE) UTF-8 ALL", "THREAD": " REFERENCES UTF-8 ALL",
		"COMPRESS": " DEFLATE", "NOTIFY": " NONE", "REPLACE": " 1 Drafts {1+}\r\nx", "GETMETADATA": " INBOX /x",
	}
	for _, command := range slices.Sorted(maps.Keys(documented)) {
		w := newWorld(t)
		w.deliver("ann", "INBOX", 1000)
		c := w.connect()
		if command != "LOGIN" && command != "AUTHENTICATE" {
			c.ok("LOGIN ann pw")
			c.ok("SELECT INBOX")
		}
		_, result := c.do(command + arguments[command])
		got, _, _ := strings.Cut(result, " ")
		switch {
		case documented[command] != "No" && got != "OK":
			t.Errorf("%s: got %q, and documented is %s", command, result, documented[command])
		case documented[command] == "No" && got != "NO" && got != "BAD":
			t.Errorf("%s: got %q, and documented is No", command, result)
		}
	}
	for command := range arguments {
		if documented[command] == "" {
			t.Errorf("%s is not documented", command)
		}
	}
}
