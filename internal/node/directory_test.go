package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/pgpcert"
)

// asker returns a function that asks the directory by its advanced name.
func asker(t *testing.T, c config.Config, g *node.Gateway, roots *x509.CertPool) func(path string) (status int, body string) {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", g.HTTPS.String())
		},
	}}
	t.Cleanup(client.CloseIdleConnections)
	return func(path string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", "https://openpgpkey."+c.Domain+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
}

// What an administrator publishes is in the next answer of every way to ask.
func TestKeysAreFoundAtOnce(t *testing.T) {
	c := configOf(t)
	g, roots := start(t, c)
	defer g.Shutdown(t.Context())
	get := asker(t, c, g, roots)
	do(t, c, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	wkd := "/.well-known/openpgpkey/" + c.Domain + "/hu/" + gsp.WKDHash("ke")
	if status, _ := get(wkd); status != http.StatusNotFound {
		t.Errorf("before: got %d, want 404", status)
	}
	for range 2 { // a key, and another in its place
		cert, err := publish(t, c, "ke").Cert()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{wkd, "/keys/parties.pgp"} {
			if status, body := get(path); status != http.StatusOK || body != string(cert.Bytes()) {
				t.Errorf("%s: got %d, %d octets, want the new key", path, status, len(body))
			}
		}
		var armoured []string
		for _, path := range []string{"/vks/v1/by-email/ke@" + c.Domain, "/pks/lookup?op=get&search=0x" + cert.Fingerprints()[1]} {
			status, body := get(path)
			if status != http.StatusOK {
				t.Errorf("%s: got %d", path, status)
			}
			armoured = append(armoured, body)
		}
		if armoured[0] != armoured[1] {
			t.Error("by address and by subkey different certificates are found")
		}
		_, index := get("/pks/lookup?op=index&options=mr&search=ke@" + c.Domain)
		if want := "info:1:1\npub:" + cert.Fingerprint() + ":"; !strings.HasPrefix(index, want) || !strings.Contains(index, "\nuid:") {
			t.Errorf("index: got %q, want %q", index, want)
		}
	}
}

// A certificate of version 6 is found by its fingerprint and told of in an index
// by address. What GnuPG reads is without it, or it would take nothing at all.
func TestACertificateOfVersion6IsFoundByItsFingerprint(t *testing.T) {
	c := configOf(t)
	g, roots := start(t, c)
	defer g.Shutdown(t.Context())
	get := asker(t, c, g, roots)
	do(t, c, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	publish(t, c, "ke")
	entity, err := openpgp.NewEntity("", "", "ke@"+domain, &packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519})
	if err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := entity.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	usual := map[string]string{}
	for _, path := range []string{
		"/.well-known/openpgpkey/" + domain + "/hu/" + gsp.WKDHash("ke"), "/keys/parties.pgp", "/keys/parties.pgp.sig",
		"/vks/v1/by-email/ke@" + domain, "/pks/lookup?op=get&search=ke@" + domain,
	} {
		_, usual[path] = get(path)
	}
	do(t, c, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: public.Bytes()})
	for path, before := range usual {
		if status, body := get(path); status != http.StatusOK || body != before {
			t.Errorf("%s: got %d, want what was there before", path, status)
		}
	}
	fingerprint := strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))
	for _, path := range []string{
		"/vks/v1/by-fingerprint/" + fingerprint, "/vks/v1/by-keyid/" + fingerprint[:16], "/pks/lookup?op=get&search=0x" + fingerprint,
	} {
		if status, body := get(path); status != http.StatusOK || body != string(pgpcert.Armor(public.Bytes())) {
			t.Errorf("%s: got %d, %q, want the certificate alone", path, status, body)
		}
	}
	_, index := get("/pks/lookup?op=index&options=mr&search=ke@" + domain)
	if !strings.HasPrefix(index, "info:1:2\n") || !strings.Contains(index, "\npub:"+fingerprint+":") {
		t.Errorf("index: got %q, want two, one of them %s", index, fingerprint)
	}
}
