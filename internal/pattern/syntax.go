package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of one pattern. The largest honest example, an element string with a
// batch and a serial of 1 to 20 characters each, has 400 rows.
const (
	maxText     = 512 // characters of a pattern's text
	maxNesting  = 4   // brackets within brackets
	maxVariants = 64  // ways to choose alternatives
	maxRows     = 512 // ways to choose alternatives and lengths
	maxLength   = 128 // characters of a code
	maxChecks   = 6   // check rules of one way
)

// element is one piece of a pattern, which all ways to choose alternatives
// share: a hostile pattern has sixty-four ways of more than a hundred elements.
type element struct{ *piece }

// piece is a literal, a run of one alphabet, a date, or the separator.
type piece struct {
	name   string
	lit    string // "" for a run
	kind   setID  // of a run
	min    int    // characters, min == max for a literal
	max    int
	date   bool // a real date, YYMMDD with or without hh
	checks []checkRef
	drop   bool // belongs to an optional date, which is not part of the UIM
	lost   bool // a separator that the scanner lost; it takes no character
	pos    int  // offset in the pattern's text
}

// checkRef is a check as written: its rule and the element it starts at.
type checkRef struct {
	rule *rule
	from string // "" for the element itself
}

// node is a parsed pattern: one element, or a group of alternatives.
type node struct {
	elem     element
	group    bool
	optional bool
	choices  [][]node
}

// syntaxError says where in a pattern's text something is wrong.
type syntaxError struct {
	at  int // octet of the pattern's text, from 0
	msg string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.at+1, e.msg) }

type parser struct {
	text string
	at   int
}

// parsePattern reads a pattern's text. Its error is a *syntaxError.
func parsePattern(text string) ([]node, error) {
	if len(text) > maxText {
		return nil, &syntaxError{maxText, fmt.Sprintf("a pattern has at most %d characters", maxText)}
	}
	p := &parser{text: text}
	n := node{group: true, elem: element{&piece{}}}
	for {
		seq, err := p.sequence(0)
		if err != nil {
			return nil, err
		}
		n.choices = append(n.choices, seq)
		switch c := p.peek(); c {
		case 0:
			return []node{n}, nil
		case '|':
			p.at++
		default:
			return nil, p.errorf("%q closes nothing", c)
		}
	}
}

func (p *parser) errorf(format string, args ...any) error {
	return &syntaxError{p.at, fmt.Sprintf(format, args...)}
}

// peek skips white space and returns the next character, 0 at the end.
func (p *parser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// sign returns the character at hand, whole where it has several octets.
func (p *parser) sign() rune {
	c, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return c
}

// sequence reads elements up to "|", a closing bracket or the end.
func (p *parser) sequence(depth int) ([]node, error) {
	var seq []node
	for {
		switch c := p.peek(); c {
		case 0, '|', ')', ']':
			if len(seq) == 0 {
				return nil, p.errorf("an element is missing here")
			}
			return seq, nil
		}
		n, err := p.item(depth)
		if err != nil {
			return nil, err
		}
		seq = append(seq, n)
	}
}

// item reads one element or group with its name and checks.
func (p *parser) item(depth int) (node, error) {
	start, name := p.at, ""
	if c := p.text[p.at]; 'a' <= c && c <= 'z' {
		name = p.word()
		if p.peek() != ':' {
			p.at = start
			return node{}, p.errorf("%q must be followed by \":\" and an element; alphabets are capital letters", name)
		}
		p.at++
	}
	var n node
	var err error
	switch c := p.peek(); {
	case c == '(' || c == '[':
		n, err = p.group(depth+1, name)
	case c == '"':
		n.elem, err = p.literal()
	case 'A' <= c && c <= 'Z':
		n.elem, err = p.run()
	case c == 0:
		err = p.errorf("an element is missing at the end")
	default:
		err = p.errorf("%q starts no element; one is text in quotes, an alphabet with a number such as N8, a date, or brackets", p.sign())
	}
	if err != nil {
		return node{}, err
	}
	n.elem.name, n.elem.pos = name, start
	for p.peek() == ',' {
		if n.group {
			return node{}, p.errorf("a check belongs to an element, not to a group")
		}
		p.at++
		c, err := p.check()
		if err != nil {
			return node{}, err
		}
		n.elem.checks = append(n.elem.checks, c)
	}
	return n, nil
}

// group reads (a|b) or [a|b]. A name before it goes to the elements inside
// that have none.
func (p *parser) group(depth int, name string) (node, error) {
	if depth > maxNesting {
		return node{}, p.errorf("more than %d brackets within each other", maxNesting)
	}
	n := node{group: true, optional: p.text[p.at] == '[', elem: element{&piece{}}}
	closing := byte(')')
	if n.optional {
		closing = ']'
	}
	p.at++
	for {
		seq, err := p.sequence(depth)
		if err != nil {
			return node{}, err
		}
		inherit(seq, name)
		n.choices = append(n.choices, seq)
		c := p.peek()
		if c != '|' && c != closing {
			return node{}, p.errorf("%q is missing", closing)
		}
		p.at++
		if c == closing {
			return n, nil
		}
	}
}

func inherit(seq []node, name string) {
	for i := range seq {
		for _, choice := range seq[i].choices {
			inherit(choice, name)
		}
		if seq[i].elem.name == "" {
			seq[i].elem.name = name
		}
	}
}

// literal reads "text", in which "" stands for one quote.
func (p *parser) literal() (element, error) {
	start := p.at
	var lit []byte
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if c == '"' {
			if p.at+1 == len(p.text) || p.text[p.at+1] != '"' {
				p.at++
				if len(lit) == 0 {
					return element{}, p.errorf("a literal is empty")
				}
				return element{&piece{lit: string(lit), min: len(lit), max: len(lit)}}, nil
			}
			p.at++
		}
		switch {
		case c == ' ':
			return element{}, p.errorf("%q cannot be in a UIM; or a closing quote is missing", c)
		case !set82.has(c):
			return element{}, p.errorf("%q cannot be in a UIM", p.sign())
		}
		lit = append(lit, c)
	}
	p.at = start
	return element{}, p.errorf("the closing quote is missing")
}

// run reads GS, a date, or an alphabet with a count: N8, N7..9, X..20.
func (p *parser) run() (element, error) {
	rest := p.text[p.at:]
	if strings.HasPrefix(rest, "GS") {
		p.at += 2
		return element{&piece{lit: string(separator), min: 1, max: 1}}, nil
	}
	for _, layout := range []string{"YYMMDDhh", "YYMMDD"} {
		if strings.HasPrefix(rest, layout) {
			p.at += len(layout)
			return element{&piece{kind: digitKind, min: len(layout), max: len(layout), date: true}}, nil
		}
	}
	kind, ok := kindOf(rest[0])
	if !ok {
		return element{}, p.errorf("%q is no alphabet; there are N A U L H X Y Z P, GS, YYMMDD and YYMMDDhh, and fixed text stands in quotes", rest[0])
	}
	p.at++
	e := element{&piece{kind: kind, min: 1}}
	n, given := p.number()
	if given {
		e.min, e.max = n, n
	}
	if strings.HasPrefix(p.text[p.at:], "..") {
		p.at += 2
		if e.max, given = p.number(); !given {
			return element{}, p.errorf("a number is missing after \"..\"")
		}
	} else if !given {
		return element{}, p.errorf("a number of characters is missing, as in %c8 or %c..8", rest[0], rest[0])
	}
	switch {
	case e.min < 1 || e.min > e.max:
		return element{}, p.errorf("%d to %d characters is no range", e.min, e.max)
	case e.max > maxLength:
		return element{}, p.errorf("a code has at most %d characters", maxLength)
	}
	return e, nil
}

// number reads digits; more than three are as good as too many.
func (p *parser) number() (n int, ok bool) {
	for ; p.at < len(p.text) && setDigits.has(p.text[p.at]); p.at++ {
		n, ok = min(n*10+int(p.text[p.at]-'0'), 9999), true
	}
	return n, ok
}

// check reads the name of a rule and, in round brackets, where it starts.
func (p *parser) check() (checkRef, error) {
	p.peek()
	start := p.at
	name := p.word()
	r, ok := rules[name]
	if !ok {
		p.at = start
		return checkRef{}, p.errorf("%q is no check; there are %s", name, strings.Join(ruleNames, ", "))
	}
	c := checkRef{rule: r}
	if p.peek() == '(' {
		p.at++
		p.peek()
		if c.from = p.word(); c.from == "" || p.peek() != ')' {
			return checkRef{}, p.errorf("want the name of an element and \")\"")
		}
		p.at++
	}
	return c, nil
}

// word reads letters, digits and hyphens.
func (p *parser) word() string {
	start := p.at
	for p.at < len(p.text) && (setAlnum.has(p.text[p.at]) || p.text[p.at] == '-') {
		p.at++
	}
	return p.text[start:p.at]
}
