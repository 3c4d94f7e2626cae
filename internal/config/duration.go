package config

import (
	"errors"
	"strings"
	"time"
)

// Duration is a length of time, written "30s", "5m" or "1h30m".
type Duration time.Duration

// MarshalText writes the duration in its largest units.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns what MarshalText writes.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if short, ok := strings.CutSuffix(s, "m0s"); ok {
		s = short + "m"
	}
	if short, ok := strings.CutSuffix(s, "h0m"); ok {
		s = short + "h"
	}
	return s
}

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New(`want a time such as "30s" or "5m"`)
	}
	*d = Duration(parsed)
	return nil
}
