package imapd

import (
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func TestCodesAreComplete(t *testing.T) {
	for _, r := range gsp.Reasons {
		if code := codes[r]; code == "" {
			t.Errorf("no response code for %s", r)
		}
	}
	if got, want := len(codes), len(gsp.Reasons); got != want {
		t.Errorf("got %d codes, want %d: one is for no reason", got, want)
	}
}

// matchesSlowly says the same as matches, the plain way.
func matchesSlowly(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if c := pattern[0]; c == '*' || c == '%' {
		return matchesSlowly(pattern[1:], name) ||
			name != "" && (c == '*' || name[0] != delimiter) && matchesSlowly(pattern, name[1:])
	}
	return name != "" && name[0] == pattern[0] && matchesSlowly(pattern[1:], name[1:])
}

func FuzzMatches(f *testing.F) {
	f.Add("*", "INBOX")
	f.Add("%/%", "Cases/2026")
	f.Add("%", "Cases/2026")
	f.Add("a*%b", "a/b/b")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 12 || len(name) > 24 || strings.EqualFold(pattern, "INBOX") {
			return // the plain way is exponential
		}
		if got, want := matches(pattern, name), matchesSlowly(pattern, name); got != want {
			t.Errorf("pattern %q, name %q: got %v, want %v", pattern, name, got, want)
		}
	})
}

func TestDecodeName(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "Sent": "Sent", "Entw&APw-rfe": "Entwürfe", "R&-D": "R&D", "&ZeVnLIqe-/x&2D3eAA-": "日本語/x😀",
		"&": "none", "&AP": "none", "&APw": "none", "&AP-": "none", "&!!-": "none", "&AA-": "none",
	} {
		got, ok := decodeName(name)
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func FuzzDecodeName(f *testing.F) {
	f.Add("Entw&APw-rfe")
	f.Add("R&-D&")
	f.Add("&2D0-&3gA-")
	f.Fuzz(func(t *testing.T, name string) {
		got, ok := decodeName(name)
		if !strings.Contains(name, "&") && (!ok || got != name) {
			t.Errorf("%q: got %q %v, want it unchanged", name, got, ok)
		}
		if ok && len(got) > 3*len(name) {
			t.Errorf("%q: got %d octets", name, len(got))
		}
	})
}

func TestCanonical(t *testing.T) {
	for name, want := range map[string]string{
		"inbox": "INBOX", "Inbox/x": "INBOX/x", "Cases/2026/": "Cases/2026", "Entwürfe": "Entwürfe", "inboxes": "inboxes",
		"": "", "/": "", "a//b": "", "/a": "", "a%": "", "R&D": "", "a\x01": "", "\xff": "", strings.Repeat("x", 201): "",
	} {
		if got, ok := canonical(name); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q %v, want %q", name, got, ok, want)
		}
	}
}
