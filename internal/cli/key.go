package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/letter"
)

type keyPendingCommand struct {
	Address string `arg:"" optional:"" help:"Only the key of this address."`
}

func (keyPendingCommand) Help() string {
	return "Compare the fingerprint, or its words, with the owner by telephone, at a number that you know,\nbefore you approve a key.\n\nExample:\n  gsp key pending"
}

func (c keyPendingCommand) Run(r *run) error {
	return ask(r, admin.KeyPending, admin.KeyOf{Address: c.Address}, func(w io.Writer, keys []admin.WaitingKey) {
		if len(keys) == 0 {
			fmt.Fprintln(w, "No key waits.")
		}
		for i, k := range keys {
			if i > 0 {
				fmt.Fprintln(w)
			}
			waitingKey(w, k)
		}
	})
}

func waitingKey(w io.Writer, k admin.WaitingKey) {
	fmt.Fprintf(w, "address:\t%s\nhanded in:\t%s by %s\n", k.Address, minute(k.HandedIn), k.By)
	fmt.Fprintf(w, "fingerprint:\t%s\n", fours(k.Fingerprint))
	for i := 0; i < len(k.Words); i += 5 {
		name := ""
		if i == 0 {
			name = "in words:"
		}
		fmt.Fprintf(w, "%s\t%s\n", name, strings.Join(k.Words[i:min(i+5, len(k.Words))], " "))
	}
	if k.Current != "" {
		fmt.Fprintf(w, "replaces:\t%s\n", fours(k.Current))
	}
	if k.Proved.IsZero() {
		fmt.Fprintf(w, "state:\tits owner has not answered the challenge yet\n")
		return
	}
	fmt.Fprintf(w, "state:\tproved %s, %d of %d approvals\n", minute(k.Proved), len(k.Approvals), k.Needs)
	for _, a := range k.Approvals {
		fmt.Fprintf(w, "approved:\t%s by %s\n", minute(a.At), a.By)
	}
	if len(k.Approvals) < k.Needs {
		fmt.Fprintf(w, "may decide:\t%s\ngiven up:\t%s\n", cmp.Or(strings.Join(k.Deciders, ", "), "nobody; give an account the role of administrator"), minute(k.Until))
	}
}

type keyApproveCommand struct {
	Address     string   `arg:"" help:"Whose it is: a Party's code, an account, or the whole address."`
	Fingerprint []string `arg:"" optional:"" help:"The fingerprint that was compared; another key is then not approved."`
	By          string   `help:"The account on whose word it is: of an administrator of the Party or its region, or of the Secretariat." placeholder:"ACCOUNT"`
}

func (keyApproveCommand) Help() string {
	return "Administrators are asked by mail and approve by answering it; this is for those who cannot. An officer's\nkey needs one approval, a Party's own those of two people. The history names the account, and who\nentered it here; the account is told.\n\nExample:\n  gsp key approve ke1 AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12 --by boss.ke"
}

func (c keyApproveCommand) Run(r *run) error {
	in := admin.Verdict{KeyOf: admin.KeyOf{Address: c.Address, Fingerprint: strings.Join(c.Fingerprint, " ")}, By: c.By}
	return ask(r, admin.KeyApprove, in, func(w io.Writer, k admin.DecidedKey) {
		waitingKey(w, k.WaitingKey)
		if k.Published {
			fmt.Fprintf(w, "\nIt is published.\n")
			tellsOwner(w, k)
		} else {
			fmt.Fprintf(w, "\nIt is published once somebody else has approved it too.\n")
		}
	})
}

type keyRejectCommand struct {
	Address     string   `arg:"" help:"Whose it is."`
	Fingerprint []string `arg:"" optional:"" help:"The fingerprint that was compared; another key is then not rejected."`
	By          string   `help:"The account on whose word it is; that of this machine's user if none is named." placeholder:"ACCOUNT"`
	Reason      string   `help:"Why; the owner is told, and it is not kept." placeholder:"TEXT"`
}

func (keyRejectCommand) Help() string {
	return "Example:\n  gsp key reject customs1.ke --by admin.ke --reason 'The words did not match.'"
}

func (c keyRejectCommand) Run(r *run) error {
	in := admin.Verdict{
		KeyOf: admin.KeyOf{Address: c.Address, Fingerprint: strings.Join(c.Fingerprint, " ")}, By: c.By, Reason: c.Reason,
	}
	return ask(r, admin.KeyReject, in, func(w io.Writer, k admin.DecidedKey) {
		fmt.Fprintf(w, "The key %s of %s is not published.\n", fours(k.Fingerprint), k.Address)
		tellsOwner(w, k)
	})
}

func tellsOwner(w io.Writer, k admin.DecidedKey) {
	if !k.Told {
		fmt.Fprintf(w, "Its owner could not be told by mail.\n")
	}
}

type keyHistoryCommand struct {
	Address string `arg:"" help:"Whose it is; it may be of the past."`
}

func (keyHistoryCommand) Help() string {
	return "ANSWER is the SHA-256 of what the directory answers for the address from then on.\n\nExample:\n  gsp key history ke"
}

func (c keyHistoryCommand) Run(r *run) error {
	return ask(r, admin.KeyHistory, admin.KeyOf{Address: c.Address}, func(w io.Writer, entries []admin.KeyEntry) {
		if len(entries) == 0 {
			fmt.Fprintf(w, "Nothing was ever done with a key of %s.\n", c.Address)
			return
		}
		fmt.Fprintln(w, "TIME\tWHAT\tBY\tFINGERPRINT\tANSWER")
		for _, e := range entries {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", minute(e.At), e.Act, dash(e.By), dash(e.Fingerprint), dash(e.Answer))
		}
	})
}

type keyRevokeCommand struct {
	Address string `arg:"" help:"Whose it is."`
	By      string `help:"The account on whose word it is: its owner's, of an administrator or of the Secretariat; that of this machine's user if none is named." placeholder:"ACCOUNT"`
	sure
}

func (keyRevokeCommand) Help() string {
	return "The directory publishes the key no more, and mail sealed for it is refused from now on. Only its\nowner can revoke the key itself, by mail to keys@ or with gsp key import ADDRESS REVOCATION.\nOwner and administrators are told.\n\nExample:\n  gsp key revoke customs1.ke --by admin.ke"
}

func (c keyRevokeCommand) Run(r *run) error {
	if err := c.ask(r, fmt.Sprintf("this takes the key of %s out of use: mail sealed for it is refused from now on", c.Address)); err != nil {
		return err
	}
	return ask(r, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: c.Address}, By: c.By}, func(w io.Writer, k admin.KeyRow) {
		fmt.Fprintf(w, "The key %s of %s is published no more, and mail sealed for it is refused.\n", fours(k.Fingerprint), k.Address)
	})
}

type keySheetCommand struct {
	Address  string `arg:"" help:"Whose it is."`
	File     string `arg:"" optional:"" help:"A new file to write it into, .html or .txt; it is shown as text if none is named."`
	Language string `help:"ar, en, es, fr, ru or zh; the Party's if none is named." placeholder:"LANGUAGE"`
}

func (keySheetCommand) Help() string {
	return "A page to be printed: whoever telephones reads along, ticks the words off and signs.\n\nExample:\n  gsp key sheet customs1.ke sheet.html\n  gsp key sheet ke | lp"
}

func (c keySheetCommand) Run(r *run) error {
	language, err := admin.ParseLanguage(c.Language)
	if err != nil {
		return err
	}
	var file *sheet
	if c.File != "" {
		if file, err = newSheet(c.File); err != nil {
			return err
		}
	}
	k, err := do(r, admin.KeySheet, admin.KeyOf{Address: c.Address})
	if err != nil {
		if file != nil {
			file.drop()
		}
		return err
	}
	page := letter.Comparison{
		Language: cmp.Or(language, k.Writes), Date: time.Now(), Address: k.Address, Name: k.Name, Party: k.PartyName,
		Fingerprint: k.Fingerprint, Words: k.Words, Waiting: k.Waiting, Since: k.Since, Replaces: k.Replaces,
	}
	if file == nil {
		return show(r, k, func(w io.Writer, _ admin.SheetKey) { io.WriteString(w, page.Text()) })
	}
	text := []byte(page.Text())
	if file.html {
		text = page.HTML()
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return show(r, k, func(w io.Writer, k admin.SheetKey) {
		fmt.Fprintf(w, "%s has the page for %s; print it before you telephone.\n", c.File, k.Address)
	})
}

type partyApprovalCommand struct {
	Party string `arg:"" help:"Its code."`
	Kind  string `arg:"" enum:"automatic,by-hand" help:"automatic, or by-hand."`
}

func (partyApprovalCommand) Help() string {
	return "Officers' keys are then published as soon as they have shown that the keys are theirs. The Party's\nown key always needs two approvals.\n\nExample:\n  gsp party approval ke automatic"
}

func (c partyApprovalCommand) Run(r *run) error {
	in := admin.PartyKeysOf{ID: c.Party, Automatic: c.Kind == "automatic"}
	return ask(r, admin.PartyKeys, in, func(w io.Writer, p gsp.Party) {
		if p.AutomaticKeys {
			fmt.Fprintf(w, "The keys of the officers of %s (%s) need no approval.\n", p.Name, p.ID)
		} else {
			fmt.Fprintf(w, "The keys of the officers of %s (%s) need an approval.\n", p.Name, p.ID)
		}
	})
}

type partyArchiveCommand struct {
	Party  string `arg:"" help:"Its code."`
	File   string `arg:"" optional:"" help:"The OpenPGP certificate, for the address archive.PARTY@; - reads standard input."`
	Remove bool   `help:"Take the archive key away that it has."`
	sure
}

func (partyArchiveCommand) Help() string {
	return "Mail from and to the Party's officers may then be sealed for it too, and the directory shows it to all.\nNobody receives at its address.\n\nExample:\n  gsp party archive-key ke archive.asc\n  gsp party archive-key ke --remove"
}

func (c partyArchiveCommand) Run(r *run) error {
	in := admin.NewArchiveKey{ID: c.Party}
	if c.Remove == (c.File != "") {
		return &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  "there must be either a file or --remove",
			Remedy: "name the file of the certificate, or - for standard input",
		}
	}
	if c.Remove {
		if err := c.ask(r, fmt.Sprintf("this takes the archive key of %s out of use: mail sealed for it is refused from now on", c.Party)); err != nil {
			return err
		}
	}
	if c.File != "" {
		var err error
		if in.Bytes, err = r.readFile(c.File); err != nil {
			return err
		}
		if len(in.Bytes) == 0 {
			in.Bytes = []byte{0} // no certificate either, and no wish to remove one
		}
	}
	return ask(r, admin.PartyArchive, in, func(w io.Writer, k admin.KeyRow) {
		switch {
		case !c.Remove:
			keyTable(w, []admin.KeyRow{k})
		case k.Fingerprint == "":
			fmt.Fprintf(w, "%s had no key.\n", k.Address)
		default:
			fmt.Fprintf(w, "The key %s of %s is published no more.\n", fours(k.Fingerprint), k.Address)
		}
	})
}

// fours parts a fingerprint into groups of four digits.
func fours(fingerprint string) string {
	var groups []string
	for ; len(fingerprint) > 4; fingerprint = fingerprint[4:] {
		groups = append(groups, fingerprint[:4])
	}
	return strings.Join(append(groups, fingerprint), " ")
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
