package gsp

import (
	"fmt"
	"slices"
	"time"
)

// PartyID names a Party: "ke", "fr", "eu". It is also the local part of the
// Party's role mailbox.
type PartyID string

// ParsePartyID accepts two to eight ASCII letters in either case: the ISO 3166-1
// alpha-2 code of a State, or the code that the Secretariat gives to a region.
func ParsePartyID(s string) (PartyID, error) {
	if len(s) < 2 || len(s) > 8 {
		return "", fmt.Errorf("Party %q: want two to eight letters", s)
	}
	for _, c := range []byte(s) {
		if !isAlnum(c) || '0' <= c && c <= '9' {
			return "", fmt.Errorf("Party %q: want two to eight letters", s)
		}
	}
	return PartyID(lowerASCII(s)), nil
}

// Party is a State or a regional organisation that is Party to the Protocol.
type Party struct {
	ID         PartyID   `json:"id"`
	Name       string    `json:"name"`
	Parent     PartyID   `json:"parent,omitzero"`   // the region it belongs to, "" for none
	Language   Language  `json:"language,omitzero"` // of notices to its competent authority
	Registered time.Time `json:"registered"`
	Withdrawn  time.Time `json:"withdrawn,omitzero"` // zero while registered

	// AutomaticKeys publishes its officers' keys without approval. Its own key
	// is always approved.
	AutomaticKeys bool `json:"automatic_keys,omitzero"`
}

// AccountID numbers an account. Events carry it in place of a person's name
// or address; 0 means none.
type AccountID int64

// AccountKind tells a person from a program.
type AccountKind string

// The kinds of accounts.
const (
	Officer AccountKind = "officer" // a person
	System  AccountKind = "system"  // a program; it alone may send automatic mail
)

// AccountKinds lists every AccountKind.
var AccountKinds = []AccountKind{Officer, System}

// Language is one of the six of the United Nations, by its ISO 639-1 code.
type Language string

// The languages. The zero Language is English.
const (
	Arabic  Language = "ar"
	Chinese Language = "zh"
	English Language = "en"
	French  Language = "fr"
	Russian Language = "ru"
	Spanish Language = "es"
)

// Languages lists every Language.
var Languages = []Language{Arabic, Chinese, English, French, Russian, Spanish}

// ParseLanguage returns the language of that code.
func ParseLanguage(s string) (Language, error) {
	if l := Language(lowerASCII(s)); slices.Contains(Languages, l) {
		return l, nil
	}
	return "", fmt.Errorf("language %q: want one of %v", s, Languages)
}

// Account is an officer's or a national system's login, mailbox and address.
type Account struct {
	ID       AccountID   `json:"id"`
	Login    string      `json:"login"` // the local part of its address
	Party    PartyID     `json:"party"`
	Kind     AccountKind `json:"kind"`
	Name     string      `json:"name,omitzero"`
	Language Language    `json:"language,omitzero"` // of what the gateway writes to it, "" for its Party's
	Issued   time.Time   `json:"issued"`
	Disabled time.Time   `json:"disabled,omitzero"` // zero while it may log in
}

// Active reports whether the account may log in, send and receive.
func (a Account) Active() bool { return a.ID != 0 && a.Disabled.IsZero() }

// Role is what a grant allows (FCTC/MOP/3/5, annex, paras 3 and 4).
type Role string

// The roles.
const (
	Requester     Role = "requester"     // sends requests for its Party
	Replier       Role = "replier"       // reads and answers what reaches the competent authority
	Releaser      Role = "releaser"      // releases transfers to and from a national system (para 34)
	Administrator Role = "administrator" // issues credentials and grants roles within its Party
	Secretariat   Role = "secretariat"   // registers Parties, publishes libraries, reads statistics
	Operator      Role = "operator"      // runs the machine
)

// Roles lists every Role.
var Roles = []Role{Requester, Replier, Releaser, Administrator, Secretariat, Operator}

// ParseRole returns the role of that name.
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("role %q: want one of %v", s, Roles)
}

// Grant is a role given to an account. It is never deleted, only ended.
type Grant struct {
	ID      int64     `json:"id"`
	Account AccountID `json:"account"`
	Role    Role      `json:"role"`
	GivenBy string    `json:"given_by"` // who gave it, as the command line knew them
	Given   time.Time `json:"given"`
	EndedBy string    `json:"ended_by,omitzero"`
	Ended   time.Time `json:"ended,omitzero"` // zero while in force
}

// Credential lets an account log in: the stored form of SCRAM-SHA-256
// (RFC 5802, section 3; RFC 7677). The password itself is not kept.
type Credential struct {
	Account    AccountID
	Salt       []byte
	Iterations int
	StoredKey  []byte
	ServerKey  []byte
	Issued     time.Time

	// Pins name the TLS client certificates that log the account in without a
	// password (RFC 4422, appendix A): the SHA-256 of each one's
	// SubjectPublicKeyInfo, so that a renewed certificate of the same key stays
	// good. At most MaxPins.
	Pins [][32]byte
}

// MaxPins is how many client certificates an account may have: one in use and
// one to change to.
const MaxPins = 2

// Certificate is an OpenPGP certificate as the directory publishes it. What
// it says is parsed by package pgpcert. One that is not in force, and was
// published and withdrawn at the same moment, is an earlier certificate that its
// owner revoked.
type Certificate struct {
	Address     Address
	Fingerprint string // capital hexadecimal, of the primary key
	Bytes       []byte // binary, exactly as the Web Key Directory serves it
	Published   time.Time
	Withdrawn   time.Time // zero while published
	Replaced    bool      // withdrawn because another took its place, which stores note by themselves
}

// Beside reports whether the certificate is of version 6, by its fingerprint. An
// address may have one beside that of version 4, so neither ends the other.
func (c Certificate) Beside() bool { return len(c.Fingerprint) == 2*32 }

// LibraryVersion numbers the published versions of the pattern library,
// from 1. 0 is the empty library that a new gateway has.
type LibraryVersion int64

// LibraryText is one published version of the pattern library, in the form
// that package pattern parses.
type LibraryText struct {
	Version   LibraryVersion
	Text      []byte
	Published time.Time
	Signature []byte // detached, armoured, by the Secretariat; empty where none was asked for
}

// MaxWithdrawn is how many certificates that are published no more are still
// known, to tell who seals for one what is wrong: those of some years.
const MaxWithdrawn = 10_000

// Roll is all that the registry keeps: who is who.
type Roll struct {
	Parties      []Party
	Accounts     []Account
	Grants       []Grant       // ended ones included
	Terms        []Term        // all that were ever set, the earliest first
	Credentials  []Credential  // at most one an account
	Certificates []Certificate // published ones only
	Withdrawn    []Certificate // those that were, the latest first, at most MaxWithdrawn
	Requests     []KeyRequest  // one an address, by address
	Library      LibraryText   // the newest
}

// Change is one change of the Roll. A store makes all of it true together, or
// nothing; what already exists under the same key is replaced. A new account,
// at most one, and new grants have ID 0 and get the next number; credentials,
// grants, terms and events of the same Change that carry account 0 take over the
// new account's.
type Change struct {
	Parties      []Party
	Accounts     []Account
	Grants       []Grant
	Terms        []Term
	Credentials  []Credential
	Certificates []Certificate
	Requests     []KeyRequest // one that has ended is forgotten
	History      []KeyRecord
	Library      *LibraryText
	Events       []Event
	Letters      []Posting // the gateway's mails that tell of it
}
