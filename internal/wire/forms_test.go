package wire_test

import (
	"testing"
	"time"
)

// TestDates reads the forms of RFC 5322, old ones too. What stands in a zone
// that has no one meaning is left to the time of receipt.
func TestDates(t *testing.T) {
	at := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Time{
		"Mon, 23 Nov 2026 22:00:00 +0000":                  at,
		"23 Nov 2026 22:00 GMT":                            at,
		"Mon, 23 Nov 2026 22:00:00 Z":                      at,
		"Mon, 23 Nov 2026 22:00:00 EST":                    at.Add(5 * time.Hour),
		"Mon, 23 Nov 2026 22:00:00 pdt":                    at.Add(7 * time.Hour),
		"Mon, 23 Nov 2026 23:00:00 +0100 (CET)":            at,
		"Mon (a (nested) day), 23 Nov 2026 22:00:00 -0000": at,
		"Thu, 31 Dec 2026 23:59:60 +0000":                  time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
		"Mon, 23 Nov 2026 22:00:00 CET":                    {},
		"Mon, 23 Nov 2026 22:00:00 IST":                    {},
	} {
		if got := mustRead(t, from+"Date: "+value+"\r\n").Date; !got.Equal(want) {
			t.Errorf("%s: got %v; want %v", value, got.UTC(), want)
		}
	}
}

// TestComments reads fields with comments, which RFC 5322 allows between any
// two words.
func TestComments(t *testing.T) {
	for _, value := range []string{
		"(my own) fr1@gsp.example", "Anne (of \\) customs (Lyon)) <fr1@gsp.example> (away)", "\"a (b\" <fr1@gsp.example>",
	} {
		if got := mustRead(t, "From: "+value+"\r\n").From; got != address("fr1@gsp.example") {
			t.Errorf("From: %s: got %s", value, got)
		}
	}
	for value, want := range map[string]string{
		"(made here) <1@x>": "<1@x>", "<1@x> (2)": "<1@x>",
		"": "", "KEPACK": "", "<a@x> <b@x>": "", "<a>": "", "<a@>": "", "<@a>": "", "<\"a b\"@x>": "",
	} {
		if got := mustRead(t, from+"Message-ID: "+value+"\r\n").MessageID; got != want {
			t.Errorf("Message-ID: %s: got %s; want %s", value, got, want)
		}
	}
	for header, want := range map[string]string{
		"Auto-Submitted: no (comment)\r\n":                   "no",
		"Auto-Submitted: auto-replied (vacation); by=x\r\n":  "auto-replied",
		"Precedence: auto_reply\r\n":                         "auto-replied",
		"X-Autoreply: yes\r\n":                               "auto-replied",
		"Precedence: bulk\r\n":                               "auto-generated",
		"Precedence: first-class\r\n":                        "",
		"Precedence: auto_reply\r\nAuto-Submitted: no\r\n":   "no",
		"GSP-Type:\r\nX-GSP-Type: request\r\nGSP-Case: \r\n": "",
	} {
		if got := mustRead(t, from+header).AutoSubmitted; got != want {
			t.Errorf("%q: got %q; want %q", header, got, want)
		}
	}
}
