package keyserver_test

import (
	"net/http"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// The directory of an alias answers by both methods, by address, and tells mail
// clients the same servers.
func TestAlias(t *testing.T) {
	d := publish(map[string][]byte{"ke": key})
	old := []byte("of the alias")
	d["old.example "+gsp.WKDHash("ke")] = []keyserver.Entry{{Certificate: gsp.Certificate{Bytes: old}}}
	ask := open(t, &keyserver.Server{
		Directory: d, Aliases: []string{"old.example", "below.gsp.example"}, Submission: "keys@gsp.example",
		Servers: gsp.Servers{Submission: gsp.Server{Host: "mail.gsp.example", Port: 465}},
	})
	hash := gsp.WKDHash("ke")
	for _, test := range []struct {
		host, path string
		status     int
		body       string
	}{
		{"openpgpkey.old.example", "/.well-known/openpgpkey/old.example/hu/" + hash, 200, string(old)},
		{"openpgpkey.OLD.example", "/.well-known/openpgpkey/Old.Example/hu/" + hash, 200, string(old)},
		{"old.example", direct + "hu/" + hash, 200, string(old)},
		{"old.example:443", direct + "hu/" + hash, 200, string(old)},
		{"gsp.example", direct + "hu/" + hash, 200, string(key)},
		{"127.0.0.1", direct + "hu/" + hash, 200, string(key)},
		{"openpgpkey.gsp.example", "/.well-known/openpgpkey/old.example/hu/" + hash, 200, string(old)},
		{"below.gsp.example", direct + "hu/" + hash, 404, "not found\n"},
		{"openpgpkey.below.gsp.example", "/.well-known/openpgpkey/below.gsp.example/hu/" + hash, 404, "not found\n"},
		{"other.example", direct + "hu/" + hash, 421, ""},
		{"notold.example", direct + "hu/" + hash, 421, ""},
		{"old.example", direct + "policy", 200, "submission-address: keys@gsp.example\nprotocol-version: 22\n"},
		{"old.example", "/vks/v1/by-email/ke@gone.example", 404, "not found\n"},
	} {
		resp, body := ask("GET", test.path, "Host", test.host)
		if resp.StatusCode != test.status || test.body != "" && body != test.body {
			t.Errorf("%s%s: got %d, %q, want %d, %q", test.host, test.path, resp.StatusCode, body, test.status, test.body)
		}
	}
	if resp, body := ask("GET", "/vks/v1/by-email/ke@old.example"); resp.StatusCode != 200 || dearmor(t, body) != string(old) {
		t.Errorf("by address: got %d", resp.StatusCode)
	}
	for path, want := range map[string]string{
		"/mail/config-v1.1.xml?emailaddress=ke@old.example":   "<hostname>mail.gsp.example</hostname>",
		"/setup/gsp.mobileconfig?address=officer@OLD.example": "<string>officer@old.example</string>",
	} {
		if resp, body := ask("GET", path); resp.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: got %d\n%s", path, resp.StatusCode, body)
		}
	}
}
