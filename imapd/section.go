package imapd

import (
	"bytes"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// section returns the octets that a BODY section names (RFC 9051, section
// 6.4.5.1), nil where there is no such section.
func section(body []byte, layout sealed.Layout, item *imap.FetchItemBodySection) []byte {
	if len(item.Part) > 0 {
		p, ok := part(layout, item.Part)
		switch {
		case !ok:
			return nil
		case item.Specifier == imap.PartSpecifierNone:
			return body[p.Body:p.End]
		case item.Specifier == imap.PartSpecifierMIME:
			return body[p.Start:p.Body]
		}
		return nil // HEADER and TEXT are for parts that are messages
	}
	switch item.Specifier {
	case imap.PartSpecifierNone:
		return body
	case imap.PartSpecifierText:
		return body[layout.Header:]
	case imap.PartSpecifierHeader:
		header := body[:layout.Header]
		switch {
		case len(item.HeaderFields) > 0:
			return fields(header, item.HeaderFields, true)
		case len(item.HeaderFieldsNot) > 0:
			return fields(header, item.HeaderFieldsNot, false)
		}
		return header
	}
	return nil
}

// part returns one of the two parts that a stored mail has.
func part(layout sealed.Layout, path []int) (sealed.Part, bool) {
	if len(path) != 1 {
		return sealed.Part{}, false
	}
	switch path[0] {
	case 1:
		return layout.Version, true
	case 2:
		return layout.Sealed, true
	}
	return sealed.Part{}, false
}

// binary returns a part without its transfer encoding (RFC 3516), of which
// stored mails have none.
func binary(body []byte, layout sealed.Layout, path []int) []byte {
	if len(path) == 0 {
		return body
	}
	if p, ok := part(layout, path); ok {
		return body[p.Body:p.End]
	}
	return nil
}

func binarySize(layout sealed.Layout, path []int) uint32 {
	if len(path) == 0 {
		return uint32(layout.Size)
	}
	p, _ := part(layout, path)
	return uint32(p.End - p.Body)
}

// partial returns the octets from an offset on, at most so many. Both come
// from the client, so neither their sum nor a sign is trusted.
func partial(octets []byte, p *imap.SectionPartial) []byte {
	if p == nil {
		return octets
	}
	size := int64(len(octets))
	if p.Offset < 0 || p.Size <= 0 || p.Offset >= size {
		return nil
	}
	return octets[p.Offset : p.Offset+min(p.Size, size-p.Offset)]
}

func writeOctets(w io.WriteCloser, octets []byte) {
	w.Write(octets) // errors come back when the response is closed
	w.Close()
}

// fields returns the header fields with one of the names, or all others, and
// the blank line.
func fields(header []byte, names []string, with bool) []byte {
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[strings.ToLower(name)] = true
	}
	out := make([]byte, 0, len(header))
	eachField(header, func(name, field []byte) {
		if wanted[strings.ToLower(string(name))] == with {
			out = append(out, field...)
		}
	})
	return append(out, "\r\n"...)
}

// eachField calls f for each field of a header, with its continuation lines
// and its end.
func eachField(header []byte, f func(name, field []byte)) {
	for len(header) > 0 && header[0] != '\r' {
		end := 0
		for {
			i := bytes.IndexByte(header[end:], '\n')
			if i < 0 {
				end = len(header)
				break
			}
			end += i + 1
			if end == len(header) || header[end] != ' ' && header[end] != '\t' {
				break
			}
		}
		field := header[:end]
		name, _, _ := bytes.Cut(field, []byte(":"))
		f(bytes.TrimRight(name, " \t"), field)
		header = header[end:]
	}
}

// envelope is the ENVELOPE of a summary.
func envelope(e gsp.Envelope) *imap.Envelope {
	out := &imap.Envelope{
		Date:      e.Date,
		Subject:   e.Subject,
		To:        addresses(e.To...),
		Cc:        addresses(e.Cc...),
		MessageID: bare(e.MessageID),
	}
	if e.From != (gsp.Address{}) {
		out.From = addresses(e.From)
	}
	for _, id := range e.InReplyTo {
		out.InReplyTo = append(out.InReplyTo, bare(id))
	}
	return out
}

func addresses(list ...gsp.Address) []imap.Address {
	out := make([]imap.Address, len(list))
	for i, a := range list {
		out[i] = imap.Address{Mailbox: a.Local, Host: a.Domain}
	}
	return out
}

// bare is a Message-ID as the library wants it.
func bare(id string) string { return strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">") }

// structure is the BODYSTRUCTURE of a stored mail (RFC 3156, section 4), whose
// parts have the fixed headers that package wire writes.
func structure(l sealed.Layout) imap.BodyStructure {
	return &imap.BodyStructureMultiPart{
		Subtype: "encrypted",
		Children: []imap.BodyStructure{
			&imap.BodyStructureSinglePart{
				Type:     "application",
				Subtype:  "pgp-encrypted",
				Size:     uint32(l.Version.End - l.Version.Body),
				Extended: &imap.BodyStructureSinglePartExt{},
			},
			&imap.BodyStructureSinglePart{
				Type:    "application",
				Subtype: "octet-stream",
				Params:  map[string]string{"name": "encrypted.asc"},
				Size:    uint32(l.Sealed.End - l.Sealed.Body),
				Extended: &imap.BodyStructureSinglePartExt{
					Disposition: &imap.BodyStructureDisposition{
						Value:  "inline",
						Params: map[string]string{"filename": "encrypted.asc"},
					},
				},
			},
		},
		Extended: &imap.BodyStructureMultiPartExt{Params: map[string]string{
			"protocol": "application/pgp-encrypted",
			"boundary": l.Boundary,
		}},
	}
}
