package keyserver_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// The fingerprints of the entries that the tests look up.
const (
	keFingerprint = "D1A66E1A23B182C9980F788CFBFCC82A015E7330"
	euFingerprint = "EB85BB5FA33A75E15E944E63F231550C4F47E38E"
)

// index is a directory with two Parties.
func index() directory {
	entry := func(local, fingerprint, userID string, b []byte) []keyserver.Entry {
		return []keyserver.Entry{{
			Certificate: gsp.Certificate{Address: gsp.Address{Local: local, Domain: "gsp.example"}, Fingerprint: fingerprint, Bytes: b, Published: published},
			UserID:      userID, Algorithm: 22, Bits: 256, Created: published,
		}}
	}
	d := directory{
		gsp.WKDHash("ke"): entry("ke", keFingerprint, "Kenya: 100% é <ke@gsp.example>", key),
		gsp.WKDHash("eu"): entry("eu", euFingerprint, "eu@gsp.example", bytes.Repeat([]byte("eu"), 100)),
	}
	d[gsp.WKDHash("eu")][0].Expires = published.Add(24 * time.Hour)
	d[gsp.WKDHash("eu")][0].Revoked = true
	return d
}

// dearmor returns what stands in a block of armour, whose checksum must be
// right.
func dearmor(t *testing.T, text string) string {
	t.Helper()
	block, err := armor.Decode(strings.NewReader(text))
	if err != nil || block.Type != "PGP PUBLIC KEY BLOCK" {
		t.Fatalf("got %v, %q, want a public key block", err, text)
	}
	b, err := io.ReadAll(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestHKPGet(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	for _, search := range []string{
		"0x" + keFingerprint, "0x" + strings.ToLower(keFingerprint), keFingerprint, "0X" + keFingerprint[24:], "FBFC C82A 015E 7330",
		"ke@gsp.example", "KE@GSP.Example", "<ke@gsp.example>",
	} {
		resp, body := ask("GET", "/pks/lookup?op=get&options=mr&exact=on&search="+url.QueryEscape(search))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/pgp-keys" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got %d, %v", search, resp.StatusCode, resp.Header)
			continue
		}
		if got := dearmor(t, body); got != string(key) {
			t.Errorf("%s: got %q, want the key", search, got)
		}
		if resp, _ := ask("GET", resp.Request.URL.RequestURI(), "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != 304 {
			t.Errorf("%s again: got %d, want 304", search, resp.StatusCode)
		}
	}
	// Long lines would be refused by older programs.
	_, body := ask("GET", "/pks/lookup?op=get&search=eu@gsp.example")
	for line := range strings.Lines(body) {
		if len(line) > 65 {
			t.Errorf("line of %d octets", len(line))
		}
	}
}

// Older programs refuse armour without its checksum or with a wrong one. The
// example is the one by which implementations of it are compared.
func TestArmourHasItsChecksum(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: publish(map[string][]byte{"ke": []byte("123456789")})})
	if _, body := ask("GET", "/vks/v1/by-email/ke@gsp.example"); !strings.Contains(body, "\nMTIzNDU2Nzg5\n=Ic8C\n-----END") {
		t.Errorf("got %q, want the checksum 21CF02", body)
	}
}

// Nothing is found by a part, so nobody can list the directory.
func TestHKPFindsOnlyWhatIsNamedWhole(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	for _, search := range []string{
		"", "ke", "@gsp.example", "gsp.example", "*", "%", "0x", "0x015E7330", "0x" + keFingerprint[1:], "0x" + strings.Repeat("0", 40),
		"ke@other.example", "nobody@gsp.example", "x ke@gsp.example", "Kenya", "0x" + keFingerprint + keFingerprint, "\x00",
	} {
		for _, op := range []string{"get", "index"} {
			resp, body := ask("GET", "/pks/lookup?op="+op+"&options=mr&search="+url.QueryEscape(search))
			if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || strings.Contains(body, "Kenya") {
				t.Errorf("%s of %q: got %d, %q", op, search, resp.StatusCode, body)
			}
		}
	}
	for _, path := range []string{"/pks/", "/pks/lookup/", "/pks/delete", "/pks"} {
		if resp, _ := ask("GET", path); resp.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", path, resp.StatusCode)
		}
	}
	for _, op := range []string{"", "stats", "x-dump", "hget"} {
		if resp, _ := ask("GET", "/pks/lookup?search=ke@gsp.example&op="+op); resp.StatusCode != 501 {
			t.Errorf("op %q: got %d, want 501", op, resp.StatusCode)
		}
	}
}

func TestHKPIndex(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	for _, test := range []struct{ path, want string }{
		{"op=index&options=mr&search=ke@gsp.example", "info:1:1\n" +
			"pub:" + keFingerprint + ":22:256:1795424400::\nuid:Kenya%3A 100%25 %C3%A9 <ke@gsp.example>:::\n"},
		{"op=vindex&options=nm,mr&search=0x" + euFingerprint, "info:1:1\n" +
			"pub:" + euFingerprint + ":22:256:1795424400:1795510800:r\nuid:eu@gsp.example:::r\n"},
		{"op=index&search=eu@gsp.example", "eu@gsp.example\n    " + euFingerprint + "\n    made 2026-11-23, expires 2026-11-24, revoked\n"},
	} {
		resp, body := ask("GET", "/pks/lookup?"+test.path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || body != test.want {
			t.Errorf("%s: got %d, %q, want %q", test.path, resp.StatusCode, body, test.want)
		}
	}
}

func TestVKS(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	for _, path := range []string{
		"by-fingerprint/" + keFingerprint, "by-keyid/" + keFingerprint[24:], "by-email/ke@gsp.example", "by-email/ke%40gsp.example",
		"by-fingerprint/0x" + strings.ToLower(keFingerprint),
	} {
		resp, body := ask("GET", "/vks/v1/"+path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/pgp-keys" {
			t.Errorf("%s: got %d, %v", path, resp.StatusCode, resp.Header)
			continue
		}
		if got := dearmor(t, body); got != string(key) {
			t.Errorf("%s: got %q, want the key", path, got)
		}
		if got, want := resp.Header.Get("Content-Disposition"), `attachment; filename="`+keFingerprint+`.asc"`; got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	for _, path := range []string{
		"by-fingerprint/" + euFingerprint[:39], "by-fingerprint/" + keFingerprint[24:], "by-keyid/" + keFingerprint, "by-keyid/" + keFingerprint[32:],
		"by-email/nobody@gsp.example", "by-email/ke@other.example", "by-email/", "by-email", "by-name/ke", "", "by-email/ke@gsp.example/x",
	} {
		if resp, _ := ask("GET", "/vks/v1/"+path); resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: got %d, want 404", path, resp.StatusCode)
		}
	}
	if resp, _ := ask("GET", "/vks/by-email/ke@gsp.example"); resp.StatusCode != 404 {
		t.Errorf("without version: got %d, want 404", resp.StatusCode)
	}
}

// Keys come in another way; who tries is told so.
func TestNoKeysAreTaken(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	for _, path := range []string{"/pks/add", "/vks/v1/upload", "/vks/v1/request-verify"} {
		resp, body := ask("POST", path)
		if resp.StatusCode != 501 || !strings.Contains(body, "this directory takes no keys here") {
			t.Errorf("%s: got %d, %q", path, resp.StatusCode, body)
		}
		if got, want := resp.Header.Get("Content-Type") == "application/json", strings.HasPrefix(path, "/vks/"); got != want {
			t.Errorf("%s: got %s", path, resp.Header.Get("Content-Type"))
		}
	}
}

func TestKeysOfAllParties(t *testing.T) {
	d := index()
	ask := open(t, &keyserver.Server{Directory: d})
	want := string(d[gsp.WKDHash("eu")][0].Bytes) + string(key)
	resp, ring := ask("GET", "/keys/parties.pgp")
	if resp.StatusCode != 200 || ring != want || resp.Header.Get("Content-Type") != "application/octet-stream" || resp.Header.Get("ETag") == "" {
		t.Errorf("got %d, %q, want %q", resp.StatusCode, ring, want)
	}
	for path, want := range map[string][2]string{
		"parties.pgp.sig": {"application/pgp-signature", "signature"},
		"parties.asc":     {"application/pgp-keys", "armoured"},
		"parties.asc.sig": {"application/pgp-signature", "another"},
	} {
		resp, body := ask("GET", "/keys/"+path)
		if body != want[1] || resp.Header.Get("Content-Type") != want[0] {
			t.Errorf("%s: got %s, %q", path, resp.Header.Get("Content-Type"), body)
		}
		// No cache may hand out a file with the signature over another.
		if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: got Cache-Control %q", path, got)
		}
	}
	if _, body := ask("GET", "/keys/parties.pgp.sha256"); body != fmt.Sprintf("%x  parties.pgp\n", sha256.Sum256([]byte(ring))) {
		t.Errorf("digest: got %q", body)
	}
	for _, path := range []string{"/keys", "/keys/it/", "/keys/en", "/keys/parties", "/keys/parties.pgp/", "/keys/%70arties.pgp%00", "/keys/ke.pgp"} {
		if resp, _ := ask("GET", path); resp.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", path, resp.StatusCode)
		}
	}
}

// The other doors to the same keys are no way around the limit.
func TestTooManyLookupsOfEveryKind(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index(), Misses: 4})
	for i, path := range []string{
		direct + "hu/" + gsp.WKDHash("nobody"), "/pks/lookup?op=get&search=nobody@gsp.example", "/vks/v1/by-email/nobody@gsp.example",
		"/vks/v1/by-keyid/0123456789ABCDEF", direct + "hu/" + gsp.WKDHash("ke"), "/pks/lookup?op=index&search=ke@gsp.example",
		"/vks/v1/by-keyid/" + keFingerprint[24:],
	} {
		if resp, _ := ask("GET", path); (resp.StatusCode == 429) != (i >= 4) {
			t.Errorf("look-up %d, %s: got %d", i+1, path, resp.StatusCode)
		}
	}
}
