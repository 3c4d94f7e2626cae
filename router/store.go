package router

import (
	"context"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Store is where the router puts what it decided. Its methods may be called
// concurrently.
type Store interface {
	// Post writes p whole or not at all, and returns once it is synced. Its
	// Message can only come from sealed.Inspect, so no plaintext can be passed
	// here. A case number in use gives gsp.ErrCaseTaken; a mailbox of a Delivery
	// that does not exist gives gsp.ErrNotFound, and one whose owner has no room
	// for the mail a *gsp.FullError. A posting whose Once is known writes nothing
	// and gets the earlier receipt.
	Post(ctx context.Context, p gsp.Posting) (gsp.Receipt, error)

	// Posted returns the receipt of a posting that was stored under the key of
	// a gsp.Once and is not forgotten at that time.
	Posted(ctx context.Context, key [32]byte, at time.Time) (gsp.Receipt, bool, error)

	// Record appends an event that belongs to no mail that was kept.
	Record(ctx context.Context, e gsp.Event) error

	// Cases returns the case of that number, or, where id is "", those that the
	// Message-IDs belong to, in their order and the oldest first. Cases that
	// party is not in are passed over, so that nobody learns of them.
	Cases(ctx context.Context, party gsp.PartyID, id gsp.CaseID, messageIDs []string) ([]gsp.Case, error)

	// Mailbox returns the mailbox that a client wants to keep a mail in.
	Mailbox(ctx context.Context, id gsp.MailboxID) (gsp.Mailbox, error)
}
