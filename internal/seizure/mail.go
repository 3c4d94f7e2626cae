package seizure

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Limits of a mail.
const (
	maxMail  = 64 << 20 // octets of it
	maxNests = 10       // parts within each other
	maxMIME  = 1000     // parts
)

// Reasons why the text of a mail cannot be had.
var (
	errSealed   = errors.New("the mail is encrypted")
	errNoText   = errors.New("the mail has no text")
	errLongMail = fmt.Errorf("the mail has more than %d octets, or too many parts", maxMail)
)

// encoded finds a field of a mail that may say that its text is spelt
// otherwise than it reads (RFC 2045, sections 5 and 6).
var encoded = regexp.MustCompile(`(?im)^content-transfer-encoding:[ \t]*(quoted-printable|base64)|^content-type:\s*(multipart/|message/|text/html|application/)`)

// field is a line that begins a field of a mail's header (RFC 5322, section 2.2).
var field = regexp.MustCompile(`^[!-9;-~]+:`)

// isEncodedMail reports whether a text is a mail as it was sent, which must be
// decoded: a code read from it as it stands could be another one.
func isEncodedMail(sample []byte) bool {
	head := bytes.TrimLeft(sample, "\r\n")
	if bytes.HasPrefix(head, []byte("From ")) { // as mailboxes on disk part mails
		_, head, _ = bytes.Cut(head, []byte("\n"))
	}
	if !field.Match(head) {
		return false
	}
	end := len(head)
	for _, blank := range []string{"\n\n", "\n\r\n", "\r\r"} {
		if i := bytes.Index(head, []byte(blank)); i >= 0 {
			end = min(end, i+1)
		}
	}
	return encoded.Match(head[:end])
}

// mailText is the text of a mail.
type mailText struct {
	text     []byte
	attached int // files that were passed over
}

// readMail decodes a mail: its text/plain parts or, where an alternative has
// none, its text/html parts, one after the other; attached texts too. Lines
// are those of the decoded text.
func readMail(r io.Reader) (mailText, error) {
	limited := &io.LimitedReader{R: r, N: maxMail + 1}
	b := bufio.NewReader(limited)
	for {
		start, err := b.Peek(5)
		if err != nil || start[0] != '\r' && start[0] != '\n' && string(start) != "From " {
			break
		}
		if _, err := b.ReadSlice('\n'); err != nil {
			return mailText{}, err
		}
	}
	var m mailReader
	head, err := textproto.NewReader(b).ReadMIMEHeader()
	if err != nil {
		return mailText{}, fmt.Errorf("read the header: %w", err)
	}
	text, _, err := m.part(head, b, 0)
	switch {
	case limited.N <= 0:
		err = errLongMail
	case err == nil && len(bytes.TrimSpace(text)) == 0:
		err = errNoText
	}
	return mailText{text, m.attached}, err
}

// unreadableMail reports a mail whose text cannot be had.
func unreadableMail(name string, m mailText, err error) error {
	remedy := "it is a mail that cannot be decoded: open it in a mail program and copy its text into a .txt file"
	switch {
	case errors.Is(err, errSealed):
		remedy = "it is an encrypted mail: open it in your mail program and copy its text into a .txt file"
	case errors.Is(err, errNoText) && m.attached > 0:
		remedy = "it is a mail without a text: save the file that is attached to it, and give that one"
	case errors.Is(err, errNoText):
		remedy = "it is a mail without a text"
	case errors.Is(err, errLongMail):
		remedy = "it is a mail that is too large: copy its text into a .txt file"
	}
	return unreadable(name, remedy, err)
}

// mailReader counts what a mail consists of.
type mailReader struct{ parts, attached int }

// part returns the text of one part, and whether it is plain and not of a web
// page.
func (m *mailReader) part(head textproto.MIMEHeader, body io.Reader, depth int) (text []byte, plain bool, err error) {
	if m.parts++; m.parts > maxMIME || depth > maxNests {
		return nil, false, errLongMail
	}
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if kind == "" || err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		kind = "text/plain" // RFC 2045, section 5.2
	}
	main, _, _ := strings.Cut(kind, "/")
	switch {
	case kind == "multipart/encrypted" || kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime":
		return nil, false, errSealed
	case main == "multipart" && params["boundary"] == "":
		return nil, false, errors.New("read the parts: nothing says where they begin")
	case main == "multipart":
		return m.multipart(kind, multipart.NewReader(body, params["boundary"]), depth)
	case kind == "message/rfc822":
		b := bufio.NewReader(decoded(head, body))
		inner, err := textproto.NewReader(b).ReadMIMEHeader()
		if err != nil {
			return nil, false, fmt.Errorf("read the header of a mail within: %w", err)
		}
		return m.part(inner, b, depth+1)
	case main != "text" && main != "message":
		m.attached++
		return nil, false, nil
	}
	raw, err := io.ReadAll(decoded(head, body))
	if err != nil {
		return nil, false, fmt.Errorf("decode the text: %w", err)
	}
	if raw = inUTF8(raw, params["charset"]); kind == "text/html" {
		return pageText(raw), false, nil
	}
	return raw, true, nil
}

// multipart returns the texts of its parts, or of alternatives the plain one.
func (m *mailReader) multipart(kind string, r *multipart.Reader, depth int) (text []byte, plain bool, err error) {
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return text, plain, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the parts: %w", err)
		}
		more, morePlain, err := m.part(p.Header, p, depth+1)
		switch {
		case err != nil:
			return nil, false, err
		case len(bytes.TrimSpace(more)) == 0:
		case kind != "multipart/alternative" || len(text) == 0 || morePlain && !plain:
			if kind == "multipart/alternative" {
				text = nil
			}
			text, plain = append(append(text, more...), '\n'), plain || morePlain
		}
	}
}

// decoded undoes the transfer encoding of a part (RFC 2045, section 6).
func decoded(head textproto.MIMEHeader, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(head.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

// inUTF8 returns a text in UTF-8. Codes are ASCII, which all but UTF-16 leave
// as it is; the rest matters where it parts words. An unknown set is read as
// Latin-1.
func inUTF8(text []byte, charset string) []byte {
	switch charset = strings.ToLower(charset); {
	case strings.HasPrefix(charset, "utf-16"):
		if !bytes.HasPrefix(text, []byte("\xff\xfe")) && !bytes.HasPrefix(text, []byte("\xfe\xff")) {
			mark := "\xfe\xff" // of the order that is meant where none is said
			if charset == "utf-16le" {
				mark = "\xff\xfe"
			}
			text = append([]byte(mark), text...)
		}
		text, _ = io.ReadAll(utf8Text(bufio.NewReader(bytes.NewReader(text)))) // a buffer that ends, and nothing worse
		return text
	case utf8.Valid(text):
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/4)
	for _, c := range text {
		r := rune(c)
		if charset == "windows-1251" && c >= 0xc0 {
			r = 0x410 + r - 0xc0 // Cyrillic letters, which may look like those of a code
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
