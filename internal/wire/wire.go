// Package wire reads what a mail's header asks of the gateway, and writes the
// outer mail that the gateway delivers in its place.
//
// The outer mail is written anew from an allow-list: what a client puts into
// its header beyond that tells the operator and every reader about persons,
// machines and cases (RFC 9788), so nothing is copied by default.
// The OpenPGP octets are the only part that stays as it came. The fields
// GSP-UIM, GSP-Type, GSP-Case and GSP-Routing are structured fields (RFC 9651).
//
// It decides nothing: whether a UIM is known and who may write what is asked
// elsewhere.
package wire

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// Fields is what the header of a mail says. What the mail does not say is
// zero.
type Fields struct {
	From          gsp.Address
	To, Cc        []gsp.Address // those of the domain only
	Date          time.Time
	MessageID     string   // with its angle brackets
	InReplyTo     []string // with their angle brackets, like References
	References    []string // the last 20
	AutoSubmitted string   // "no", "auto-generated", "auto-replied" or "auto-notified"
	Type          gsp.Type
	Urgency       gsp.Urgency
	Due           time.Time
	Case          gsp.CaseID
	Claims        []gsp.Claim
}

// maxReferences bounds the ids that are kept of In-Reply-To and References.
// Some clients let References grow without end.
const maxReferences = 20

// Read reads the top header of m. An address of an alias, another name of the
// domain, is read as that of the domain. Addresses in To and Cc that are of
// neither are left out: nothing is delivered to them. The error is a
// *gsp.Refusal.
func Read(m sealed.Message, domain string, aliases ...string) (Fields, error) {
	return ReadFields(m.Fields(), domain, aliases...)
}

// ReadFields is Read of the header of a mail that need not be sealed.
func ReadFields(fields []sealed.Field, domain string, aliases ...string) (Fields, error) {
	r := reader{domain: domain, aliases: aliases}
	for _, field := range fields {
		if err := r.field(strings.ToLower(field.Name), field.Value); err != nil {
			return Fields{}, err
		}
	}
	if !r.seen[hasFrom] {
		return Fields{}, broken("the mail has no From address", "choose your own address as the sender")
	}
	for _, other := range r.senders {
		if other != r.From {
			return Fields{}, &gsp.Refusal{
				Reason: gsp.WrongSender,
				Cause:  "a field Sender, Resent-From or Resent-Sender names another address than From",
				Remedy: "send the mail from your own account and address, not on behalf of another or by redirecting",
			}
		}
	}
	if err := r.claims(); err != nil {
		return Fields{}, err
	}
	r.AutoSubmitted = cmp.Or(r.AutoSubmitted, r.precedence)
	return r.Fields, nil
}

// reader collects the fields of one header.
type reader struct {
	Fields
	domain     string
	aliases    []string
	seen       [hasCase + 1]bool
	uims       []string      // the values of GSP-UIM
	spelling   string        // of the field that they came in
	senders    []gsp.Address // of Sender, Resent-From and Resent-Sender; zero where there is none
	subject    string
	precedence string // Auto-Submitted in older words
}

// The fields that may stand once and that package sealed does not count.
const (
	hasFrom = iota
	hasInReplyTo
	hasReferences
	hasAutoSubmitted
	hasType
	hasCase
)

func (r *reader) field(name, value string) (err error) {
	switch name {
	case "from":
		r.seen[hasFrom] = true
		r.From, err = r.readFrom(value)
	case "sender", "resent-from", "resent-sender":
		other, _ := r.readFrom(value)
		r.senders = append(r.senders, other)
	case "to":
		r.To, err = r.readAddresses(value)
	case "cc":
		r.Cc, err = r.readAddresses(value)
	case "date":
		r.Date, err = readDate(value)
	case "message-id":
		// One that cannot be kept is as if there were none: the gateway makes one.
		if id := strings.TrimSpace(stripComments(value)); isMessageID(id) {
			r.MessageID = id
		}
	case "in-reply-to":
		r.InReplyTo = readMessageIDs(value)
		err = r.once(hasInReplyTo)
	case "references":
		r.References = readMessageIDs(value)
		err = r.once(hasReferences)
	case "auto-submitted":
		r.AutoSubmitted = readAutoSubmitted(value)
		err = r.once(hasAutoSubmitted)
	case "precedence", "x-autoreply", "x-autorespond":
		r.precedence = cmp.Or(r.precedence, readPrecedence(name, value))
	case "subject":
		r.subject = value
	}
	if value != "" { // else a template that was not filled in
		return cmp.Or(err, r.own(name, value))
	}
	return err
}

// own reads a field of ours, with or without X-.
func (r *reader) own(name, value string) error {
	switch name {
	case "gsp-uim", "x-gsp-uim":
		// Each spelling is a list that may go on in the next field. In both
		// spellings it is the same list twice, as some clients send it.
		if len(r.uims) > 0 && r.spelling != name {
			return duplicate()
		}
		r.uims, r.spelling = append(r.uims, value), name
	case "gsp-type", "x-gsp-type":
		if err := r.once(hasType); err != nil {
			return err
		}
		return r.readType(value)
	case "gsp-case", "x-gsp-case":
		if err := r.once(hasCase); err != nil {
			return err
		}
		return r.readCase(value)
	}
	return nil
}

func (r *reader) once(field int) error {
	if r.seen[field] {
		return duplicate()
	}
	r.seen[field] = true
	return nil
}

func duplicate() error {
	return &gsp.Refusal{
		Reason: gsp.DuplicateHeader,
		Cause:  "a header field that may stand once stands twice",
		Remedy: "send each of In-Reply-To, References, Auto-Submitted, GSP-Type and GSP-Case once, and these and GSP-UIM either with X- or without",
	}
}

// claims reads the UIMs, from the header, or where it has none from the
// subject.
func (r *reader) claims() (err error) {
	if len(r.uims) > 0 {
		r.Claims, err = parseClaims(r.uims)
	} else {
		r.Claims, err = subjectClaims(r.subject)
	}
	return err
}

func (r *reader) readType(value string) error {
	wrong := func(err error) error {
		return &gsp.Refusal{
			Reason: gsp.BrokenHeader,
			Cause:  "GSP-Type cannot be read",
			Remedy: "write a type such as request, reply or notice, and where wanted ;urgency=urgent and ;due=@ with the seconds since 1970",
			Err:    err,
		}
	}
	item, err := httpsfv.UnmarshalItem([]string{value})
	if err != nil {
		return wrong(err)
	}
	token, _ := item.Value.(httpsfv.Token)
	var ok bool
	if r.Type, ok = gsp.ParseType(string(token)); !ok {
		return wrong(errors.New("not a type"))
	}
	for _, name := range item.Params.Names() {
		value, _ := item.Params.Get(name)
		switch name {
		case "urgency":
			token, _ := value.(httpsfv.Token)
			if r.Urgency, ok = parseUrgency(string(token)); !ok {
				return wrong(errors.New("not an urgency"))
			}
		case "due":
			due, ok := value.(time.Time)
			if !ok || due.Unix() <= 0 || due.Unix() > maxUnix {
				return wrong(errors.New("not a date"))
			}
			r.Due = due.UTC()
		default:
			return wrong(errors.New("unknown parameter"))
		}
	}
	return nil
}

// maxUnix is the last second of the year 9999, the last that RFC 5322 can
// write.
const maxUnix = 253402300799

func parseUrgency(s string) (gsp.Urgency, bool) {
	for _, u := range gsp.Urgencies {
		if string(u) == s {
			return u, true
		}
	}
	return "", false
}

func (r *reader) readCase(value string) error {
	item, err := httpsfv.UnmarshalItem([]string{value})
	if err == nil {
		text, _ := item.Value.(string)
		r.Case, err = gsp.ParseCaseID(text)
	}
	if err != nil {
		return &gsp.Refusal{
			Reason: gsp.BrokenHeader,
			Cause:  "GSP-Case cannot be read",
			Remedy: `copy the case number from the mail that you answer, in quotes, such as "2026-KE-7Q4M2"`,
			Err:    err,
		}
	}
	return nil
}

// readAutoSubmitted reads the keyword of RFC 3834, section 5. Whatever is not
// "no" is automatic, so an unknown keyword is that too.
func readAutoSubmitted(value string) string {
	keyword, _, _ := strings.Cut(stripComments(value), ";")
	switch k := strings.ToLower(strings.TrimSpace(keyword)); k {
	case "no", "auto-replied", "auto-notified":
		return k
	}
	return "auto-generated"
}

// readPrecedence knows the programs that answer by themselves and have not
// heard of RFC 3834, by the words that they use instead; "" is none of them.
func readPrecedence(name, value string) string {
	switch value = strings.ToLower(strings.TrimSpace(value)); {
	case name == "x-autoreply" && value != "no", name == "x-autorespond" && value != "no", value == "auto_reply":
		return "auto-replied"
	case value == "bulk", value == "junk", value == "list":
		return "auto-generated"
	}
	return ""
}

func broken(cause, remedy string) error {
	return &gsp.Refusal{Reason: gsp.BrokenHeader, Cause: cause, Remedy: remedy}
}

// brokenAddress is the refusal of an address field.
func brokenAddress(field string) error {
	return broken(fmt.Sprintf("the field %s cannot be read as mail addresses", field),
		"remove the recipients of this mail and choose them anew from the address book")
}
