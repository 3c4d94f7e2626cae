package sealed

import (
	"bytes"
	"io"
	"strings"
)

// encoding is a content transfer encoding (RFC 2045, section 6).
type encoding uint8

const (
	identity encoding = iota // 7bit, 8bit, binary
	base64Encoding
	quotedPrintable
)

// preambles are the sentences that Thunderbird, Enigmail and GPGMail write
// before the first part, and the two that programs of many kinds write.
var preambles = [...]string{
	"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)",
	"This is an OpenPGP/MIME encrypted message (RFC 2440 and 3156)",
	"This is a multi-part message in MIME format.",
	"This is a multi-part message in MIME format...",
}

// boundaryOf returns the boundary of a multipart/encrypted (RFC 3156,
// section 4) with the given top header. For any other kind of mail it says
// which mistake was made; only for that it looks at the body, which begins at
// the given octet of raw.
func boundaryOf(fields []Field, raw []byte, body int) (string, error) {
	value, _ := get(fields, "Content-Type")
	m := parseMediaType(value)
	if value == "" {
		m.kind = "text/plain" // RFC 2045, section 5.2
	}
	switch {
	case m.kind != "multipart/encrypted":
		return "", mistake(m, raw, body)
	case m.fault != "":
		return "", &Fault{BrokenMIME, m.fault, 0}
	// RFC 3156, section 4 wants the protocol, and scripts leave it out. The parts
	// show it, and the wrapper is written anew.
	case m.protocol != "" && !strings.EqualFold(m.protocol, "application/pgp-encrypted"):
		return "", &Fault{BrokenMIME, "the protocol of multipart/encrypted is not application/pgp-encrypted", 0}
	case !isBoundary(m.boundary):
		return "", &Fault{BrokenMIME, "the multipart has no legal boundary", 0}
	}
	// Apple Mail adds a comment after the number.
	if v, _ := get(fields, "MIME-Version"); v != "1.0" && !strings.HasPrefix(v, "1.0 (") {
		return "", &Fault{BrokenMIME, "the MIME version is not 1.0", 0}
	}
	if e, ok := transferEncoding(fields); !ok || e != identity {
		return "", &Fault{BrokenMIME, "a multipart has a transfer encoding", 0}
	}
	return m.boundary, nil
}

// findParts finds the two parts of raw and checks all that stands around the
// sealed one. It returns the transfer encoding of the sealed part.
func (l *Layout) findParts(raw []byte) (encoding, error) {
	first, err := nextDelimiter(raw, l.Header, l.Boundary)
	if err != nil {
		return 0, err
	}
	if first.closing {
		return 0, &Fault{BrokenMIME, "the multipart is empty", first.start}
	}
	if !isPreamble(raw[l.Header:first.start]) {
		return 0, &Fault{TextOutside, "text stands before the first part", l.Header}
	}
	second, err := nextDelimiter(raw, first.end, l.Boundary)
	if err != nil {
		return 0, err
	}
	if second.closing {
		return 0, &Fault{BrokenMIME, "the multipart has one part; want two", second.start}
	}
	last, err := nextDelimiter(raw, second.end, l.Boundary)
	if err != nil {
		return 0, err
	}
	if !last.closing {
		return 0, &Fault{ExtraParts, "the multipart has more than two parts", last.start}
	}
	if !isBlank(raw[last.end:]) {
		return 0, &Fault{TextOutside, "text stands after the last part", last.end}
	}
	var e encoding
	if l.Version, e, err = readPart(raw, first.end, second.start, "application/pgp-encrypted"); err != nil {
		return 0, err
	}
	if err := checkVersion(raw, l.Version, e); err != nil {
		return 0, err
	}
	l.Sealed, e, err = readPart(raw, second.end, last.start, "application/octet-stream")
	return e, err
}

// delimiter is a line that begins or ends a part, from start to end with its
// CRLF.
type delimiter struct {
	start, end int
	closing    bool
}

// nextDelimiter finds the first delimiter line at or after from, which is the
// start of a line. A line that only begins like one is refused, since readers
// disagree on it (RFC 2046, section 5.1.1).
func nextDelimiter(raw []byte, from int, boundary string) (delimiter, error) {
	for pos := from; ; {
		// Base64 has no hyphen, so one search passes the whole payload.
		i := bytes.IndexByte(raw[pos:], '-')
		if i < 0 {
			return delimiter{}, noDelimiter(raw)
		}
		pos += i
		if pos > from && raw[pos-1] != '\n' || !hasBoundary(raw[pos:], boundary) {
			if i = bytes.IndexByte(raw[pos:], '\n'); i < 0 {
				return delimiter{}, noDelimiter(raw)
			}
			pos += i + 1
			continue
		}
		d := delimiter{start: pos, end: len(raw)}
		rest := raw[pos+2+len(boundary):]
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			d.end = len(raw) - len(rest) + n + 1
			rest = rest[:n+1]
		}
		rest, d.closing = bytes.CutPrefix(rest, []byte("--"))
		if !isBlank(rest) {
			return delimiter{}, &Fault{BrokenMIME, "a line begins like a delimiter and is none", pos}
		}
		return d, nil
	}
}

func noDelimiter(raw []byte) error {
	return &Fault{BrokenMIME, "a delimiter of the multipart is missing", len(raw)}
}

func hasBoundary(line []byte, boundary string) bool {
	return len(line) >= 2+len(boundary) && line[1] == '-' && string(line[2:2+len(boundary)]) == boundary
}

func isPreamble(b []byte) bool {
	b = bytes.Trim(b, " \t\r\n")
	if len(b) == 0 {
		return true
	}
	for _, p := range preambles {
		if string(b) == p {
			return true
		}
	}
	return false
}

// readPart reads the header of the part between two delimiters, which must be
// a leaf of the wanted kind.
func readPart(raw []byte, start, delim int, kind string) (Part, encoding, error) {
	fields, body, err := readHeader(raw, start, delim, BrokenMIME)
	if err != nil {
		return Part{}, 0, err
	}
	for _, f := range fields {
		// RFC 2045, section 9: other fields mean nothing here. Python's email
		// package writes a MIME-Version into each part.
		content := len(f.Name) > 8 && strings.EqualFold(f.Name[:8], "Content-")
		if !content && !strings.EqualFold(f.Name, "MIME-Version") {
			return Part{}, 0, &Fault{BrokenMIME, "a part has a field whose name does not begin with Content-", start}
		}
	}
	value, _ := get(fields, "Content-Type")
	m := parseMediaType(value)
	if strings.HasPrefix(m.kind, "multipart/") || strings.HasPrefix(m.kind, "message/") {
		return Part{}, 0, &Fault{TooDeep, "a part holds parts or a mail of its own", start}
	}
	if m.fault != "" || m.kind != kind {
		return Part{}, 0, &Fault{BrokenMIME, "a part has another content type than RFC 3156 wants", start}
	}
	e, ok := transferEncoding(fields)
	if !ok {
		return Part{}, 0, &Fault{BrokenMIME, "a part has an unknown transfer encoding", start}
	}
	end := delim - 2
	if end < body {
		return Part{}, 0, &Fault{BrokenMIME, "a part is empty", start}
	}
	p := Part{Start: start, Body: body, End: end, Lines: bytes.Count(raw[body:end], []byte{'\n'})}
	if end > body && raw[end-1] != '\n' {
		p.Lines++
	}
	return p, e, nil
}

// checkVersion checks the body of the first part (RFC 3156, section 4): one
// line, and nothing else but white space.
func checkVersion(raw []byte, p Part, e encoding) error {
	wrong := &Fault{BrokenMIME, "the first part is not the line Version: 1", p.Body}
	src := decode(raw, p, e)
	var buf [2 * minRead]byte
	for n := 0; ; {
		m, err := src.Read(buf[n:])
		n += m
		switch {
		case err == io.EOF && string(bytes.TrimRight(buf[:n], " \t\r\n")) == "Version: 1":
			return nil
		case err == nil && len(buf)-n >= minRead:
			continue
		case err == nil || err == io.EOF:
			return wrong
		}
		return err
	}
}

func transferEncoding(fields []Field) (encoding, bool) {
	v, ok := get(fields, "Content-Transfer-Encoding")
	if !ok {
		return identity, true
	}
	switch strings.ToLower(v) {
	case "7bit", "8bit", "binary":
		return identity, true
	case "base64":
		return base64Encoding, true
	case "quoted-printable":
		return quotedPrintable, true
	}
	return 0, false
}
