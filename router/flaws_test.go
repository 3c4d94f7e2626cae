package router

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

func TestEachFlawHasATextAndAReason(t *testing.T) {
	for _, flaw := range sealed.Flaws {
		text, ok := flawTexts[flaw]
		if !ok {
			t.Errorf("no text for flaw %s", flaw)
		}
		if !slices.Contains(gsp.Reasons, gsp.Reason(flaw)) {
			t.Errorf("flaw %s is no reason of gsp.Reasons", flaw)
		}
		for _, s := range text {
			if s == "" || strings.HasSuffix(s, ".") || s[0] >= 'A' && s[0] <= 'Z' {
				t.Errorf("flaw %s: got %q, want a clause in lower case without a full stop", flaw, s)
			}
		}
	}
}

// Whoever looks after the program that wrote a mail reads what is wrong with it.
func TestBrokenFormsAreNamed(t *testing.T) {
	for head, want := range map[string]string{
		"Content-Type: multipart/encrypted; boundary=x (y)\r\n":            "this mail is not put together as PGP/MIME has it (RFC 3156): the content type holds a comment",
		"Content-Type: multipart/encrypted; boundary*=utf-8''x\r\n":        "this mail is not put together as PGP/MIME has it (RFC 3156): a parameter of the content type has an asterisk (RFC 2231)",
		"Content-Type : text/plain\r\n":                                    "the header of this mail is not well formed: a field name holds a character that may not stand there",
		"Subject: 900 packs\r\nsubject: 9\r\nContent-Type: text/plain\r\n": "a header field of this mail is ambiguous: Subject stands twice",
	} {
		_, err := sealed.Inspect([]byte(head + "\r\n"))
		if refusal, ok := errors.AsType[*gsp.Refusal](refusalOf(err)); !ok || refusal.Cause != want {
			t.Errorf("%q: got %v, want %q", head, refusalOf(err), want)
		}
	}
}
