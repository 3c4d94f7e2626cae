package gsp

import "time"

// EventKind is what happened. The list is closed: a reader of the log knows
// all of it.
type EventKind string

// The kinds of events.
const (
	PartyRegistered     EventKind = "party-registered"
	PartyWithdrawn      EventKind = "party-withdrawn"
	AccountIssued       EventKind = "account-issued"
	AccountDisabled     EventKind = "account-disabled"
	AccountEnabled      EventKind = "account-enabled"
	RoleGranted         EventKind = "role-granted"
	RoleEnded           EventKind = "role-ended"
	TermSet             EventKind = "term-set" // the last day of an account
	KeyPublished        EventKind = "key-published"
	KeyWithdrawn        EventKind = "key-withdrawn"
	CertificatePinned   EventKind = "certificate-pinned" // a TLS client certificate of an account
	CertificateUnpinned EventKind = "certificate-unpinned"
	LibraryPublished    EventKind = "library-published"
	MailAccepted        EventKind = "mail-accepted"
	MailRefused         EventKind = "mail-refused"
	MailKept            EventKind = "mail-kept"      // a client's own copy (IMAP APPEND)
	MailRead            EventKind = "mail-read"      // first \Seen by anyone of the receiving Party
	QueryAnswered       EventKind = "query-answered" // by resolve@ or library@
	NoticeSent          EventKind = "notice-sent"    // by the gateway to a user
	MailsRemoved        EventKind = "mails-removed"  // by retention, after a notice
)

// EventKinds lists every EventKind.
var EventKinds = []EventKind{
	PartyRegistered, PartyWithdrawn, AccountIssued, AccountDisabled, AccountEnabled, RoleGranted, RoleEnded, TermSet,
	KeyPublished, KeyWithdrawn, CertificatePinned, CertificateUnpinned, LibraryPublished, MailAccepted, MailRefused, MailKept, MailRead,
	QueryAnswered, NoticeSent, MailsRemoved,
}

// Event is one line of the log that statistics are made of. It holds numbers
// and tokens only: no UIM, not even masked, no subject, no address, no name
// of a person, no Message-ID. A field that could hold one does not exist.
type Event struct {
	ID      int64          `json:"id"` // rising; the store gives it
	At      time.Time      `json:"at"` // to the millisecond, UTC
	Kind    EventKind      `json:"kind"`
	Party   PartyID        `json:"party,omitzero"`   // the Party that acted or was changed
	Account AccountID      `json:"account,omitzero"` // whose account, 0 for none
	Peers   []PartyID      `json:"peers,omitzero"`   // the Parties that a mail went to, sorted
	Mail    MailID         `json:"mail,omitzero"`
	Case    CaseID         `json:"case,omitzero"`
	Repeats CaseID         `json:"repeats,omitzero"` // pending case with the same question
	Type    Type           `json:"type,omitzero"`
	UIMs    int            `json:"uims,omitzero"`    // codes that the marks stand for
	Reason  Reason         `json:"reason,omitzero"`  // of a refusal
	Role    Role           `json:"role,omitzero"`    // of a grant
	Pattern string         `json:"pattern,omitzero"` // library entry that routed the mail
	Library LibraryVersion `json:"library,omitzero"` // version that was asked or published
	Policy  Policy         `json:"policy,omitzero"`  // by which mails were removed
	Months  int            `json:"months,omitzero"`  // that the policy kept them
	Mails   int            `json:"mails,omitzero"`   // how many messages were removed
	Octets  int64          `json:"octets,omitzero"`  // of those
}
