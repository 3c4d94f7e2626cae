package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// directory serves what is put under a path, over TLS.
func directory(t *testing.T, documents map[string][]byte) (asked func() []string, roots *x509.CertPool, server string) {
	t.Helper()
	config, roots := authority(t)
	var mu sync.Mutex
	var list []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		list = append(list, r.Host+r.URL.String())
		mu.Unlock()
		b, ok := documents[r.Host+r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case strings.HasPrefix(string(b), "http"):
			http.Redirect(w, r, string(b), http.StatusFound)
		default:
			w.Write(b)
		}
	})
	l := listen(t)
	s := &http.Server{Handler: handler, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan error, 1)
	go func() { done <- s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { s.Close(); <-done })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), list...)
	}, roots, l.Addr().String()
}

const (
	advanced = "openpgpkey.gsp.example/.well-known/openpgpkey/gsp.example/hu/"
	direct   = "gsp.example/.well-known/openpgpkey/hu/"
)

func TestFetch(t *testing.T) {
	_, keCert := generate(t, "ke")
	_, deCert := generate(t, "de")
	hash := gsp.WKDHash("ke")
	asked, roots, server := directory(t, map[string][]byte{
		advanced + hash:              keCert.Bytes(),
		direct + hash:                deCert.Bytes(), // never asked for
		advanced + gsp.WKDHash("eu"): deCert.Bytes(), // another's key
	})
	w := client.NewWKD(roots, client.DialTo(server))
	c, err := w.Fetch(t.Context(), address("ke"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Fingerprint() != keCert.Fingerprint() || c.Address() != address("ke") {
		t.Errorf("got %s of %s, want %s", c.Fingerprint(), c.Address(), keCert.Fingerprint())
	}
	for local, want := range map[string]gsp.Reason{"fr": gsp.NoKey, "eu": gsp.WrongKeyAddress} {
		var r *gsp.Refusal
		if _, err := w.Fetch(t.Context(), address(local)); !errors.As(err, &r) || r.Reason != want {
			t.Errorf("%s: got %v, want %s", local, err, want)
		}
	}
	if want := advanced + hash + "?l=ke"; asked()[0] != want {
		t.Errorf("asked for %s, want %s", asked()[0], want)
	}
	for _, a := range asked() {
		if !strings.HasPrefix(a, advanced) {
			t.Errorf("asked for %s, where the advanced method works", a)
		}
	}
}

// published are certificates by the hash of their local part.
type published map[string]gsp.Certificate

func (p published) Published(_, hash string) []keyserver.Entry {
	c, ok := p[hash]
	if !ok {
		return nil
	}
	return []keyserver.Entry{{Certificate: c}}
}

func (p published) Besides(string, string) []keyserver.Entry { return nil }

func (p published) Identified(string) []keyserver.Entry { return nil }

func (p published) Parties() (gsp.Keyring, error) { return gsp.Keyring{}, nil }

// Both methods find what the gateway's own directory serves.
func TestFetchFromTheDirectory(t *testing.T) {
	_, keCert := generate(t, "ke")
	config, roots := authority(t)
	door := &keyserver.Server{
		Directory: published{gsp.WKDHash("ke"): {Address: address("ke"), Fingerprint: keCert.Fingerprint(), Bytes: keCert.Bytes()}},
		Domain:    "gsp.example", TLS: config,
	}
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- door.Serve(l) }()
	t.Cleanup(func() {
		if err := door.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	})
	to := client.DialTo(l.Addr().String())
	for method, dial := range map[string]client.Dialer{"advanced": to, "direct": withoutSubdomain(to)} {
		w := client.NewWKD(roots, dial)
		if c, err := w.Fetch(t.Context(), address("ke")); err != nil || c.Fingerprint() != keCert.Fingerprint() {
			t.Errorf("%s: got %v, %v, want %s", method, c, err, keCert)
		}
		var r *gsp.Refusal
		if _, err := w.Fetch(t.Context(), address("nobody")); !errors.As(err, &r) || r.Reason != gsp.NoKey {
			t.Errorf("%s: got %v, want %s", method, err, gsp.NoKey)
		}
	}
}

// withoutSubdomain dials as if the advanced method's host name did not exist.
func withoutSubdomain(dial client.Dialer) client.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "openpgpkey.") {
			return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
		}
		return dial(ctx, network, address)
	}
}

// The direct method is for domains without the host name of the advanced one.
func TestFetchDirect(t *testing.T) {
	_, keCert := generate(t, "ke")
	_, roots, server := directory(t, map[string][]byte{direct + gsp.WKDHash("ke"): keCert.Bytes()})
	w := client.NewWKD(roots, withoutSubdomain(client.DialTo(server)))
	if c, err := w.Fetch(t.Context(), address("ke")); err != nil || c.Fingerprint() != keCert.Fingerprint() {
		t.Errorf("got %v, %v", c, err)
	}
	// A directory that is down is no reason to ask elsewhere.
	refused := errors.New("connection refused")
	w = client.NewWKD(roots, func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "openpgpkey.") {
			return nil, refused
		}
		return client.DialTo(server)(ctx, network, address)
	})
	if _, err := w.Fetch(t.Context(), address("ke")); !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
}

func TestFetchFollowsHTTPSOnly(t *testing.T) {
	_, keCert := generate(t, "ke")
	_, frCert := generate(t, "fr")
	_, roots, server := directory(t, map[string][]byte{
		advanced + gsp.WKDHash("ke"): []byte("https://gsp.example/ke"),
		"gsp.example/ke":             keCert.Bytes(),
		advanced + gsp.WKDHash("fr"): []byte("http://gsp.example/fr"),
		"gsp.example/fr":             frCert.Bytes(),
		advanced + gsp.WKDHash("de"): []byte("https://" + advanced + gsp.WKDHash("de")),
	})
	w := client.NewWKD(roots, client.DialTo(server))
	if _, err := w.Fetch(t.Context(), address("ke")); err != nil {
		t.Errorf("over https: %v", err)
	}
	for _, local := range []string{"fr", "de"} {
		if _, err := w.Fetch(t.Context(), address(local)); err == nil || !strings.Contains(err.Error(), "redirects elsewhere") {
			t.Errorf("%s: got %v, want it not followed", local, err)
		}
	}
}

func TestFetchTrustsItsAuthorityOnly(t *testing.T) {
	_, keCert := generate(t, "ke")
	_, _, server := directory(t, map[string][]byte{advanced + gsp.WKDHash("ke"): keCert.Bytes()})
	var unknown x509.UnknownAuthorityError
	if _, err := client.NewWKD(x509.NewCertPool(), client.DialTo(server)).Fetch(t.Context(), address("ke")); !errors.As(err, &unknown) {
		t.Errorf("got %v, want an unknown authority", err)
	}
}
