package sqlite_test

import (
	"testing"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/report"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
	"gsp.example/gsp/router"
)

// What the consumers ask for.
var (
	_ router.Store    = (*sqlite.Store)(nil)
	_ registry.Store  = (*sqlite.Store)(nil)
	_ report.Source   = (*sqlite.Store)(nil)
	_ imapd.Tree      = (*sqlite.Store)(nil)
	_ imapd.Messages  = (*sqlite.Store)(nil)
	_ storetest.Store = (*sqlite.Store)(nil)
)

func open(t testing.TB, folder string, options sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), folder, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, folder string, ring func([]gsp.MailboxID)) storetest.Store {
		return open(t, folder, sqlite.Options{OnCommit: ring, Mailboxes: storetest.MailboxLimit})
	})
}
