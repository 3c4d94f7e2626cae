package cli

import (
	"fmt"
	"io"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

type accountUntilCommand struct {
	Login string `arg:"" help:"The account."`
	Until string `arg:"" optional:"" help:"Its last day, such as 2027-06-30, or never. Without it, those that were set are shown."`
}

func (accountUntilCommand) Help() string {
	return `The account can be used to the end of that day in UTC. Then it is as if it were
disabled: nobody can log in to it or write to it, and its key is published no more.
Its owner and its Party's administrators are told before, as the configuration says.
A later day, or never, lets an account that ended so log in again at once, with the
roles it had; its key must be published anew.

Example:
  gsp account until customs1.ke 2027-06-30
  gsp account until customs1.ke`
}

func (c accountUntilCommand) Run(r *run) error {
	in := admin.AccountTerm{Login: c.Login, Until: c.Until}
	return ask(r, admin.AccountUntil, in, func(w io.Writer, a admin.Terms) {
		if c.Until == "" {
			termTable(w, a)
			return
		}
		fmt.Fprintln(w, ending(a))
		switch {
		case a.Returned:
			fmt.Fprintf(w, "It had ended and can log in again, with the password it had; its roles: %s.\n", join(a.Roles))
			fmt.Fprintf(w, "Next: publish its key anew: gsp key import %s FILE\n", a.Login)
		case !a.Active():
			fmt.Fprintf(w, "It is disabled. Let it log in again with: gsp account enable %s\n", a.Login)
		}
	})
}

// ending says until when an account can be used.
func ending(a admin.Terms) string {
	if a.Until == "" {
		return a.Address + " has no last day."
	}
	return fmt.Sprintf("%s can be used to the end of %s (24:00 UTC).", a.Address, a.Until)
}

func termTable(w io.Writer, a admin.Terms) {
	fmt.Fprintln(w, "SET\tBY\tUNTIL")
	for _, t := range a.Terms {
		until := "never"
		if t.Until != "" {
			until = string(t.Until)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", day(t.Set), t.SetBy, until)
	}
	fmt.Fprintf(w, "\n%s\n", ending(a))
}

// lastDay writes the line of an account's last day, if it has one.
func lastDay(w io.Writer, until gsp.Day) {
	if until != "" {
		fmt.Fprintf(w, "until:\t%s, 24:00 UTC\n", until)
	}
}
