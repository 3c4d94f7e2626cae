package cli

import (
	"fmt"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/report"
)

type statsCommand struct {
	From  string   `help:"First day of the period, UTC; the start of the log if not given." placeholder:"DAY"`
	Until string   `help:"Last day of the period, UTC; today if not given." placeholder:"DAY"`
	Party []string `help:"Only the rows of this Party; may be repeated." placeholder:"PARTY"`
}

func (statsCommand) Help() string {
	return "Example:\n  gsp stats --from 2026-01-01 --until 2026-12-31\n  gsp stats --party ke --output json"
}

func (c statsCommand) Run(r *run) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	s, err := do(r, admin.Stats, q)
	if err != nil {
		return err
	}
	if r.json {
		return s.WriteJSON(r.Out)
	}
	return s.WriteText(r.Out)
}

// query reads the flags. The last day belongs to the period, as people mean
// it; the query's end is the first moment after it.
func (c statsCommand) query() (report.Query, error) {
	var q report.Query
	var err error
	if c.From != "" {
		if q.From, err = time.Parse(time.DateOnly, c.From); err != nil {
			return q, errPeriod("from", c.From)
		}
	}
	if c.Until != "" {
		if q.Until, err = time.Parse(time.DateOnly, c.Until); err != nil {
			return q, errPeriod("until", c.Until)
		}
		q.Until = q.Until.AddDate(0, 0, 1)
	}
	for _, name := range c.Party {
		p, err := gsp.ParsePartyID(name)
		if err != nil {
			return q, &gsp.Refusal{
				Reason: gsp.UnknownParty,
				Cause:  fmt.Sprintf("%q cannot be the code of a Party", name),
				Remedy: "see the registered Parties with: gsp party list",
			}
		}
		q.Parties = append(q.Parties, p)
	}
	return q, nil
}

// errPeriod reports a day that cannot be read.
func errPeriod(flag, value string) error {
	return &gsp.Refusal{
		Reason: gsp.BrokenPeriod,
		Cause:  fmt.Sprintf("--%s %q is not a day", flag, cut(value, maxPrinted)),
		Remedy: "write it as 2026-11-23; days are UTC",
	}
}
