package gsp

import "time"

// KeyRequest is a certificate that was handed in for an address and waits:
// first for the proof that its owner can open what is sealed for it, then for
// the approval of the Party. An address has one at most.
type KeyRequest struct {
	Address     Address
	Fingerprint string    // capital hexadecimal, of the primary key
	Bytes       []byte    // binary, as it is to be published
	Account     AccountID // who handed it in
	HandedIn    time.Time

	// Nonce is the SHA-256 of a code that was sealed for the certificate, and is
	// zero once the code came back. Until is when it ends.
	Nonce [32]byte
	Until time.Time

	Confirmed time.Time // when the code came back, zero before
	Approvals []Approval
	Codes     []ApprovalCode
	Ended     time.Time // published, rejected or given up: a store forgets it
}

// Approval is one person's word that a certificate is its owner's.
type Approval struct {
	By      string    `json:"by"`               // as in KeyRecord
	Account AccountID `json:"account,omitzero"` // whose word it is; 0 for those of before accounts gave theirs
	At      time.Time `json:"at"`
}

// ApprovalCode lets one account decide on one request by mail, once. Digest is
// the SHA-256 of the code, which was sealed for the account.
type ApprovalCode struct {
	Account AccountID
	Digest  [32]byte
}

// KeyAct is what was done with a certificate of an address. The list is closed.
type KeyAct string

// The acts.
const (
	HandedIn      KeyAct = "handed-in"
	ProvedKey     KeyAct = "proved"    // its owner opened what was sealed for it
	ApprovedKey   KeyAct = "approved"  // one of those whose approval it needs
	RejectedKey   KeyAct = "rejected"  // it is not to be published
	PublishedKey  KeyAct = "published" // in the place of what was there before
	RenewedKey    KeyAct = "renewed"   // a later copy of the published one
	RevokedKey    KeyAct = "revoked"   // by the key itself
	WithdrawnKey  KeyAct = "withdrawn" // by the Party, the Secretariat or the operator
	AbandonedKey  KeyAct = "abandoned" // another was handed in before it was published
	LapsedKey     KeyAct = "lapsed"    // its owner did not prove it, or nobody approved it, in time
	AutomaticKeys KeyAct = "automatic" // of a Party: its officers' keys need no approval from now on
	ApprovedKeys  KeyAct = "by-hand"   // of a Party: they do
)

// KeyActs lists every KeyAct.
var KeyActs = []KeyAct{
	HandedIn, ProvedKey, ApprovedKey, RejectedKey, PublishedKey, RenewedKey, RevokedKey, WithdrawnKey, AbandonedKey, LapsedKey,
	AutomaticKeys, ApprovedKeys,
}

// KeyRecord is one line of the history of an address. It is only ever added.
type KeyRecord struct {
	ID          int64     `json:"id"` // rising; the store gives it
	Address     Address   `json:"-"`
	At          time.Time `json:"at"`
	Act         KeyAct    `json:"act"`
	By          string    `json:"by"` // an address where mail did it, else who asked as the command line knew them, or both
	Fingerprint string    `json:"fingerprint,omitzero"`

	// Word is what who decided wrote to the owner. It is told and not kept.
	Word string `json:"-"`

	// Answer is the SHA-256 of all that the Web Key Directory answers for the
	// address from then on, zero where it answers nothing. Of a certificate of
	// version 6 it is that of what its fingerprint is answered with.
	Answer [32]byte `json:"-"`
}
