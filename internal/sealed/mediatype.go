package sealed

import (
	"slices"
	"strings"
)

// maxParameters bounds the parameters of a Content-Type.
const maxParameters = 32

// mediaType is the value of a Content-Type field.
type mediaType struct {
	kind     string // type/subtype in lower case, "" where it cannot be read
	protocol string // "" where there is none
	boundary string
	fault    string // why not all of it can be read, "" where it can
}

// How a Content-Type is not well formed.
const (
	unreadable   = "the content type cannot be read"
	hasComment   = "the content type holds a comment"
	twice        = "a parameter of the content type stands twice"
	tooMany      = "the content type has more than 32 parameters"
	continuation = "a parameter of the content type has an asterisk (RFC 2231)"
)

// parseMediaType reads a Content-Type (RFC 2045, section 5.1). Comments are
// refused: no mail client writes one there, and readers disagree on them. So
// they do on a parameter that stands twice.
func parseMediaType(s string) (m mediaType) {
	kind, rest, more := strings.Cut(s, ";")
	kind = strings.ToLower(strings.Trim(kind, " \t"))
	major, minor, _ := strings.Cut(kind, "/")
	if !isToken(major) || !isToken(minor) {
		return mediaType{fault: broken(kind)}
	}
	m.kind = kind
	var names []string
	for more && strings.Trim(rest, " \t") != "" {
		var name, value string
		var ok bool
		before := rest
		if name, value, rest, ok = cutParameter(rest); !ok || value == "" {
			m.fault = broken(before)
			return m
		}
		if rest, more = strings.CutPrefix(strings.TrimLeft(rest, " \t"), ";"); !more && rest != "" {
			m.fault = broken(rest)
			return m
		}
		name = strings.ToLower(name)
		switch {
		case slices.Contains(names, name):
			m.fault = twice
		case len(names) == maxParameters:
			m.fault = tooMany
		case name == "boundary":
			m.boundary = value
		case name == "protocol":
			m.protocol = value
		case strings.HasPrefix(name, "boundary*"), strings.HasPrefix(name, "protocol*"):
			m.fault = continuation // some readers join what RFC 2231 parts, some do not
		}
		if m.fault != "" {
			return m
		}
		names = append(names, name)
	}
	return m
}

// broken says what stands where a Content-Type cannot be read further.
func broken(s string) string {
	if strings.Contains(s, "(") {
		return hasComment
	}
	return unreadable
}

// cutParameter cuts name=value or name="value" from s. A protocol may lack the
// quotes that its slash needs (RFC 2045, section 5.1), as scripts write it: no
// reader takes that for something else.
func cutParameter(s string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(strings.TrimLeft(s, " \t"), "=")
	if !ok || !isToken(name) {
		return "", "", "", false
	}
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		value, rest, ok = cutQuoted(quoted)
		return name, value, rest, ok
	}
	n := 0
	for n < len(rest) && (isTokenByte(rest[n]) || rest[n] == '/' && strings.EqualFold(name, "protocol")) {
		n++
	}
	return name, rest[:n], rest[n:], n > 0
}

// cutQuoted cuts the quoted string whose opening quote is gone already. Its
// value keeps the backslash of a quoted pair, of which readers make different
// things: what is compared with anything then does not fit.
func cutQuoted(s string) (value, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return s[:i], s[i+1:], true
		case '\\':
			i++
		}
	}
	return "", "", false
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isTokenByte follows RFC 2045, section 5.1.
func isTokenByte(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte(`()<>@,;:\"/[]?=`, c) < 0
}

// isBoundary follows RFC 2046, section 5.1.1.
func isBoundary(s string) bool {
	if s == "" || len(s) > 70 || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !alnum && strings.IndexByte("'()+_,-./:=? ", c) < 0 {
			return false
		}
	}
	return true
}
