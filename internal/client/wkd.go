package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// lookupTime bounds one request to a key directory.
const lookupTime = 20 * time.Second

// maxRedirects is how often a directory may send a client on.
const maxRedirects = 2

// Dialer connects to a network address, as net.Dialer's DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// DialTo returns a Dialer that connects to one address whatever it is asked
// for: for a directory on another port or without a name in DNS.
func DialTo(server string) Dialer {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}
}

// WKD looks up certificates in Web Key Directories
// (draft-koch-openpgp-webkey-service-22, section 3.1). It is safe for
// concurrent use.
type WKD struct{ http *http.Client }

// NewWKD returns a WKD that trusts roots, or the system's where nil, and
// connects by dial, or directly where nil.
func NewWKD(roots *x509.CertPool, dial Dialer) *WKD {
	return &WKD{&http.Client{
		Timeout: lookupTime,
		Transport: &http.Transport{
			DialContext:       dial,
			TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true,
			IdleConnTimeout:   lookupTime,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" || len(via) > maxRedirects {
				return errors.New("key directory redirects elsewhere")
			}
			return nil
		},
	}}
}

// Fetch returns the certificate that the directory of addr's domain publishes
// for it. It asks by the advanced method, and by the direct one only where the
// host name of the advanced one does not exist. The error is a *gsp.Refusal
// where there is no key, or none that can be used.
func (w *WKD) Fetch(ctx context.Context, addr gsp.Address) (*pgpcert.Cert, error) {
	path := "/hu/" + gsp.WKDHash(addr.Local) + "?l=" + url.QueryEscape(addr.Local)
	b, err := w.get(ctx, "https://openpgpkey."+addr.Domain+"/.well-known/openpgpkey/"+addr.Domain+path)
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) && dns.IsNotFound {
		b, err = w.get(ctx, "https://"+addr.Domain+"/.well-known/openpgpkey"+path)
	}
	switch {
	case errors.Is(err, gsp.ErrNotFound):
		return nil, &gsp.Refusal{
			Reason: gsp.NoKey,
			Cause:  fmt.Sprintf("the key directory has no key for %s", addr),
			Remedy: "check the address, or ask its Party's administrator to publish the key",
		}
	case err != nil:
		return nil, fmt.Errorf("look up the key of %s: %w", addr, err)
	}
	return pgpcert.ReadAnswer(b, addr, time.Now())
}

// get returns a document of a directory, at most one octet more than a
// certificate may have. The error is gsp.ErrNotFound where there is none.
func (w *WKD) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := w.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(answer.Body, pgpcert.MaxSize+1))
	case http.StatusNotFound:
		return nil, gsp.ErrNotFound
	}
	return nil, fmt.Errorf("key directory answers %s", answer.Status)
}
