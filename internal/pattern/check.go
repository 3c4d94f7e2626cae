package pattern

import "math"

// rule is a check over a span of characters: a machine that reads them from
// the left. Its states are small numbers, so that a span with hidden
// characters is decided by the set of states it may be in.
type rule struct {
	name string
	set  charSet // the characters it can read
	bits float64 // how telling it is: log2 of 1/chance that a random span passes
	// start gives the first state for a span of n characters, step the state
	// after c at place i of n, or -1; pass says whether the last one is good.
	start int
	step  func(state int, c byte, i, n int) int
	pass  func(state int) bool
}

// ruleNames lists the checks of the pattern language in the order of its
// documentation.
var ruleNames = []string{"csum", "luhn", "mod1110", "mod9710", "mod3736", "mrc", "mixed"}

var rules = map[string]*rule{
	"csum":    {"csum", setDigits, math.Log2(10), 0, stepCsum, func(s int) bool { return s == 0 }},
	"luhn":    {"luhn", setDigits, math.Log2(10), 0, stepLuhn, func(s int) bool { return s == 0 }},
	"mod1110": {"mod1110", setDigits, math.Log2(10), 10, hybrid(10), func(s int) bool { return s == 1 }},
	"mod9710": {"mod9710", setUpper, math.Log2(97), 0, step9710, func(s int) bool { return s == 1 }},
	"mod3736": {"mod3736", setUpper, math.Log2(36), 36, hybrid(36), func(s int) bool { return s == 1 }},
	"mrc":     {"mrc", setOf(price80), math.Log2(80 * 80 * 80 * 80 / 5000.0), 0, stepPrice, func(s int) bool { return s > 0 }},
	"mixed":   {"mixed", setAlnum, 0.2, 0, stepMixed, func(s int) bool { return s == 8 }},
}

// dateRule and hourRule check YYMMDD and YYMMDDhh.
var (
	dateRule = &rule{"date", setDigits, math.Log2(1e6 / 36525), 0, stepDate, func(int) bool { return true }}
	hourRule = &rule{"date", setDigits, math.Log2(1e8 / (36525 * 24)), 0, stepDate, func(int) bool { return true }}
)

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
// of the standard's section 9; after the check character it is the sum.
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

// stepPrice reads the highest retail price of a Russian pack, in kopecks to
// base 80: plausible are whole roubles up to 5,000.
func stepPrice(s int, c byte, i, n int) int {
	s = s*80 + priceValues[c]
	if s > 500_000 || i == n-1 && s%100 != 0 {
		return -1
	}
	return s
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

// passes reports whether span can satisfy the rule: whether it does, or, with
// hidden characters, whether some choice of them from sets does. sets[i] is
// what the pattern allows at place i.
func (r *rule) passes(span string, sets []charSet) bool {
	s, n := r.start, len(span)
	for i := range n {
		if span[i] == hidden {
			return r.reaches(span, sets, i, s)
		}
		if s = r.step(s, span[i], i, n); s < 0 {
			return false
		}
	}
	return r.pass(s)
}

// reaches is passes from place i on, in state s, by sets of states.
func (r *rule) reaches(span string, sets []charSet, i, s int) bool {
	now, n := map[int]bool{s: true}, len(span)
	for ; i < n; i++ {
		next := make(map[int]bool, len(now))
		for s := range now {
			if span[i] != hidden {
				if t := r.step(s, span[i], i, n); t >= 0 {
					next[t] = true
				}
				continue
			}
			for c := sets[i].first(); c < 128; c = sets[i].next(c) {
				if t := r.step(s, c, i, n); t >= 0 {
					next[t] = true
				}
			}
		}
		now = next
	}
	for s := range now {
		if r.pass(s) {
			return true
		}
	}
	return false
}
