package keyserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// appleName is the file that an iPhone, an iPad or a Mac is given.
const appleName = "gsp.mobileconfig"

// serveApple answers with a profile for one address.
func (a *autoconfig) serveApple(w http.ResponseWriter, r *http.Request) {
	address, err := gsp.ParseAddress(strings.TrimSpace(r.URL.Query().Get("address")))
	if err != nil || !slices.Contains(a.domains, address.Domain) {
		w.Header().Set("Cache-Control", "no-store")
		text(w, http.StatusBadRequest, "the address must be one of "+a.domain+"\n")
		return
	}
	body := a.apple(address)
	h := w.Header()
	h.Set("Cache-Control", "no-store") // a person's address is in it
	h.Set("Content-Type", "application/x-apple-aspen-config")
	h.Set("Content-Disposition", `attachment; filename="`+appleName+`"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // the client is gone if it fails; net/http leaves it out for HEAD
}

// apple writes a configuration profile with one mail account (Apple, Device
// Management, "Mail"). There is no password in it: the device asks for it. A
// profile of the same address replaces the one before.
func (a *autoconfig) apple(address gsp.Address) []byte {
	identifier := reversed(a.domain) + ".gsp." + address.Local
	server := func(direction string, s gsp.Server) plist {
		return plist{
			{direction + "MailServerAuthentication", "EmailAuthPassword"},
			{direction + "MailServerHostName", s.Host},
			{direction + "MailServerPortNumber", s.Port},
			{direction + "MailServerUseSSL", true},
			{direction + "MailServerUsername", address.String()},
		}
	}
	account := plist{
		{"PayloadType", "com.apple.mail.managed"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", identifier + ".mail"},
		{"PayloadUUID", uuid("mail", address)},
		{"PayloadDisplayName", address.String()},
		{"EmailAccountDescription", "GSP " + a.domain},
		{"EmailAccountType", "EmailTypeIMAP"},
		{"EmailAddress", address.String()},
		{"OutgoingPasswordSameAsIncomingPassword", true},
		{"PreventMove", true}, // of sealed mail into another account
	}
	account = append(account, server("Incoming", a.servers.Reading)...)
	account = append(account, server("Outgoing", a.servers.Submission)...)
	profile := plist{
		{"PayloadType", "Configuration"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", identifier},
		{"PayloadUUID", uuid("profile", address)},
		{"PayloadDisplayName", "GSP " + address.String()},
		{"PayloadOrganization", a.domain},
		{"PayloadContent", []plist{account}},
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n")
	profile.write(&b)
	b.WriteString("</plist>\n")
	return b.Bytes()
}

// plist is a dictionary of Apple's property lists, in order.
type plist []struct {
	key   string
	value any // string, int, bool or []plist
}

func (p plist) write(b *bytes.Buffer) {
	b.WriteString("<dict>\n")
	for _, e := range p {
		fmt.Fprintf(b, "<key>%s</key>", e.key)
		switch v := e.value.(type) {
		case string:
			b.WriteString("<string>")
			xml.EscapeText(b, []byte(v)) // a Buffer takes all
			b.WriteString("</string>\n")
		case int:
			fmt.Fprintf(b, "<integer>%d</integer>\n", v)
		case bool:
			fmt.Fprintf(b, "<%t/>\n", v)
		case []plist:
			b.WriteString("<array>\n")
			for _, inner := range v {
				inner.write(b)
			}
			b.WriteString("</array>\n")
		}
	}
	b.WriteString("</dict>\n")
}

// reversed returns a domain as identifiers of programs begin: int.gsp.
func reversed(domain string) string {
	labels := strings.Split(domain, ".")
	for i, j := 0, len(labels)-1; i < j; i, j = i+1, j-1 {
		labels[i], labels[j] = labels[j], labels[i]
	}
	return strings.Join(labels, ".")
}

// uuid names a payload for an address, always by the same name (RFC 9562,
// section 5.8).
func uuid(payload string, address gsp.Address) string {
	sum := sha256.Sum256([]byte("gsp " + payload + " " + address.String()))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}
