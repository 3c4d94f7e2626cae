package seizure

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// markup reads the XML of a workbook token by token, each of bounded size and
// without its namespace. It takes what it does not need on trust: whether
// elements end in the order in which they began, which names are allowed.
// encoding/xml takes three times as long, and a sheet of a million rows has
// hundreds of millions of octets.
type markup struct {
	r      *bufio.Reader
	buf    []byte // a token that is longer than the reader's buffer
	inside bool   // a "<" was read
	end    []byte // name of the empty element whose end comes next
}

// piece is one token, valid until the next.
type piece struct {
	kind  pieceKind
	name  []byte // of an element, without its prefix
	attrs []byte // of its beginning
	text  []byte // as written, or plain text of a CDATA section
	plain bool
}

type pieceKind int

const (
	startPiece pieceKind = iota
	endPiece
	textPiece
)

var errMarkup = errors.New("the workbook holds what is no XML")

func newMarkup(r io.Reader) *markup { return &markup{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next token, or io.EOF.
func (m *markup) next() (piece, error) {
	for {
		if m.end != nil {
			name := m.end
			m.end = nil
			return piece{kind: endPiece, name: name}, nil
		}
		if !m.inside {
			text, err := m.until("<")
			if err != nil {
				return piece{}, err
			}
			m.inside = true
			if len(text) > 0 {
				return piece{kind: textPiece, text: text}, nil
			}
			continue
		}
		m.inside = false
		p, err := m.tag()
		if err != nil {
			return piece{}, endTooSoon(err)
		}
		if p.name != nil || p.plain {
			return p, nil
		}
	}
}

// tag reads what follows "<". A comment or an instruction is nothing.
func (m *markup) tag() (piece, error) {
	head, err := m.r.Peek(len("![CDATA["))
	if err != nil && !errors.Is(err, io.EOF) {
		return piece{}, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("?")):
		_, err := m.until("?>")
		return piece{}, err
	case bytes.HasPrefix(head, []byte("!--")):
		m.r.Discard(len("!--"))
		_, err := m.until("-->")
		return piece{}, err
	case bytes.HasPrefix(head, []byte("![CDATA[")):
		m.r.Discard(len("![CDATA["))
		text, err := m.until("]]>")
		return piece{kind: textPiece, text: text, plain: true}, err
	case bytes.HasPrefix(head, []byte("!")):
		return piece{}, errMarkup // a document type, which no workbook has
	}
	tag, err := m.until(">")
	for err == nil && len(tag) > 0 && tag[0] != '/' && bytes.Count(tag, []byte(`"`))%2+bytes.Count(tag, []byte("'"))%2 == 1 {
		// The ">" stood in a value. Signs of the other kind may stand in one
		// too, so a tag with both is left as it is.
		so := append(bytes.Clone(tag), '>')
		var more []byte
		if more, err = m.until(">"); len(so)+len(more) > maxLine {
			return piece{}, errTooLarge
		}
		tag = append(so, more...)
	}
	if err != nil {
		return piece{}, err
	}
	if len(tag) > 0 && tag[0] == '/' {
		return piece{kind: endPiece, name: local(bytes.TrimSpace(tag[1:]))}, nil
	}
	tag, empty := bytes.CutSuffix(tag, []byte("/"))
	name := tag
	var attrs []byte
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		name, attrs = tag[:i], tag[i:]
	}
	if name = local(name); len(name) == 0 {
		return piece{}, errMarkup
	}
	if empty {
		m.end = bytes.Clone(name)
	}
	return piece{kind: startPiece, name: name, attrs: attrs}, nil
}

// until reads to an ending and returns what stands before it.
func (m *markup) until(ending string) ([]byte, error) {
	last := ending[len(ending)-1]
	part, err := m.r.ReadSlice(last)
	if err == nil && len(ending) == 1 {
		return part[:len(part)-1], nil
	}
	m.buf = append(m.buf[:0], part...)
	for {
		switch {
		case err == nil && bytes.HasSuffix(m.buf, []byte(ending)):
			return m.buf[:len(m.buf)-len(ending)], nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			if len(bytes.TrimSpace(m.buf)) > 0 {
				err = endTooSoon(err)
			}
			return nil, err
		case len(m.buf) > maxLine:
			return nil, errTooLarge
		}
		part, err = m.r.ReadSlice(last)
		m.buf = append(m.buf, part...)
	}
}

func endTooSoon(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// local returns a name without its prefix.
func local(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// is reports whether p begins or ends the element of that name.
func (p *piece) is(kind pieceKind, name string) bool { return p.kind == kind && string(p.name) == name }

// attribute returns the value of an attribute, whatever its prefix.
func (p *piece) attribute(name string) string {
	rest := p.attrs
	for {
		key, after, ok := bytes.Cut(rest, []byte("="))
		after = bytes.TrimLeft(after, " \t\r\n")
		if !ok || len(after) == 0 || after[0] != '"' && after[0] != '\'' {
			return ""
		}
		value, next, ok := bytes.Cut(after[1:], after[:1])
		if !ok {
			return ""
		}
		if string(local(bytes.TrimSpace(key))) == name {
			return string(appendPlain(nil, value))
		}
		rest = next
	}
}

// entities are the names that XML itself knows.
var entities = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// appendPlain appends a text with its references read.
func appendPlain(b, text []byte) []byte {
	for {
		before, after, ok := bytes.Cut(text, []byte("&"))
		b = append(b, before...)
		if !ok {
			return b
		}
		name, _, ok := bytes.Cut(after[:min(len(after), 12)], []byte(";"))
		r, known := reference(string(name))
		if !ok || !known {
			b, text = append(b, '&'), after
			continue
		}
		b, text = utf8.AppendRune(b, r), after[len(name)+1:]
	}
}

// reference reads the name of a character.
func reference(name string) (rune, bool) {
	if r, ok := entities[name]; ok {
		return r, true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune && utf8.ValidRune(rune(n))
}
