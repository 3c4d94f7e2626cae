package pattern

import (
	"slices"
	"strings"
)

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// foldHost writes scheme and host of a link in small letters, since they mean
// the same (RFC 3986, section 6.2.2.1) and QR codes prefer capitals, and
// without the port that its scheme has anyway (section 6.2.3).
func foldHost(s string) string {
	n, port := 0, ""
	switch {
	case hasPrefixFold(s, "https://"):
		n, port = len("https://"), ":443"
	case hasPrefixFold(s, "http://"):
		n, port = len("http://"), ":80"
	default:
		return s
	}
	end := len(s)
	if i := strings.IndexAny(s[n:], "/?"); i >= 0 {
		end = n + i
	}
	head := strings.TrimSuffix(strings.ToLower(s[:end]), port)
	if head == s[:end] {
		return s
	}
	return head + s[end:]
}

// dropTracking takes out of a link what advertising adds when it is shared.
func dropTracking(s string) string {
	at := strings.IndexByte(s, '?')
	if at < 0 || !strings.HasPrefix(s, "http") || host(s) == "" {
		return s
	}
	var kept []string
	for pair := range strings.SplitSeq(s[at+1:], "&") {
		key, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(key, "utm_") && key != "fbclid" && key != "gclid" && key != "msclkid" {
			kept = append(kept, pair)
		}
	}
	if len(kept) == 0 {
		return s[:at]
	}
	return s[:at+1] + strings.Join(kept, "&")
}

// host returns the host name of a link, without a port; "" for other codes.
func host(code string) string {
	_, rest, ok := strings.Cut(code, "://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "/?:"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// linkNames are the names that older GS1 Digital Links have for identifiers
// (GS1 Digital Link Standard 1.1, section 5.1).
var linkNames = map[string]string{
	"gtin": "01", "cpv": "22", "lot": "10", "ser": "21", "sscc": "00", "gln": "414", "giai": "8004", "exp": "17",
}

// linkIdentifier returns the identifier that a part of a link or a key of its
// query means, and false where it means none.
func linkIdentifier(part string) (identifier, bool) {
	if ai, ok := linkNames[strings.ToLower(part)]; ok {
		part = ai
	}
	id, ok := identifiers[part]
	return id, ok
}

// readLink reads an uncompressed GS1 Digital Link: .../01/gtin/235/tpx, with
// further elements in the query (GS1 Digital Link URI Syntax), or all of them
// there. What else the path begins with is the resolver's.
func readLink(link string) string {
	_, path, _ := strings.Cut(link, "://")
	path, query, _ := strings.Cut(path, "?")
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")[1:] // without the host
	var elems []aiElement
	for len(parts) > 0 && !readPath(&elems, parts) {
		parts = parts[1:]
	}
	for pair := range strings.SplitSeq(query, "&") {
		// A key that is no identifier is the resolver's or for tracking people.
		key, value, _ := strings.Cut(pair, "=")
		if id, ok := linkIdentifier(key); ok && !appendElement(&elems, id, value) {
			return ""
		}
	}
	if !slices.ContainsFunc(elems, func(e aiElement) bool { return rank(e.ai) == keyRank }) {
		return ""
	}
	return canonicalOr(elementString(elems))
}

// readPath reads the end of a path that begins with what names a thing.
func readPath(to *[]aiElement, parts []string) bool {
	var elems []aiElement
	for i := 0; i < len(parts); i += 2 {
		id, ok := linkIdentifier(parts[i])
		if !ok || i == 0 && rank(id.ai) != keyRank || i+1 == len(parts) || !appendElement(&elems, id, parts[i+1]) {
			return false
		}
	}
	*to = elems
	return true
}

// appendElement adds a percent-encoded value; a shorter GTIN gets the zeros
// that make it one of 14 digits.
func appendElement(elems *[]aiElement, id identifier, value string) bool {
	value, valid := percentDecode(value)
	value = wholeGTIN(id.ai, value)
	if !valid || value == "" || id.laidDown && len(value) != id.most {
		return false
	}
	*elems = append(*elems, aiElement{id.ai, value})
	return true
}

// readURN reads an EPC pure identity URN (EPC Tag Data Standard 2.3, section
// 6.3): upui, sgtin and sscc.
func readURN(urn string) string {
	scheme, rest, _ := strings.Cut(urn, ":")
	parts := strings.SplitN(rest, ".", 3)
	for i := range parts {
		var ok bool
		if parts[i], ok = percentDecode(parts[i]); !ok {
			return ""
		}
	}
	switch {
	case len(parts) == 2 && scheme == "sscc" && parts[1] != "":
		return canonicalOr(elementString([]aiElement{{"00", withCheck(parts[1][:1]+parts[0]+parts[1][1:], 17)}}))
	case len(parts) != 3 || parts[1] == "" || parts[2] == "":
		return ""
	}
	gtin := aiElement{"01", withCheck(parts[1][:1]+parts[0]+parts[1][1:], 13)}
	switch {
	case gtin.value == "":
	case scheme == "upui":
		return canonicalOr(elementString([]aiElement{gtin, {"235", parts[2]}}))
	case scheme == "sgtin":
		return canonicalOr(elementString([]aiElement{gtin, {"21", parts[2]}}))
	}
	return ""
}

// withCheck appends GS1's check digit to n digits, a hidden one if any of
// them is hidden. Anything else gives "".
func withCheck(s string, n int) string {
	if len(s) != n || !setDigits.or(setOf(string(hidden))).hasAll(s) {
		return ""
	}
	if !visible(s) {
		return s + string(hidden)
	}
	for c := '0'; ; c++ {
		if quickCsum(s + string(c)) {
			return s + string(c)
		}
	}
}

// percentDecode undoes percent-encoding (RFC 3986, section 2.1).
func percentDecode(s string) (string, bool) {
	escaped := false
	for i := range len(s) {
		if s[i] == '%' {
			if i+2 >= len(s) || hexValue(s[i+1]) < 0 || hexValue(s[i+2]) < 0 {
				return "", false
			}
			escaped = true
		}
	}
	if !escaped {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		b.WriteByte(byte(hexValue(s[i+1])<<4 | hexValue(s[i+2])))
		i += 2
	}
	return b.String(), true
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// canonicalOr returns s where it is a canonical code, and "" otherwise.
func canonicalOr(s string) string {
	if isCanonical(s) {
		return s
	}
	return ""
}
