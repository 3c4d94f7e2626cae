// Package notice writes the mails that the gateway writes itself: the answers
// of resolve@ and library@, and notices to users.
//
// It writes them in the six languages of the United Nations and seals them for
// their recipient's certificate (RFC 3156, section 4), unsigned: what must be
// trusted in them is a file with a signature of its own. It can seal and not
// open, and holds nothing: what a mail says is a
// function of the roll and of the question, and where it goes is the router's
// business. No mail holds a whole UIM.
package notice

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// Letter is a mail of the gateway to one user.
type Letter struct {
	From, To      gsp.Address
	At            time.Time
	MessageID     string   // with its angle brackets
	InReplyTo     string   // the Message-ID of the question, "" for none
	References    []string // the chain of Message-IDs up to the question
	AutoSubmitted string   // "auto-replied" or "auto-generated" (RFC 3834, section 5)
	Case          gsp.CaseID
	Content
}

// Content is what only the recipient reads.
type Content struct {
	Language    gsp.Language
	Subject     string
	Text        string // lines end in LF
	Attachments []Attachment
	Fields      []sealed.Field // further header fields, inside the encryption
}

// Attachment is a file inside the encryption.
type Attachment struct {
	Name string // ASCII without quotes
	Type string // media type
	Body []byte

	// Plain writes Body as it is, lines of ASCII that end in LF, without a name.
	Plain bool
}

// Outer returns the header that the mail shows to all: a notice with no word
// of its subject.
func (l Letter) Outer() wire.Outer {
	o := wire.Outer{
		From: l.From, To: []gsp.Address{l.To}, Date: l.At, MessageID: l.MessageID,
		References: l.References, AutoSubmitted: l.AutoSubmitted, Type: gsp.Notice, Case: l.Case,
		Received: l.At, Domain: l.From.Domain,
	}
	if l.InReplyTo != "" {
		o.InReplyTo = []string{l.InReplyTo}
	}
	return o
}

// Seal encrypts the mail for the newest key of cert that is valid at l.At. It
// is to be wrapped in l.Outer by wire.Build.
func (l Letter) Seal(cert *pgpcert.Cert) (m sealed.Message, err error) {
	// The library has panicked on strange keys before.
	defer func() {
		if p := recover(); p != nil {
			m, err = sealed.Message{}, fmt.Errorf("seal a notice: OpenPGP library panic: %v", p)
		}
	}()
	inside, err := l.inside()
	if err != nil {
		return sealed.Message{}, fmt.Errorf("write a notice: %w", err)
	}
	raw := bytes.NewBufferString("From: " + l.From.String() + "\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"gsp\"\r\n\r\n" +
		"--gsp\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n" +
		"--gsp\r\nContent-Type: application/octet-stream\r\n\r\n")
	if err := encrypt(lines{raw}, inside, cert, l.At); err != nil {
		return sealed.Message{}, fmt.Errorf("seal a notice: %w", err)
	}
	raw.WriteString("\r\n--gsp--\r\n")
	if m, err = sealed.Inspect(raw.Bytes()); err != nil {
		return sealed.Message{}, fmt.Errorf("inspect a notice: %w", err)
	}
	return m, nil
}

// encrypt writes inside to w as an armoured message for cert.
func encrypt(w io.Writer, inside []byte, cert *pgpcert.Cert, at time.Time) error {
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(cert.Bytes())))
	if err != nil {
		return fmt.Errorf("read the certificate of %s: %w", cert.Address(), err)
	}
	text, err := armor.Encode(w, "PGP MESSAGE", nil)
	if err != nil {
		return err
	}
	// No file name, and the epoch for its time: the header says when.
	plain, err := openpgp.Encrypt(text, []*openpgp.Entity{entity}, nil, &openpgp.FileHints{IsBinary: true}, &packet.Config{
		DefaultCipher: packet.CipherAES256,
		Time:          func() time.Time { return cert.From(at) },
	})
	if err != nil {
		return err
	}
	_, err = plain.Write(inside)
	return errors.Join(err, plain.Close(), text.Close())
}

// lines ends lines in CR LF where the armour ends them in LF.
type lines struct{ w *bytes.Buffer }

func (l lines) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' {
			l.w.WriteByte('\r')
		}
		l.w.WriteByte(c)
	}
	return len(b), nil
}
