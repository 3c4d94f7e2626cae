package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

type partyCommand struct {
	Add      partyAddCommand      `cmd:"" help:"Register a Party and make the mailbox of its competent authority."`
	List     partyListCommand     `cmd:"" help:"List the Parties."`
	Show     partyShowCommand     `cmd:"" help:"Tell of one Party, and how much its authority's mailboxes hold."`
	Quota    partyQuotaCommand    `cmd:"" help:"Set or tell how much a competent authority's mailboxes may hold."`
	Language partyLanguageCommand `cmd:"" help:"Set the language of what the gateway writes to a Party."`
	Approval partyApprovalCommand `cmd:"" help:"Say whether a Party's officers need an approval of their keys."`
	Archive  partyArchiveCommand  `cmd:"" name:"archive-key" help:"Register a key to which a Party's mail may be sealed as well."`
	Withdraw partyWithdrawCommand `cmd:"" help:"End a Party with its accounts and keys; its mail stays."`
}

type partyAddCommand struct {
	Party  string   `arg:"" help:"Its ISO 3166-1 code, or a code of two to eight letters for a region."`
	Name   []string `arg:"" help:"Its name."`
	Parent string   `help:"The region it belongs to." placeholder:"PARTY"`

	Language string `help:"The language of what the gateway writes to it: ar, en, es, fr, ru or zh; English if none is named." placeholder:"LANGUAGE"`
}

func (partyAddCommand) Help() string {
	return "Example:\n  gsp party add eu European Union\n  gsp party add fr France --parent eu"
}

func (c partyAddCommand) Run(r *run) error {
	in := admin.NewParty{ID: c.Party, Name: strings.Join(c.Name, " "), Parent: c.Parent, Language: c.Language}
	return ask(r, admin.PartyAdd, in, func(w io.Writer, p gsp.Party) {
		fmt.Fprintf(w, "%s (%s) is registered.\nNext: publish the key of its competent authority: gsp key import %s FILE\n", p.Name, p.ID, p.ID)
	})
}

type partyLanguageCommand struct {
	Party    string `arg:"" help:"Its code."`
	Language string `arg:"" help:"ar, en, es, fr, ru or zh."`
}

func (partyLanguageCommand) Help() string { return "Example:\n  gsp party language fr fr" }

func (c partyLanguageCommand) Run(r *run) error {
	return ask(r, admin.PartyLanguage, admin.PartyLanguageOf{ID: c.Party, Language: c.Language}, func(w io.Writer, p gsp.Party) {
		fmt.Fprintf(w, "The gateway writes to %s (%s) in the language %s.\n", p.Name, p.ID, p.Language)
	})
}

type partyWithdrawCommand struct {
	Party string `arg:"" help:"Its code."`
	sure
}

func (partyWithdrawCommand) Help() string { return "Example:\n  gsp party withdraw ke" }

func (c partyWithdrawCommand) Run(r *run) error {
	what := fmt.Sprintf("this ends the Party %s: its accounts are disabled, its keys no longer published", c.Party)
	if err := c.ask(r, what); err != nil {
		return err
	}
	return ask(r, admin.PartyWithdraw, admin.PartyID{ID: c.Party}, func(w io.Writer, p gsp.Party) {
		fmt.Fprintf(w, "%s (%s) is withdrawn, its accounts are disabled and its keys no longer published.\n", p.Name, p.ID)
	})
}

type partyListCommand struct{}

func (partyListCommand) Help() string { return "Example:\n  gsp party list --output json" }

func (partyListCommand) Run(r *run) error {
	return ask(r, admin.PartyList, admin.None{}, func(w io.Writer, parties []gsp.Party) {
		fmt.Fprintln(w, "PARTY\tNAME\tREGION\tREGISTERED\tWITHDRAWN")
		for _, p := range parties {
			withdrawn := "-"
			if !p.Withdrawn.IsZero() {
				withdrawn = day(p.Withdrawn)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Name, dash(p.Parent), day(p.Registered), withdrawn)
		}
	})
}

type accountCommand struct {
	Add      accountAddCommand      `cmd:"" help:"Issue an account; prints its password once."`
	List     accountListCommand     `cmd:"" help:"List accounts with their roles."`
	Show     accountShowCommand     `cmd:"" help:"Tell all that is known of an account."`
	History  accountHistoryCommand  `cmd:"" help:"Tell which roles an account had, given and ended by whom."`
	Role     accountRoleCommand     `cmd:"" help:"Set the roles of an account."`
	Quota    accountQuotaCommand    `cmd:"" help:"Set or tell how much the mailboxes of an account may hold."`
	Language accountLanguageCommand `cmd:"" help:"Set the language of what the gateway writes to an account."`
	Disable  accountDisableCommand  `cmd:"" help:"End an account; its mail stays."`
	Enable   accountEnableCommand   `cmd:"" help:"Let a disabled account log in again."`
	Password accountPasswordCommand `cmd:"" help:"Give an account a new password; prints it once."`
	Until    accountUntilCommand    `cmd:"" help:"Set the last day of an account, or tell who set it."`

	Certificate accountCertificateCommand `cmd:"" help:"Let a system log in with a TLS client certificate."`
}

type accountAddCommand struct {
	Login string   `arg:"" help:"Its name, the part of its address before @."`
	Party string   `help:"The Party it belongs to." required:"" placeholder:"PARTY"`
	Name  string   `help:"The name of the officer or the system."`
	Kind  string   `help:"officer, or system for a program." default:"officer" placeholder:"KIND"`
	Role  []string `help:"Roles to grant; requester and replier if none is named." placeholder:"ROLE"`

	Language string `help:"The language of what the gateway writes to it: ar, en, es, fr, ru or zh; its Party's if none is named." placeholder:"LANGUAGE"`
	Until    string `help:"Its last day, such as 2027-06-30, to the end of that day in UTC, or never; what the configuration says if none is named." placeholder:"DATE"`
	Letter   string `help:"Write a one-page letter with the password, the officer's credential sheet, into a new file, .html or .txt, instead of showing it." placeholder:"FILE"`
}

func (accountAddCommand) Help() string {
	return rolesHelp + "\n\nExample:\n  gsp account add customs1.ke --party ke --name 'W. Kamau' --letter ke1.html\n  gsp account add tracer.ke --party ke --kind system --role replier\n  gsp account add season1.ke --party ke --until 2027-06-30"
}

// rolesHelp says what gsp.Roles allow.
const rolesHelp = `Roles:
  requester      sends requests for its Party
  replier        reads and answers the mail to its Party's authority
  releaser       releases transfers to and from a national system
  administrator  decides on keys by mail, hands in its Party's own
  secretariat    reads the mail to support@, decides on keys
  operator       reads the mail to postmaster@`

func (c accountAddCommand) Run(r *run) error {
	in := admin.NewAccount{
		Login: c.Login, Party: c.Party, Name: c.Name, Kind: c.Kind, Roles: c.Role, Language: c.Language, Until: c.Until,
	}
	return issue(r, admin.AccountAdd, in, c.Letter, "", func(w io.Writer, a admin.IssuedAccount) {
		fmt.Fprintf(w, "account:\t%s\npassword:\t%s\nroles:\t%s\n", a.Address, a.Password, join(a.Roles))
		lastDay(w, a.Until)
		fmt.Fprintf(w, "\nThe password is shown this once. Hand it over in person or by a sealed letter.\n")
		fmt.Fprintf(w, "Next: publish the account's key: gsp key import %s FILE\n", a.Login)
	})
}

type accountListCommand struct {
	Party string `help:"Only the accounts of this Party." placeholder:"PARTY"`
}

func (accountListCommand) Help() string { return "Example:\n  gsp account list --party ke" }

func (c accountListCommand) Run(r *run) error {
	return ask(r, admin.AccountList, admin.AccountFilter{Party: c.Party}, r.accountTable)
}

type accountDisableCommand struct {
	Login string `arg:"" help:"The account."`
	sure
}

func (accountDisableCommand) Help() string { return "Example:\n  gsp account disable customs1.ke" }

func (c accountDisableCommand) Run(r *run) error {
	if err := c.ask(r, fmt.Sprintf("this ends the account %s: its roles end, its key is published no more", c.Login)); err != nil {
		return err
	}
	return ask(r, admin.AccountDisable, admin.AccountLogin{Login: c.Login}, func(w io.Writer, row admin.AccountRow) {
		fmt.Fprintf(w, "%s is disabled and cannot log in; its mail stays, its key is published no more.\n", row.Address)
	})
}

type accountEnableCommand struct {
	Login string   `arg:"" help:"The account."`
	Role  []string `help:"Roles to grant; requester and replier if none is named." placeholder:"ROLE"`
}

func (accountEnableCommand) Help() string {
	return "It keeps the password it had; its key must be published anew.\n\nExample:\n  gsp account enable customs1.ke"
}

func (c accountEnableCommand) Run(r *run) error {
	return ask(r, admin.AccountEnable, admin.AccountRoles{Login: c.Login, Roles: c.Role}, func(w io.Writer, row admin.AccountRow) {
		fmt.Fprintf(w, "%s can log in again, with the password it had; its roles: %s.\n", row.Address, join(row.Roles))
		if row.Key == "" {
			fmt.Fprintf(w, "Next: publish its key anew: gsp key import %s FILE\n", row.Login)
		}
	})
}

type accountPasswordCommand struct {
	Login string `arg:"" help:"The account."`

	Letter   string `help:"Write a one-page letter with the password, the officer's credential sheet, into a new file, .html or .txt, instead of showing it." placeholder:"FILE"`
	Language string `help:"The language of the letter: ar, en, es, fr, ru or zh; the account's if none is named." placeholder:"LANGUAGE"`
}

func (accountPasswordCommand) Help() string {
	return "Example:\n  gsp account password customs1.ke --letter customs1.html"
}

func (c accountPasswordCommand) Run(r *run) error {
	language, err := admin.ParseLanguage(c.Language)
	if err != nil {
		return err
	}
	return issue(r, admin.AccountPassword, admin.AccountLogin{Login: c.Login}, c.Letter, language, func(w io.Writer, a admin.IssuedAccount) {
		fmt.Fprintf(w, "account:\t%s\npassword:\t%s\n", a.Address, a.Password)
		fmt.Fprintf(w, "\nThe password is shown this once; the old one is void from now on.\n")
		stillDisabled(w, a)
	})
}

// stillDisabled says that a new password alone lets nobody in.
func stillDisabled(w io.Writer, a admin.IssuedAccount) {
	if !a.Active() {
		fmt.Fprintf(w, "\nThe account is disabled. Let it log in again with: gsp account enable %s\n", a.Login)
	}
}

type accountLanguageCommand struct {
	Login    string `arg:"" help:"The account."`
	Language string `arg:"" help:"ar, en, es, fr, ru or zh."`
}

func (accountLanguageCommand) Help() string {
	return "Example:\n  gsp account language customs1.fr fr"
}

func (c accountLanguageCommand) Run(r *run) error {
	in := admin.AccountLanguageOf{Login: c.Login, Language: c.Language}
	return ask(r, admin.AccountLanguage, in, func(w io.Writer, a admin.AccountRow) {
		fmt.Fprintf(w, "The gateway writes to %s in the language %s.\n", a.Address, a.Language)
	})
}

type accountCertificateCommand struct {
	Login  string `arg:"" help:"The account, of kind system."`
	File   string `arg:"" optional:"" help:"Its X.509 certificate, in PEM or DER; - reads standard input. Without it, those that it has are shown."`
	Remove bool   `help:"Take all away that it has."`
	sure
}

func (accountCertificateCommand) Help() string {
	return "What counts is the key in the certificate: one renewed for the same key works at once.\nAn account has two at most, and a third takes the place of the earliest.\n\nExample:\n  gsp account certificate tracer.ke tracer.pem\n  gsp account certificate tracer.ke --remove"
}

func (c accountCertificateCommand) Run(r *run) error {
	in := admin.ClientCertificate{Login: c.Login, Remove: c.Remove}
	if c.Remove {
		if err := c.ask(r, fmt.Sprintf("this takes its client certificates from %s: it logs in with its password only", c.Login)); err != nil {
			return err
		}
	}
	if c.File != "" {
		b, err := r.readFile(c.File)
		if err != nil {
			return err
		}
		in.Certificate = b
	}
	return ask(r, admin.AccountCertificate, in, func(w io.Writer, a admin.PinnedAccount) {
		fmt.Fprintf(w, "account:\t%s\n", a.Address)
		for _, pin := range a.Pins {
			fmt.Fprintf(w, "key:\t%s\n", pin)
		}
		if len(a.Pins) == 0 {
			fmt.Fprintln(w, "It logs in with its password only.")
		}
	})
}

// accountTable writes accounts. The fingerprints of their keys would not fit a
// terminal: gsp account show has them.
func (r *run) accountTable(w io.Writer, rows []admin.AccountRow) {
	table := [][]string{{"NUMBER", "ACCOUNT", "PARTY", "KIND", "STATE", "USE", "KEY", "ROLES"}}
	for _, a := range rows {
		key := dash(keyState(a.KeyState, a.KeyUntil))
		table = append(table, []string{strconv.FormatInt(int64(a.ID), 10), a.Address, string(a.Party), string(a.Kind), state(a), useText(a.Room), key, dash(join(a.Roles))})
	}
	r.layout(w).table(table)
}

type keyCommand struct {
	Import  keyImportCommand  `cmd:"" help:"Publish the certificate of a Party or an account."`
	List    keyListCommand    `cmd:"" help:"List what the directory publishes."`
	Pending keyPendingCommand `cmd:"" help:"List the keys that wait for approval, with their fingerprints in words."`
	Approve keyApproveCommand `cmd:"" help:"Approve a key that waits."`
	Reject  keyRejectCommand  `cmd:"" help:"Give a key up that waits."`
	Sheet   keySheetCommand   `cmd:"" help:"Print a page to compare a fingerprint by telephone."`
	Revoke  keyRevokeCommand  `cmd:"" help:"Take the key of an address out of use at once."`
	History keyHistoryCommand `cmd:"" help:"Tell all that was done with the keys of an address."`
}

type keyImportCommand struct {
	Address string `arg:"" help:"Whose it is: a Party's code, an account, or the whole address."`
	File    string `arg:"" help:"The OpenPGP certificate, armoured or binary; - reads standard input."`
}

func (keyImportCommand) Help() string {
	return "Example:\n  gpg --export ke@gsp.example | gsp key import ke -"
}

func (c keyImportCommand) Run(r *run) error {
	b, err := r.readFile(c.File)
	if err != nil {
		return err
	}
	return ask(r, admin.KeyImport, admin.NewKey{Address: c.Address, Bytes: b}, func(w io.Writer, k admin.KeyRow) {
		keyTable(w, []admin.KeyRow{k})
		for _, advice := range k.Advice {
			fmt.Fprintf(w, "\nAdvice: %s.\n", advice)
		}
	})
}

type keyListCommand struct{}

func (keyListCommand) Help() string { return "Example:\n  gsp key list" }

func (keyListCommand) Run(r *run) error { return ask(r, admin.KeyList, admin.None{}, keyTable) }

func keyTable(w io.Writer, keys []admin.KeyRow) {
	fmt.Fprintln(w, "ADDRESS\tFINGERPRINT\tPUBLISHED\tEXPIRES\tSTATE")
	for _, k := range keys {
		published, expires := "-", "never"
		if !k.Published.IsZero() {
			published = day(k.Published)
		}
		switch {
		case !k.Expires.IsZero():
			expires = day(k.Expires)
		case k.State == registry.WaitingKey || k.State == registry.ReplacedKey:
			expires = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Address, k.Fingerprint, published, expires, keyState(k.State, k.Until))
	}
}

// keyState says what a key is good for.
func keyState(state registry.KeyState, until time.Time) string {
	switch state {
	case registry.EndingKey:
		switch days := int(time.Until(until) / (24 * time.Hour)); days {
		case 0:
			return "expires within a day"
		case 1:
			return "expires in 1 day"
		default:
			return fmt.Sprintf("expires in %d days", days)
		}
	case registry.EndedKey:
		return "expired " + day(until)
	case registry.ReplacedKey:
		return "replaced, good until " + day(until)
	case registry.WaitingKey:
		return "waiting until " + day(until)
	}
	return string(state)
}

// readFile reads a file named on the command line.
func (r *run) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(r.In)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("%s cannot be read", name),
			Remedy: "check its name and whether you may read it",
			Err:    err,
		}
	}
	return b, nil
}

func dash[T ~string](s T) string {
	if s == "" {
		return "-"
	}
	return string(s)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func join[T ~string](list []T) string {
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = string(v)
	}
	return strings.Join(s, ",")
}
