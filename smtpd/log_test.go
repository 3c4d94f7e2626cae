package smtpd_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// What an operator reads of refusals: who, where and why as far as the door
// knows it, and no attribute without a value.
func TestRefusalsInTheLog(t *testing.T) {
	d := openDoor(t, nil)
	var refusal error
	d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) { return gsp.Receipt{}, refusal }
	c := d.dial(t)
	c.want("", "220 ")
	c.want("EHLO client.example\r\n", "250-")
	c.want("MAIL FROM:<"+officer+">\r\n", "530 ")
	c.want(plain(officer, "geheim"), "535 ")
	c.want(plain(officer, password), "235 ")
	c.envelope()
	c.want("RCPT TO:<nobody@gsp.example>\r\n", "550 ")
	for _, refusal = range []error{
		&gsp.Refusal{Reason: gsp.NotSealed, Cause: "this mail is not encrypted"},
		&gsp.Refusal{Reason: gsp.BrokenSeal, Cause: "the sealed part is damaged", Err: errors.New("packet of length 0")},
		errors.New("disk is full"),
	} {
		c.want("DATA\r\n", "354 ")
		c.want(body+".\r\n", "")
		c.envelope()
	}
	const who = " party=ke account=7"
	want := []string{
		`level=INFO msg="sender refused" door=submission reason=login-first`,
		`level=INFO msg="login refused" door=submission reason=bad-login`,
		`level=INFO msg="recipient refused" door=submission reason=unknown-recipient` + who,
		`level=INFO msg="mail refused" door=submission reason=not-sealed` + who,
		`level=INFO msg="mail refused" door=submission reason=broken-seal` + who + ` error="packet of length 0"`,
		`level=ERROR msg="submission failed" at="mail refused"` + who + ` error="disk is full"`,
	}
	var got []string
	for line := range strings.Lines(d.log.String()) {
		_, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ") // the time
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
