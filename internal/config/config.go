// Package config reads the gateway's one configuration file.
//
// It is TOML, read strictly: an unknown key, a wrong type and a value that
// makes no sense are errors that name file, line, column and key. The comments
// of Config and its fields are the manual: Describe prints them into a file
// that Load reads back, so nothing is documented twice.
package config

import (
	"log/slog"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Config is all that can be configured, and this text is its manual. A key
// that stands in no line here is an error, and so is a value that makes no
// sense. Paths are relative to the folder of this file. Sizes are written as
// "64KiB" or "25MiB", or as a number of octets, times as "30s" or "5m". A
// change takes effect at the next start; `gsp config check` tells beforehand
// what the gateway would say.
type Config struct {
	// The domain of all addresses: ke@gsp.example, officer1.fr@gsp.example.
	// Danger: addresses and keys in use carry it, so it is chosen once.
	Domain string `toml:"domain"`

	// Other names of the domain, such as one that it had before: mail to
	// ke@alias and from it is mail to ke@domain and from it, logins take either,
	// and the directory answers for keys that name the alias too. At most 10.
	// `gsp dns` says what each needs. A certificate authority of the gateway's
	// own does not certify a name that comes later: the gateway then does not
	// start before the folder tls is moved away, and clients must trust a new one.
	Aliases []string `toml:"aliases"`

	// The folder that holds everything the gateway keeps: database, bodies of
	// large mails, its own certificate authority. It is made with mode 0700 if
	// it is missing, and one gateway at a time may use it. Danger: the disk must
	// keep what it was told to sync, or a power cut loses accepted mail.
	Data string `toml:"data"`

	// What is done with a UIM that a sender did not mask. "mask" routes the mail
	// and stores the masked form only; "refuse" turns the mail back and shows
	// the sender the mask to paste.
	UIMDisclosure Disclosure `toml:"uim_disclosure"`

	// Where the help pages of refusals are, ending in "/". If empty, they are at
	// /help/ of the HTTPS door, as the section public calls it.
	Help string `toml:"help"`

	// Submission: where officers and national systems hand in mail, over TLS.
	SMTP Submission `toml:"smtp"`

	// Reading: where officers and national systems fetch mail, over TLS from
	// the first octet.
	IMAP Reading `toml:"imap"`

	// The directory of keys (Web Key Directory) and the help pages.
	HTTPS Door `toml:"https"`

	// What the doors are called where mail clients are: it stands in what they set
	// themselves up with, in the letters to officers, and in what `gsp dns`
	// prints. Each is a host name, one with a port as in "mail.gsp.int:465", or
	// a port alone as in ":465", which leaves the usual name.
	Public Public `toml:"public"`

	// The certificate that all doors show.
	TLS TLS `toml:"tls"`

	// What one mail and one account may ask of the gateway. Who meets a limit
	// reads when to try again. All counts are kept in memory, client addresses
	// too, and are forgotten at a restart.
	Limits Limits `toml:"limits"`

	// How long a client may take when it hands in mail.
	Deadlines Deadlines `toml:"deadlines"`

	// What users are told later, by a sealed mail from postmaster@ in their
	// INBOX. That a key ends is always told, 60, 30 and 7 days before.
	Notices Notices `toml:"notices"`

	// How accounts are issued.
	Accounts Accounts `toml:"accounts"`

	// How much mailboxes may hold. A message counts in each mailbox that shows
	// it. What is over is refused, and told, never removed.
	Mailboxes Mailboxes `toml:"mailboxes"`

	// How long mail is kept. Nothing goes that its owner was not told of before,
	// by a sealed notice that lists folders and cases and stood for its time while
	// the gateway ran; of an owner for whom nothing can be sealed, nothing goes.
	// `gsp retention plan` tells beforehand what would go, and `gsp case hold`
	// keeps the mails of a case for as long as an investigation needs them.
	Retention Retention `toml:"retention"`

	// How the directory of keys changes.
	Keys Keys `toml:"keys"`

	// How mail is stored.
	Store Store `toml:"store"`

	// What the operator is told, on standard error. No log line carries a UIM,
	// a subject, a password or a client's address, at any level, nor what was
	// typed as the name of a login that failed: it may be a password. Accounts
	// stand there by the numbers of `gsp account list`.
	Log Log `toml:"log"`
}

// Submission is the submission door.
type Submission struct {
	// Address and port to listen on, with TLS from the first octet. The default
	// is reachable from this machine only and needs no privilege; mail clients
	// expect ":465" of a real gateway.
	Listen string `toml:"listen"`

	// Address and port for clients that know STARTTLS only, such as ":587"; none
	// if empty. Nothing but STARTTLS is possible there before TLS. Leave it empty
	// unless a program needs it: whoever stands in between can keep a careless
	// client from ever asking for TLS.
	STARTTLSListen string `toml:"starttls_listen"`

	// How many connections there may be at once, from 16 to 100000. When all are
	// taken, a new one takes the place of one that has not logged in, of the
	// address (of the /48, for IPv6) that has the most of those.
	Connections int `toml:"connections"`

	// How many of them from one address: an IPv4 address, or the /64 of an IPv6
	// one. From 1 to 100000. A ministry may well show one address for all.
	ConnectionsPerAddress int `toml:"connections_per_address"`

	// How many of them may be logged in to one account, from 1 to 100000.
	ConnectionsPerAccount int `toml:"connections_per_account"`
}

// Reading is the reading door.
type Reading struct {
	// Address and port to listen on. The default is reachable from this machine
	// only and needs no privilege; mail clients expect ":993" of a real gateway.
	Listen string `toml:"listen"`

	// How many connections there may be at once, from 16 to 100000. A mail client
	// keeps one to five of them open all day. When all are taken, it is as with
	// those of submission.
	Connections int `toml:"connections"`

	// How many of them from one address: an IPv4 address, or the /64 of an IPv6
	// one. From 1 to 100000.
	ConnectionsPerAddress int `toml:"connections_per_address"`

	// How many of them may be logged in to one account, from 1 to 100000.
	ConnectionsPerAccount int `toml:"connections_per_account"`
}

// Door is one listening socket.
type Door struct {
	// Address and port to listen on. The default is reachable from this machine
	// only and needs no privilege; mail clients expect ":443" of a real gateway.
	Listen string `toml:"listen"`
}

// Public says how the world reaches the doors.
type Public struct {
	// Submission. If empty, mail.<domain>, or localhost where the door can be
	// reached from this machine only. Without a port it is the port of
	// smtp.listen, which a router or a firewall may well translate.
	SMTP string `toml:"smtp"`

	// Submission with STARTTLS, likewise.
	STARTTLS string `toml:"starttls"`

	// Reading, likewise.
	IMAP string `toml:"imap"`

	// Keys, help and set-up. If empty, the domain itself, at the port of
	// https.listen; without a port it is 443, since clients look for keys and for
	// their set-up at that port and nowhere else.
	HTTPS string `toml:"https"`
}

// TLS names the certificate of all doors.
type TLS struct {
	// The certificate chain as a PEM file, the server's own first. If empty, a
	// certificate authority of the gateway's own is made in the data folder and
	// issues one; mail clients must then be told to trust its ca.pem. The file
	// is read again when it changes, without a restart.
	Certificate string `toml:"certificate"`

	// The private key of the certificate as a PEM file, unencrypted. Set both
	// or none. Danger: nobody but the gateway's user may be able to read it.
	Key string `toml:"key"`
}

// Limits bound what comes in.
type Limits struct {
	// The largest mail taken, as it comes in: sealed, in text form, a third to a
	// half larger than what the officer attached. From 64KiB to 64MiB. Mails are
	// held in memory while they come in.
	MaxMessage Size `toml:"max_message"`

	// How many recipients one mail may have, from 1 to 1000.
	MaxRecipients int `toml:"max_recipients"`

	// How much memory all mails may take together while they are sent, and as
	// much again while they are put into mailboxes: at least that of two of the
	// largest, and up to 64GiB. One account leaves the memory of one such mail to
	// the others. A mail that finds no room waits, and after a minute at most is
	// told to come again. The program takes about as much once more for what it
	// writes.
	InFlight Size `toml:"in_flight"`

	// How many mails one account may send in an hour, refused ones included, up
	// to 1000000; 0 for no limit. All of them may come at once.
	MailsPerHour int `toml:"mails_per_hour"`

	// How many recipients the mails of one account may have in an hour, all
	// together, up to 10000000; 0 for no limit.
	RecipientsPerHour int `toml:"recipients_per_hour"`

	// How many drafts and copies one account may put into its mailboxes in an
	// hour, refused ones included, up to 1000000; 0 for no limit. Each mail that
	// is sent leaves a copy, and each draft one whenever the program saves it.
	AppendsPerHour int `toml:"appends_per_hour"`

	// How many failed logins end a session, from 1 to 10.
	FailedLogins int `toml:"failed_logins"`

	// How many failed logins under one name from one address go unpunished, from
	// 1 to 1000. Each further one doubles the wait before the next counts, from
	// two seconds to a quarter of an hour. The right password gets through even
	// then, so nobody can lock an officer out.
	FailedLoginsPerName int `toml:"failed_logins_per_name"`

	// The same for one address, under whatever names, from 1 to 100000. A login
	// that is right forgives what failed from its address.
	FailedLoginsPerAddress int `toml:"failed_logins_per_address"`

	// How many keys that nobody has one address may ask the directory for in a
	// minute, up to 1000000; 0 for no limit. It slows down whoever tries out
	// which accounts there are. Keys that are there are not counted.
	MissedLookups int `toml:"missed_lookups"`
}

// Deadlines are how long a client may take.
type Deadlines struct {
	// The TLS handshake, from 1s to 1m.
	Handshake Duration `toml:"handshake"`

	// From the connection to the login, from 5s to 10m.
	Login Duration `toml:"login"`

	// Between two commands, once logged in, from 10s to 1h.
	Command Duration `toml:"command"`

	// Until the client has taken a reply, from 1s to 10m.
	Reply Duration `toml:"reply"`

	// Silence within a mail, from 1s to 10m.
	Silence Duration `toml:"silence"`

	// A mail, from its first octet to its last, from 1m to 6h.
	Mail Duration `toml:"mail"`

	// The least octets a second that a mail must come with, on average from half
	// a minute after its beginning. From 1 to 1000000.
	MinRate int `toml:"min_rate"`
}

// Store says how mail is stored.
type Store struct {
	// Mails up to this size are kept in the database, larger ones each in a file
	// beside it. From 0 to 16MiB. Mails already stored stay where they are.
	InlineLimit Size `toml:"inline_limit"`
}

// Notices says what users are told later.
type Notices struct {
	// After how many days a case without an answer is reported, to the competent
	// authority that asked and to each that has not answered; and again each time
	// that as many days have passed, six times in all. From 0, which reports
	// none, to 60.
	UnansweredDays int `toml:"unanswered_days"`

	// How many days before an account ends its owner and its Party's
	// administrators are told for the first time. They are told again 7 days and
	// 1 day before. From 0, which tells nobody, to 365.
	AccountDays int `toml:"account_days"`
}

// Accounts says how accounts are issued.
type Accounts struct {
	// For how many days a new account lasts where nobody names its last day, from
	// 1 to 3650; 0 for no end. It can be used to the end of that day in UTC.
	// Accounts already issued keep the day they have.
	TermDays int `toml:"term_days"`
}

// Mailboxes says how much mailboxes may hold.
type Mailboxes struct {
	// How much the mailboxes of one account may hold together; 0 for no limit. At
	// least twice the largest mail, up to 16384GiB. `gsp account quota` sets
	// another for one of them.
	Quota Size `toml:"quota"`

	// The same for those of one competent authority, of the operator and of the
	// Secretariat. Nobody can delete there, so only a rule on keeping mail, or
	// `gsp party quota`, makes room. Danger: a Party whose mailbox is full can be
	// asked nothing.
	SharedQuota Size `toml:"shared_quota"`

	// How many mailboxes an account may have, those that are made for it included,
	// from 10 to 100000. Mail programs read the list of all of them, each time.
	PerAccount int `toml:"per_account"`

	// At how many hundredths of its quota an owner is warned, once until its use
	// fell below them again; for a competent authority's mailboxes the
	// administrators of its Party and the operator too. From 50 to 99.
	WarningPercent int `toml:"warning_percent"`
}

// Retention says how long mail is kept.
type Retention struct {
	// For how many months after the last mail of a closed case its mails are
	// kept, up to 600; 0 for ever. A case is closed once no answer is awaited any
	// more. A new mail in it begins the time anew.
	ClosedMonths int `toml:"closed_months"`

	// For how many months mails that belong to no case are kept, up to 600; 0 for
	// ever.
	OtherMonths int `toml:"other_months"`

	// How many days before mails are removed their owner is told. From 7 to 365.
	NoticeDays int `toml:"notice_days"`
}

// Keys says how the directory of keys changes.
type Keys struct {
	// For how many days mail is still accepted that is sealed for a key which
	// another one replaced: mail programs learn of the new one within days. A key
	// that was revoked or withdrawn is refused at once. From 0 to 30.
	OverlapDays int `toml:"overlap_days"`
}

// Log says what is logged and how.
type Log struct {
	// The least important lines that are written: "debug", "info", "warn" or
	// "error".
	Level slog.Level `toml:"level"`

	// "text" for people, "json" for programs, one line an entry.
	Format Format `toml:"format"`
}

// Disclosure is what is done with a UIM that a sender did not mask.
type Disclosure string

// The disclosures.
const (
	Mask   Disclosure = "mask"
	Refuse Disclosure = "refuse"
)

// Disclosures lists every Disclosure.
var Disclosures = []Disclosure{Mask, Refuse}

// Format is the form of a log line.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
)

// Formats lists every Format.
var Formats = []Format{Text, JSON}

// Default returns the configuration of a gateway that nobody configured: it
// works on one machine, and nothing beyond that machine can reach it.
func Default() Config {
	return Config{
		Domain:        "gsp.example",
		Data:          "data",
		UIMDisclosure: Mask,
		SMTP: Submission{
			Listen: "127.0.0.1:8465", Connections: 4096, ConnectionsPerAddress: 256, ConnectionsPerAccount: 128,
		},
		IMAP:  Reading{Listen: "127.0.0.1:8993", Connections: 10_000, ConnectionsPerAddress: 1000, ConnectionsPerAccount: 200},
		HTTPS: Door{Listen: "127.0.0.1:8443"},
		Limits: Limits{
			MaxMessage: 25 << 20, MaxRecipients: 100, InFlight: 96 << 20, MailsPerHour: 2000, RecipientsPerHour: 20_000,
			AppendsPerHour: 5000, FailedLogins: 3, FailedLoginsPerName: 5, FailedLoginsPerAddress: 20,
			MissedLookups: 600,
		},
		Deadlines: Deadlines{
			Handshake: seconds(10), Login: seconds(60), Command: seconds(300), Reply: seconds(60),
			Silence: seconds(60), Mail: seconds(1800), MinRate: 500,
		},
		Notices:   Notices{UnansweredDays: 14, AccountDays: 30},
		Mailboxes: Mailboxes{Quota: 2 << 30, SharedQuota: 20 << 30, PerAccount: 1000, WarningPercent: 80},
		Retention: Retention{NoticeDays: 30},
		Keys:      Keys{OverlapDays: 7},
		Store:     Store{InlineLimit: 128 << 10},
		Log:       Log{Level: slog.LevelInfo, Format: Text},
	}
}

// LookedUp returns the names that clients make from the aliases: for keys by
// either method of the Web Key Directory, and for their set-up.
func (c Config) LookedUp() []string {
	var names []string
	for _, alias := range c.Aliases {
		names = append(names, alias, "openpgpkey."+alias, "autoconfig."+alias, "autodiscover."+alias)
	}
	return names
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

// Policy returns what the section says as the rule that mails are removed by.
func (r Retention) Policy() gsp.Retention {
	return gsp.Retention{ClosedMonths: r.ClosedMonths, OtherMonths: r.OtherMonths, NoticeDays: r.NoticeDays}
}

// HelpBase returns the base of the links in refusals, for gsp.Refusal.Text.
func (c Config) HelpBase() string {
	if c.Help != "" {
		return c.Help
	}
	if door := c.Servers().Directory; door.Port != 0 {
		return door.URL("/help/")
	}
	return "https://" + c.Domain + "/help/" // the system chooses the port
}
