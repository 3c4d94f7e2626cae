package wire

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// Outer is all that the outer mail shows. A field that is not here does not
// reach a reader.
type Outer struct {
	From          gsp.Address
	To, Cc        []gsp.Address
	Date          time.Time // Received where it is zero
	MessageID     string    // with its angle brackets
	InReplyTo     []string
	References    []string
	AutoSubmitted string
	Type          gsp.Type
	Urgency       gsp.Urgency
	Due           time.Time
	Case          gsp.CaseID
	Marks         []gsp.Mark
	Routing       gsp.Decision // zero where nothing was routed
	Received      time.Time
	Domain        string // of the gateway
}

// dateForm is a date of RFC 5322, section 3.3. It is always written in UTC: a
// time zone tells where the sender is.
const dateForm = "Mon, 02 Jan 2006 15:04:05 -0700"

// Build writes the outer mail around the OpenPGP octets of m: a header of
// allowed fields in fixed order, two parts with fixed headers, and the octets
// in armour of our own. The same o and m give the same octets.
func Build(o Outer, m sealed.Message) []byte {
	digest := m.Digest()
	// No line of the mail begins like it: base64 has no hyphen.
	boundary := "gsp-" + hex.EncodeToString(digest[:16])

	b := make([]byte, 0, 2048+m.Size()*7/5)
	b = o.appendHeader(b)
	b = append(b, "MIME-Version: 1.0\r\n"+
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\""...)
	b = append(b, boundary...)
	b = append(b, "\"\r\n\r\n--"...)
	b = append(b, boundary...)
	b = append(b, "\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--"...)
	b = append(b, boundary...)
	b = append(b, "\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"+
		"Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n"...)
	b = m.AppendArmour(b)
	b = append(b, "\r\n--"...)
	b = append(b, boundary...)
	return append(b, "--\r\n"...)
}

func (o Outer) appendHeader(b []byte) []byte {
	b = appendField(b, "Received", "by "+o.Domain+";", o.Received.UTC().Format(dateForm))
	b = appendField(b, "Date", o.date().Format(dateForm))
	b = appendField(b, "From", bracketed(o.From))
	b = appendField(b, "To", addressItems(o.To)...)
	b = appendField(b, "Cc", addressItems(o.Cc)...)
	if isMessageID(o.MessageID) {
		b = appendField(b, "Message-ID", o.MessageID)
	}
	b = appendField(b, "In-Reply-To", messageIDs(o.InReplyTo)...)
	b = appendField(b, "References", messageIDs(o.References)...)
	if o.AutoSubmitted != "" {
		b = appendField(b, "Auto-Submitted", readAutoSubmitted(o.AutoSubmitted))
	}
	b = appendField(b, "Subject", o.subject())
	if o.Type != "" {
		b = appendField(b, "GSP-Type", o.typeValue())
	}
	if o.Case != "" {
		b = appendField(b, "GSP-Case", quote(string(o.Case)))
	}
	b = appendField(b, "GSP-UIM", markItems(o.Marks)...)
	if o.Routing.Reason != "" {
		b = appendField(b, "GSP-Routing", routingValue(o.Routing))
	}
	return b
}

// Envelope returns what IMAP tells of the outer mail.
func (o Outer) Envelope() gsp.Envelope {
	e := gsp.Envelope{
		Date:      o.date(),
		Subject:   o.subject(),
		From:      o.From,
		To:        o.To,
		Cc:        o.Cc,
		InReplyTo: messageIDs(o.InReplyTo),
	}
	if isMessageID(o.MessageID) {
		e.MessageID = o.MessageID
	}
	return e
}

func (o Outer) date() time.Time {
	d := o.Date
	if d.IsZero() {
		d = o.Received
	}
	return d.UTC().Truncate(time.Second)
}

// subject says no more than the GSP fields do. The true subject is inside
// (RFC 9788), and a client that opens the mail shows that one.
func (o Outer) subject() string {
	s := "GSP mail"
	if o.Type != "" {
		s = "GSP " + string(o.Type)
	}
	if o.Case != "" {
		s += " " + string(o.Case)
	}
	return s
}

func (o Outer) typeValue() string {
	s := string(o.Type)
	if o.Urgency != "" {
		s += ";urgency=" + string(o.Urgency)
	}
	if !o.Due.IsZero() {
		s += ";due=@" + strconv.FormatInt(o.Due.Unix(), 10)
	}
	return s
}

// routingValue writes a Decision as an inner list of Parties with parameters
// (RFC 9651, section 3.1.1): (fr ke);reason=uim;pattern="ke-qc";library=7
func routingValue(d gsp.Decision) string {
	parties := make([]string, len(d.Parties))
	for i, p := range d.Parties {
		parties[i] = string(p)
	}
	s := "(" + strings.Join(parties, " ") + ");reason=" + d.Reason
	if d.Pattern != "" {
		s += ";pattern=" + quote(d.Pattern)
	}
	return fmt.Sprintf("%s;library=%d", s, d.Library)
}

func bracketed(a gsp.Address) string { return "<" + a.String() + ">" }

func addressItems(list []gsp.Address) []string {
	var items []string
	for i, a := range list {
		if i < len(list)-1 {
			items = append(items, bracketed(a)+",")
		} else {
			items = append(items, bracketed(a))
		}
	}
	return items
}

func markItems(marks []gsp.Mark) []string {
	var items []string
	for i, m := range marks {
		item := member(m.Mask, m.Count, m.Level, "")
		if i < len(marks)-1 {
			item += ","
		}
		items = append(items, item)
	}
	return items
}

// messageIDs returns the ids that are well formed, the last 20 of them.
func messageIDs(ids []string) []string {
	var good []string
	for _, id := range ids {
		if isMessageID(id) {
			good = append(good, id)
		}
	}
	return slices.Clip(good[max(0, len(good)-maxReferences):])
}

// maxColumns is where a line is folded if it can be (RFC 5322, section 2.1.1).
const maxColumns = 78

// appendField writes one field, and nothing where there are no items. Between
// items stands a space or a fold. No item may be longer than 900 octets.
func appendField(b []byte, name string, items ...string) []byte {
	if len(items) == 0 {
		return b
	}
	b = append(append(b, name...), ':')
	column := len(name) + 1
	for i, item := range items {
		if i > 0 && column+1+len(item) > maxColumns {
			b = append(b, "\r\n"...)
			column = 0
		}
		b = append(append(b, ' '), item...)
		column += 1 + len(item)
	}
	return append(b, "\r\n"...)
}
