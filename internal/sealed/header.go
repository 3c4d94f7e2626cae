package sealed

import (
	"bytes"
	"strings"
)

// maxHeader bounds the top header and each part's, in octets.
const maxHeader = 64 << 10

// maxFields bounds the fields of a header: 1,000 UIMs, each in a field of its
// own, and as many others.
const maxFields = 2000

// Field is one header field. Value is unfolded (RFC 5322, section 2.2.3) and
// without white space around it; it may hold octets beyond ASCII.
type Field struct {
	Name  string // as written
	Value string
}

// singular are the fields that may stand once. Of two, go-message and net/mail
// take the first and other readers the last, so that two are an attack or a
// bug and never a choice.
var singular = [...]string{
	"From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding",
}

func topHeader(raw []byte) ([]Field, int, error) {
	fields, body, err := readHeader(raw, 0, len(raw), BrokenHeader)
	if err != nil {
		return nil, 0, err
	}
	if len(fields) == 0 {
		return nil, 0, &Fault{BrokenHeader, "the mail has no header", 0}
	}
	return fields, body, nil
}

// readHeader reads the fields of raw[start:end] up to the blank line and
// returns where the body begins. What is not well formed has the given flaw.
func readHeader(raw []byte, start, end int, flaw Flaw) ([]Field, int, error) {
	if bytes.HasPrefix(raw[start:end], []byte("\r\n")) {
		return nil, start + 2, nil
	}
	block := raw[start:min(end, start+maxHeader)]
	i := bytes.Index(block, []byte("\r\n\r\n"))
	if i < 0 {
		detail := "no blank line ends the header"
		if len(block) == maxHeader {
			detail = "the header is longer than 64 KiB"
		}
		return nil, 0, &Fault{flaw, detail, start}
	}
	// One string for all: the fields are parts of it.
	text := string(block[:i+2])
	fields := make([]Field, 0, min(strings.Count(text, "\n"), maxFields))
	var seen uint
	for pos := 0; pos < len(text); {
		n := fieldEnd(text[pos:])
		f, fault := parseField(text[pos : pos+n])
		if fault != "" {
			return nil, 0, &Fault{flaw, fault, start + pos}
		}
		if len(fields) == maxFields {
			return nil, 0, &Fault{flaw, "the header has more than 2,000 fields", start + pos}
		}
		for i, name := range singular {
			if !strings.EqualFold(f.Name, name) {
				continue
			}
			if seen&(1<<i) != 0 {
				return nil, 0, &Fault{DuplicateHeader, name + " stands twice", start + pos}
			}
			seen |= 1 << i
		}
		fields = append(fields, f)
		pos += n
	}
	return fields, start + i + 4, nil
}

// fieldEnd returns the length of the first field of s, with its CRLF.
func fieldEnd(s string) int {
	for n := 0; ; {
		i := strings.IndexByte(s[n:], '\n')
		if i < 0 {
			return len(s)
		}
		n += i + 1
		if n == len(s) || s[n] != ' ' && s[n] != '\t' {
			return n
		}
	}
}

// parseField reads one field, folded or not, and says what is wrong with it.
func parseField(s string) (f Field, fault string) {
	colon := strings.IndexByte(s, ':')
	if colon < 1 {
		return Field{}, "a header line has no field name"
	}
	for _, c := range []byte(s[:colon]) {
		// RFC 5322, section 3.6.8 allows more, which some readers do not: what two
		// readers could take for different fields is refused.
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/;<=>?@[\]{}`, c) >= 0 {
			return Field{}, "a field name holds a character that may not stand there"
		}
	}
	value := s[colon+1 : len(s)-2]
	folds := false
	for i := range len(value) {
		switch c := value[i]; {
		case c == '\n':
			folds = true
		case c < ' ' && c != '\t' && c != '\r' || c == 0x7f:
			return Field{}, "a field holds a control character"
		}
	}
	if folds {
		_, more, _ := strings.Cut(value, "\r\n")
		for line := range strings.SplitSeq(more, "\r\n") {
			if strings.Trim(line, " \t") == "" { // it ends the header for some readers
				return Field{}, "a header line is nothing but white space"
			}
		}
		value = strings.ReplaceAll(value, "\r\n", "")
	}
	return Field{s[:colon], strings.Trim(value, " \t")}, ""
}

// get returns the value of the first field of that name.
func get(fields []Field, name string) (string, bool) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}
