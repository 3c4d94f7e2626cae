package pattern

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Spellings of what serial scanners send around a code: the control
// characters, their pictures, and the names that logs write for them.
var (
	frameStarts = []string{"\x01", "\x02", "\u2401", "\u2402", "<SOH>", "<STX>", "[STX]", "{STX}"}
	frameEnds   = []string{"\x00", "\x03", "\x04", "\u2403", "\u2404", "<ETX>", "<EOT>", "[ETX]", "{ETX}", "<CR>", "<LF>"}
)

// unframe takes off the frame of a serial line, and the one character after
// ETX that some scanners add for checking.
func unframe(s string) string {
	if strings.HasPrefix(s, "\x02") {
		if end := strings.IndexByte(s, '\x03'); end >= 0 && utf8.RuneCountInString(s[end+1:]) == 1 {
			s = s[:end]
		}
	}
	for _, start := range frameStarts {
		s = strings.TrimPrefix(s, start)
	}
	for _, end := range frameEnds {
		s = strings.TrimSuffix(s, end)
	}
	return s
}

// entityNames are the names that web pages and XML have for characters of
// codes.
var entityNames = map[string]string{
	"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'", "nbsp": " ", "lpar": "(", "rpar": ")", "percnt": "%", "equals": "=",
}

// longestEntity is how long an entity is at most, with & and ;.
const longestEntity = len("&#x00001d;")

// readEntities reads the entities of web pages. A code that happens to hold
// one is rarer than one that happens to hold the name of a separator.
func readEntities(s string) string {
	for at := 0; at < len(s); at++ {
		if s[at] != '&' {
			continue
		}
		if text, n := entityAt(s[at:]); n > 0 {
			s = s[:at] + text + s[at+n:]
		}
	}
	return s
}

// entityAt reads the entity that s begins with and returns how long it is, 0
// for none. What would hide a character is none.
func entityAt(s string) (text string, n int) {
	end := strings.IndexByte(s[:min(len(s), longestEntity)], ';')
	if end < 2 {
		return "", 0
	}
	name := s[1:end]
	if text, ok := entityNames[name]; ok {
		return text, end + 1
	}
	number, ok := strings.CutPrefix(name, "#")
	if !ok {
		return "", 0
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
		number, base = hex, 16
	}
	c, err := strconv.ParseUint(number, base, 7) // ASCII
	if err != nil || c == hidden {
		return "", 0
	}
	return string(rune(c)), end + 1
}
