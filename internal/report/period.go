package report

import (
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// ParsePeriod reads the two ends of a period. Each is a year, a month, a day
// or a moment ("2026", "2026-03", "2026-03-31", "2026-03-31T12:00:00Z"), and
// "" is the start or the end of the log. What has no zone is UTC. The period
// holds the whole of the unit that until names: from 2026-01 until 2026-03 is
// the first quarter. The error is a *gsp.Refusal with gsp.BrokenPeriod.
func ParsePeriod(from, until string) (start, end time.Time, err error) {
	if start, _, err = parseUnit(from); err != nil {
		return time.Time{}, time.Time{}, err
	}
	if _, end, err = parseUnit(until); err != nil {
		return time.Time{}, time.Time{}, err
	}
	return start, end, nil
}

// parseUnit returns the first moment of a unit of time and the first after it.
func parseUnit(s string) (first, after time.Time, err error) {
	if s == "" {
		return time.Time{}, time.Time{}, nil
	}
	for _, unit := range []struct {
		layout              string
		years, months, days int
	}{
		{"2006", 1, 0, 0},
		{"2006-01", 0, 1, 0},
		{time.DateOnly, 0, 0, 1},
		{time.RFC3339, 0, 0, 0},
	} {
		if t, err := time.Parse(unit.layout, s); err == nil {
			t = t.UTC()
			return t, t.AddDate(unit.years, unit.months, unit.days), nil
		}
	}
	return time.Time{}, time.Time{}, &gsp.Refusal{
		Reason: gsp.BrokenPeriod,
		Cause:  fmt.Sprintf("%q is not a year, a month, a day or a moment", s),
		Remedy: "write it as 2026, 2026-03, 2026-03-31 or 2026-03-31T12:00:00Z",
	}
}
