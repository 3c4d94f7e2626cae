package keyserver_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// The examples of draft-koch-openpgp-webkey-service-22 and of GnuPG.
func TestHashes(t *testing.T) {
	for local, hash := range map[string]string{
		"Joe.Doe": "iy9q119eutrkn8s1mk4r39qejnbu3n5q", "alice": "kei1q4tipxxu1yj79k9kfukdhfy631xe", "NOBODY": "g3xcn6u8mh388xysa7dsdmcd6m8oxtc4",
	} {
		ask := open(t, &keyserver.Server{Directory: publish(map[string][]byte{local: key})})
		if resp, body := ask("GET", advanced+"hu/"+hash+"?l="+local); resp.StatusCode != 200 || body != string(key) {
			t.Errorf("%s: got %d, want the key", local, resp.StatusCode)
		}
	}
}

// Whatever a client sends beside its question, it gets the key: clients must
// not be asked for a password (section 3.1), and Thunderbird offers one.
func TestOddFields(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, fields := range [][]string{
		{"Authorization", "Basic eDp5"}, {"Authorization", "Bearer"}, {"Authorization", "\x80"},
		{"Content-Type", "multipart/encrypted"}, {"Accept", "text/html"}, {"Accept-Encoding", "gzip"}, {"Cookie", "a=b; c"},
		{"User-Agent", ""}, {"Range", "octets=1-"}, {"If-None-Match", "nonsense"}, {"If-Modified-Since", "yesterday"},
		{"Expect", "100-continue"}, {"X-Forwarded-For", "'"}, {"Origin", "null"}, {"X-HTTP-Method-Override", "DELETE"},
	} {
		resp, body := ask("GET", advanced+"hu/"+gsp.WKDHash("ke"), fields...)
		if resp.StatusCode != 200 || body != string(key) || resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q: got %d, %q", fields, resp.StatusCode, body)
		}
		for _, name := range []string{"WWW-Authenticate", "Set-Cookie", "Location"} {
			if got := resp.Header.Get(name); got != "" {
				t.Errorf("%q: got %s: %s", fields, name, got)
			}
		}
	}
}

func TestHTTP2(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	if resp, _ := ask("GET", advanced+"policy"); resp.ProtoMajor != 2 || resp.TLS == nil || resp.TLS.NegotiatedProtocol != "h2" {
		t.Errorf("got %s, want HTTP/2 over TLS", resp.Proto)
	}
}

// The current certificate comes first, earlier ones behind it, as many as
// clients read.
func TestSeveralCertificates(t *testing.T) {
	entry := func(c byte, size int, published, withdrawn time.Time) keyserver.Entry {
		return keyserver.Entry{Certificate: gsp.Certificate{Bytes: bytes.Repeat([]byte{c}, size), Published: published, Withdrawn: withdrawn}}
	}
	current := entry('a', 40<<10, published, time.Time{})
	retired := published.Add(time.Hour)
	d := directory{}
	ask := open(t, &keyserver.Server{Directory: d})
	for name, test := range map[string]struct {
		entries []keyserver.Entry
		want    []int // those of entries that are in the answer
		last    string
	}{
		"one":           {[]keyserver.Entry{current}, []int{0}, "Mon, 23 Nov 2026 09:00:00 GMT"},
		"two":           {[]keyserver.Entry{current, entry('b', 20<<10, published, retired)}, []int{0, 1}, "Mon, 23 Nov 2026 10:00:00 GMT"},
		"to the limit":  {[]keyserver.Entry{current, entry('b', 24<<10, published, retired)}, []int{0, 1}, "Mon, 23 Nov 2026 10:00:00 GMT"},
		"beyond it":     {[]keyserver.Entry{current, entry('b', 20<<10, published, retired), entry('c', 8<<10, published, retired)}, []int{0, 1}, "Mon, 23 Nov 2026 10:00:00 GMT"},
		"only a former": {[]keyserver.Entry{entry('b', 100, published, retired)}, []int{0}, "Mon, 23 Nov 2026 10:00:00 GMT"},
	} {
		d[gsp.WKDHash("ke")] = test.entries
		var want []byte
		for _, i := range test.want {
			want = append(want, test.entries[i].Bytes...)
		}
		resp, body := ask("GET", advanced+"hu/"+gsp.WKDHash("ke"))
		if body != string(want) || len(body) > 64<<10 {
			t.Errorf("%s: got %d octets, want %d", name, len(body), len(want))
		}
		if got := resp.Header.Get("Last-Modified"); got != test.last {
			t.Errorf("%s: Last-Modified: got %s, want %s", name, got, test.last)
		}
	}
}

// A client that has the answer is told so, and nothing else.
func TestNotModified(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	path := advanced + "hu/" + gsp.WKDHash("ke")
	first, _ := ask("GET", path)
	tag, date := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
	for _, test := range []struct {
		fields []string
		want   int
	}{
		{[]string{"If-None-Match", tag}, 304},
		{[]string{"If-None-Match", "W/" + tag}, 304},
		{[]string{"If-None-Match", `"a", W/"b" , ` + tag}, 304},
		{[]string{"If-None-Match", "*"}, 304},
		{[]string{"If-None-Match", `"a"`, "If-Modified-Since", date}, 200},
		{[]string{"If-None-Match", strings.Trim(tag, `"`)}, 200},
		{[]string{"If-Modified-Since", date}, 304},
		{[]string{"If-Modified-Since", "Tue, 24 Nov 2026 09:00:00 GMT"}, 304},
		{[]string{"If-Modified-Since", "Mon, 23 Nov 2026 08:59:59 GMT"}, 200},
		{[]string{"If-Modified-Since", "2026-11-24"}, 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			resp, body := ask(method, path, test.fields...)
			if resp.StatusCode != test.want || resp.Header.Get("ETag") != tag || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %q: got %d, %v, want %d", method, test.fields, resp.StatusCode, resp.Header, test.want)
			}
			if (body != "") != (method == "GET" && test.want == 200) {
				t.Errorf("%s %q: got body %q", method, test.fields, body)
			}
		}
	}
	// Without a date, as for a list of nothing.
	ask = open(t, &keyserver.Server{Directory: directory{}})
	if resp, body := ask("GET", "/keys/parties.pgp", "If-Modified-Since", date); resp.StatusCode != 200 || body != "" || resp.Header.Get("Last-Modified") != "" {
		t.Errorf("no Parties: got %d, %q, %v", resp.StatusCode, body, resp.Header)
	}
}

// A change shows in the next answer, also to a client that asks only for news.
func TestChangeIsSeenAtOnce(t *testing.T) {
	d := publish(map[string][]byte{"ke": key})
	ask := open(t, &keyserver.Server{Directory: d})
	path := advanced + "hu/" + gsp.WKDHash("ke")
	before, _ := ask("GET", path)
	d[gsp.WKDHash("ke")][0].Bytes = []byte("another")
	resp, body := ask("GET", path, "If-None-Match", before.Header.Get("ETag"), "If-Modified-Since", before.Header.Get("Last-Modified"))
	if resp.StatusCode != 200 || body != "another" || resp.Header.Get("ETag") == before.Header.Get("ETag") {
		t.Errorf("got %d, %q, want the new certificate", resp.StatusCode, body)
	}
	delete(d, gsp.WKDHash("ke"))
	if resp, _ := ask("GET", path, "If-None-Match", before.Header.Get("ETag")); resp.StatusCode != 404 {
		t.Errorf("withdrawn: got %d, want 404", resp.StatusCode)
	}
}

// What a 404 must be: short, plain, soon forgotten, and readable from a
// browser, as for a key. Nothing leads elsewhere.
func TestPathTricks(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	hash := gsp.WKDHash("ke")
	for _, path := range []string{
		"hu%2F" + hash, "hu/" + hash + "%00", "hu/" + hash + "%0a", "hu/%6b" + hash, "hu/" + hash[:31] + "%" + "68", "h%75/" + hash,
		"hu//" + hash, "/hu/" + hash, "hu/" + hash + "/", "hu/./" + hash, "hu/x/../" + hash, "%2e%2e/hu/" + hash, "../openpgpkey/hu/" + hash,
		"hu/" + strings.ToUpper(hash), "hu/" + hash[:31], "hu/" + hash + "y", "hu/" + strings.Repeat("y", 8000), "hu/ke", "hu/ke@gsp.example",
		"hu\\" + hash, "hu/" + hash + ";x", "HU/" + hash, "gsp.example/gsp.example/hu/" + hash, "gsp.example//hu/" + hash,
		"gsp.example%2Fhu/" + hash, "gsp.example./hu/" + hash, "policy/", "policy%00", "./policy", "Policy", "submission-address",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			resp, body := ask(method, direct+path)
			if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Location") != "" ||
				resp.Header.Get("Cache-Control") != "max-age=60" || resp.Header.Get("Access-Control-Allow-Origin") != "*" || len(body) > 100 {
				t.Errorf("%s %s: got %d, %v, %q", method, path, resp.StatusCode, resp.Header, body)
			}
		}
	}
}

// By the direct method only the host says whose keys are asked for.
func TestHosts(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for host, want := range map[string]int{
		"gsp.example": 200, "GSP.Example": 200, "gsp.example.": 200, "gsp.example:443": 200, "openpgpkey.gsp.example": 200, "mail.gsp.example:8443": 200,
		"localhost": 200, "127.0.0.1": 200, "[::1]:443": 200, "backend": 200,
		"other.example": 421, "openpgpkey.other.example": 421, "evilgsp.example": 421, "gsp.example.evil.example": 421, "example": 200, "a.example": 421,
	} {
		for _, path := range []string{direct + "hu/" + gsp.WKDHash("ke"), advanced + "policy"} {
			if resp, body := ask("GET", path, "Host", host); resp.StatusCode != want || want != 200 && !strings.Contains(body, "gsp.example") {
				t.Errorf("%s of %s: got %d, %q, want %d", path, host, resp.StatusCode, body, want)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, path := range []string{
		direct, direct + "policy", advanced + "hu/" + gsp.WKDHash("ke"), "/pks/lookup?op=get&search=ke@gsp.example", "/vks/v1/by-email/ke@gsp.example", "/keys/parties.pgp",
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get"} {
			resp, body := ask(method, path)
			if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s %s: got %d, %v, %q", method, path, resp.StatusCode, resp.Header, body)
			}
		}
		if resp, body := ask("OPTIONS", path); resp.StatusCode != 204 || body != "" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("OPTIONS %s: got %d", path, resp.StatusCode)
		}
	}
}
