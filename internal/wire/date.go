package wire

import (
	"net/mail"
	"strings"
	"time"
)

// zones are the names of RFC 5322, section 4.3, with what they stand for.
var zones = map[string]string{
	"UT": "+0000", "GMT": "+0000", "UTC": "+0000", "Z": "+0000",
	"EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
	"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}

// readDate reads a date of RFC 5322, section 3.3. One in a zone of another name
// is zero, as if the mail had none: CET or IST taken for UTC would be hours off,
// and the time of receipt is known to the second.
func readDate(value string) (time.Time, error) {
	t, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", value) // the usual form, at a tenth of the cost
	if err != nil {
		text := strings.Join(strings.Fields(stripComments(value)), " ")
		if before, zone, ok := cutLast(text, " "); ok && isLetters(zone) {
			offset, known := zones[strings.ToUpper(zone)]
			if !known {
				return time.Time{}, nil
			}
			text = before + " " + offset
		}
		text = strings.ReplaceAll(text, " ,", ",")
		text = strings.Replace(text, ":60 ", ":59 ", 1) // a leap second, which time.Time has not
		t, err = mail.ParseDate(text)
	}
	if err != nil || t.Unix() <= 0 || t.Unix() > maxUnix {
		return time.Time{}, broken("the Date cannot be read", "check the clock of your computer and send the mail again")
	}
	return t, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func isLetters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// stripComments removes comments (RFC 5322, section 3.2.2), which may nest and
// stand between any two words. What an unclosed one hides is gone with it.
func stripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (quoted || depth > 0):
			i++
			if depth == 0 {
				b.WriteString(s[i-1 : i+1])
			}
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted:
			depth++
			b.WriteByte(' ')
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
