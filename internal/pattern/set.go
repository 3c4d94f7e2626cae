package pattern

import (
	"math"
	"math/bits"
)

// A canonical UIM is made of GS1's character set 82 (the ISO 646 invariant
// set without the space) and these two.
const (
	hidden    = '#' // one character that a mask hides
	separator = '^' // FNC1, or ASCII 29, between two elements
)

// charSet is a set of ASCII characters.
type charSet [2]uint64

func (s charSet) has(c byte) bool       { return c < 128 && s[c>>6]>>(c&63)&1 != 0 }
func (s *charSet) add(c byte)           { s[c>>6] |= 1 << (c & 63) }
func (s charSet) size() int             { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }
func (s charSet) and(t charSet) charSet { return charSet{s[0] & t[0], s[1] & t[1]} }
func (s charSet) or(t charSet) charSet  { return charSet{s[0] | t[0], s[1] | t[1]} }

func (s charSet) empty() bool { return s == charSet{} }

// bits is log2 of the size of s, which is not empty.
func (s charSet) bits() float64 { return sizeBits[s.size()] }

var sizeBits = func() (bits [129]float64) {
	for n := 1; n < len(bits); n++ {
		bits[n] = math.Log2(float64(n))
	}
	return bits
}()

// without returns the characters of s that are not in t.
func (s charSet) without(t charSet) charSet { return charSet{s[0] &^ t[0], s[1] &^ t[1]} }

// within reports whether every character of s is in t.
func (s charSet) within(t charSet) bool { return s.and(t) == s }

// first returns the character of s that sorts first. s must not be empty.
func (s charSet) first() byte {
	if s[0] != 0 {
		return byte(bits.TrailingZeros64(s[0]))
	}
	return byte(64 + bits.TrailingZeros64(s[1]))
}

// next returns the first character of s after c, or 128.
func (s charSet) next(c byte) byte {
	for c++; c < 128; c++ {
		if s.has(c) {
			return c
		}
	}
	return c
}

// hasAll reports whether s has every character of text.
func (s charSet) hasAll(text string) bool {
	for i := range len(text) {
		if !s.has(text[i]) {
			return false
		}
	}
	return true
}

// setOf returns the characters of text, which is ASCII.
func setOf(text string) charSet {
	var s charSet
	for i := range len(text) {
		s.add(text[i])
	}
	return s
}

const (
	digits   = "0123456789"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	smalls   = "abcdefghijklmnopqrstuvwxyz"

	// price80 is the alphabet of the four price characters on a Russian pack,
	// in the order of their values 0 to 79.
	price80 = capitals + smalls + digits + `!"%&'*+-./_,:;=<>?`
)

var (
	setDigits   = setOf(digits)
	setCapitals = setOf(capitals)
	setLetters  = setOf(capitals + smalls)
	setUpper    = setOf(digits + capitals)
	setAlnum    = setOf(digits + capitals + smalls)
	set82       = setOf(digits + capitals + smalls + `!"%&'()*+,-./:;<=>?_`)
	setPrice    = setOf(price80)
	setSep      = setOf(string(separator))
	setAny      = set82.or(setSep) // all that a canonical UIM may hold, in clear
)

// setID names a character set of one place: a character stands for itself
// alone, 128 and up are the alphabets of kinds.
type setID uint8

const firstKind setID = 128

// numKinds is how many alphabets there are.
const numKinds = 9

// kinds are the alphabets of the pattern language, in the order of their
// documentation.
var kinds = [numKinds]struct {
	letter byte
	set    charSet
}{
	{'N', setDigits},
	{'A', setCapitals},
	{'U', setUpper},
	{'L', setAlnum},
	{'H', setOf(digits + "ABCDEF")},
	{'X', set82},
	{'Y', setOf(digits + capitals + "-/")}, // GS1's set 39; its "#" is what masks hide with
	{'Z', setOf(digits + capitals + smalls + "-_")},
	{'P', setPrice},
}

// digitKind is the alphabet N.
const digitKind = firstKind

// kindOf returns the id of the alphabet of that letter.
func kindOf(letter byte) (setID, bool) {
	for i, k := range kinds {
		if k.letter == letter {
			return firstKind + setID(i), true
		}
	}
	return 0, false
}

// letter returns the letter of an alphabet.
func (s charSet) letter() byte {
	for _, k := range kinds {
		if k.set == s {
			return k.letter
		}
	}
	return '?'
}

// letter returns what stands for the set in a text that is looked up like a
// code: the character, or for an alphabet a control character, which no code
// has.
func (id setID) letter() byte {
	if id < firstKind {
		return byte(id)
	}
	return byte(id-firstKind) + 1
}

// text returns the characters of the set one after the other.
func (id setID) text() string { return idTexts[id] }

// set returns the characters of an id.
func (id setID) set() charSet { return idSets[id] }

// weight is the evidence of one visible character from the set, in bits: how
// much rarer it is than any character of set 82.
func (id setID) weight() float64 { return idWeights[id] }

var idSets, idTexts, idWeights = func() (sets [256]charSet, texts [256]string, weights [256]float64) {
	for c := range byte(firstKind) {
		sets[c].add(c)
		weights[c] = math.Log2(float64(set82.size()))
	}
	for i, k := range kinds {
		id := firstKind + setID(i)
		sets[id] = k.set
		weights[id] = math.Log2(float64(set82.size()) / float64(k.set.size()))
	}
	for id, s := range sets {
		for c := s.first(); c < 128; c = s.next(c) {
			texts[id] += string(rune(c))
		}
	}
	return sets, texts, weights
}()
