package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/registry"
)

type accountRoleCommand struct {
	Login string   `arg:"" help:"The account."`
	Role  []string `arg:"" help:"All the roles that it is to have."`
}

func (accountRoleCommand) Help() string {
	return rolesHelp + "\n\nRoles that are not named end. Who gave and ended them is kept for ever: gsp account history.\n\nExample:\n  gsp account role customs1.ke requester replier administrator"
}

func (c accountRoleCommand) Run(r *run) error {
	return ask(r, admin.AccountRole, admin.AccountRoles{Login: c.Login, Roles: c.Role}, func(w io.Writer, a admin.RoleChange) {
		fmt.Fprintf(w, "account:\t%s\nroles:\t%s\ngiven:\t%s\nended:\t%s\n", a.Address, join(a.Roles), dash(join(a.Given)), dash(join(a.Ended)))
	})
}

type accountShowCommand struct {
	Login string `arg:"" help:"The account."`
}

func (accountShowCommand) Help() string { return "Example:\n  gsp account show customs1.ke" }

func (c accountShowCommand) Run(r *run) error {
	return ask(r, admin.AccountShow, admin.AccountLogin{Login: c.Login}, func(w io.Writer, a admin.AccountDetails) {
		fmt.Fprintf(w, "account:\t%s\nnumber:\t%d, by which the log names it\nname:\t%s\nparty:\t%s (%s)\nkind:\t%s\n", a.Address, a.ID, dash(a.Name), a.PartyName, a.Party, a.Kind)
		fmt.Fprintf(w, "roles:\t%s\nissued:\t%s\nstate:\t%s\n", dash(join(a.Roles)), day(a.Issued), state(a.AccountRow))
		lastDay(w, a.Until)
		fmt.Fprintf(w, "password:\tissued %s\n", minute(a.Password))
		if a.Kind == "system" {
			fmt.Fprintf(w, "certificates:\t%d\n", a.Pins)
		}
		switch {
		case a.Key == "":
			fmt.Fprintf(w, "key:\t-\n")
		case a.KeyExpires.IsZero():
			fmt.Fprintf(w, "key:\t%s\n", fours(a.Key))
		default:
			fmt.Fprintf(w, "key:\t%s\n\texpires %s\n", fours(a.Key), day(a.KeyExpires))
		}
		if a.KeyState == registry.EndedKey || a.KeyState == registry.RevokedKey {
			fmt.Fprintf(w, "\t%s\n", keyState(a.KeyState, a.KeyUntil))
		}
		if a.KeyWaiting != "" {
			fmt.Fprintf(w, "waits:\t%s\n", fours(a.KeyWaiting))
		}
		fmt.Fprintf(w, "language:\t%s\n", dash(a.Language))
	})
}

type accountHistoryCommand struct {
	Login string `arg:"" help:"The account; it may be of the past."`
}

func (accountHistoryCommand) Help() string { return "Example:\n  gsp account history customs1.ke" }

func (c accountHistoryCommand) Run(r *run) error {
	return ask(r, admin.AccountShow, admin.AccountLogin{Login: c.Login}, func(w io.Writer, a admin.AccountDetails) {
		type line struct {
			at            time.Time
			act, role, by string
		}
		var lines []line
		for _, g := range a.Grants {
			lines = append(lines, line{g.Given, "given", string(g.Role), g.GivenBy})
			if !g.Ended.IsZero() {
				lines = append(lines, line{g.Ended, "ended", string(g.Role), g.EndedBy})
			}
		}
		slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
		fmt.Fprintln(w, "TIME\tROLE\tWAS\tBY")
		for _, l := range lines {
			fmt.Fprintln(w, strings.Join([]string{minute(l.at), l.role, l.act, dash(l.by)}, "\t"))
		}
	})
}

// state says whether an account can log in, and until when.
func state(a admin.AccountRow) string {
	switch {
	case !a.Disabled.IsZero():
		return "disabled " + day(a.Disabled)
	case a.Until != "":
		return "until " + string(a.Until)
	}
	return "active"
}
