package sqlite

import (
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/storetest"
)

// TestOneConnectionIsEnough lets readers have one connection. A read that needed
// a second while it holds the first would wait for ever once all of them are
// held by such reads, as at the first moments of a busy gateway.
func TestOneConnectionIsEnough(t *testing.T) {
	storetest.Run(t, func(t *testing.T, folder string, ring func([]gsp.MailboxID)) storetest.Store {
		s, err := Open(t.Context(), folder, Options{OnCommit: ring, Mailboxes: storetest.MailboxLimit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		s.readers.SetMaxOpenConns(1)
		return s
	})
}
