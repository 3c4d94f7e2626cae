package keyserver_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// rawly returns a function that writes octets to a server as they are and
// returns the first answer. The connection is to be answered within seconds.
func rawly(t *testing.T, s *keyserver.Server) func(request string) (*http.Response, string) {
	ask := open(t, s)
	resp, _ := ask("GET", "/healthz")
	address := resp.Request.URL.Host
	return func(request string) (*http.Response, string) {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		go io.WriteString(conn, request) // the server may answer before it has read all
		method, _, _ := strings.Cut(request, " ")
		resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil {
			t.Errorf("%.80q: %v", request, err)
			return &http.Response{}, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Errorf("%.80q: read the answer: %v", request, err)
		}
		return resp, string(body)
	}
}

// What no client of ours would write, as it comes over the wire: each gets a
// proper answer, which is no page and leads nowhere else.
func TestOddRequests(t *testing.T) {
	ask := rawly(t, &keyserver.Server{})
	hash := gsp.WKDHash("ke")
	hu := direct + "hu/" + hash
	get := func(path string, fields ...string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: gsp.example\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
	}
	at := func(host string) string { return "GET " + hu + " HTTP/1.1\r\n" + host + "\r\n" }
	method := func(name string) string { return name + " " + hu + " HTTP/1.1\r\nHost: gsp.example\r\n\r\n" }
	for _, test := range []struct {
		request string
		status  int
	}{
		{get(hu), 200},
		{"GET " + hu + " HTTP/1.0\r\n\r\n", 200},
		{"GET " + hu + " HTTP/1.1\nHost: gsp.example\n\n", 200},
		{"GET https://gsp.example" + hu + " HTTP/1.1\r\nHost: gsp.example\r\n\r\n", 200},
		{get(hu) + get(hu), 200},

		// paths
		{get(direct + "hu/../hu/" + hash), 404},
		{get(direct + "./hu/" + hash), 404},
		{get("/x/.." + hu), 404},
		{get("/" + hu), 404},
		{get(strings.Replace(hu, "/hu/", "//hu/", 1)), 404},
		{get(strings.Replace(hu, "/hu/", "/hu//", 1)), 404},
		{get(hu + "/"), 404},
		{get(hu + "/.."), 404},
		{get(hu + "%00"), 404},
		{get(hu + "%20"), 404},
		{get(hu + "\x7f"), 400},
		{get(hu + "\x00"), 400},
		{get(hu + ";l=ke"), 404},
		{get(strings.Replace(hu, "/hu/", "/hu%2f", 1)), 404},
		{get(strings.Replace(hu, "/hu/", "%2Fhu/", 1)), 404},
		{get(strings.Replace(hu, "hu", "%68u", 1)), 404},
		{get(direct + "%2e%2e/openpgpkey/hu/" + hash), 404},
		{get(direct + `..\hu\` + hash), 404},
		{get(direct + "hu/" + strings.ToUpper(hash)), 404},
		{get(direct + "hu/" + hash[:31]), 404},
		{get(direct + "hu/" + strings.Repeat("y", 20_000)), 404},
		{get("/.well-known/openpgpkey/%67sp.example/hu/" + hash), 404},
		{get("/.well-known/openpgpkey/gsp.example./hu/" + hash), 404},
		{get("/.well-known/openpgpkey/other.example/hu/" + hash), 404},
		{get("/.well-known/openpgpkey/" + strings.Repeat("gsp.example/", 2) + "hu/" + hash), 404},
		{get("/%zz"), 400},
		{get("/keys/..%2fparties.pgp"), 404},
		{get("/keys/../keys/parties.pgp"), 404},
		{get("/setup/../../etc/passwd"), 404},
		{get("/pks/lookup?op=get&search=%00"), 404},
		{get("/pks/lookup?op=get&search=%zz"), 404},
		{get("/pks/lookup?op=get&search=" + strings.Repeat("A", 30_000)), 404},
		{get("*"), 404},
		{get(""), 400},
		{get("hu"), 400},
		{get("http://"), 404},

		// hosts
		{at("Host: other.example\r\n"), 421},
		{at("Host: gsp.example.other.example\r\n"), 421},
		{at("Host: xgsp.example\r\n"), 421},
		{at("Host: GSP.example.:8443\r\n"), 200},
		{at("Host: [::1]:443\r\n"), 200},
		{at("Host: \r\n"), 200},
		{at(""), 400},
		{at("Host: gsp.example\r\nHost: other.example\r\n"), 400},
		{at("Host: gsp.example, other.example\r\n"), 400},
		{at("Host: gsp example\r\n"), 400},
		{at("Host: a/b.example\r\n"), 400},
		{at("Host: " + strings.Repeat("a.", 20_000) + "\r\n"), 421},

		// methods and versions
		{method("POST"), 405}, {method("PUT"), 405}, {method("DELETE"), 405}, {method("TRACE"), 405}, {method("PROPFIND"), 405},
		{method("get"), 405}, {method("GETX"), 405}, {method("G T"), 400}, {method("HEAD"), 200}, {method("OPTIONS"), 204},
		{"CONNECT gsp.example:443 HTTP/1.1\r\nHost: gsp.example:443\r\n\r\n", 405},
		{"GET " + hu + "\r\n\r\n", 400},
		{"GET " + hu + " HTTP/9.9\r\nHost: gsp.example\r\n\r\n", 505},
		{"\x16\x03\x01\r\n\r\n", 400},

		// header and body
		{get(hu, "X-Long: "+strings.Repeat("x", 60_000)), 200},
		{get(hu, "X-Long: "+strings.Repeat("x", 200_000)), 431},
		{get(hu, strings.Repeat("X: y\r\n", 20_000)+"Z: z"), 431},
		{get(hu, "No colon"), 400},
		{get(hu, " Folded: x"), 400},
		{get(hu, "Bad\x00Name: x"), 400},
		{get(hu, "Content-Length: -1"), 400},
		{get(hu, "Content-Length: 1", "Content-Length: 2"), 400},
		{get(hu, "Transfer-Encoding: nonsense"), 501},
		{get(hu, "Content-Length: 10000000") + strings.Repeat("x", 100_000), 200},
		{"POST " + hu + " HTTP/1.1\r\nHost: gsp.example\r\nContent-Length: 10000000\r\n\r\n" + strings.Repeat("x", 300_000), 405},
		{"POST /pks/add HTTP/1.1\r\nHost: gsp.example\r\nContent-Length: 10000000\r\n\r\nkeytext=" + strings.Repeat("x", 300_000), 501},
	} {
		resp, body := ask(test.request)
		name := fmt.Sprintf("%.120q", test.request)
		if resp.StatusCode != test.status {
			t.Errorf("%s: got %d %.80q, want %d", name, resp.StatusCode, body, test.status)
			continue
		}
		if test.status == 200 && !strings.HasPrefix(test.request, "HEAD") && body != string(key) {
			t.Errorf("%s: got %q, want the key", name, body)
		}
		if resp.Header.Get("Location") != "" || strings.Contains(resp.Header.Get("Content-Type"), "html") {
			t.Errorf("%s: got %v", name, resp.Header)
		}
	}
}
