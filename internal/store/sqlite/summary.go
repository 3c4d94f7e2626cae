package sqlite

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// A summary is stored as one octet for the format, a CRC-32C of the rest in
// four octets, and the rest: numbers as varints, texts and lists behind their
// lengths. A list of 5,000 messages is read in one go, so this is compact and
// decodes with few allocations; and a flipped bit must not be shown.
const summaryFormat = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeSummary(s gsp.Summary) []byte {
	b := make([]byte, 5, 512)
	b = binary.AppendVarint(b, millis(s.Envelope.Date))
	b = appendText(b, s.Envelope.Subject)
	b = appendAddress(b, s.Envelope.From)
	for _, list := range [][]gsp.Address{s.Envelope.To, s.Envelope.Cc} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, a := range list {
			b = appendAddress(b, a)
		}
	}
	b = appendText(b, s.Envelope.MessageID)
	b = binary.AppendUvarint(b, uint64(len(s.Envelope.InReplyTo)))
	for _, id := range s.Envelope.InReplyTo {
		b = appendText(b, id)
	}
	b = appendNumbers(b, s.Layout.Size, s.Layout.Header)
	b = appendText(b, s.Layout.Boundary)
	for _, p := range []sealed.Part{s.Layout.Version, s.Layout.Sealed} {
		b = appendNumbers(b, p.Start, p.Body, p.End, p.Lines)
	}
	return sumUp(b)
}

// sumUp fills in the five octets that go before the rest.
func sumUp(b []byte) []byte {
	b[0] = summaryFormat
	binary.BigEndian.PutUint32(b[1:], crc32.Checksum(b[5:], castagnoli))
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendAddress(b []byte, a gsp.Address) []byte {
	return appendText(appendText(b, a.Local), a.Domain)
}

func appendNumbers(b []byte, numbers ...int) []byte {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

// decodeSummary reads what encodeSummary wrote. The error is gsp.ErrDamaged
// where it is not that, octet for octet. The result does not share b.
func decodeSummary(b []byte) (gsp.Summary, error) {
	if len(b) < 5 || b[0] != summaryFormat {
		return gsp.Summary{}, fmt.Errorf("summary of an unknown format: %w", gsp.ErrDamaged)
	}
	if crc32.Checksum(b[5:], castagnoli) != binary.BigEndian.Uint32(b[1:]) {
		return gsp.Summary{}, gsp.ErrDamaged
	}
	d := decoder{octets: b[5:], text: string(b[5:])}
	var s gsp.Summary
	s.Envelope.Date = d.time()
	s.Envelope.Subject = d.string()
	s.Envelope.From = d.address()
	s.Envelope.To = d.addresses()
	s.Envelope.Cc = d.addresses()
	s.Envelope.MessageID = d.string()
	if n := d.length(); n > 0 {
		s.Envelope.InReplyTo = make([]string, n)
		for i := range s.Envelope.InReplyTo {
			s.Envelope.InReplyTo[i] = d.string()
		}
	}
	s.Layout.Size, s.Layout.Header = d.number(), d.number()
	s.Layout.Boundary = d.string()
	s.Layout.Version = d.part()
	s.Layout.Sealed = d.part()
	if d.broken || d.at != len(d.octets) {
		return gsp.Summary{}, gsp.ErrDamaged
	}
	return s, nil
}

// decoder reads one summary. After a mistake it is broken and yields zeros.
type decoder struct {
	octets []byte
	text   string // of the same octets, so that all strings share one allocation
	at     int
	broken bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.octets[d.at:])
	if n <= 0 {
		d.broken, d.at = true, len(d.octets)
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) time() time.Time {
	v, n := binary.Varint(d.octets[d.at:])
	if n <= 0 {
		d.broken, d.at = true, len(d.octets)
		return time.Time{}
	}
	d.at += n
	return timeOf(v)
}

func (d *decoder) number() int {
	v := d.uvarint()
	if v > 1<<31-1 {
		d.broken = true
		return 0
	}
	return int(v)
}

// length returns the length of a list or text, which cannot be more than the
// octets that are left.
func (d *decoder) length() int {
	n := d.number()
	if n > len(d.octets)-d.at {
		d.broken, d.at = true, len(d.octets)
		return 0
	}
	return n
}

func (d *decoder) string() string {
	n := d.length()
	s := d.text[d.at : d.at+n]
	d.at += n
	return s
}

func (d *decoder) address() gsp.Address { return gsp.Address{Local: d.string(), Domain: d.string()} }

func (d *decoder) addresses() []gsp.Address {
	n := d.length()
	if n == 0 {
		return nil
	}
	list := make([]gsp.Address, n)
	for i := range list {
		list[i] = d.address()
	}
	return list
}

func (d *decoder) part() sealed.Part {
	return sealed.Part{Start: d.number(), Body: d.number(), End: d.number(), Lines: d.number()}
}
