// Package config reads the gateway's one configuration file.
//
// It is TOML, read strictly: an unknown key, a wrong type and a value that
// makes no sense are errors that name file, line, column and key. The comments
// of Config and its fields are the manual: Describe prints them into a file
// that Load reads back, so nothing is documented twice.
package config

import "log/slog"

// Config is all that can be configured, and this text is its manual. A key
// that stands in no line here is an error, and so is a value that makes no
// sense. Paths are relative to the folder of this file. Sizes are written as
// "64KiB" or "25MiB", or as a number of octets. A change takes effect at the
// next start; `gsp config check` tells beforehand what the gateway would say.
type Config struct {
	// The domain of all addresses: ke@gsp.example, officer1.fr@gsp.example.
	// Danger: addresses and keys in use carry it, so it is chosen once.
	Domain string `toml:"domain"`

	// The folder that holds everything the gateway keeps: database, bodies of
	// large mails, its own certificate authority. It is made with mode 0700 if
	// it is missing, and one gateway at a time may use it. Danger: the disk must
	// keep what it was told to sync, or a power cut loses accepted mail.
	Data string `toml:"data"`

	// What is done with a UIM that a sender did not mask. "mask" routes the mail
	// and stores the masked form only; "refuse" turns the mail back and shows
	// the sender the mask to paste.
	UIMDisclosure Disclosure `toml:"uim_disclosure"`

	// Where the help pages of refusals are, ending in "/". If empty, they are
	// https://<domain>/help/, which this gateway's HTTPS door serves.
	Help string `toml:"help"`

	// Submission: where officers and national systems hand in mail, over TLS
	// from the first octet.
	SMTP Door `toml:"smtp"`

	// Reading: where officers and national systems fetch mail, over TLS from
	// the first octet.
	IMAP Door `toml:"imap"`

	// The directory of keys (Web Key Directory) and the help pages.
	HTTPS Door `toml:"https"`

	// The certificate that all doors show.
	TLS TLS `toml:"tls"`

	// What one mail may ask of the gateway.
	Limits Limits `toml:"limits"`

	// How mail is stored.
	Store Store `toml:"store"`

	// What the operator is told, on standard error. No log line carries a UIM,
	// a subject, a password or a client's address, at any level.
	Log Log `toml:"log"`
}

// Door is one listening socket.
type Door struct {
	// Address and port to listen on. The default is reachable from this machine
	// only and needs no privilege; ":465" (SMTP), ":993" (IMAP) and ":443"
	// (HTTPS) are what mail clients expect of a real gateway.
	Listen string `toml:"listen"`
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

// Limits bound one mail.
type Limits struct {
	// The largest mail taken, as it comes in: sealed, in text form, a third to a
	// half larger than what the officer attached. From 64KiB to 64MiB. Mails are
	// held in memory while they come in.
	MaxMessage Size `toml:"max_message"`

	// How many recipients one mail may have, from 1 to 1000.
	MaxRecipients int `toml:"max_recipients"`
}

// Store says how mail is stored.
type Store struct {
	// Mails up to this size are kept in the database, larger ones each in a file
	// beside it. From 0 to 16MiB. Mails already stored stay where they are.
	InlineLimit Size `toml:"inline_limit"`
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
		SMTP:          Door{Listen: "127.0.0.1:8465"},
		IMAP:          Door{Listen: "127.0.0.1:8993"},
		HTTPS:         Door{Listen: "127.0.0.1:8443"},
		Limits:        Limits{MaxMessage: 25 << 20, MaxRecipients: 100},
		Store:         Store{InlineLimit: 128 << 10},
		Log:           Log{Level: slog.LevelInfo, Format: Text},
	}
}

// HelpBase returns the base of the links in refusals, for gsp.Refusal.Text.
func (c Config) HelpBase() string {
	if c.Help != "" {
		return c.Help
	}
	return "https://" + c.Domain + "/help/"
}
