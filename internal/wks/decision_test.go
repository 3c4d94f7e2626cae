package wks

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecisions(t *testing.T) {
	const below = "> Code: x\n> approve or reject\n"
	for name, test := range map[string]struct {
		text    string
		verdict Verdict
		reason  string
	}{
		"alone":               {"approve", Approve, ""},
		"with a stop":         {"Approve.\n\nRegards\n", Approve, ""},
		"a reason":            {"\r\n\r\nREJECT - not hers.\r\nAsk her.\r\n\r\nRegards\r\n", Reject, "not hers. Ask her."},
		"a reason of a word":  {"reject: nein", Reject, "nein"},
		"in another script":   {"reject 指纹不同", Reject, "指纹不同"},
		"above a quote":       {"approve\n" + below, Approve, ""},
		"above who wrote":     {"approve\n\nOn Monday, keys wrote:\n" + below, Approve, ""},
		"below a quote":       {"On Monday,\nkeys wrote:\n" + below + "\nreject Later.\n", Reject, "Later."},
		"below a Chinese one": {"在星期一，keys 写道：\n\n" + below + "approve\n", Approve, ""},
		"marked at the start": {"\ufeffapprove", Approve, ""},
		"quoted alone":        {"> approve\n", "", ""},
		"longer word":         {"approved", "", ""},
		"not first":           {"I approve", "", ""},
		"after a greeting":    {"Hello,\n\napprove\n", "", ""},
		"both":                {"Approve or reject?", "", ""},
		"a question":          {"Approve? Never.", "", ""},
		"a sentence":          {"Approve nothing of hers", "", ""},
		"with a reason":       {"Approve: we spoke by telephone", Approve, "we spoke by telephone"},
		"in Chinese marks":    {"approve。谢谢", Approve, "谢谢"},
		"above a greeting":    {"Approve\nRegards, Anna", Approve, "Regards, Anna"},
		"against the other":   {"reject, I cannot approve it", Reject, "I cannot approve it"},
		"nothing":             {"", "", ""},
		"a terminal's orders": {"reject \x1b[2Jgone\u202e", Reject, "[2Jgone"},
	} {
		if got := decisionOf(test.text); got.Verdict != test.verdict || got.Reason != test.reason {
			t.Errorf("%s: got %+v, want %q with reason %q", name, got, test.verdict, test.reason)
		}
	}
	if got := decisionOf("reject " + strings.Repeat("é", 1000)); utf8.RuneCountInString(got.Reason) != maxReason {
		t.Errorf("a long reason: got %d characters, want %d", utf8.RuneCountInString(got.Reason), maxReason)
	}
}

// Mail programs that write HTML alone are read too.
func TestDecisionsInHTML(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		verdict Verdict
		reason  string
	}{
		"a paragraph": {"<html><head><style>p { approve }</style></head><body><p>Reject <b>not</b> hers &amp; his</p><div>On Monday wrote:<br></div>" +
			"<blockquote type=\"cite\"><p>approve or reject</p></blockquote></body></html>", Reject, "not hers & his"},
		"below a quote":     {"<div class=x>On Monday wrote:</div><blockquote>reject<blockquote>approve</blockquote></blockquote><p>approve</p>", Approve, ""},
		"quoted alone":      {"<blockquote>approve</blockquote>", "", ""},
		"in a comment":      {"<!-- approve --><p>Hello</p>", "", ""},
		"in an open one":    {"<!-- wrote:<p><p>approve</p>", "", ""},
		"a tag in capitals": {"<BODY><P>approve</P></BODY>", Approve, ""},
	} {
		if got := decisionOf(plain(test.text)); got.Verdict != test.verdict || got.Reason != test.reason {
			t.Errorf("%s: got %+v of %q, want %q with reason %q", name, got, plain(test.text), test.verdict, test.reason)
		}
	}
}

// FuzzDecision reads any text, plain and as HTML: a verdict is never taken from a
// quoted line, and a reason is one line that a terminal may show.
func FuzzDecision(f *testing.F) {
	for _, seed := range []string{
		"approve", "> approve\nreject x", "On wrote:\n> a\n\nreject", "<blockquote>approve</blockquote><p>reject", "<!-- -->a", "\ufeff\x00approve\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, said := range []string{text, plain(text)} {
			d := decisionOf(said)
			if d.Verdict == "" && d.Reason != "" || utf8.RuneCountInString(d.Reason) > maxReason || strings.ContainsAny(d.Reason, "\r\n\x1b\x00") {
				t.Errorf("%q: got %+v", said, d)
			}
			quoted := "> " + strings.Join(strings.FieldsFunc(said, func(r rune) bool { return r == '\n' || r == '\r' }), "\n> ")
			if d := decisionOf(quoted); d.Verdict != "" {
				t.Errorf("quoted %q: got %+v", quoted, d)
			}
		}
	})
}
