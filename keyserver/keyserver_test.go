package keyserver_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// directory is what is published, by hash.
type directory map[string][]keyserver.Entry

func (d directory) Published(domain, hash string) []keyserver.Entry {
	if domain != "gsp.example" {
		hash = domain + " " + hash
	}
	if hash == gsp.WKDHash("broken") {
		panic("a fault of ours")
	}
	return d[hash]
}

func (d directory) Besides(domain, hash string) []keyserver.Entry { return d[domain+" beside "+hash] }

func (d directory) Identified(id string) (found []keyserver.Entry) {
	for _, entries := range d {
		for _, e := range entries {
			if strings.HasSuffix(e.Fingerprint, id) {
				found = append(found, e)
			}
		}
	}
	return found
}

func (d directory) Parties() (gsp.Keyring, error) {
	ring := gsp.Keyring{
		Binary:   gsp.SignedFile{Signature: []byte("signature")},
		Armoured: gsp.SignedFile{Bytes: []byte("armoured"), Signature: []byte("another")},
		Signer:   euFingerprint,
	}
	for _, e := range slices.Concat(d[gsp.WKDHash("eu")], d[gsp.WKDHash("ke")]) {
		ring.Binary.Bytes, ring.Signed = append(ring.Binary.Bytes, e.Bytes...), published
	}
	return ring, nil
}

// publish makes a directory with one certificate for each local part.
func publish(certs map[string][]byte) directory {
	d := directory{}
	for local, b := range certs {
		d[gsp.WKDHash(local)] = []keyserver.Entry{{Certificate: gsp.Certificate{Bytes: b, Published: published}}}
	}
	return d
}

var published = time.Date(2026, 11, 23, 9, 0, 0, 500, time.UTC)

// key is no OpenPGP; the door does not look into it.
var key = []byte("\x98\x33\x04binary \x00\xff")

// testTLS makes a certificate authority of one, for a domain and its
// sub-domain openpgpkey.
func testTLS(t testing.TB, domain string) (server *tls.Config, authority *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "directory test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		DNSNames:              []string{domain, "openpgpkey." + domain},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	authority, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}, authority
}

// open starts a server and returns a function that asks it.
func open(t testing.TB, s *keyserver.Server) func(method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	serverTLS, authority := testTLS(t, "gsp.example")
	s.TLS = serverTLS
	if s.Domain == "" {
		s.Domain = "GSP.example"
	}
	if s.Directory == nil {
		s.Directory = publish(map[string][]byte{"ke": key})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, ServerName: "openpgpkey.gsp.example"},
		ForceAttemptHTTP2: true,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return func(method, path string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+l.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
			if headers[i] == "Host" {
				r.Host = headers[i+1]
			}
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
}

const (
	direct   = "/.well-known/openpgpkey/"
	advanced = "/.well-known/openpgpkey/gsp.example/"
)

func TestKey(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	hash := gsp.WKDHash("ke")
	for _, path := range []string{
		direct + "hu/" + hash,
		advanced + "hu/" + hash,
		"/.well-known/openpgpkey/GSP.EXAMPLE/hu/" + hash,
		advanced + "hu/" + hash + "?l=ke",
		advanced + "hu/" + hash + "?l=KE",
		advanced + "hu/" + hash + "?l=nobody",
		advanced + "hu/" + hash + "?l=%u0430%zz&l=;",
	} {
		resp, body := ask("GET", path, "Authorization", "Basic eDp5", "Content-Type", "text/plain",
			"X-Enigmail-Padding", strings.Repeat("x", 20_000))
		if resp.StatusCode != 200 || body != string(key) {
			t.Errorf("%s: got %d, %q", path, resp.StatusCode, body)
		}
		for name, want := range map[string]string{
			"Content-Type":                "application/octet-stream",
			"Access-Control-Allow-Origin": "*",
			"X-Content-Type-Options":      "nosniff",
			"Cache-Control":               "public, max-age=300",
			"Last-Modified":               "Mon, 23 Nov 2026 09:00:00 GMT",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", path, name, got, want)
			}
		}
	}

	resp, body := ask("HEAD", advanced+"hu/"+hash)
	if resp.StatusCode != 200 || body != "" || resp.ContentLength != int64(len(key)) {
		t.Errorf("HEAD: got %d, %q, length %d", resp.StatusCode, body, resp.ContentLength)
	}
	tag := resp.Header.Get("ETag")
	if resp, body := ask("GET", advanced+"hu/"+hash, "If-None-Match", tag); tag == "" || resp.StatusCode != 304 || body != "" {
		t.Errorf("with tag %s: got %d, want 304", tag, resp.StatusCode)
	}
	if resp, _ := ask("GET", advanced+"hu/"+hash, "If-Modified-Since", "Mon, 23 Nov 2026 09:00:00 GMT"); resp.StatusCode != 304 {
		t.Errorf("with date: got %d, want 304", resp.StatusCode)
	}
}

// A program in a browser asks first whether it may.
func TestOptions(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, path := range []string{direct + "hu/" + gsp.WKDHash("ke"), advanced + "policy"} {
		resp, _ := ask("OPTIONS", path, "Origin", "https://mail.example", "Access-Control-Request-Method", "GET")
		if resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "GET") {
			t.Errorf("%s: got %d, %v", path, resp.StatusCode, resp.Header)
		}
		if resp, _ := ask("POST", path); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("POST %s: got %d, want 405", path, resp.StatusCode)
		}
	}
}

// GnuPG gives a whole domain up where there is no policy file, and calls a
// line without its LF too long.
func TestPolicy(t *testing.T) {
	ask := open(t, &keyserver.Server{Submission: "keys@gsp.example"})
	for _, base := range []string{direct, advanced} {
		for file, want := range map[string]string{
			"policy":             "submission-address: keys@gsp.example\nprotocol-version: 22\n",
			"submission-address": "keys@gsp.example\n",
		} {
			resp, body := ask("GET", base+file)
			if resp.StatusCode != 200 || body != want || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: got %d, %q, want %q", base+file, resp.StatusCode, body, want)
			}
		}
	}
	ask = open(t, &keyserver.Server{})
	if resp, _ := ask("GET", direct+"policy"); resp.StatusCode != 200 {
		t.Errorf("policy without submission address: got %d, want 200", resp.StatusCode)
	}
	if resp, _ := ask("GET", direct+"submission-address"); resp.StatusCode != 404 {
		t.Errorf("no submission address: got %d, want 404", resp.StatusCode)
	}
}

// Who types the gateway's name into a browser is led to the help pages.
func TestFrontDoor(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, method := range []string{"GET", "HEAD"} {
		resp, _ := ask(method, "/")
		if resp.StatusCode != 302 || resp.Header.Get("Location") != "/help/" {
			t.Errorf("%s: got %d to %q, want 302 to /help/", method, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	if resp, _ := ask("POST", "/"); resp.StatusCode != 405 {
		t.Errorf("POST: got %d, want 405", resp.StatusCode)
	}
}

// Nothing else is there, no redirect and no HTML, which Thunderbird would take
// for an answer.
func TestNotFound(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, path := range []string{
		"/index.html", "//", "/.well-known/openpgpkey", direct, advanced, direct + "hu", direct + "hu/", advanced + "hu/",
		advanced + "hu/" + gsp.WKDHash("nobody"), "/.well-known/openpgpkey/other.example/hu/" + gsp.WKDHash("ke"),
		advanced + "hu/../hu/" + gsp.WKDHash("ke"), direct + "/hu/" + gsp.WKDHash("ke"), advanced + "gsp.example/policy",
		"/helping", "/healthz/",
	} {
		resp, body := ask("GET", path)
		if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || body != "not found\n" {
			t.Errorf("%s: got %d, %s, %q", path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
}

func TestHealth(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	if resp, body := ask("GET", "/healthz"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("got %d, %q", resp.StatusCode, body)
	}
	if resp, _ := ask("DELETE", "/healthz"); resp.StatusCode != 405 {
		t.Errorf("DELETE: got %d, want 405", resp.StatusCode)
	}
}

func TestTooManyLookups(t *testing.T) {
	ask := open(t, &keyserver.Server{Misses: 3})
	there, gone := direct+"hu/"+gsp.WKDHash("ke"), direct+"hu/"+gsp.WKDHash("nobody")
	for i := range 3 {
		if resp, _ := ask("GET", there); resp.StatusCode != 200 {
			t.Fatalf("a key that is there, time %d: got %d, want 200", i+1, resp.StatusCode)
		}
		if resp, _ := ask("GET", gone); resp.StatusCode != 404 { // the third is the last
			t.Fatalf("a key that nobody has, time %d: got %d, want 404", i+1, resp.StatusCode)
		}
	}
	for _, path := range []string{there, gone} {
		resp, _ := ask("GET", path)
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" {
			t.Errorf("%s after three misses: got %d, want 429", path, resp.StatusCode)
		}
	}
	if resp, _ := ask("GET", direct+"policy"); resp.StatusCode != 200 {
		t.Errorf("policy: got %d, want 200", resp.StatusCode)
	}
}

func TestFaultIsLoggedWithoutTheClient(t *testing.T) {
	var log bytes.Buffer
	s := &keyserver.Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
	ask := open(t, s)
	resp, body := ask("GET", direct+"hu/"+gsp.WKDHash("broken")+"?l=broken")
	if resp.StatusCode != 500 || strings.Contains(body, "fault of ours") {
		t.Errorf("got %d, %q", resp.StatusCode, body)
	}
	if got := log.String(); !strings.Contains(got, "directory failed") || strings.Contains(got, "127.0.0.1") ||
		strings.Contains(got, "l=broken") || strings.Contains(got, gsp.WKDHash("broken")) {
		t.Errorf("log: %q", got)
	}
}

// Whoever holds too many connections gets no more, and the door stays open.
func TestConnectionsPerPeer(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	resp, _ := ask("GET", "/healthz")
	address := resp.Request.URL.Host
	var held []net.Conn
	defer func() {
		for _, conn := range held {
			conn.Close()
		}
	}()
	for range 127 { // the one that asked is the first
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	over, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	over.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := over.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the 129th connection: got %v, want it closed", err)
	}
	if resp, _ := ask("GET", "/healthz"); resp.StatusCode != 200 {
		t.Errorf("meanwhile: got %d, want 200", resp.StatusCode)
	}
}

// The handler alone works behind the TLS of somebody else.
func TestHandler(t *testing.T) {
	s := &keyserver.Server{Directory: directory{}, Domain: "gsp.example"}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("got %d, want 200", w.Code)
	}
}

func BenchmarkKey(b *testing.B) {
	s := &keyserver.Server{Directory: publish(map[string][]byte{"ke": key}), Domain: "gsp.example"}
	handler := s.Handler()
	r := httptest.NewRequestWithContext(b.Context(), "GET", advanced+"hu/"+gsp.WKDHash("ke"), nil)
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}
