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
	protocol string
	boundary string
}

// parseMediaType reads a Content-Type (RFC 2045, section 5.1) and reports
// whether all of it is well formed. Comments are not: no mail client writes
// one there, and readers disagree on them. So they do on a parameter that
// stands twice.
func parseMediaType(s string) (m mediaType, whole bool) {
	kind, rest, more := strings.Cut(s, ";")
	kind = strings.ToLower(strings.Trim(kind, " \t"))
	major, minor, _ := strings.Cut(kind, "/")
	if !isToken(major) || !isToken(minor) {
		return mediaType{}, false
	}
	m.kind = kind
	var names []string
	for more && strings.Trim(rest, " \t") != "" {
		var name, value string
		var ok bool
		name, value, rest, ok = cutParameter(rest)
		if !ok {
			return m, false
		}
		if rest, more = strings.CutPrefix(strings.TrimLeft(rest, " \t"), ";"); !more && rest != "" {
			return m, false
		}
		name = strings.ToLower(name)
		ok = !slices.Contains(names, name) && len(names) < maxParameters
		names = append(names, name)
		switch name {
		case "boundary":
			m.boundary = value
		case "protocol":
			m.protocol = value
		default:
			// RFC 2231 parts values; some readers join them, some do not.
			ok = ok && !strings.HasPrefix(name, "boundary*") && !strings.HasPrefix(name, "protocol*")
		}
		if !ok || value == "" {
			return m, false
		}
	}
	return m, true
}

// cutParameter cuts name=value or name="value" from s.
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
	for n < len(rest) && isTokenByte(rest[n]) {
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
