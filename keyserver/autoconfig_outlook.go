package keyserver

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// The schemas of Outlook's autodiscovery ([MS-OXDSCLI], plain old XML).
const (
	outlookAnswers = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	outlookMail    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// outlookFault is a fault as Outlook numbers them ([MS-OXDSCLI], section
// 2.2.4.1.1.3.2).
type outlookFault struct {
	code    int
	message string
}

// The faults.
var (
	invalidRequest = outlookFault{600, "Invalid Request"}
	unknownSchema  = outlookFault{601, "Provider is not available"}
	unknownAddress = outlookFault{500, "The email address cannot be found"}
)

// maxOutlook bounds a request, in octets; Outlook's have less than 500.
const maxOutlook = 16 << 10

// serveOutlook answers Outlook. A fault is told inside an answer with status
// 200, where Outlook reads it; so is a GET, which names no address.
func (a *autoconfig) serveOutlook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	var answer []byte
	switch r.Method {
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOutlook))
		if err != nil { // too much, or the client is gone
			answer = invalidRequest.answer()
		} else {
			answer = a.outlook(body)
		}
	case http.MethodGet, http.MethodHead:
		answer = invalidRequest.answer()
	default:
		refuseMethod(w, "GET, HEAD, POST")
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.Write(answer) // the client is gone if it fails; net/http leaves it out for HEAD
}

// outlook answers one request.
func (a *autoconfig) outlook(request []byte) []byte {
	var asked struct {
		XMLName xml.Name `xml:"Autodiscover"`
		Address string   `xml:"Request>EMailAddress"`
		Schema  string   `xml:"Request>AcceptableResponseSchema"`
	}
	if err := xml.Unmarshal(request, &asked); err != nil || asked.Address == "" || asked.Schema == "" {
		return invalidRequest.answer()
	}
	if asked.Schema != outlookMail {
		return unknownSchema.answer() // a telephone that asks for ActiveSync
	}
	address, err := gsp.ParseAddress(asked.Address)
	if err != nil || !slices.Contains(a.domains, address.Domain) {
		return unknownAddress.answer()
	}
	return a.outlookSettings(address)
}

// outlookServer is a server in Outlook's format.
type outlookServer struct {
	Type           string
	Server         string
	Port           int
	DomainRequired string
	LoginName      string
	SPA            string // NTLM
	SSL            string
	Encryption     string // over SSL, for newer versions
	AuthRequired   string
	UsePOPAuth     string `xml:",omitempty"` // for SMTP: with the login of the other server
	SMTPLast       string `xml:",omitempty"` // for SMTP: not after a look for new mail
}

func (a *autoconfig) outlookSettings(address gsp.Address) []byte {
	server := func(kind string, s gsp.Server) outlookServer {
		return outlookServer{
			Type: kind, Server: s.Host, Port: s.Port, DomainRequired: "off", LoginName: address.String(),
			SPA: "off", SSL: "on", Encryption: "SSL", AuthRequired: "on",
		}
	}
	reading, submission := server("IMAP", a.servers.Reading), server("SMTP", a.servers.Submission)
	submission.UsePOPAuth, submission.SMTPLast = "on", "off"
	type account struct {
		AccountType string
		Action      string
		Protocol    []outlookServer
	}
	type response struct {
		XMLName xml.Name
		Account account
	}
	return marshal(struct {
		XMLName  xml.Name
		Response response
	}{
		xml.Name{Space: outlookAnswers, Local: "Autodiscover"},
		response{xml.Name{Space: outlookMail, Local: "Response"}, account{"email", "settings", []outlookServer{reading, submission}}},
	})
}

// answer tells a fault.
func (f outlookFault) answer() []byte {
	type fault struct {
		Time      string `xml:",attr"`
		ID        string `xml:"Id,attr"` // of the machine, which is nobody's business
		ErrorCode int
		Message   string
		DebugData string
	}
	type response struct{ Error fault }
	return marshal(struct {
		XMLName  xml.Name
		Response response
	}{
		xml.Name{Space: outlookAnswers, Local: "Autodiscover"},
		response{fault{Time: time.Now().UTC().Format("15:04:05.0000000"), ID: "0", ErrorCode: f.code, Message: f.message}},
	})
}
