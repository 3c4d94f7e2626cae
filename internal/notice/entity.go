package notice

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// maxColumns is where a line is folded if it can be (RFC 5322, section 2.1.1).
const maxColumns = 78

// header is the header of the sealed entity.
type header struct{ b bytes.Buffer }

// add writes one field and nothing where there are no items. Between items
// stands a space or a fold.
func (h *header) add(name string, items ...string) {
	if len(items) == 0 || items[0] == "" {
		return
	}
	h.b.WriteString(name + ":")
	column := len(name) + 1
	for _, item := range items {
		if column > len(name)+1 && column+1+len(item) > maxColumns {
			h.b.WriteString("\r\n")
			column = 0
		}
		h.b.WriteString(" " + item)
		column += 1 + len(item)
	}
	h.b.WriteString("\r\n")
}

// protected are the parameters that say that this header is the true one:
// today's (RFC 9788) and that of older programs.
const protected = `hp="cipher"; protected-headers="v1"`

// inside is the MIME entity that is sealed: its header with the true subject
// and the outer header as it was sent (RFC 9788), text, attachments.
func (l Letter) inside() ([]byte, error) {
	var h header
	l.fields(&h, "", mime.BEncoding.Encode("utf-8", l.Subject))
	l.fields(&h, "HP-Outer: ", l.Outer().Envelope().Subject)
	h.add("Auto-Submitted", l.AutoSubmitted)
	for _, f := range l.Fields {
		h.add(f.Name, f.Value)
	}
	h.add("MIME-Version", "1.0")
	h.add("Content-Language", string(l.Language))
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if err := l.write(parts); err != nil {
		return nil, err
	}
	h.add("Content-Type", "multipart/mixed;", `boundary="`+parts.Boundary()+`";`, protected)
	h.b.WriteString("\r\n")
	h.b.Write(body.Bytes())
	return h.b.Bytes(), nil
}

// fields writes the fields that stand inside and outside.
func (l Letter) fields(h *header, prefix, subject string) {
	h.add(prefix+"Date", l.At.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.add(prefix+"From", bracketed(l.From))
	h.add(prefix+"To", bracketed(l.To))
	h.add(prefix+"Message-ID", l.MessageID)
	h.add(prefix+"In-Reply-To", l.InReplyTo)
	h.add(prefix+"References", l.References...)
	// Encoded words may be parted by folds of their own.
	h.add(prefix+"Subject", strings.Fields(subject)...)
}

func bracketed(a gsp.Address) string { return "<" + a.String() + ">" }

func (l Letter) write(parts *multipart.Writer) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"text/plain; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write([]byte(l.Text)); err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	for _, a := range l.Attachments {
		if err := a.write(parts); err != nil {
			return err
		}
	}
	return parts.Close()
}

func (a Attachment) write(parts *multipart.Writer) error {
	if a.Plain {
		return a.writePlain(parts)
	}
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {a.Type},
		"Content-Disposition":       {`attachment; filename="` + a.Name + `"`},
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

// writePlain writes lines as they are, for programs that decode nothing.
func (a Attachment) writePlain(parts *multipart.Writer) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {a.Type}, "Content-Transfer-Encoding": {"7bit"}})
	if err != nil {
		return err
	}
	_, err = w.Write(bytes.ReplaceAll(a.Body, []byte("\n"), []byte("\r\n")))
	return err
}

// day writes a date in the form that all six languages read.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
