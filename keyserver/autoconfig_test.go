package keyserver_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

var servers = gsp.Servers{
	Submission: gsp.Server{Host: "smtp.gsp.example", Port: 465},
	Reading:    gsp.Server{Host: "imap.gsp.example", Port: 1993},
	Directory:  gsp.Server{Host: "gsp.example", Port: 443},
}

// setUp starts a door over HTTPS and returns a function that asks it.
func setUp(t *testing.T, servers gsp.Servers) func(method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	s := httptest.NewTLSServer((&keyserver.Server{Domain: "gsp.example", Servers: servers}).Handler())
	t.Cleanup(s.Close)
	return func(method, path, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
}

const wellKnown = "/.well-known/autoconfig/mail/config-v1.1.xml"

// mozillaConfig is what a mail client reads.
type mozillaConfig struct {
	XMLName  xml.Name        `xml:"clientConfig"`
	Version  string          `xml:"version,attr"`
	Domain   string          `xml:"emailProvider>domain"`
	Incoming []mozillaServer `xml:"emailProvider>incomingServer"`
	Outgoing []mozillaServer `xml:"emailProvider>outgoingServer"`
}

type mozillaServer struct {
	Type           string `xml:"type,attr"`
	Hostname       string `xml:"hostname"`
	Port           int    `xml:"port"`
	SocketType     string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	Username       string `xml:"username"`
}

func TestMozillaConfig(t *testing.T) {
	with := servers
	with.STARTTLS = gsp.Server{Host: "smtp.gsp.example", Port: 587}
	login := func(kind, host string, port int, socket string) mozillaServer {
		return mozillaServer{kind, host, port, socket, "password-cleartext", "%EMAILADDRESS%"}
	}
	incoming, outgoing := login("imap", "imap.gsp.example", 1993, "SSL"), login("smtp", "smtp.gsp.example", 465, "SSL")
	for _, test := range []struct {
		servers  gsp.Servers
		outgoing []mozillaServer
	}{
		{servers, []mozillaServer{outgoing}},
		{with, []mozillaServer{outgoing, login("smtp", "smtp.gsp.example", 587, "STARTTLS")}},
	} {
		resp, body := setUp(t, test.servers)("GET", wellKnown, "")
		var got mozillaConfig
		if err := xml.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if got.Version != "1.1" || got.Domain != "gsp.example" || len(got.Incoming) != 1 || got.Incoming[0] != incoming {
			t.Errorf("got %+v, want version 1.1 for gsp.example with %+v", got, incoming)
		}
		if len(got.Outgoing) != len(test.outgoing) {
			t.Fatalf("got %+v, want %+v", got.Outgoing, test.outgoing)
		}
		for i := range got.Outgoing {
			if got.Outgoing[i] != test.outgoing[i] {
				t.Errorf("got %+v, want %+v", got.Outgoing[i], test.outgoing[i])
			}
		}
		if got := resp.Header.Get("Content-Type"); got != "text/xml; charset=utf-8" {
			t.Errorf("got type %s, want XML", got)
		}
	}
}

// Who asks learns nothing of who has an account.
func TestMozillaConfigIsOneForAll(t *testing.T) {
	ask := setUp(t, servers)
	_, want := ask("GET", wellKnown, "")
	for _, path := range []string{
		"/mail/config-v1.1.xml", "/mail/config-v1.1.xml?emailaddress=ke1%40gsp.example",
		wellKnown + "?emailaddress=nobody@GSP.Example", wellKnown + "?emailaddress=%3Cx%3E@gsp.example",
	} {
		if resp, got := ask("GET", path, ""); resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: got %s %q, want the same as for all", path, resp.Status, got)
		}
	}
	for _, asked := range []string{"a@example.org", "a", "a@b@gsp.example", "a@sub.gsp.example", "%00"} {
		if resp, got := ask("GET", wellKnown+"?emailaddress="+asked, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %s %q, want 404", asked, resp.Status, got)
		}
	}
}

func TestMozillaConfigIsCached(t *testing.T) {
	ask := setUp(t, servers)
	first, body := ask("GET", wellKnown, "")
	if first.Header.Get("Cache-Control") == "" || first.Header.Get("ETag") == "" {
		t.Errorf("got %v, want it cached", first.Header)
	}
	if resp, _ := ask("GET", wellKnown, "", "If-None-Match", first.Header.Get("ETag")); resp.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: got %s, want 304", resp.Status)
	}
	if resp, got := ask("HEAD", wellKnown, ""); got != "" || resp.ContentLength != int64(len(body)) {
		t.Errorf("HEAD: got %q and length %d, want nothing and %d", got, resp.ContentLength, len(body))
	}
	if resp, _ := ask("POST", wellKnown, ""); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %s, want 405", resp.Status)
	}
}

const outlookRequest = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>Ke1@GSP.example</EMailAddress>
    <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
  </Request>
</Autodiscover>`

// outlookAnswer is what Outlook reads, by its two namespaces.
type outlookAnswer struct {
	XMLName  xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response struct {
		XMLName xml.Name
		Account struct {
			AccountType string
			Action      string
			Protocol    []outlookProtocol
		}
		Error struct {
			ErrorCode int
			Message   string
		}
	}
}

type outlookProtocol struct {
	Type, Server                                                            string
	Port                                                                    int
	DomainRequired, LoginName, SPA, SSL, Encryption, AuthRequired, SMTPLast string
}

func TestOutlook(t *testing.T) {
	ask := setUp(t, servers)
	for _, path := range []string{"/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"} {
		resp, body := ask("POST", path, outlookRequest, "Content-Type", "text/xml; charset=utf-8")
		var got outlookAnswer
		if err := xml.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s: %v in %s", path, err, body)
		}
		if space := got.Response.XMLName.Space; !strings.HasSuffix(space, "/outlook/responseschema/2006a") {
			t.Errorf("%s: got a response in %s, want the schema asked for", path, space)
		}
		account := got.Response.Account
		if account.AccountType != "email" || account.Action != "settings" || len(account.Protocol) != 2 {
			t.Fatalf("%s: got %+v, want the settings of two servers", path, account)
		}
		for i, want := range []outlookProtocol{
			{"IMAP", "imap.gsp.example", 1993, "off", "ke1@gsp.example", "off", "on", "SSL", "on", ""},
			{"SMTP", "smtp.gsp.example", 465, "off", "ke1@gsp.example", "off", "on", "SSL", "on", "off"},
		} {
			if account.Protocol[i] != want {
				t.Errorf("%s: got %+v, want %+v", path, account.Protocol[i], want)
			}
		}
		if resp.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") {
			t.Errorf("%s: got %v, want XML that is not kept", path, resp.Header)
		}
	}
}

func TestOutlookFaults(t *testing.T) {
	ask := setUp(t, servers)
	change := func(from, to string) string { return strings.Replace(outlookRequest, from, to, 1) }
	tests := []struct {
		name, method, body string
		want               int
	}{
		{"no address", "GET", "", 600},
		{"nothing", "POST", "", 600},
		{"no XML", "POST", "EMailAddress=ke1@gsp.example", 600},
		{"cut", "POST", outlookRequest[:len(outlookRequest)-1], 600},
		{"another document", "POST", "<Request/>", 600},
		{"no schema", "POST", change("AcceptableResponseSchema>", "Other>"), 600},
		{"an entity of its own", "POST", strings.Replace(change("<Autodiscover", "<!DOCTYPE a [<!ENTITY e \"ke1@gsp.example\">]><Autodiscover"),
			"Ke1@GSP.example", "&e;", 1), 600},
		{"another encoding", "POST", change("utf-8", "utf-16"), 600},
		{"too much", "POST", change("<Request>", "<!--"+strings.Repeat("x", 1<<20)+"--><Request>"), 600},
		{"a telephone", "POST", change("outlook/responseschema/2006a", "mobilesync/responseschema/2006"), 601},
		{"another domain", "POST", change("GSP.example", "example.org"), 500},
		{"no mailbox", "POST", change("Ke1@GSP.example", "&lt;b&gt;@gsp.example"), 500},
	}
	for _, test := range tests {
		resp, body := ask(test.method, "/autodiscover/autodiscover.xml", test.body)
		var got outlookAnswer
		if err := xml.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, %v in %s", test.name, resp.Status, err, body)
		}
		if fault := got.Response.Error; fault.ErrorCode != test.want || fault.Message == "" {
			t.Errorf("%s: got %+v, want %d", test.name, fault, test.want)
		}
	}
	if resp, _ := ask("PUT", "/autodiscover/autodiscover.xml", ""); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("PUT: got %s, want 405", resp.Status)
	}
}

// appleCheck reads a profile as Apple's own reader would, and says what is in it.
const appleCheck = `
import plistlib, sys
p = plistlib.loads(sys.stdin.buffer.read())
[m] = p["PayloadContent"]
for d in (p, m):
    assert d["PayloadVersion"] == 1 and len(d["PayloadUUID"]) == 36 and d["PayloadIdentifier"], d
assert p["PayloadUUID"] != m["PayloadUUID"] and p["PayloadIdentifier"] != m["PayloadIdentifier"]
assert "IncomingPassword" not in m and "OutgoingPassword" not in m
assert m["IncomingMailServerUseSSL"] is True and m["OutgoingMailServerUseSSL"] is True
assert m["OutgoingPasswordSameAsIncomingPassword"] is True
print(p["PayloadType"], m["PayloadType"], m["EmailAccountType"], m["EmailAddress"],
      m["IncomingMailServerHostName"], m["IncomingMailServerPortNumber"], m["IncomingMailServerUsername"], m["IncomingMailServerAuthentication"],
      m["OutgoingMailServerHostName"], m["OutgoingMailServerPortNumber"], m["OutgoingMailServerUsername"], m["OutgoingMailServerAuthentication"])
`

func TestAppleProfile(t *testing.T) {
	ask := setUp(t, servers)
	resp, body := ask("GET", "/setup/gsp.mobileconfig?address=+Ke1%2Bx%40GSP.example+", "")
	if got := resp.Header.Get("Content-Type"); got != "application/x-apple-aspen-config" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v, want a profile that is not kept", resp.Header)
	}
	if strings.Contains(resp.Header.Get("Content-Disposition"), "ke1") {
		t.Errorf("got %s, want a name without the person's", resp.Header.Get("Content-Disposition"))
	}
	if _, again := ask("GET", "/setup/gsp.mobileconfig?address=ke1%2Bx@gsp.example", ""); again != body {
		t.Error("asked again: got another profile, want the same, which replaces the first")
	}
	uuids := regexp.MustCompile(`[0-9A-F]{8}-[0-9A-F-]{27}`)
	_, other := ask("GET", "/setup/gsp.mobileconfig?address=nobody@gsp.example", "")
	if got, want := uuids.ReplaceAllString(other, ""), uuids.ReplaceAllString(strings.ReplaceAll(body, "ke1+x", "nobody"), ""); got != want {
		t.Errorf("another address: got %s, want the same profile, whoever has an account", got)
	}
	for _, bad := range []string{"", "ke1", "ke1@example.org", "<ke1>@gsp.example", "a%00b@gsp.example"} {
		if resp, got := ask("GET", "/setup/gsp.mobileconfig?address="+bad, ""); resp.StatusCode != http.StatusBadRequest || strings.Contains(got, "<") {
			t.Errorf("%q: got %s %q, want 400", bad, resp.Status, got)
		}
	}

	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing: install it to read the profile with plistlib")
	}
	check := exec.CommandContext(t.Context(), python, "-c", appleCheck)
	check.Stdin = strings.NewReader(body)
	out, err := check.CombinedOutput()
	want := "Configuration com.apple.mail.managed EmailTypeIMAP ke1+x@gsp.example" +
		" imap.gsp.example 1993 ke1+x@gsp.example EmailAuthPassword smtp.gsp.example 465 ke1+x@gsp.example EmailAuthPassword\n"
	if err != nil || string(out) != want {
		t.Errorf("got %v %s, want %s", err, out, want)
	}
}

func TestSetUpPage(t *testing.T) {
	ask := setUp(t, servers)
	for accepted, want := range map[string]string{"": "en", "ar-EG, en;q=0.5": "ar", "de, fr": "fr"} {
		resp, body := ask("GET", "/setup/", "", "Accept-Language", accepted)
		if got := resp.Header.Get("Content-Language"); got != want || !strings.Contains(body, `<html lang="`+want+`"`) {
			t.Errorf("%q: got %s, want %s", accepted, got, want)
		}
	}
	for _, language := range []string{"en", "ar", "zh", "fr", "ru", "es"} {
		resp, body := ask("GET", "/setup/"+language+"/", "")
		for _, want := range []string{"imap.gsp.example", "1993", "smtp.gsp.example", "465", `action="/setup/gsp.mobileconfig"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: got %s %s, want %q in it", language, resp.Status, body, want)
			}
		}
		if got := strings.Contains(body, `dir="rtl"`); got != (language == "ar") {
			t.Errorf("%s: from right to left: got %v", language, got)
		}
	}
	for path, want := range map[string]int{"/setup": 200, "/setup/style.css": 200, "/setup/de/": 404, "/setup/en.json": 404, "/setup/../setup/": 404} {
		if resp, _ := ask("GET", path, ""); resp.StatusCode != want {
			t.Errorf("%s: got %s, want %d", path, resp.Status, want)
		}
	}
}

// A door that was not told where the others are tells nobody.
func TestNoServersNoSetUp(t *testing.T) {
	ask := setUp(t, gsp.Servers{})
	for _, path := range []string{wellKnown, "/setup/", "/autodiscover/autodiscover.xml"} {
		if resp, _ := ask("GET", path, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %s, want 404", path, resp.Status)
		}
	}
}
