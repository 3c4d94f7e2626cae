package gsp

import "strings"

// Reason is the stable token of a refusal. Programs decide by it, help pages
// are named after it; it never changes its meaning.
type Reason string

// The reasons, by who gives them.
const (
	// What the mail is: package sealed.
	NotSealed        Reason = "not-sealed"         // nothing is encrypted
	SignedOnly       Reason = "signed-only"        // signed, not encrypted
	SMIME            Reason = "smime"              // sealed with S/MIME, which nobody here reads
	InlineSealed     Reason = "inline-sealed"      // encrypted text in a readable mail, not PGP/MIME
	Rewritten        Reason = "rewritten"          // a server on the way took the wrapper of PGP/MIME off
	PasswordSealed   Reason = "password-sealed"    // a password opens it
	NoIntegrity      Reason = "no-integrity"       // no protection against alteration
	AnonymousKey     Reason = "anonymous-key"      // hidden recipients
	TextOutside      Reason = "text-outside"       // readable text before the first part or behind the last
	TextAroundArmour Reason = "text-around-armour" // text, or another block, beside the armoured message
	ExtraParts       Reason = "extra-parts"        // parts or files beside the sealed part
	TooDeep          Reason = "too-deep"           // a multipart or a mail stands in a part
	BrokenSeal       Reason = "broken-seal"        // the OpenPGP packets are not well formed
	TrailingData     Reason = "trailing-data"      // something follows the encrypted data
	BrokenArmour     Reason = "broken-armour"      // the text form of the packets is not well formed
	BrokenChecksum   Reason = "broken-checksum"    // the checksum of the armour does not match
	BrokenMIME       Reason = "broken-mime"        // the mail's parts are not well formed
	BrokenHeader     Reason = "broken-header"      // a header field is not well formed
	DuplicateHeader  Reason = "duplicate-header"   // a field that may stand once stands twice
	BrokenLines      Reason = "broken-lines"       // bare CR, bare LF or NUL
	TooLarge         Reason = "too-large"

	// What its header asks: packages wire and pattern.
	BrokenUIM    Reason = "broken-uim"    // GSP-UIM cannot be read
	TooManyUIMs  Reason = "too-many-uims" // more members than allowed
	UnknownUIM   Reason = "unknown-uim"   // no pattern fits
	AmbiguousUIM Reason = "ambiguous-uim" // patterns of several Parties fit
	NotAUIM      Reason = "not-a-uim"     // a product code, an industry code, an operator code
	NonParty     Reason = "non-party"     // issued by a State that is not Party
	NoUIM        Reason = "no-uim"        // route@ needs one
	UnmaskedUIM  Reason = "unmasked-uim"  // whole, where the installation wants masks only
	UIMMismatch  Reason = "uim-mismatch"  // the address names another Party than the UIM
	UnknownCase  Reason = "unknown-case"  // no such case, or not one of this Party's
	WrongType    Reason = "wrong-type"    // GSP-Type does not fit the place in the case
	Automatic    Reason = "automatic"     // automatic mail from an officer's account, or to an address that answers by itself

	// To whom it goes: packages registry and router.
	WrongSender      Reason = "wrong-sender"      // not the address of this login
	UnknownRecipient Reason = "unknown-recipient" // not registered
	NotAllowed       Reason = "not-allowed"       // the role does not allow it
	NoKey            Reason = "no-key"            // the recipient has no key in the directory
	UnknownKey       Reason = "unknown-key"       // sealed for a key that is not in the directory
	StrangeKey       Reason = "strange-key"       // sealed also for somebody who is not a recipient
	CannotRead       Reason = "cannot-read"       // a recipient could not open it
	WrongParty       Reason = "wrong-party"       // sealed for another Party than the UIM's
	StaleKey         Reason = "stale-key"         // sealed for an expired or revoked key
	SoleRecipient    Reason = "sole-recipient"    // resolve@, library@ and keys@ take no others beside them
	MailboxFull      Reason = "mailbox-full"      // a recipient's, or one's own

	// What is mailed to keys@: package wks and router.
	NoKeyAttached Reason = "no-key-attached" // neither a public key nor a code
	UnknownCode   Reason = "unknown-code"    // used, ended, or another's
	NoDecision    Reason = "no-decision"     // the code of a key that waits, and neither approve nor reject

	// The session: the doors.
	BadLogin         Reason = "bad-login"
	LoginFirst       Reason = "login-first"
	BadSequence      Reason = "bad-sequence" // commands out of order
	TooManyRcpts     Reason = "too-many-recipients"
	TooBusy          Reason = "too-busy"       // try again later
	TooManyMails     Reason = "too-many-mails" // of one account in an hour
	TLSFirst         Reason = "tls-first"      // a command that needs TLS came before it
	NoMailbox        Reason = "no-mailbox"
	MailboxExists    Reason = "mailbox-exists"
	ReadOnly         Reason = "read-only"
	Stopping         Reason = "stopping"
	InterruptedInput Reason = "interrupted-input"

	// Administration: packages admin, config and node.
	PartyExists     Reason = "party-exists"
	UnknownParty    Reason = "unknown-party"
	AccountExists   Reason = "account-exists"
	UnknownAccount  Reason = "unknown-account"
	BrokenName      Reason = "broken-name" // a Party, login or role that cannot be one
	BrokenKey       Reason = "broken-key"
	PrivateKey      Reason = "private-key" // a private key was given for a public one
	WrongKeyAddress Reason = "wrong-key-address"
	WeakKey         Reason = "weak-key"
	KeyInUse        Reason = "key-in-use"
	NoKeyWaits      Reason = "no-key-waits" // nothing to approve or reject
	ApprovedAlready Reason = "approved-already"
	BrokenLibrary   Reason = "broken-library"
	OldLibrary      Reason = "old-library"      // not newer than the one in force
	UnsignedLibrary Reason = "unsigned-library" // without the Secretariat's valid signature
	BrokenConfig    Reason = "broken-config"
	BrokenPeriod    Reason = "broken-period"
	BrokenQuota     Reason = "broken-quota" // a size that no mailbox can have
	PortInUse       Reason = "port-in-use"
	NewerData       Reason = "newer-data"  // written by a newer version of the program
	DataInUse       Reason = "data-in-use" // another gateway runs on this folder
	NotRunning      Reason = "not-running" // no gateway runs on this folder
	NoCertificate   Reason = "no-certificate"
	UnreadableFile  Reason = "unreadable-file"
	UnwritableFile  Reason = "unwritable-file"
)

// Reasons lists every Reason, so that each door's table of replies and the
// help pages can be tested for completeness.
var Reasons = []Reason{
	NotSealed, SignedOnly, SMIME, InlineSealed, Rewritten, PasswordSealed, NoIntegrity, AnonymousKey,
	TextOutside, TextAroundArmour, ExtraParts, TooDeep, BrokenSeal, TrailingData, BrokenArmour, BrokenChecksum,
	BrokenMIME, BrokenHeader, DuplicateHeader, BrokenLines, TooLarge,
	BrokenUIM, TooManyUIMs, UnknownUIM, AmbiguousUIM, NotAUIM, NonParty, NoUIM, UnmaskedUIM, UIMMismatch,
	UnknownCase, WrongType, Automatic,
	WrongSender, UnknownRecipient, NotAllowed, NoKey, UnknownKey, StrangeKey, CannotRead, WrongParty, StaleKey,
	SoleRecipient, MailboxFull, NoKeyAttached, UnknownCode, NoDecision,
	BadLogin, LoginFirst, BadSequence, TooManyRcpts, TooBusy, TooManyMails, TLSFirst, NoMailbox, MailboxExists, ReadOnly, Stopping,
	InterruptedInput,
	PartyExists, UnknownParty, AccountExists, UnknownAccount, BrokenName, BrokenKey, PrivateKey,
	WrongKeyAddress, WeakKey, KeyInUse, NoKeyWaits, ApprovedAlready, BrokenLibrary, OldLibrary, UnsignedLibrary, BrokenConfig, BrokenPeriod, BrokenQuota, PortInUse,
	NewerData, DataInUse, NotRunning, NoCertificate, UnreadableFile, UnwritableFile,
}

// Refusal is a decision against the sender or the caller: what they asked for
// was not done, and nothing of it was kept.
type Refusal struct {
	Reason Reason // for programs
	Cause  string // for the officer: what is wrong; lower case, no full stop
	Remedy string // for the officer: what to do now; lower case, no full stop
	Err    error  // for the operator's log only; nil where the cause says it all
}

// Error returns token and cause. It leaves Err out: a door may show it.
func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Cause }

// Unwrap returns the private cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Text is the whole refusal in the order of docs/wire.md: token, cause,
// remedy, and a link to the help page where help is a base such as
// "https://gsp.example/help/". An empty help leaves the link out.
func (r *Refusal) Text(help string) string {
	s := string(r.Reason) + ": " + r.Cause + "."
	if r.Remedy != "" {
		s += " " + strings.ToUpper(r.Remedy[:1]) + r.Remedy[1:] + "."
	}
	if help != "" {
		s += " " + help + string(r.Reason)
	}
	return s
}
