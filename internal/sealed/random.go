package sealed

import "encoding/binary"

const (
	// minSample is the least length that can be judged, maxSample what is
	// looked at, in octets.
	minSample = 256
	maxSample = 64 << 10

	// maxRepeats is how far the search for repeated text goes: it is the
	// slowest test, and text repeats early.
	maxRepeats = 2 << 10
)

// sample judges whether octets can be ciphertext. It finds mistakes, not
// malice: text, markup and tables do not pass, in any script; what is
// compressed does.
type sample struct {
	n       int
	counts  [256]uint32
	looked  int // octets searched for repeats
	repeats int // places where four octets come again
}

func (s *sample) add(b []byte) {
	b = b[:min(len(b), maxSample-s.n)]
	s.n += len(b)
	for _, c := range b {
		s.counts[c]++
	}
	if s.looked < maxRepeats && len(b) >= minSample {
		s.search(b[:min(len(b), maxRepeats-s.looked)])
	}
}

// search counts the places of b whose four octets stood in b before, the way
// a fast compressor looks for them.
func (s *sample) search(b []byte) {
	var last [1 << 10]uint16 // place + 1 of the latest four octets with this hash
	for i := 0; i+4 <= len(b); i++ {
		four := binary.LittleEndian.Uint32(b[i:])
		slot := &last[four*2654435761>>22]
		if at := int(*slot); at > 0 && binary.LittleEndian.Uint32(b[at-1:]) == four {
			s.repeats++
		}
		*slot = uint16(i + 1)
	}
	s.looked += len(b)
}

// readable reports whether the octets cannot come from a cipher. Limits are
// such that random octets of any length fail less than once in 10^12: of
// 400,000 random bodies of 256 octets none had more than 51 % printable ones.
func (s *sample) readable() bool {
	if s.n < minSample {
		return false
	}
	printable := uint32(0)
	for _, c := range s.counts[' ':0x7f] {
		printable += c
	}
	if int(printable)*100 > s.n*65 {
		return true
	}
	if s.repeats*100 > s.looked*3 {
		return true
	}
	// The chance that two of the octets are alike: 1/256 at random, with a
	// standard deviation of 0.0884/n; 1/217 where entropy coding saves 3 %.
	pairs := 0.0
	for _, c := range s.counts {
		pairs += float64(c) * (float64(c) - 1)
	}
	n := float64(s.n)
	return pairs/(n*(n-1)) > 1/217.0+8*0.0884/n
}
