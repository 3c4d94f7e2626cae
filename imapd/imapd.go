// Package imapd is the reading door: IMAP4rev1 and IMAP4rev2 (RFC 3501,
// RFC 9051) over TLS, on the go-imap server library behind a byte guard.
//
// It knows the protocol and no policy: what may be kept is asked of a Keeper,
// who may log in and see what of Accounts. It keeps no table of its own; each
// session holds a view of the selected mailbox and follows the store by
// modification sequence when the mailbox's bell rings.
package imapd

import (
	"context"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// Accounts answers who is who. All methods may be called concurrently.
type Accounts interface {
	// Authenticate checks a login, given with or without its domain. The error
	// is a *gsp.Refusal when the credentials are wrong or the account is
	// disabled; the two look alike to the client.
	Authenticate(ctx context.Context, p peer.Peer, login, password string) (gsp.Account, error)

	// Mechanisms returns the SASL mechanisms that a peer is offered.
	Mechanisms(peer.Peer) []string
	// Exchange begins a login by one of them, and is false for any other.
	// loggedIn is called at its success, before Next returns. Each error of the
	// exchange is a *gsp.Refusal where the login is the reason.
	Exchange(mechanism string, p peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool)

	// Shelves returns the owners whose mailboxes the account may open now, its
	// own first, and none once it is disabled. Sessions ask before each command
	// and after each ring, so that an ended grant bites at once.
	Shelves(gsp.AccountID) []gsp.Shelf
}

// Keeper takes what a client appends. Its error is a *gsp.Refusal when the
// mail is not one that may be kept.
type Keeper interface {
	Keep(context.Context, gsp.Keeping) (gsp.Receipt, error)
}

// Tree is the mailboxes themselves. Names are relative to their owner and
// never empty; "INBOX" is spelt in capitals. Errors are gsp.ErrNotFound and
// gsp.ErrExists where they apply.
type Tree interface {
	// Mailboxes returns all mailboxes of owner with their counters, by name.
	Mailboxes(ctx context.Context, owner string) ([]gsp.Mailbox, error)
	// Room returns how much all mailboxes of owner hold, and may.
	Room(ctx context.Context, owner string) (gsp.Room, error)
	// CreateMailbox makes a mailbox with a UIDVALIDITY never used before.
	CreateMailbox(ctx context.Context, name gsp.MailboxName, use gsp.SpecialUse) (gsp.Mailbox, error)
	// RenameMailbox renames a mailbox and those below it. INBOX cannot be renamed.
	RenameMailbox(ctx context.Context, id gsp.MailboxID, to string) error
	// DeleteMailbox removes a mailbox with its messages. INBOX cannot be deleted.
	DeleteMailbox(ctx context.Context, id gsp.MailboxID) error
	// Unsubscribed returns the mailboxes that the account chose not to see;
	// every mailbox is subscribed until then.
	Unsubscribed(ctx context.Context, account gsp.AccountID) ([]gsp.MailboxID, error)
	// Subscribe sets whether the account sees the mailbox.
	Subscribe(ctx context.Context, account gsp.AccountID, id gsp.MailboxID, on bool) error
}

// Messages is what stands in the mailboxes. A UID that is not there is passed
// over in silence, as RFC 9051, section 6.4.9 wants.
type Messages interface {
	// Mailbox returns one mailbox with its counters.
	Mailbox(ctx context.Context, id gsp.MailboxID) (gsp.Mailbox, error)
	// Listing returns which messages a mailbox has.
	Listing(ctx context.Context, id gsp.MailboxID) (gsp.Listing, error)
	// Since returns what happened after since, which is not 0.
	Since(ctx context.Context, id gsp.MailboxID, since gsp.ModSeq) (gsp.Delta, error)
	// Items returns messages by rising UID.
	Items(ctx context.Context, id gsp.MailboxID, uids []uint32) ([]gsp.Item, error)
	// Flagged returns, rising, the UIDs of the messages whose flags within mask
	// are exactly want.
	Flagged(ctx context.Context, id gsp.MailboxID, mask, want gsp.Flags) ([]uint32, error)
	// Summaries returns the summaries of messages by UID. The error is
	// gsp.ErrDamaged where one cannot be read.
	Summaries(ctx context.Context, id gsp.MailboxID, uids []uint32) (map[uint32]gsp.Summary, error)
	// Bodies returns the stored octets of mails that are there, checked against
	// their digests: gsp.ErrDamaged where one has another. The caller must not
	// change them, and asks for few, since all are in memory at once.
	Bodies(ctx context.Context, mails []gsp.MailID) (map[gsp.MailID][]byte, error)
	// SetFlags changes flags, of each message or not. The first \Seen on a
	// delivered mail writes its gsp.MailRead event in the same transaction. The
	// error is gsp.ErrTooManyKeywords where the messages or the mailbox would have
	// too many.
	SetFlags(ctx context.Context, id gsp.MailboxID, uids []uint32, change gsp.FlagChange) error
	// Copy copies messages, in the order of their UIDs, all or none, without
	// keywords for which there is no place. The error is a *gsp.FullError where the
	// owner of the other mailbox has no room for them, and gsp.ErrTooMany where
	// they are more than can be copied at once.
	Copy(ctx context.Context, from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error)
	// Move copies and expunges, each message or not, and returns those that it
	// moved also with an error. It fails as Copy does, but takes any number, and
	// between the mailboxes of one owner needs no room.
	Move(ctx context.Context, from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error)
	// Expunge removes messages for good and leaves tombstones.
	Expunge(ctx context.Context, id gsp.MailboxID, uids []uint32) error
}

// Bells wakes followers of a mailbox.
type Bells interface {
	// Watch returns a channel that gets a value after a change of the mailbox,
	// and a function that ends the watch. Rings may be merged, lost or doubled:
	// read the mailbox after taking the channel and after each ring. A bell may
	// also ring because rights changed. Mailbox 0, which is none, rings only then.
	Watch(gsp.MailboxID) (<-chan struct{}, func())
}
