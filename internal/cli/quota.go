package cli

import (
	"fmt"
	"io"
	"strconv"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
)

const quotaHelp = "What is set here holds in place of what the section mailboxes of the configuration says, at once.\n" +
	"What is in the mailboxes stays, also where it is more.\n\nExample:\n  "

type accountQuotaCommand struct {
	Login string `arg:"" help:"The account."`
	Size  string `arg:"" optional:"" help:"As 2GiB, none for no limit, or default for that of the configuration. Without it, nothing changes."`
}

func (accountQuotaCommand) Help() string {
	return quotaHelp + "gsp account quota customs1.ke 5GiB\n  gsp account quota customs1.ke"
}

func (c accountQuotaCommand) Run(r *run) error {
	return askQuota(r, admin.AccountQuota, c.Login, c.Size)
}

type partyQuotaCommand struct {
	Party string `arg:"" help:"Its code; postmaster or secretariat for those of the operator or the Secretariat."`
	Size  string `arg:"" optional:"" help:"As 2GiB, none for no limit, or default for that of the configuration. Without it, nothing changes."`
}

func (partyQuotaCommand) Help() string {
	return "Of its competent authority's mailboxes, where nobody can delete. " + quotaHelp + "gsp party quota ke 20GiB\n  gsp party quota ke"
}

func (c partyQuotaCommand) Run(r *run) error { return askQuota(r, admin.PartyQuota, c.Party, c.Size) }

func askQuota(r *run, verb admin.Verb[admin.QuotaOf, admin.RoomRow], whose, size string) error {
	in := admin.QuotaOf{Whose: whose}
	if size != "" {
		octets, err := parseQuota(size)
		if err != nil {
			return err
		}
		in.Octets = &octets
	}
	return ask(r, verb, in, func(w io.Writer, row admin.RoomRow) {
		fmt.Fprintf(w, "mailbox:\t%s\nholds:\t%s in %d mails\nmay hold:\t%s\n", row.Address, gsp.Octets(row.Room.Octets), row.Room.Messages, quotaText(row.Room))
		for _, q := range row.Set {
			fmt.Fprintf(w, "set:\t%s, %s by %s\n", day(q.Set), setText(q.Octets), q.SetBy)
		}
		if row.Room.Quota > 0 && row.Room.Octets > row.Room.Quota {
			fmt.Fprintf(w, "\nIt holds more than it may: mails to it are refused until some are deleted.\n")
		}
	})
}

// parseQuota reads a quota as a person typed it.
func parseQuota(s string) (int64, error) {
	switch s {
	case "default":
		return gsp.ConfiguredQuota, nil
	case "none":
		return gsp.NoQuota, nil
	}
	var size config.Size
	if err := size.UnmarshalText([]byte(s)); err != nil || size == 0 {
		return 0, &gsp.Refusal{
			Reason: gsp.BrokenQuota,
			Cause:  fmt.Sprintf("%q is not a size", s),
			Remedy: "write one as in 2GiB or 500MiB, none for no limit, or default for that of the configuration",
		}
	}
	return int64(size), nil
}

// quotaText is how much mailboxes may hold and since when nothing else was set.
func quotaText(room gsp.Room) string {
	text := "no limit"
	if room.Quota > 0 {
		text = gsp.Octets(room.Quota)
	}
	if !room.Own {
		text += ", as configured"
	}
	return text
}

func setText(octets int64) string {
	switch octets {
	case gsp.ConfiguredQuota:
		return "as configured"
	case gsp.NoQuota:
		return "no limit"
	}
	return gsp.Octets(octets)
}

// useText is how much mailboxes hold of what they may: "1.2 GiB, 60%".
func useText(room gsp.Room) string {
	if room.Quota == 0 {
		return gsp.Octets(room.Octets)
	}
	return gsp.Octets(room.Octets) + ", " + strconv.FormatInt(room.Octets/max(1, room.Quota/100), 10) + "%"
}

type partyShowCommand struct {
	Party string `arg:"" help:"Its code."`
}

func (partyShowCommand) Help() string { return "Example:\n  gsp party show ke" }

func (c partyShowCommand) Run(r *run) error {
	return ask(r, admin.PartyShow, admin.PartyID{ID: c.Party}, func(w io.Writer, p admin.PartyRow) {
		fmt.Fprintf(w, "Party:\t%s (%s)\nregion:\t%s\nregistered:\t%s\naddress:\t%s\nkey:\t%s\naccounts:\t%d\nholds:\t%s in %d mails\nmay hold:\t%s\n",
			p.Name, p.ID, dash(p.Parent), day(p.Registered), p.Address, dash(p.Key), p.Accounts, gsp.Octets(p.Room.Octets), p.Room.Messages, quotaText(p.Room))
	})
}
