package cli

import (
	"fmt"
	"io"
	"strconv"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

type retentionCommand struct {
	Plan retentionPlanCommand `cmd:"" help:"Tell which mails are due to be removed, and when; changes nothing."`
}

type retentionPlanCommand struct {
	ClosedMonths int `help:"Suppose that mails of closed cases are kept for so many months." placeholder:"N"`
	OtherMonths  int `help:"Suppose that mails of no case are kept for so many months." placeholder:"N"`
}

func (retentionPlanCommand) Help() string {
	return "By the rule in the configuration, or by another that is only supposed.\n\n" +
		"Example:\n  gsp retention plan\n  gsp retention plan --closed-months 24 --other-months 12"
}

func (c retentionPlanCommand) Run(r *run) error {
	var in admin.RetentionRule
	if c.ClosedMonths > 0 || c.OtherMonths > 0 {
		in.Rule = &gsp.Retention{ClosedMonths: c.ClosedMonths, OtherMonths: c.OtherMonths}
	}
	return ask(r, admin.RetentionPlan, in, func(w io.Writer, p admin.Plan) {
		if !p.Rule.On() {
			fmt.Fprintln(w, "All mail is kept for ever: retention.closed_months and retention.other_months are 0.")
			return
		}
		fmt.Fprintf(w, "Mails of closed cases are kept for %s, others for %s; their owners are told %d days before.\n\n",
			months(p.Rule.ClosedMonths), months(p.Rule.OtherMonths), p.Rule.NoticeDays)
		if len(p.Rows) == 0 {
			fmt.Fprintln(w, "Nothing is due.")
			return
		}
		fmt.Fprintln(w, "MAILBOX\tMAILS\tSIZE\tCASES\tOF NO CASE\tGOES")
		for _, row := range p.Rows {
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\n", row.Address, row.Mails, gsp.Octets(row.Octets), len(row.Cases), row.Other, fateText(row))
		}
	})
}

func months(n int) string {
	if n == 0 {
		return "ever"
	}
	return strconv.Itoa(n) + " months"
}

func fateText(row admin.PlanRow) string {
	switch row.Fate {
	case admin.Told:
		return day(row.Goes) + ", as its owner was told"
	case admin.Next:
		return day(row.Goes) + " at the earliest; its owner is told within a day"
	case admin.Keyless:
		return "not: nothing can be sealed for its owner, who cannot be told"
	case admin.Left:
		return "not: nobody receives there any more"
	}
	return day(row.Goes) + " at the earliest, if this were the rule"
}

type caseHoldCommand struct {
	Number string `arg:"" optional:"" help:"Its number, as it stands in the mails. Without it, the cases that are held are listed."`
}

func (caseHoldCommand) Help() string {
	return "Its mails stay, whatever the rules on keeping mail say, until it is released.\n\n" +
		"Example:\n  gsp case hold 2026-KE-7QX2M\n  gsp case hold"
}

func (c caseHoldCommand) Run(r *run) error {
	if c.Number == "" {
		return ask(r, admin.CaseHolds, admin.None{}, holdTable)
	}
	return ask(r, admin.CaseHold, admin.CaseID{ID: c.Number}, func(w io.Writer, h gsp.CaseHold) {
		fmt.Fprintf(w, "The mails of case %s stay until it is released: gsp case release %s\n", h.Case, h.Case)
	})
}

// holdTable lists the cases that are held now.
func holdTable(w io.Writer, all []gsp.CaseHold) {
	latest := map[gsp.CaseID]gsp.CaseHold{}
	for _, h := range all {
		latest[h.Case] = h
	}
	none := true
	for _, h := range all {
		if latest[h.Case] != h || !h.Held {
			continue
		}
		if none {
			fmt.Fprintln(w, "CASE\tHELD SINCE\tBY")
			none = false
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", h.Case, day(h.At), h.By)
	}
	if none {
		fmt.Fprintln(w, "No case is held.")
	}
}

type caseReleaseCommand struct {
	Number string `arg:"" help:"Its number."`
}

func (caseReleaseCommand) Help() string { return "Example:\n  gsp case release 2026-KE-7QX2M" }

func (c caseReleaseCommand) Run(r *run) error {
	return ask(r, admin.CaseRelease, admin.CaseID{ID: c.Number}, func(w io.Writer, h gsp.CaseHold) {
		fmt.Fprintf(w, "Case %s is not held any more. If its mails are due, their owners are told before they go.\n", h.Case)
	})
}
