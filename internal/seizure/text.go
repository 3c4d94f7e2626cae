package seizure

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Text takes the byte order mark off, and reads UTF-16 where there is one
// of it: "Unicode text" of spreadsheets is UTF-16.
func utf8Text(r *bufio.Reader) io.Reader {
	start, _ := r.Peek(3) // what cannot be read is told by the next read
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		r.Discard(3)
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		r.Discard(2)
		return &utf16Reader{r: r, order: binary.LittleEndian}
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		r.Discard(2)
		return &utf16Reader{r: r, order: binary.BigEndian}
	}
	return r
}

// utf16Reader reads UTF-16 as UTF-8. What is not well formed becomes U+FFFD.
type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	out   []byte
	held  uint16 // the unit after a lone surrogate
	holds bool
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) < min(len(p), 4096) {
		unit, err := u.unit()
		if err != nil {
			if len(u.out) > 0 {
				break
			}
			return 0, err
		}
		c := rune(unit)
		if utf16.IsSurrogate(c) {
			second, err := u.unit()
			if err == nil {
				if c = utf16.DecodeRune(c, rune(second)); c == utf8.RuneError {
					u.held, u.holds = second, true
				}
			} else {
				c = utf8.RuneError
			}
		}
		u.out = utf8.AppendRune(u.out, c)
	}
	n := copy(p, u.out)
	u.out = append(u.out[:0], u.out[n:]...)
	return n, nil
}

func (u *utf16Reader) unit() (uint16, error) {
	if u.holds {
		u.holds = false
		return u.held, nil
	}
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return 0, err
	}
	return u.order.Uint16(b[:]), nil
}

// lineReader gives lines without their ends, which may be LF, CRLF or CR.
type lineReader struct {
	r      *bufio.Reader
	number int // of the line given last
	line   []byte
	afterR bool // the last line ended with CR, so that an LF belongs to it
	again  []numbered
}

// numbered is a line with its number.
type numbered struct {
	number int
	text   []byte
}

// giveBack has the next lines be given once more.
func (l *lineReader) giveBack(lines []numbered) { l.again = append(lines, l.again...) }

// next returns the next line, valid until the call after, or io.EOF.
func (l *lineReader) next() ([]byte, error) {
	if len(l.again) > 0 {
		line := l.again[0]
		l.again = l.again[1:]
		l.number = line.number
		return line.text, nil
	}
	l.line = l.line[:0]
	for {
		buffered, err := l.r.Peek(max(l.r.Buffered(), 1))
		if len(buffered) == 0 {
			if errors.Is(err, io.EOF) && len(l.line) > 0 {
				l.number++
				return l.line, nil
			}
			return nil, err
		}
		if l.afterR {
			l.afterR = false
			if buffered[0] == '\n' {
				l.r.Discard(1)
				continue
			}
		}
		end := bytes.IndexAny(buffered, "\r\n")
		if end < 0 {
			end = len(buffered)
		}
		if len(l.line)+end > maxLine {
			return nil, fmt.Errorf("read line %d: it has more than %d octets", l.number+1, maxLine)
		}
		l.line = append(l.line, buffered[:end]...)
		if end == len(buffered) {
			l.r.Discard(end)
			continue
		}
		l.afterR = buffered[end] == '\r'
		l.r.Discard(end + 1)
		l.number++
		return l.line, nil
	}
}
