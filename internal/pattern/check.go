package pattern

import (
	"math"
	"math/bits"
	"slices"
)

// rule is a check over a span of characters: a machine that reads them from
// the left. Its states are small numbers, so that a span with hidden
// characters is decided by the set of states it may be in.
type rule struct {
	name string
	set  charSet // the characters it can read
	bits float64 // how telling it is: log2 of 1/chance that a random span passes
	// start gives the first state for a span of n characters, step the state
	// after c at place i of n, or -1; pass says whether the last one is good.
	//
	// free is the set of which one hidden character makes the rule hold
	// whatever the others are, since every step is then a permutation of the
	// states; empty where there is none.
	free  charSet
	start int
	step  func(state int, c byte, i, n int) int
	pass  func(state int) bool
}

// ruleNames lists the checks of the pattern language in the order of its
// documentation.
var ruleNames = []string{"csum", "luhn", "mod1110", "mod9710", "mod3736", "mrc", "mixed"}

var rules = map[string]*rule{
	"csum": {
		name: "csum", set: setDigits, bits: math.Log2(10), free: setDigits,
		step: stepCsum, pass: func(s int) bool { return s == 0 },
	},
	"luhn": {
		name: "luhn", set: setDigits, bits: math.Log2(10), free: setDigits,
		step: stepLuhn, pass: func(s int) bool { return s == 0 },
	},
	"mod1110": {
		name: "mod1110", set: setDigits, bits: math.Log2(10), free: setDigits, start: 10,
		step: hybrid(10), pass: func(s int) bool { return s == 1 },
	},
	"mod9710": {
		name: "mod9710", set: setUpper, bits: math.Log2(97),
		step: step9710, pass: func(s int) bool { return s == 1 },
	},
	"mod3736": {
		name: "mod3736", set: setUpper, bits: math.Log2(36), free: setUpper, start: 36,
		step: hybrid(36), pass: func(s int) bool { return s == 1 },
	},
	"mrc": {
		name: "mrc", set: setPrice, bits: math.Log2(80 * 80 * 80 * 80 / 5000.0),
		step: stepPrice, pass: func(s int) bool { return s == priceGood },
	},
	"mixed": {
		name: "mixed", set: setAlnum, bits: 0.2,
		step: stepMixed, pass: func(s int) bool { return s == 8 },
	},
}

// dateRule and hourRule check YYMMDD and YYMMDDhh.
var (
	dateRule = &rule{
		name: "date", set: setDigits, bits: math.Log2(1e6 / 36525),
		step: stepDate, pass: func(int) bool { return true },
	}
	hourRule = &rule{
		name: "date", set: setDigits, bits: math.Log2(1e8 / (36525 * 24)),
		step: stepDate, pass: func(int) bool { return true },
	}
)

// CheckNames returns the names of the checks of the pattern language.
func CheckNames() []string { return slices.Clone(ruleNames) }

// stepCsum is GS1's check digit: weights 3 and 1 in turn, 1 at the right end,
// sum divisible by ten (GS1 General Specifications, section 7.9).
func stepCsum(s int, c byte, i, n int) int {
	d := int(c - '0')
	if (n-1-i)&1 == 1 {
		d *= 3
	}
	return (s + d) % 10
}

// stepLuhn is ISO/IEC 7812-1, annex B.
func stepLuhn(s int, c byte, i, n int) int {
	d := int(c - '0')
	if (n-1-i)&1 == 1 {
		if d *= 2; d > 9 {
			d -= 9
		}
	}
	return (s + d) % 10
}

// step9710 is ISO/IEC 7064 MOD 97-10, a letter counting as two digits (A is
// 10), as in an IBAN.
func step9710(s int, c byte, _, _ int) int {
	if c <= '9' {
		return (s*10 + int(c-'0')) % 97
	}
	return (s*100 + int(c-'A') + 10) % 97
}

// hybrid is an ISO/IEC 7064 hybrid system, MOD m+1,m. The state is the product
// that the standard carries from character to character; after the check
// character it is the sum.
func hybrid(m int) func(int, byte, int, int) int {
	return func(s int, c byte, i, n int) int {
		v := int(c - '0')
		if c > '9' {
			v = int(c-'A') + 10
		}
		s = (s + v) % m
		if i == n-1 {
			return s
		}
		if s == 0 {
			s = m
		}
		return s * 2 % (m + 1)
	}
}

// priceValues gives the value of each character of price80, -1 for others.
var priceValues = func() (v [128]int) {
	for i := range v {
		v[i] = -1
	}
	for i := range len(price80) {
		v[price80[i]] = i
	}
	return v
}()

// States of stepPrice: what the digits read so far leave open.
const (
	priceNothing = iota // all zero
	priceSome           // below the limit whatever follows
	priceEdge           // 78, the first two digits of the limit
	priceRest           // up to priceRest+4: the first three, modulo 5
	priceLimit   = priceRest + 5
	priceGood    = priceLimit + 1
)

// stepPrice reads the highest retail price of a Russian pack, four digits to
// base 80 that count kopecks: plausible are whole roubles from 1 to 5,000,
// 500,000 being 0, 78, 10, 0. Of the first three digits the last one needs to
// know their value modulo 5 only, since 80 times 5 is a multiple of 100.
func stepPrice(s int, c byte, i, n int) int {
	v := priceValues[c]
	switch {
	case n != 4 || i == 0 && v != 0 || i == 1 && v > 78:
		return -1
	case i == 0 || i == 1 && v == 0:
		return priceNothing
	case i == 1 && v == 78:
		return priceEdge
	case i == 1:
		return priceSome
	case i == 2 && s == priceEdge && v > 10:
		return -1
	case i == 2 && s == priceEdge && v == 10:
		return priceLimit
	case i == 2 && s == priceNothing && v == 0:
		return priceNothing
	case i == 2:
		return priceRest + v%5
	case s == priceNothing, s == priceLimit && v != 0, s < priceLimit && ((s-priceRest)*80+v)%100 != 0:
		return -1
	}
	return priceGood
}

// stepMixed counts digits and letters up to two of each: the state is three
// times the digits plus the letters. A mark in plain sight that holds two of
// both is no word and no number.
func stepMixed(s int, c byte, _, _ int) int {
	if c <= '9' {
		return min(s/3+1, 2)*3 + s%3
	}
	return s/3*3 + min(s%3+1, 2)
}

// monthDays has the days of each month, 29 for February.
var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// stepDate reads YYMMDD or YYMMDDhh; years are those of this century. What it
// remembers is: the year's last digit pair modulo 4, then with it the month
// and the first digit of the day, then the first digit of the hour.
func stepDate(s int, c byte, i, _ int) int {
	d := int(c - '0')
	switch i {
	case 0:
		return d
	case 1:
		return (s*10 + d) % 4
	case 2: // year%4, tens of the month
		if d > 1 {
			return -1
		}
		return s*2 + d
	case 3: // year%4, month
		month := s%2*10 + d
		if month < 1 || month > 12 {
			return -1
		}
		return s/2*13 + month
	case 4: // year%4, month, tens of the day
		if d > 3 {
			return -1
		}
		return s*4 + d
	case 5:
		day, month, year := s%4*10+d, s/4%13, s/4/13
		if day < 1 || day > monthDays[month] || month == 2 && day == 29 && year != 0 {
			return -1
		}
		return 0
	case 6:
		if d > 2 {
			return -1
		}
		return d
	default:
		if s*10+d > 23 {
			return -1
		}
		return 0
	}
}

// holds reports whether a span without hidden characters satisfies the rule.
func (r *rule) holds(span string) bool {
	switch r.name {
	case "csum":
		return quickCsum(span)
	case "date":
		return quickDate(span)
	}
	s := r.start
	for i := range len(span) {
		if s = r.step(s, span[i], i, len(span)); s < 0 {
			return false
		}
	}
	return r.pass(s)
}

// stateSet is a set of states of a rule; none has more than 256.
type stateSet [4]uint64

// canHold reports whether some choice of the hidden characters satisfies the
// rule. sets[i] is what the pattern allows at place i.
func (r *rule) canHold(span string, sets []setID) bool {
	if holds, sure := r.shortcut(span, sets); sure {
		return holds
	}
	var now stateSet
	now[r.start>>6] |= 1 << (r.start & 63)
	for i := range len(span) {
		choice := sets[i].set()
		if span[i] == hidden && r.free.within(choice) && !r.free.empty() {
			return true
		}
		if span[i] != hidden {
			choice = charSet{}
			choice.add(span[i])
		}
		now = r.advance(now, choice, i, len(span))
	}
	for w, left := range now {
		for ; left != 0; left &= left - 1 {
			if r.pass(w<<6 | bits.TrailingZeros64(left)) {
				return true
			}
		}
	}
	return false
}

// advance returns the states after one character of choice.
func (r *rule) advance(now stateSet, choice charSet, i, n int) (next stateSet) {
	for w, left := range now {
		for ; left != 0; left &= left - 1 {
			s := w<<6 | bits.TrailingZeros64(left)
			for c := choice.first(); c < 128; c = choice.next(c) {
				if t := r.step(s, c, i, n); t >= 0 {
					next[t>>6] |= 1 << (t & 63)
				}
			}
		}
	}
	return next
}
