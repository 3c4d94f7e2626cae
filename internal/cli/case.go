package cli

import (
	"fmt"
	"io"
	"strings"

	"gsp.example/gsp/internal/admin"
)

type caseCommand struct {
	List caseListCommand `cmd:"" help:"List the cases that wait for an answer."`
	Show caseShowCommand `cmd:"" help:"Tell a case: its Parties, and which mails passed when."`

	Hold    caseHoldCommand    `cmd:"" help:"Keep the mails of a case for an investigation, or list the cases that are held."`
	Release caseReleaseCommand `cmd:"" help:"End a hold."`
}

type caseListCommand struct {
	Party string `help:"Only the cases of this Party." placeholder:"PARTY"`
	Days  int    `help:"Only those that have waited for so many days." placeholder:"N"`
}

func (caseListCommand) Help() string {
	return "No codes and no subjects: the gateway tells who asked whom, and who has not answered.\n\n" +
		"Example:\n  gsp case list --days 14\n  gsp case list --party ke"
}

func (c caseListCommand) Run(r *run) error {
	return ask(r, admin.CaseList, admin.CaseFilter{Party: c.Party, Days: c.Days}, func(w io.Writer, cases []admin.CaseRow) {
		if len(cases) == 0 {
			fmt.Fprintln(w, "No case waits.")
			return
		}
		fmt.Fprintln(w, "CASE\tOPENED\tREQUESTER\tASKED\tWAITS FOR")
		for _, c := range cases {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.ID, day(c.Opened), c.Requester, join(c.Asked), join(c.Waiting))
		}
	})
}

type caseShowCommand struct {
	Number string `arg:"" help:"Its number, as it stands in the mails."`
}

func (caseShowCommand) Help() string { return "Example:\n  gsp case show 2026-KE-7QX2M" }

func (c caseShowCommand) Run(r *run) error {
	return ask(r, admin.CaseShow, admin.CaseID{ID: c.Number}, func(w io.Writer, c admin.CaseHistory) {
		waits := "nobody"
		if len(c.Waiting) > 0 {
			waits = join(c.Waiting)
		}
		fmt.Fprintf(w, "case:\t%s\nopened:\t%s\nrequester:\t%s\nasked:\t%s\nwaits for:\t%s\n\n", c.ID, minute(c.Opened), c.Requester, join(c.Asked), waits)
		fmt.Fprintln(w, "TIME\tMAIL\tFROM\tTO\tCODES")
		for _, m := range c.Mails {
			codes := "-"
			if m.UIMs > 0 {
				codes = thousands(m.UIMs)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", minute(m.At), m.Type, m.From, strings.ReplaceAll(join(m.To), ",", ", "), codes)
		}
	})
}
