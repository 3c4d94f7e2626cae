package pattern

import (
	"fmt"
	"regexp"
	"strings"
)

// dateRegexp fits the days of this century, YYMMDD.
const dateRegexp = `(?:[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|` +
	`(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))|(?:[02468][048]|[13579][26])0229)`

// Regexp returns the pattern as a regular expression of RE2 for canonical
// codes, so that others can test it with their own tools. It leaves check
// digits aside.
func (e *Entry) Regexp() string {
	var b strings.Builder
	b.WriteString("^(?:")
	for i, v := range e.variants {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, e := range v.elems {
			switch {
			case e.lost:
			case e.lit != "":
				b.WriteString(regexp.QuoteMeta(e.lit))
			case e.date:
				b.WriteString(dateRegexp)
				if e.max == len("YYMMDDhh") {
					b.WriteString(`(?:[01][0-9]|2[0-3])`)
				}
			case e.min == e.max:
				fmt.Fprintf(&b, "%s{%d}", e.kind.set().class(), e.min)
			default:
				fmt.Fprintf(&b, "%s{%d,%d}", e.kind.set().class(), e.min, e.max)
			}
		}
	}
	b.WriteString(")$")
	return b.String()
}

// class returns the set as a bracket expression.
func (s charSet) class() string {
	var b strings.Builder
	b.WriteByte('[')
	for c := s.first(); c < 128; c = s.next(c) {
		last := c
		for last+1 < 128 && s.has(last+1) {
			last++
		}
		writeEscaped(&b, c)
		if last > c+1 {
			b.WriteByte('-')
		}
		if last > c {
			writeEscaped(&b, last)
		}
		c = last
	}
	b.WriteByte(']')
	return b.String()
}

func writeEscaped(b *strings.Builder, c byte) {
	if strings.IndexByte(`\]^-[`, c) >= 0 {
		b.WriteByte('\\')
	}
	b.WriteByte(c)
}
