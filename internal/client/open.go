package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // texts in other character sets than UTF-8
	"github.com/emersion/go-message/mail"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// Bounds on what is read of an opened mail.
const (
	maxParts = 1000
	maxDepth = 20
)

// Opened is a mail as its recipient reads it.
type Opened struct {
	// Outside is the readable header as the gateway delivered it. Its Claims
	// are masks.
	Outside wire.Fields
	Routing string // the value of GSP-Routing: why it came here
	Label   string // the outer subject

	Subject     string // the one inside, or the outer one where there is none inside
	Text        string // the first part that is plain text, its lines ended by LF
	Attachments []Attachment
	SignedBy    *pgpcert.Cert // nil: to be treated as unsigned
}

// Open decrypts a mail with one of keys and reads what is inside. certs are
// those of possible senders; a signature counts only by the certificate of the
// mail's From address, since another one's would show a wrong name. The error
// wraps a *sealed.Fault where the mail is not sealed, and keyring.ErrNotMine
// where it is sealed for others.
func Open(raw []byte, keys []*keyring.Key, certs []*pgpcert.Cert) (Opened, error) {
	if len(keys) == 0 {
		return Opened{}, errors.New("open mail: no key")
	}
	m, err := sealed.Inspect(raw)
	if err != nil {
		return Opened{}, fmt.Errorf("open mail: %w", err)
	}
	var o Opened
	if o.Outside, err = wire.Read(m, keys[0].Address().Domain); err != nil {
		return Opened{}, fmt.Errorf("open mail: %w", err)
	}
	for _, f := range m.Fields() {
		switch strings.ToLower(f.Name) {
		case "gsp-routing":
			o.Routing = f.Value
		case "subject":
			o.Label = f.Value
		}
	}
	var octets bytes.Buffer
	if err := m.WriteOctets(&octets); err != nil {
		return Opened{}, fmt.Errorf("open mail: %w", err)
	}
	var senders []*pgpcert.Cert
	for _, c := range certs {
		if c.Address() == o.Outside.From {
			senders = append(senders, c)
		}
	}
	inside, by, err := keyring.Open(octets.Bytes(), keys, senders)
	if err != nil {
		return Opened{}, fmt.Errorf("open mail: %w", err)
	}
	o.SignedBy = by
	o.Subject = o.Label
	if err := o.read(inside); err != nil {
		return Opened{}, fmt.Errorf("open mail: %w", err)
	}
	return o, nil
}

// read takes subject, text and attachments from the decrypted MIME entity.
func (o *Opened) read(inside []byte) error {
	entity, err := message.Read(bytes.NewReader(inside))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return fmt.Errorf("read what is sealed: %w", err)
	}
	if subject := (mail.Header{Header: entity.Header}); entity.Header.Has("Subject") {
		if o.Subject, err = subject.Subject(); err != nil {
			o.Subject = entity.Header.Get("Subject")
		}
	}
	found, parts := false, 0
	return entity.Walk(func(path []int, part *message.Entity, err error) error {
		if parts++; parts > maxParts || len(path) > maxDepth {
			return errors.New("read what is sealed: too many parts")
		}
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return fmt.Errorf("read what is sealed: %w", err)
		}
		kind, params, _ := part.Header.ContentType()
		if strings.HasPrefix(kind, "multipart/") {
			return nil
		}
		// What can be decoded of a part is worth reading: it is not damaged on the
		// way, or it would not have opened, but written so.
		body, _ := io.ReadAll(part.Body)
		disposition, _, _ := part.Header.ContentDisposition()
		if kind == "text/plain" && disposition != "attachment" && !found {
			o.Text, found = strings.ReplaceAll(string(body), "\r\n", "\n"), true
			return nil
		}
		name, err := (&mail.AttachmentHeader{Header: part.Header}).Filename()
		if err != nil {
			name = params["name"]
		}
		o.Attachments = append(o.Attachments, Attachment{Name: name, Type: kind, Body: body})
		return nil
	})
}

// Reply returns a draft that answers o as from: to its sender, in its case and
// its chain of mails (RFC 5322, section 3.6.4).
func (o Opened) Reply(from gsp.Address, signer *keyring.Key) Draft {
	d := Draft{
		From:       from,
		To:         []gsp.Address{o.Outside.From},
		InReplyTo:  o.Outside.MessageID,
		References: slices.Clone(o.Outside.References),
		Type:       gsp.Reply,
		Case:       o.Outside.Case,
		Subject:    reply(o.Subject),
		Signer:     signer,
	}
	if d.InReplyTo != "" {
		d.References = append(d.References, d.InReplyTo)
	}
	return d
}

// reply puts "Re: " before a subject that does not have it.
func reply(subject string) string {
	if len(subject) >= 3 && strings.EqualFold(subject[:3], "re:") {
		return subject
	}
	return "Re: " + subject
}
