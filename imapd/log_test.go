package imapd_test

import (
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/sealed"
)

// What an operator reads of logins and refusals: who, where and why as far as
// the door knows it, and no attribute without a value.
func TestLoginsAndRefusalsInTheLog(t *testing.T) {
	w := newWorld(t)
	c := w.connect()
	c.refused("LOGIN ann geheim", "NO [AUTHENTICATIONFAILED]")
	c.refused("AUTHENTICATE PLAIN Ym9iAGFubgBwdw==", "NO [AUTHENTICATIONFAILED]") // ann for bob
	c.ok("LOGIN ann pw")
	plain := "Subject: draft\r\n\r\nnot sealed\r\n"
	c.refused(fmt.Sprintf("APPEND Drafts {%d+}\r\n%s", len(plain), plain), "NO [CANNOT] not-sealed: ")
	c.refused("SELECT Nowhere", "NO [NONEXISTENT]") // of no interest
	_, private := sealed.Inspect([]byte(plain))
	named := w.connect()
	named.ok(`ID ("name" "Thunderbird" "version" "140")`)
	named.ok("LOGIN bob@gsp.example pw")

	ann, bob := fmt.Sprintf(" party=ke account=%d", w.ids["ann"]), fmt.Sprintf(" party=ke account=%d", w.ids["bob"])
	want := []string{
		`level=INFO msg="login refused" door=reading reason=bad-login` + fmt.Sprintf(` error="not the password of account %d"`, w.ids["ann"]),
		`level=INFO msg="login refused" door=reading reason=bad-login`,
		`level=INFO msg="imap login"` + ann,
		`level=INFO msg="mail refused" door=reading reason=not-sealed` + ann + fmt.Sprintf(" error=%q", private),
		`level=INFO msg="imap login"` + bob + ` client="Thunderbird 140"`,
	}
	var got []string
	for line := range strings.Lines(w.log.String()) {
		_, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ") // the time
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
