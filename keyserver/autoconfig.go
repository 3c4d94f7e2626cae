package keyserver

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"sync"

	"gsp.example/gsp/internal/gsp"
)

// autoconfig answers mail clients that set themselves up from an address: in
// Mozilla's format, which most of them read, in Outlook's and in Apple's. Each
// answer is the same for every address of the domain, also for one that does
// not exist, so nothing is told of who has an account.
type autoconfig struct {
	domain  string
	domains []string // it and its aliases
	servers gsp.Servers
	mozilla func() []byte
	pages   func() setupPages
}

// newAutoconfig answers for the domains, of which the first is the gateway's.
func newAutoconfig(domains []string, servers gsp.Servers) *autoconfig {
	a := &autoconfig{domain: domains[0], domains: domains, servers: servers}
	a.mozilla = sync.OnceValue(a.makeMozilla)
	a.pages = sync.OnceValue(a.makePages)
	return a
}

// serve answers what is asked of it and reports whether it was.
func (a *autoconfig) serve(w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.Path
	switch {
	case a.servers == (gsp.Servers{}):
		return false
	case strings.EqualFold(path, "/autodiscover/autodiscover.xml"): // Outlook writes it in several ways
		a.serveOutlook(w, r)
		return true
	case path != "/.well-known/autoconfig/mail/config-v1.1.xml" && path != "/mail/config-v1.1.xml" &&
		path != "/setup" && !strings.HasPrefix(path, "/setup/"):
		return false
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		refuseMethod(w, "GET, HEAD")
	case path == "/setup/"+appleName:
		a.serveApple(w, r)
	case strings.HasPrefix(path, "/setup"):
		a.servePage(w, r, strings.TrimPrefix(strings.TrimPrefix(path, "/setup"), "/"))
	default:
		a.serveMozilla(w, r)
	}
	return true
}

// serveMozilla answers Thunderbird and its like
// (draft-ietf-mailmaint-autoconfig-06), who may say for which address they ask.
func (a *autoconfig) serveMozilla(w http.ResponseWriter, r *http.Request) {
	if asked := r.URL.Query().Get("emailaddress"); asked != "" {
		if _, domain, ok := strings.Cut(asked, "@"); !ok || !slices.Contains(a.domains, strings.ToLower(domain)) {
			notFound(w)
			return
		}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	sendHelp(w, r, a.mozilla())
}

// mozillaServer is a server in Mozilla's format.
type mozillaServer struct {
	Type           string `xml:"type,attr"`
	Host           string `xml:"hostname"`
	Port           int    `xml:"port"`
	Socket         string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	User           string `xml:"username"`
}

// makeMozilla writes the file. Of several servers of a kind clients take the
// first that they can use, so STARTTLS comes last.
func (a *autoconfig) makeMozilla() []byte {
	type documentation struct {
		URL   string `xml:"url,attr"`
		Title string `xml:"descr"`
	}
	type provider struct {
		ID            string          `xml:"id,attr"`
		Domain        string          `xml:"domain"`
		Name          string          `xml:"displayName"`
		ShortName     string          `xml:"displayShortName"`
		Incoming      mozillaServer   `xml:"incomingServer"`
		Outgoing      []mozillaServer `xml:"outgoingServer"`
		Documentation documentation   `xml:"documentation"`
	}
	file := struct {
		XMLName  xml.Name `xml:"clientConfig"`
		Version  string   `xml:"version,attr"`
		Provider provider `xml:"emailProvider"`
	}{Version: "1.1", Provider: provider{
		ID: a.domain, Domain: a.domain, Name: "GSP " + a.domain, ShortName: "GSP",
		Incoming:      inMozilla("imap", a.servers.Reading, "SSL"),
		Outgoing:      []mozillaServer{inMozilla("smtp", a.servers.Submission, "SSL")},
		Documentation: documentation{a.servers.Directory.URL("/setup/"), "How to set up a mail client"},
	}}
	if a.servers.STARTTLS != (gsp.Server{}) {
		file.Provider.Outgoing = append(file.Provider.Outgoing, inMozilla("smtp", a.servers.STARTTLS, "STARTTLS"))
	}
	return marshal(file)
}

// inMozilla describes a server. Thunderbird means by "password-encrypted"
// CRAM-MD5, which we do not have, and takes SCRAM for no mechanism at all.
func inMozilla(kind string, s gsp.Server, socket string) mozillaServer {
	return mozillaServer{kind, s.Host, s.Port, socket, "password-cleartext", "%EMAILADDRESS%"}
}

// marshal writes a document. It panics if our own types cannot be written,
// which a test would have told.
func marshal(v any) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("keyserver: write XML: " + err.Error())
	}
	b.WriteByte('\n')
	return b.Bytes()
}
