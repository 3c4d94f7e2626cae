package gsp

import (
	"errors"
	"slices"
	"strings"
)

// Address is a mailbox address of the closed group, in canonical form: both
// parts are lower-case ASCII. The zero Address is the null reverse-path.
type Address struct {
	Local  string // at most 64 octets (RFC 5321, section 4.5.3.1.1)
	Domain string
}

// ErrAddress reports an address that is not a plain dot-atom local part at a
// domain. Quoted local parts, source routes and address literals are legal in
// RFC 5321 and never issued here, so they are refused rather than interpreted.
var ErrAddress = errors.New("not an address of the form name@domain")

// ParseAddress reads local@domain, without angle brackets. It splits at the
// last @, since a quoted local part may reach us unquoted, and lower-cases
// ASCII letters. The error is ErrAddress.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, ErrAddress
	}
	local, ok := CanonicalLocal(s[:at])
	if !ok {
		return Address{}, ErrAddress
	}
	domain := lowerASCII(s[at+1:])
	if !isDomain(domain) {
		return Address{}, ErrAddress
	}
	return Address{local, domain}, nil
}

// CanonicalLocal returns a local part in canonical form and whether it is one
// that may be issued: a dot-atom (RFC 5322, section 3.2.3) of ASCII letters,
// digits and "-", "_", "+", at most 64 octets.
func CanonicalLocal(s string) (string, bool) {
	if s == "" || len(s) > 64 {
		return "", false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return "", false
		}
		for _, c := range []byte(label) {
			if !isAlnum(c) && c != '-' && c != '_' && c != '+' {
				return "", false
			}
		}
	}
	return lowerASCII(s), true
}

// Home returns the address with domain in the place of one of its aliases, and
// another address as it is. All are in lower case.
func (a Address) Home(domain string, aliases []string) Address {
	if slices.Contains(aliases, a.Domain) {
		a.Domain = domain
	}
	return a
}

// String returns local@domain, or "" for the null reverse-path.
func (a Address) String() string {
	if a == (Address{}) {
		return ""
	}
	return a.Local + "@" + a.Domain
}

func isDomain(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !isAlnum(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// lowerASCII leaves every octet beyond A-Z alone, where strings.ToLower would
// fold letters of other scripts.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
