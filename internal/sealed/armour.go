package sealed

import (
	"bytes"
	"encoding/base64"
	"io"
	"slices"
)

const (
	beginMessage = "-----BEGIN PGP MESSAGE-----"
	endMessage   = "-----END PGP MESSAGE-----"
)

// armourKeys are the armour headers that are known (RFC 9580, section 6.2.2).
var armourKeys = [...]string{"Version", "Comment", "Charset", "Hash", "MessageID"}

// maxArmourHeaders bounds their number.
const maxArmourHeaders = 16

// armour reads one armoured OpenPGP message (RFC 9580, section 6.2) with white
// space around it, and nothing else. It is stricter than go-crypto's reader,
// which skips text before the block and stops before the text after it.
type armour struct {
	src   lineSource
	state armourState
	text  base64Text
	crc   crc24
}

type armourState uint8

const (
	beforeBegin armourState = iota
	inHeaders
	inData
	afterChecksum
	afterEnd
)

// Read decodes whole lines; p has room for minRead octets.
func (a *armour) Read(p []byte) (n int, err error) {
	if a.state == beforeBegin {
		a.crc = crcStart
		if err := a.begin(); err != nil {
			return 0, err
		}
	}
	for len(p)-n >= maxBase64Line {
		at := a.src.offset()
		line, err := a.src.next()
		if err == io.EOF {
			if a.state != afterEnd {
				return n, &Fault{BrokenArmour, "the armour has no END line", at}
			}
			return n, io.EOF
		}
		if err != nil {
			return n, err
		}
		m, detail := a.line(p[n:], line)
		if detail != "" {
			return n, a.fault(detail, line, at)
		}
		n += m
	}
	return n, nil
}

// begin reads up to the blank line after the armour headers.
func (a *armour) begin() error {
	start := a.src.offset()
	text := false
	for {
		at := a.src.offset()
		line, err := a.src.next()
		if err == io.EOF {
			return &Fault{NotSealed, "the second part holds no OpenPGP message", start}
		}
		if err != nil {
			return err
		}
		if string(trimRight(line)) == beginMessage {
			break
		}
		switch {
		case bytes.HasPrefix(line, []byte("-----BEGIN PGP SIG")): // SIGNED MESSAGE, SIGNATURE
			return &Fault{SignedOnly, "the second part is signed and not encrypted", at}
		case bytes.HasPrefix(line, []byte("-----BEGIN PGP ")):
			return &Fault{BrokenArmour, "the armour is of another type than PGP MESSAGE", at}
		}
		text = text || !isBlank(line)
	}
	if text {
		return &Fault{TextAroundArmour, "text stands before the armour", start}
	}
	a.state = inHeaders
	for range maxArmourHeaders + 1 {
		at := a.src.offset()
		line, err := a.src.next()
		if err == io.EOF {
			return &Fault{BrokenArmour, "the armour has no END line", at}
		}
		if err != nil {
			return err
		}
		if isBlank(line) {
			a.state = inData
			return nil
		}
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !slices.Contains(armourKeys[:], string(key)) || len(value) > 0 && value[0] != ' ' {
			return &Fault{BrokenArmour, "the armour has an unknown header, or no blank line", at}
		}
	}
	return &Fault{BrokenArmour, "the armour has too many headers", start}
}

const wrongChecksum = "the checksum of the armour does not match"

// line takes one line after the headers, and says what is wrong with it.
func (a *armour) line(dst, line []byte) (n int, detail string) {
	switch {
	case a.state == afterEnd:
		if !isBlank(line) {
			return 0, "text stands after the armour"
		}
	case len(line) > 0 && line[0] == '-':
		if string(trimRight(line)) != endMessage || !a.text.complete() {
			return 0, "the armour does not end with its END line"
		}
		a.state = afterEnd
	case a.state == afterChecksum:
		return 0, "a line stands between checksum and END line"
	case len(line) > 0 && line[0] == '=' && a.text.complete():
		if !a.crc.matches(trimRight(line[1:])) {
			return 0, wrongChecksum
		}
		a.state = afterChecksum
	default:
		n, ok := a.text.decode(dst, line)
		if !ok || len(line) == 0 {
			return 0, "a line of the armour is not base64"
		}
		a.crc.add(dst[:n])
		return n, ""
	}
	return 0, ""
}

func (a *armour) fault(detail string, line []byte, at int) error {
	if a.state == afterEnd {
		if bytes.HasPrefix(line, []byte("-----BEGIN PGP ")) {
			detail = "a second armour follows the first"
		}
		return &Fault{TextAroundArmour, detail, at}
	}
	if detail == wrongChecksum {
		return &Fault{BrokenChecksum, detail, at}
	}
	return &Fault{BrokenArmour, detail, at}
}

func trimRight(b []byte) []byte { return bytes.TrimRight(b, " \t") }

// columns is the length of the lines that AppendArmour writes, in characters.
const columns = 64

// AppendArmour appends the OpenPGP octets of m to dst as one armoured message:
// without armour headers, with lines of 64 characters and CRLF, and with the
// checksum that readers before RFC 9580 look for.
func (m Message) AppendArmour(dst []byte) []byte {
	if m.facts == nil {
		return dst
	}
	body := (m.facts.size + 2) / 3 * 4
	dst = slices.Grow(dst, body+2*(body/columns+1)+len(beginMessage)+len(endMessage)+14)
	dst = append(dst, beginMessage+"\r\n\r\n"...)
	w := armourWriter{dst: dst, crc: crcStart}
	_ = m.WriteOctets(&w) // the writer never fails, and m was decoded before
	return w.end()
}

// armourWriter appends base64 lines to dst.
type armourWriter struct {
	dst  []byte
	rest [columns / 4 * 3]byte
	n    int // octets in rest
	crc  crc24
}

func (w *armourWriter) Write(p []byte) (int, error) {
	size := len(p)
	w.crc.add(p)
	if w.n > 0 {
		m := copy(w.rest[w.n:], p)
		w.n += m
		p = p[m:]
		if w.n < len(w.rest) {
			return size, nil
		}
		w.line(w.rest[:])
		w.n = 0
	}
	for len(p) >= len(w.rest) {
		w.line(p[:len(w.rest)])
		p = p[len(w.rest):]
	}
	w.n = copy(w.rest[:], p)
	return size, nil
}

func (w *armourWriter) line(octets []byte) {
	w.dst = base64.StdEncoding.AppendEncode(w.dst, octets)
	w.dst = append(w.dst, '\r', '\n')
}

func (w *armourWriter) end() []byte {
	if w.n > 0 {
		w.line(w.rest[:w.n])
	}
	w.dst = append(w.dst, '=')
	w.line([]byte{byte(w.crc >> 16), byte(w.crc >> 8), byte(w.crc)})
	return append(w.dst, endMessage+"\r\n"...)
}
