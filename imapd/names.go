package imapd

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	delimiter  = '/'
	sharedRoot = "Authority/" // of the mailboxes that several accounts see
	maxName    = 200          // octets
)

// isShared reports whether a name belongs to the shared ones, whoever may see
// them: no account can make a mailbox of its own that is hidden by one later.
func isShared(name string) bool {
	return len(name) >= len(sharedRoot)-1 && strings.EqualFold((name + "/")[:len(sharedRoot)], sharedRoot)
}

// canonical returns a name within a shelf as the store knows it, and whether
// it can be one: INBOX in capitals, letters composed with their accents (RFC
// 5198; a Mac sends them apart), no empty level, nothing that clients or
// LIST take for something else. An "&" is refused because go-imap beta.8 takes
// it for UTF-7 also where the client has switched that off.
func canonical(name string) (string, bool) {
	name = norm.NFC.String(strings.TrimSuffix(name, "/")) // RFC 9051, section 6.3.4: more is to come below
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsAny(name, "&%*") {
		return "", false
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return "", false
		}
	}
	first, rest, deep := strings.Cut(name, "/")
	if strings.EqualFold(first, "INBOX") {
		name = "INBOX"
		if deep {
			name += "/" + rest
		}
	}
	for level := range strings.SplitSeq(name, "/") {
		if level == "" {
			return "", false
		}
	}
	return name, true
}

// base64UTF7 is the base64 of mailbox names (RFC 3501, section 5.1.3).
var base64UTF7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// decodeName reads a mailbox name in modified UTF-7.
func decodeName(name string) (string, bool) {
	var b strings.Builder
	for {
		plain, rest, more := strings.Cut(name, "&")
		b.WriteString(plain)
		if !more {
			return b.String(), true
		}
		coded, after, ended := strings.Cut(rest, "-")
		name = after
		if coded == "" && ended {
			b.WriteByte('&')
			continue
		}
		octets, err := base64UTF7.DecodeString(coded)
		if err != nil || !ended || len(octets)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(octets)/2)
		for i := range units {
			units[i] = uint16(octets[2*i])<<8 | uint16(octets[2*i+1])
		}
		b.WriteString(string(utf16.Decode(units)))
	}
}

// parents calls f for each name above this one, the nearest last.
func parents(name string, f func(string)) {
	for i := range len(name) {
		if name[i] == '/' {
			f(name[:i])
		}
	}
}

// matches reports whether a name fits a pattern of LIST: "*" stands for
// anything, "%" for anything without a delimiter. It keeps the set of places
// in the pattern that the name may have reached, so no pattern costs more than
// the product of the lengths.
func matches(pattern, name string) bool {
	if strings.EqualFold(pattern, "INBOX") {
		pattern = "INBOX"
	}
	at := make([]bool, len(pattern)+1)
	at[0] = true
	skipWildcards(pattern, at)
	for i := range len(name) {
		next := make([]bool, len(at))
		for j := range len(pattern) {
			if !at[j] {
				continue
			}
			switch c := pattern[j]; {
			case c == '*', c == '%' && name[i] != delimiter:
				next[j] = true
			case c == name[i]:
				next[j+1] = true
			}
		}
		skipWildcards(pattern, next)
		at = next
	}
	return at[len(pattern)]
}

// skipWildcards adds what wildcards reach by standing for nothing.
func skipWildcards(pattern string, at []bool) {
	for j := range len(pattern) {
		if at[j] && (pattern[j] == '*' || pattern[j] == '%') {
			at[j+1] = true
		}
	}
}
