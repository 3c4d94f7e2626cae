package sealed

import (
	"bytes"
	"io"
)

// maxLine is the longest line of a mail, in octets without its CRLF
// (RFC 5322, section 2.1.1).
const maxLine = 998

// checkLines finds what makes two readers see different lines: a CR or LF
// that stands alone (SMTP smuggling), NUL, and lines that a relay may break.
// The last line may lack its CRLF, as IMAP clients append it.
func checkLines(raw []byte) error {
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return &Fault{BrokenLines, "the mail holds a NUL", i}
	}
	ends, start := 0, 0
	for {
		i := bytes.IndexByte(raw[start:], '\n')
		if i < 0 {
			break
		}
		if i == 0 || raw[start+i-1] != '\r' {
			return &Fault{BrokenLines, "a line ends with a bare LF", start + i}
		}
		if i-1 > maxLine {
			return &Fault{BrokenLines, "a line is longer than 998 octets", start}
		}
		ends++
		start += i + 1
	}
	if len(raw)-start > maxLine {
		return &Fault{BrokenLines, "a line is longer than 998 octets", start}
	}
	if bytes.Count(raw, []byte{'\r'}) != ends {
		return &Fault{BrokenLines, "a CR stands without its LF", bareCR(raw)}
	}
	return nil
}

func bareCR(raw []byte) int {
	for i, c := range raw {
		if c == '\r' && (i+1 == len(raw) || raw[i+1] != '\n') {
			return i
		}
	}
	return len(raw)
}

// lineSource yields lines without their ends, then io.EOF. A line is good
// until the next call.
type lineSource interface {
	next() ([]byte, error)
	offset() int // of the line after the one that next returned last, in the mail
}

// rawLines are the lines of a stretch of the mail.
type rawLines struct {
	raw      []byte
	pos, end int
}

func (l *rawLines) next() ([]byte, error) {
	if l.pos >= l.end {
		return nil, io.EOF
	}
	rest := l.raw[l.pos:l.end]
	i := bytes.IndexByte(rest, '\n')
	if i < 0 {
		l.pos = l.end
		return rest, nil
	}
	l.pos += i + 1
	return trimCR(rest[:i]), nil
}

func (l *rawLines) offset() int { return l.pos }

// decodedLines are the lines of a part that was transfer-encoded. They may end
// with LF alone: an octet stream is not canonical text.
type decodedLines struct {
	src  io.Reader
	at   lineSource // what src reads, for its offset
	buf  [2 * (maxLine + 2)]byte
	r, w int // buf[r:w] is not returned yet
	eof  bool
}

func (l *decodedLines) next() ([]byte, error) {
	for {
		i := bytes.IndexByte(l.buf[l.r:l.w], '\n')
		switch {
		case i > maxLine+1 || i < 0 && l.w-l.r > maxLine+1:
			return nil, &Fault{BrokenArmour, "a line is longer than 998 octets", l.at.offset()}
		case i >= 0:
			line := l.buf[l.r : l.r+i]
			l.r += i + 1
			return trimCR(line), nil
		case l.eof && l.r == l.w:
			return nil, io.EOF
		case l.eof:
			line := l.buf[l.r:l.w]
			l.r = l.w
			return line, nil
		}
		l.w = copy(l.buf[:], l.buf[l.r:l.w])
		l.r = 0
		n, err := l.src.Read(l.buf[l.w:])
		l.w += n
		if err == io.EOF {
			l.eof = true
		} else if err != nil {
			return nil, err
		}
	}
}

func (l *decodedLines) offset() int { return l.at.offset() }

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// isBlank reports whether b is nothing but white space.
func isBlank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}
