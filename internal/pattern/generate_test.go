package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gsp.example/gsp/internal/pattern"
)

// maker invents libraries and codes, the same ones for the same seed.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 8))} }

const (
	digits   = "0123456789"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	upper    = digits + capitals
	alnum    = upper + "abcdefghijklmnopqrstuvwxyz"
	set82    = alnum + `!"%&'()*+,-./:;<=>?_`
)

// text returns n characters of an alphabet.
func (m maker) text(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[m.IntN(len(alphabet))]
	}
	return string(b)
}

func (m maker) between(least, most int) int { return least + m.IntN(most-least+1) }

// quote writes a literal of the pattern language.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// tin returns a GTIN-14 that begins with start.
func (m maker) gtin(start string) string {
	d := start + m.text(digits, 13-len(start))
	sum := 0
	for i := range d {
		sum += int(d[i]-'0') * (3 - 2*(i&1))
	}
	return d + string(rune('0'+(10-sum%10)%10))
}

// hour returns a time stamp YYMMDDhh.
func (m maker) hour() string {
	return fmt.Sprintf("%02d%02d%02d%02d", m.between(19, 26), m.between(1, 12), m.between(1, 28), m.IntN(24))
}

// realistic returns a pattern like those that Parties register, and a
// function that makes codes of it: 35 in 100 like the EU's, 25 tax stamps, 10
// with product number, serial and price, 15 element strings, 7 of twelve
// characters, 5 links, 3 odd ones.
func (m maker) realistic() (text string, code func() string) {
	switch k := m.IntN(100); {
	case k < 35:
		issuer := "QC" + m.text(upper, 3)
		if m.IntN(4) == 0 {
			issuer = m.text(digits, 1) + m.text(upper, 1)
		}
		serial, product := m.between(7, 12), m.between(4, 10)
		if m.IntN(5) == 0 {
			return fmt.Sprintf(`%s serial:X%d..%d product:N%d made:YYMMDDhh`, quote(issuer), serial, serial+4, product),
				func() string {
					return issuer + m.text(set82, m.between(serial, serial+4)) + m.text(digits, product) + m.hour()
				}
		}
		return fmt.Sprintf(`%s serial:L%d product:U%d [made:YYMMDDhh]`, quote(issuer), serial, product),
			func() string {
				return issuer + m.text(alnum, serial) + m.text(upper, product) + []string{"", m.hour()}[m.IntN(2)]
			}
	case k < 60:
		start, n := m.text(capitals, m.between(2, 4)), m.between(8, 13)
		return fmt.Sprintf(`%s serial:N%d`, quote(start), n), func() string { return start + m.text(digits, n) }
	case k < 70:
		start := "0" + m.text(digits, 3)
		return fmt.Sprintf(`%s gtin:N10 serial:X7 price:X4 tail:X4`, quote(start)),
			func() string { return m.gtin(start) + m.text(set82, 15) }
	case k < 85:
		start := "010" + m.text(digits, m.between(6, 8))
		n := 16 - len(start)
		return fmt.Sprintf(`%s gtin:N%d "21" serial:X..20`, quote(start), n),
			func() string { return "01" + m.gtin(start[2:]) + "21" + m.text(set82, m.between(1, 20)) }
	case k < 92:
		start := m.text(upper, m.between(1, 3))
		if m.IntN(200) == 0 {
			return `serial:U12`, func() string { return m.text(upper, 12) }
		}
		return fmt.Sprintf(`%s serial:U%d`, quote(start), 12-len(start)), func() string { return start + m.text(upper, 12-len(start)) }
	case k < 97:
		link := "https://" + strings.ToLower(m.text(capitals, m.between(3, 9))) + ".example/" + m.text(alnum, 1) + "/"
		n := m.between(8, 16)
		return fmt.Sprintf(`%s serial:Z%d`, quote(link), n), func() string { return link + m.text(alnum+"-_", n) }
	}
	start, middle := m.text(upper, 1), m.text(set82, m.between(1, 3))
	return fmt.Sprintf(`%s serial:X5..9 %s batch:H6`, quote(start), quote(middle)),
		func() string { return start + m.text(set82, m.between(5, 9)) + middle + m.text("0123456789ABCDEF", 6) }
}

// odd returns a pattern of a structure of its own, and codes of it.
func (m maker) odd() (text string, code func() string) {
	var parts []string
	var makers []func() string
	for range m.between(2, 6) {
		if m.IntN(3) == 0 {
			lit := m.text(upper, m.between(1, 3))
			parts = append(parts, quote(lit))
			makers = append(makers, func() string { return lit })
			continue
		}
		kind := m.IntN(4)
		alphabet := []string{digits, capitals, upper, set82}[kind]
		least := m.between(2, 6)
		most := least + []int{0, 0, 0, 3}[m.IntN(4)]
		parts = append(parts, fmt.Sprintf("%c%d..%d", "NAUX"[kind], least, most))
		makers = append(makers, func() string { return m.text(alphabet, m.between(least, most)) })
	}
	return "X6 " + strings.Join(parts, " "), func() string {
		code := m.text(set82, 6)
		for _, f := range makers {
			code += f()
		}
		return code
	}
}

// world is an invented library with codes: six in ten valid, and others that
// are wrong in one character, cut, or random.
type world struct {
	text     string
	library  *pattern.Library
	patterns []string
	makers   []func() string
}

func newWorld(t testing.TB, m maker, n int, pick func(maker) (string, func() string)) world {
	t.Helper()
	var w world
	var b strings.Builder
	b.WriteString("name = \"invented\"\nissued = 2026-01-01\n")
	for i := range n {
		text, code := pick(m)
		w.patterns = append(w.patterns, text)
		w.makers = append(w.makers, code)
		sample := code()
		for strings.IndexByte(`"'(`, sample[0]) >= 0 { // which normalising may take off
			sample = code()
		}
		fmt.Fprintf(&b, "[[entry]]\nid = \"e%d\"\nparty = \"%s\"\ntitle = \"a code\"\nevidence = \"synthetic\"\nweak = true\npattern = '''%s'''\nsamples = [%q]\n",
			i, strings.ToLower(m.text(capitals, 2)), text, sample)
	}
	w.text = b.String()
	var err error
	if w.library, err = pattern.Parse("invented.toml", []byte(w.text)); err != nil {
		t.Fatal(err)
	}
	return w
}

// codes returns n codes.
func (w world) codes(m maker, n int) []string {
	list := make([]string, n)
	for i := range list {
		code := w.makers[m.IntN(len(w.makers))]()
		switch k := m.IntN(100); {
		case k < 60:
		case k < 75:
			at := m.IntN(len(code))
			code = code[:at] + m.text(set82, 1) + code[at+1:]
		case k < 90:
			code = m.text(set82, m.between(8, 45))
		case k < 95:
			code = code[:len(code)-1]
		default:
			code += m.text(upper, 1)
		}
		list[i] = code
	}
	return list
}

// masked hides about a third of the codes' characters.
func (m maker) masked(code string) string {
	b := []byte(code)
	for i := range b {
		if m.IntN(3) == 0 {
			b[i] = '#'
		}
	}
	return string(b)
}
