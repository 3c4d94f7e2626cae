package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of octets, written "131072", "128KiB", "25MiB" or "1GiB".
type Size int64

var units = []struct {
	name   string
	octets int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// MarshalText writes the size with the largest unit that loses nothing.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns what MarshalText writes.
func (s Size) String() string {
	for _, u := range units {
		if n := int64(s); n != 0 && n%u.octets == 0 && u.octets > 1 {
			return strconv.FormatInt(n/u.octets, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// UnmarshalText reads a size. Decimal units ("25MB") are refused, since
// readers disagree about what they mean.
func (s *Size) UnmarshalText(text []byte) error {
	digits, octets := string(text), int64(1)
	for _, u := range units {
		if d, ok := strings.CutSuffix(digits, u.name); ok {
			digits, octets = strings.TrimSuffix(d, " "), u.octets
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/octets {
		return fmt.Errorf(`want a size such as "128KiB" or "25MiB"`)
	}
	*s = Size(int64(n) * octets)
	return nil
}
