package registry

import (
	"context"

	"gsp.example/gsp/internal/gsp"
)

// Store keeps the roll.
type Store interface {
	// Load returns the whole roll.
	Load(ctx context.Context) (gsp.Roll, error)
	// Apply makes a change true in one transaction with its events, and returns
	// it with the numbers that new accounts and grants got. A new account or
	// Party gets its mailboxes in the same transaction.
	Apply(ctx context.Context, c gsp.Change) (gsp.Change, error)
	// Libraries returns every published version of the pattern library, the
	// newest first.
	Libraries(ctx context.Context) ([]gsp.LibraryText, error)
	// KeyHistory returns all that was done with the certificates of an address,
	// the earliest first.
	KeyHistory(ctx context.Context, a gsp.Address) ([]gsp.KeyRecord, error)
}
