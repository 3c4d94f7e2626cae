package pattern

import "strings"

// reading returns another form of a canonical code: the element string that a
// GS1 Digital Link or an EPC URN stands for, or "". Parties may register
// either form, so the code itself is looked up first.
func reading(code string) (string, Change) {
	switch {
	case hasPrefixFold(code, "https://"), hasPrefixFold(code, "http://"):
		return readLink(code), LinkRead
	case hasPrefixFold(code, "urn:epc:id:"):
		return readURN(code[len("urn:epc:id:"):]), URNRead
	}
	return "", ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// foldHost writes scheme and host of a link in small letters, since they mean
// the same (RFC 3986, section 6.2.2.1) and QR codes prefer capitals.
func foldHost(s string) string {
	n := 0
	switch {
	case hasPrefixFold(s, "https://"):
		n = len("https://")
	case hasPrefixFold(s, "http://"):
		n = len("http://")
	default:
		return s
	}
	end := strings.IndexByte(s[n:], '/')
	if end < 0 {
		end = len(s) - n
	}
	return strings.ToLower(s[:n+end]) + s[n+end:]
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
	name, _, _ := strings.Cut(rest, "/")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// readLink reads an uncompressed GS1 Digital Link: .../01/gtin/235/tpx, with
// further elements in the query (GS1 Digital Link URI Syntax). What else the
// path begins with is the resolver's.
func readLink(link string) string {
	_, path, _ := strings.Cut(link, "://")
	path, query, _ := strings.Cut(path, "?")
	parts := strings.Split(path, "/")[1:] // without the host
	for len(parts) > 0 && rank(parts[0]) != 0 {
		parts = parts[1:]
	}
	if len(parts) == 0 || len(parts)%2 != 0 {
		return ""
	}
	var elems []aiElement
	for ; len(parts) > 0; parts = parts[2:] {
		if !appendElement(&elems, parts[0], parts[1]) {
			return ""
		}
	}
	for pair := range strings.SplitSeq(query, "&") {
		// A key that is no identifier is the resolver's or for tracking people.
		key, value, _ := strings.Cut(pair, "=")
		if _, ok := identifiers[key]; ok && !appendElement(&elems, key, value) {
			return ""
		}
	}
	return canonicalOr(elementString(elems))
}

// appendElement adds a percent-encoded value; a shorter GTIN gets the zeros
// that make it one of 14 digits.
func appendElement(elems *[]aiElement, ai, value string) bool {
	n, ok := identifiers[ai]
	value, valid := percentDecode(value)
	if ai == "01" {
		switch len(value) {
		case 8, 12, 13:
			value = strings.Repeat("0", 14-len(value)) + value
		}
	}
	if !ok || !valid || value == "" || n != 0 && len(value) != n {
		return false
	}
	*elems = append(*elems, aiElement{ai, value})
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
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, low := hexValue(s[i+1]), hexValue(s[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b.WriteByte(byte(high<<4 | low))
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
