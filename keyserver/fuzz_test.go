package keyserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// Whatever is asked for, the answer is a proper one, and certificates are
// found under their own names only.
func FuzzLookups(f *testing.F) {
	hash := gsp.WKDHash("ke")
	for _, target := range []string{
		direct + "hu/" + hash, advanced + "hu/" + hash + "?l=ke", direct + "policy", "/pks/lookup?op=get&search=0x" + keFingerprint,
		"/pks/lookup?op=index&options=mr&search=ke@gsp.example", "/vks/v1/by-email/ke%40gsp.example", "/vks/v1/by-keyid/" + keFingerprint[24:],
		"/keys/parties.pgp", "/keys/fr/", "/pks/lookup?op=get&search=%00;&&op=", direct + "%2e%2e/hu%2f" + hash,
	} {
		f.Add(target, "gsp.example")
	}
	s := &keyserver.Server{Directory: index(), Domain: "gsp.example"}
	handler := s.Handler()
	f.Fuzz(func(t *testing.T, target, host string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !slices.ContainsFunc([]string{direct, "/pks/", "/vks/", "/keys/"}, func(p string) bool { return strings.HasPrefix(u.Path, p) }) {
			return
		}
		r := (&http.Request{Method: "GET", URL: u, Host: host, RemoteAddr: "192.0.2.1:1", Header: http.Header{}}).WithContext(t.Context())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		page := strings.HasPrefix(u.Path, "/keys/") && strings.HasSuffix(u.Path, "/") // for people
		if !slices.Contains([]int{200, 404, 421, 501}, w.Code) || !page && strings.Contains(w.Header().Get("Content-Type"), "html") || w.Header().Get("Location") != "" {
			t.Errorf("%q of %q: got %d, %v", target, host, w.Code, w.Header())
		}
		if !strings.HasPrefix(u.Path, direct) || w.Code != 200 {
			return
		}
		file := strings.TrimPrefix(u.Path, direct)
		if domain, rest, ok := strings.Cut(file, "/"); ok && strings.EqualFold(domain, "gsp.example") {
			file = rest
		}
		if !slices.Contains([]string{"policy", "hu/" + hash, "hu/" + gsp.WKDHash("eu")}, file) {
			t.Errorf("%q: got %q", target, w.Body)
		}
	})
}
