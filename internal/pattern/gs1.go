package pattern

import (
	"cmp"
	"slices"
	"strings"
)

// identifiers are the GS1 application identifiers that occur with tobacco
// products, with the length of those values whose length GS1 has laid down
// for good (GS1 Syntax Dictionary, flag "*"); 0 means that a
// separator ends the value.
var identifiers = map[string]int{
	"00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2,
	"410": 13, "411": 13, "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13,
	"10": 0, "21": 0, "22": 0, "235": 0, "240": 0, "241": 0, "243": 0, "250": 0, "251": 0, "253": 0,
	"254": 0, "255": 0, "30": 0, "37": 0, "400": 0, "401": 0, "402": 0, "403": 0, "420": 0, "421": 0,
	"422": 0, "710": 0, "7003": 0, "7040": 0, "8001": 0, "8002": 0, "8003": 0, "8004": 0, "8005": 0,
	"8006": 0, "8008": 0, "8010": 0, "8011": 0, "8017": 0, "8018": 0, "8020": 0, "90": 0, "91": 0,
	"92": 0, "93": 0, "94": 0, "95": 0, "96": 0, "97": 0, "98": 0, "99": 0,
}

// rank orders elements: what identifies comes first, the product before what
// qualifies it. Within a rank the order is that of the code.
func rank(ai string) int {
	switch ai {
	case "00", "01", "02", "414", "417", "8004":
		return 0
	case "22", "10", "21", "235", "7040":
		return 1
	}
	return 2
}

// aiElement is one application identifier with its value.
type aiElement struct{ ai, value string }

// elementString writes elements as one code: identifying ones first, and a
// separator after each value of open length that is not the last.
func elementString(elems []aiElement) string {
	slices.SortStableFunc(elems, func(a, b aiElement) int { return cmp.Compare(rank(a.ai), rank(b.ai)) })
	var b strings.Builder
	for i, e := range elems {
		b.WriteString(e.ai)
		b.WriteString(e.value)
		if identifiers[e.ai] == 0 && i < len(elems)-1 {
			b.WriteByte(separator)
		}
	}
	return b.String()
}

// joinBrackets turns the human-readable form (01)...(21)... into an element
// string. Round brackets are data too, so it does so only where the whole
// text reads as identifiers and values; otherwise it returns s.
func joinBrackets(s string) string {
	var elems []aiElement
	for rest := s; rest != ""; {
		ai, after := bracketed(rest)
		n := identifiers[ai]
		if n == 0 {
			n = valueEnd(after)
		}
		if ai == "" || n == 0 || n > len(after) {
			return s
		}
		value := strings.TrimSuffix(after[:n], string(separator))
		if value == "" {
			return s
		}
		elems = append(elems, aiElement{ai, value})
		rest = after[n:]
	}
	return elementString(elems)
}

// bracketed splits "(01)rest" where 01 is a known identifier.
func bracketed(s string) (ai, rest string) {
	if s == "" || s[0] != '(' {
		return "", s
	}
	end := strings.IndexByte(s, ')')
	if end < 0 {
		return "", s
	}
	if _, ok := identifiers[s[1:end]]; !ok {
		return "", s
	}
	return s[1:end], s[end+1:]
}

// valueEnd finds where a value of open length ends: at the next identifier in
// brackets or at the end of the text.
func valueEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if ai, _ := bracketed(s[i:]); ai != "" {
			return i
		}
	}
	return len(s)
}
