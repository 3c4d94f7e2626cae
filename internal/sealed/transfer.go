package sealed

import (
	"bytes"
	"encoding/base64"
	"io"
)

// bufferSize is what the octets of a mail pass through, in octets. It holds
// the longest packet header and session key that the walk accepts.
const bufferSize = 8 << 10

// minRead is the least room that the readers of this package ask for.
const minRead = 128

// octetsOf returns a reader of the OpenPGP octets of a sealed part, armoured
// or not.
func octetsOf(raw []byte, p Part, e encoding) (io.Reader, error) {
	if e == identity {
		return &armour{src: &rawLines{raw, p.Body, p.End}}, nil
	}
	// A packet begins with an octet that armour does not have.
	var head [minRead]byte
	n, err := decode(raw, p, e).Read(head[:])
	if _, broken := err.(*Fault); broken {
		return nil, err
	}
	src := decode(raw, p, e)
	if n > 0 && head[0]&0x80 != 0 {
		return src, nil
	}
	return &armour{src: &decodedLines{src: src, at: src.lines()}}, nil
}

// decoder undoes a content transfer encoding. Reads want room for minRead
// octets.
type decoder interface {
	io.Reader
	lines() lineSource
}

func decode(raw []byte, p Part, e encoding) decoder {
	src := rawLines{raw, p.Body, p.End}
	switch e {
	case base64Encoding:
		return &base64Part{src: src}
	case quotedPrintable:
		return &quotedPart{src: src}
	}
	return &plainPart{src: src}
}

// plainPart passes octets through.
type plainPart struct{ src rawLines }

func (d *plainPart) lines() lineSource { return &d.src }

func (d *plainPart) Read(p []byte) (int, error) {
	n := copy(p, d.src.raw[d.src.pos:d.src.end])
	d.src.pos += n
	if d.src.pos == d.src.end {
		return n, io.EOF
	}
	return n, nil
}

// base64Part undoes base64 (RFC 2045, section 6.8), and unlike the RFC takes
// nothing that is not of the alphabet.
type base64Part struct {
	src  rawLines
	text base64Text
}

func (d *base64Part) lines() lineSource { return &d.src }

func (d *base64Part) Read(p []byte) (n int, err error) {
	for len(p)-n >= maxBase64Line {
		at := d.src.pos
		line, err := d.src.next()
		if err == io.EOF {
			if !d.text.complete() {
				return n, &Fault{BrokenMIME, "base64 of a part ends amid a group", at}
			}
			return n, io.EOF
		}
		if len(line) == 0 {
			if isBlank(d.src.raw[d.src.pos:d.src.end]) {
				d.src.pos = d.src.end
				continue
			}
			return n, &Fault{BrokenMIME, "a blank line stands in the base64 of a part", at}
		}
		m, ok := d.text.decode(p[n:], line)
		n += m
		if !ok {
			return n, &Fault{BrokenMIME, "base64 of a part cannot be decoded", at}
		}
	}
	return n, nil
}

// quotedPart undoes quoted-printable (RFC 2045, section 6.7).
type quotedPart struct {
	src  rawLines
	line []byte // what is left of the present line
	soft bool   // the line ends with "=" or with the part: no line end is meant
	open bool   // a line is being read
}

func (d *quotedPart) lines() lineSource { return &d.src }

func (d *quotedPart) Read(p []byte) (n int, err error) {
	for len(p)-n >= 2 {
		if !d.open {
			line, err := d.src.next()
			if err != nil {
				return n, err
			}
			line = bytes.TrimRight(line, " \t")
			d.line, d.soft = bytes.CutSuffix(line, []byte("="))
			// The line end before a delimiter is not the part's.
			d.soft = d.soft || d.src.raw[d.src.pos-1] != '\n'
			d.open = true
		}
		if len(d.line) == 0 {
			d.open = false
			if !d.soft {
				n += copy(p[n:], "\r\n")
			}
			continue
		}
		c, size := d.line[0], 1
		if c == '=' {
			var ok bool
			if c, ok = unhex(d.line); !ok {
				return n, &Fault{BrokenMIME, "quoted-printable of a part cannot be decoded", d.src.pos}
			}
			size = 3
		} else if c >= 0x7f || c < ' ' && c != '\t' {
			return n, &Fault{BrokenMIME, "quoted-printable of a part holds a raw octet", d.src.pos}
		}
		p[n] = c
		n++
		d.line = d.line[size:]
	}
	return n, nil
}

// unhex reads "=3D" at the start of b.
func unhex(b []byte) (byte, bool) {
	if len(b) < 3 {
		return 0, false
	}
	hi, lo := hexDigit(b[1]), hexDigit(b[2])
	return hi<<4 | lo, hi < 16 && lo < 16
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// maxBase64 is the longest line of base64 that is accepted, in characters.
// RFC 9580, section 6.2 says 76; some writers go beyond.
const maxBase64 = 96

// maxBase64Line is the room that a line may need when it is decoded, with the
// group that the line before left over.
const maxBase64Line = maxBase64/4*3 + 3

// strict refuses bits that say nothing, so that octets have one text only.
var strict = base64.StdEncoding.Strict()

// base64Text decodes base64 line by line. Groups of four may span lines.
type base64Text struct {
	rest   [4]byte
	n      int  // characters in rest
	padded bool // "=" was seen: nothing may follow
}

// decode appends what line stands for to dst, which has room for
// maxBase64Line octets.
func (t *base64Text) decode(dst, line []byte) (n int, ok bool) {
	if len(line) > maxBase64 || t.padded {
		return 0, false
	}
	if t.n > 0 {
		m := copy(t.rest[t.n:], line)
		t.n += m
		line = line[m:]
		if t.n < 4 {
			return 0, true
		}
		if n, ok = t.groups(dst, t.rest[:]); !ok || t.padded && len(line) > 0 {
			return n, false
		}
		t.n = 0
	}
	whole := len(line) &^ 3
	if whole > 0 {
		m, ok := t.groups(dst[n:], line[:whole])
		n += m
		if !ok {
			return n, false
		}
	}
	t.n = copy(t.rest[:], line[whole:])
	return n, true
}

// groups decodes whole groups.
func (t *base64Text) groups(dst, src []byte) (int, bool) {
	want := len(src) / 4 * 3
	if src[len(src)-1] == '=' {
		t.padded = true
		want--
		if src[len(src)-2] == '=' {
			want--
		}
	}
	n, err := strict.Decode(dst, src)
	// Decode skips CR and LF, and would tell by a shorter result.
	return n, err == nil && n == want
}

func (t *base64Text) complete() bool { return t.n == 0 }
