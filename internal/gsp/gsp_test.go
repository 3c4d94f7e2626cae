package gsp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"ke@gsp.example":                         "ke@gsp.example",
		"Customs1.KE@GSP.Example":                "customs1.ke@gsp.example",
		"a+b_c-d@gsp.example":                    "a+b_c-d@gsp.example",
		"":                                       "",
		"ke":                                     "",
		"@gsp.example":                           "",
		"ke@":                                    "",
		"x@y@gsp.example":                        "",
		"a..b@gsp.example":                       "",
		".a@gsp.example":                         "",
		`"a b"@gsp.example`:                      "",
		"ke@gsp..example":                        "",
		"ke@-gsp.example":                        "",
		"ke@[127.0.0.1]":                         "",
		"ü@gsp.example":                          "",
		"ke@gsp.example\r\nRCPT":                 "",
		"k\x00e@gsp.example":                     "",
		"../../x@gsp.example":                    "",
		strings.Repeat("a", 65) + "@gsp.example": "",
	} {
		got, err := ParseAddress(in)
		if got.String() != want || (err == nil) != (want != "") {
			t.Errorf("ParseAddress(%q): got %q, %v, want %q", in, got, err, want)
		}
		if want == "" && !errors.Is(err, ErrAddress) {
			t.Errorf("ParseAddress(%q): got %v, want ErrAddress", in, err)
		}
	}
}

func TestCaseIDs(t *testing.T) {
	id := NewCaseID(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), "ke", 0x1234567)
	if got, err := ParseCaseID(strings.ToLower(string(id))); err != nil || got != id {
		t.Errorf("ParseCaseID of %q in lower case: got %q, %v", id, got, err)
	}
	if !strings.HasPrefix(string(id), "2026-KE-") || len(id) != 13 {
		t.Errorf("NewCaseID: got %q, want 2026-KE- and five characters", id)
	}
	for _, bad := range []string{"", "2026-KE", "2026-KE-7Q4M", "2026_KE_7Q4M2", "2026-KE-7Q4M2\n", "2026-KE-7Q4M2222222222"} {
		if got, err := ParseCaseID(bad); !errors.Is(err, ErrCaseID) {
			t.Errorf("ParseCaseID(%q): got %q, %v, want ErrCaseID", bad, got, err)
		}
	}
}

// A UIM must not be shown by any of the ways in which values reach a log.
func TestUIMHidesItself(t *testing.T) {
	const secret = "KE730214477"
	u := NewUIM(secret)
	var log bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&log, nil))
	l.Info("x", "uim", u, "list", []UIM{u}, "claim", Claim{UIM: u}, "err", fmt.Errorf("look up %v: %w", u, errors.New("no")))
	asJSON, err := json.Marshal(Claim{UIM: u})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(u), fmt.Sprintf("%s %v %+v %#v %q %x", u, u, u, u, u, u),
		fmt.Sprintf("%v %+v %#v", Claim{UIM: u}, Claim{UIM: u}, Claim{UIM: u}),
		fmt.Sprintf("%v %#v", []UIM{u}, map[string]UIM{"a": u}), fmt.Sprintf("%v %#v", &u, &u), log.String(), string(asJSON),
	} {
		if strings.Contains(shown, "0214477") || strings.Contains(shown, fmt.Sprintf("%x", "0214477")) {
			t.Errorf("got %q, want the code hidden", shown)
		}
	}
	if u.Reveal() != secret {
		t.Errorf("Reveal: got %q, want %q", u.Reveal(), secret)
	}
}

func TestRefusalText(t *testing.T) {
	r := &Refusal{Reason: NotSealed, Cause: "this mail is not encrypted", Remedy: "turn on OpenPGP encryption", Err: errors.New("private")}
	want := "not-sealed: this mail is not encrypted. Turn on OpenPGP encryption. https://gsp.example/help/not-sealed"
	if got := r.Text("https://gsp.example/help/"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := r.Error(); strings.Contains(got, "private") {
		t.Errorf("Error: got %q, want nothing private", got)
	}
}

func TestClosedListsHaveNoDoubles(t *testing.T) {
	distinct(t, "Reasons", Reasons)
	distinct(t, "Types", Types)
	distinct(t, "EventKinds", EventKinds)
	distinct(t, "Roles", Roles)
	distinct(t, "Levels", Levels)
	for _, r := range Reasons {
		if strings.ToLower(string(r)) != string(r) || strings.ContainsAny(string(r), " _.") {
			t.Errorf("reason %q: want lower-case words parted by dashes", r)
		}
	}
}

func distinct[T comparable](t *testing.T, name string, list []T) {
	t.Helper()
	seen := map[T]bool{}
	for _, v := range list {
		if seen[v] {
			t.Errorf("%s: %v stands twice", name, v)
		}
		seen[v] = true
	}
}
