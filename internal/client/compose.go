package client

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

// outerSubject is what the readable header says in place of the subject.
const outerSubject = "..."

// Draft is a mail to be composed.
type Draft struct {
	From       gsp.Address
	To, Cc     []gsp.Address
	Date       time.Time // zero for now
	MessageID  string    // with its angle brackets; "" for a new one
	InReplyTo  string    // the Message-ID that is answered, "" for none
	References []string  // the chain of Message-IDs before this mail, oldest first

	// What the gateway reads, and what it is routed and counted by.
	Claims  []gsp.Claim
	Type    gsp.Type // "" leaves it to the gateway
	Urgency gsp.Urgency
	Due     time.Time
	Case    gsp.CaseID

	// What only the recipients read.
	Subject     string
	Text        string
	Attachments []Attachment

	For    []*pgpcert.Cert // whom to seal for; the sender is added
	Signer *keyring.Key    // the sender's
}

// Attachment is a file inside the encryption.
type Attachment struct {
	Name string
	Type string // media type, "application/octet-stream" where empty
	Body []byte
}

// NewMessageID makes a Message-ID that tells neither time nor machine.
func NewMessageID(domain string) string { return "<" + rand.Text() + "@" + domain + ">" }

// Compose returns the mail as it is submitted: an OpenPGP message in MIME
// (RFC 3156, section 4), signed by the sender and sealed for d.For and the
// sender. The true header stands inside the encryption too, and there alone
// the subject (RFC 9788).
func Compose(d Draft) ([]byte, error) {
	if d.Signer == nil {
		return nil, errors.New("compose: the sender has no key")
	}
	if d.Date.IsZero() {
		d.Date = time.Now()
	}
	if d.MessageID == "" {
		d.MessageID = NewMessageID(d.From.Domain)
	}
	for _, id := range append([]string{d.MessageID}, d.References...) {
		if !isMessageID(id) {
			return nil, fmt.Errorf("compose: %q is not a Message-ID", id)
		}
	}
	if d.InReplyTo != "" && !isMessageID(d.InReplyTo) {
		return nil, fmt.Errorf("compose: %q is not a Message-ID", d.InReplyTo)
	}
	own, err := d.Signer.Cert()
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	inside, err := d.inside()
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	sealed, err := keyring.Seal(inside, append(d.For[:len(d.For):len(d.For)], own), d.Signer)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return d.outside(sealed)
}

// outside wraps the armoured message. The boundary need not be compared with
// what it divides: base64 has no line that begins with two hyphens but those
// of the armour, which go on otherwise.
func (d *Draft) outside(armoured []byte) ([]byte, error) {
	var h header
	d.addressed(&h, outerSubject)
	h.add("GSP-Type", d.typeOf()...)
	if d.Case != "" {
		h.add("GSP-Case", `"`+string(d.Case)+`"`)
	}
	members, err := claims(d.Claims)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	h.add("GSP-UIM", members...)
	boundary := rand.Text()
	h.add("MIME-Version", "1.0")
	h.add("Content-Type", "multipart/encrypted;", `protocol="application/pgp-encrypted";`, `boundary="`+boundary+`"`)
	b := &h.b
	fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n", boundary)
	fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: application/octet-stream\r\n\r\n", boundary)
	b.Write(bytes.ReplaceAll(armoured, []byte("\n"), []byte("\r\n")))
	fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
	return b.Bytes(), nil
}

// addressed writes the fields that stand inside and outside.
func (d *Draft) addressed(h *header, subject string) {
	h.add("Date", d.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.add("From", addresses([]gsp.Address{d.From})...)
	h.add("To", addresses(d.To)...)
	h.add("Cc", addresses(d.Cc)...)
	h.add("Message-ID", d.MessageID)
	if d.InReplyTo != "" {
		h.add("In-Reply-To", d.InReplyTo)
	}
	h.add("References", d.References...)
	h.add("Subject", words(subject)...)
}

// inside is the MIME entity that is sealed. Its header names the outer fields
// as they were, so that the recipient can tell what became of them on the way
// (RFC 9788).
func (d *Draft) inside() ([]byte, error) {
	var h, outer header
	d.addressed(&h, d.Subject)
	d.addressed(&outer, outerSubject)
	unfolded := strings.ReplaceAll(outer.b.String(), "\r\n ", " ")
	for field := range strings.SplitSeq(strings.TrimSuffix(unfolded, "\r\n"), "\r\n") {
		h.add("HP-Outer", strings.Fields(field)...)
	}
	h.add("MIME-Version", "1.0")
	if len(d.Attachments) > 0 {
		return d.mixed(&h)
	}
	h.add("Content-Type", "text/plain;", "charset=utf-8;", protected)
	h.add("Content-Transfer-Encoding", "quoted-printable")
	h.b.WriteString("\r\n")
	err := writeText(&h.b, d.Text)
	return h.b.Bytes(), err
}

// protected are the parameters that say that this header is the true one:
// today's (RFC 9788) and that of older programs.
const protected = `hp="cipher"; protected-headers="v1"`

// mixed writes text and attachments.
func (d *Draft) mixed(h *header) ([]byte, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	text, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"text/plain; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return nil, err
	}
	if err := writeText(text, d.Text); err != nil {
		return nil, err
	}
	for _, a := range d.Attachments {
		if err := attach(parts, a); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	h.add("Content-Type", "multipart/mixed;", `boundary="`+parts.Boundary()+`";`, protected)
	h.b.WriteString("\r\n")
	h.b.Write(body.Bytes())
	return h.b.Bytes(), nil
}

func attach(parts *multipart.Writer, a Attachment) error {
	kind := a.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
	if disposition == "" {
		return fmt.Errorf("attachment %q: not a file name", a.Name)
	}
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {kind},
		"Content-Disposition":       {disposition},
		"Content-Transfer-Encoding": {"base64"},
	})
	if err != nil {
		return err
	}
	const octets = 57 // that make a line of 76 characters, RFC 2045, section 6.8
	for chunk := range slices.Chunk(a.Body, octets) {
		if _, err := fmt.Fprintf(w, "%s\r\n", base64.StdEncoding.EncodeToString(chunk)); err != nil {
			return err
		}
	}
	return nil
}

func writeText(w io.Writer, text string) error {
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, text); err != nil {
		return err
	}
	return q.Close()
}
