// Package storetest says what every store must do.
//
// It tests through the methods that doors, router, registry and reports use,
// on a store in a temporary folder. What only one kind of store can get wrong,
// its files and its SQL, is tested beside it.
package storetest

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Store is all that the consumers ask of a store. The contracts are theirs:
// router.Store, registry.Store, report.Source, imapd.Tree and imapd.Messages.
type Store interface {
	Post(context.Context, gsp.Posting) (gsp.Receipt, error)
	Record(context.Context, gsp.Event) error
	Cases(context.Context, gsp.PartyID, gsp.CaseID, []string) ([]gsp.Case, error)
	PendingCases(context.Context, gsp.Case, time.Time, int) ([]gsp.Case, error)
	Posted(context.Context, [32]byte, time.Time) (gsp.Receipt, bool, error)

	Load(context.Context) (gsp.Roll, error)
	Apply(context.Context, gsp.Change) (gsp.Change, error)
	Libraries(context.Context) ([]gsp.LibraryText, error)
	KeyHistory(context.Context, gsp.Address) ([]gsp.KeyRecord, error)

	Events(context.Context, int64) iter.Seq2[gsp.Event, error]

	Mailboxes(context.Context, string) ([]gsp.Mailbox, error)
	CreateMailbox(context.Context, gsp.MailboxName, gsp.SpecialUse) (gsp.Mailbox, error)
	RenameMailbox(context.Context, gsp.MailboxID, string) error
	DeleteMailbox(context.Context, gsp.MailboxID) error
	Unsubscribed(context.Context, gsp.AccountID) ([]gsp.MailboxID, error)
	Subscribe(context.Context, gsp.AccountID, gsp.MailboxID, bool) error

	Mailbox(context.Context, gsp.MailboxID) (gsp.Mailbox, error)
	Listing(context.Context, gsp.MailboxID) (gsp.Listing, error)
	Since(context.Context, gsp.MailboxID, gsp.ModSeq) (gsp.Delta, error)
	Items(context.Context, gsp.MailboxID, []uint32) ([]gsp.Item, error)
	Flagged(ctx context.Context, id gsp.MailboxID, mask, want gsp.Flags) ([]uint32, error)
	Summaries(context.Context, gsp.MailboxID, []uint32) (map[uint32]gsp.Summary, error)
	Body(context.Context, gsp.MailID) ([]byte, error)
	Bodies(context.Context, []gsp.MailID) (map[gsp.MailID][]byte, error)
	SetFlags(context.Context, gsp.MailboxID, []uint32, gsp.FlagChange) error
	Copy(context.Context, gsp.MailboxID, gsp.MailboxID, []uint32) (gsp.Copied, error)
	Move(context.Context, gsp.MailboxID, gsp.MailboxID, []uint32) (gsp.Copied, error)
	Expunge(context.Context, gsp.MailboxID, []uint32) error

	Rooms(context.Context) ([]gsp.Room, error)
	Room(context.Context, string) (gsp.Room, error)
	SetQuota(context.Context, gsp.Quota) error
	Quotas(context.Context, string) ([]gsp.Quota, error)
	SetFilled(context.Context, string, time.Time) error

	Due(ctx context.Context, owner string, h gsp.Horizon, told bool) ([]gsp.Due, error)
	PrepareRemoval(ctx context.Context, owner string, mails []gsp.MailID) error
	Announce(ctx context.Context, owner string, told, goes time.Time) error
	Removals(context.Context) ([]gsp.Removal, error)
	ForgetRemoval(context.Context, string) error
	CarryOut(context.Context, string, gsp.Retention, gsp.Horizon, gsp.Event) (bool, error)
	Attend(context.Context, time.Time, time.Duration) error
	HoldCase(context.Context, gsp.CaseHold) error
	CaseHolds(context.Context) ([]gsp.CaseHold, error)

	Close() error
}

// MailboxLimit is how many mailboxes an owner may make in the store that Open
// opens.
const MailboxLimit = 20

// Open opens the store in a folder, or makes it. Ring is to be told which
// mailboxes each commit changed, before its writes are answered.
type Open func(t *testing.T, folder string, ring func([]gsp.MailboxID)) Store

// Run tests the store that open opens.
func Run(t *testing.T, open Open) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, *bench)
	}{
		{"Post", postTests},
		{"Once", onceTests},
		{"Case", caseTests},
		{"Mailbox", mailboxTests},
		{"Message", messageTests},
		{"Read", readTests},
		{"Room", roomTests},
		{"Retention", retentionTests},
		{"Registry", registryTests},
		{"Key", keyTests},
		{"Event", eventTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, newBench(t, open))
				})
			}
		})
	}
}

// bench is a store with two Parties and an officer of each.
type bench struct {
	Store
	t      *testing.T
	open   Open
	folder string

	mu   sync.Mutex
	rung []gsp.MailboxID
}

func newBench(t *testing.T, open Open) *bench {
	b := &bench{t: t, open: open, folder: t.TempDir()}
	b.Store = open(t, b.folder, b.ring)
	t.Cleanup(func() { b.Close() })
	b.apply(gsp.Change{Parties: []gsp.Party{
		{ID: "fr", Name: "France", Registered: at(0)}, {ID: "ke", Name: "Kenya", Registered: at(0)},
	}})
	b.apply(gsp.Change{Accounts: []gsp.Account{
		{Login: "customs1.fr", Party: "fr", Kind: gsp.Officer, Issued: at(1)},
	}})
	b.apply(gsp.Change{Accounts: []gsp.Account{
		{Login: "customs1.ke", Party: "ke", Kind: gsp.Officer, Issued: at(1)},
	}})
	return b
}

func (b *bench) ring(ids []gsp.MailboxID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, ids...)
}

// bells returns the mailboxes rung since the last call.
func (b *bench) bells() []gsp.MailboxID {
	b.mu.Lock()
	defer b.mu.Unlock()
	rung := b.rung
	b.rung = nil
	return rung
}

// reopen closes the store and opens it again.
func (b *bench) reopen() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatalf("close: %v", err)
	}
	b.Store = b.open(b.t, b.folder, b.ring)
}

// at is a time some milliseconds into the tests.
func at(ms int) time.Time {
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

func (b *bench) apply(c gsp.Change) gsp.Change {
	b.t.Helper()
	applied, err := b.Apply(b.t.Context(), c)
	if err != nil {
		b.t.Fatalf("apply: %v", err)
	}
	return applied
}

// posting is a mail of fr to the inbox of ke.
func posting(t *testing.T, size int, to ...gsp.MailboxName) gsp.Posting {
	t.Helper()
	m, s := Mail(t, size)
	if len(to) == 0 {
		to = []gsp.MailboxName{gsp.Inbox("ke")}
	}
	p := gsp.Posting{
		Message: m, Summary: s,
		Event: gsp.Event{
			At: at(2), Kind: gsp.MailAccepted, Party: "fr", Account: 1, Peers: []gsp.PartyID{"ke"}, Type: gsp.Request,
		},
	}
	for _, name := range to {
		p.Deliveries = append(p.Deliveries, gsp.Delivery{Mailbox: name, Party: "ke", Received: at(3)})
	}
	return p
}

func (b *bench) post(p gsp.Posting) gsp.Receipt {
	b.t.Helper()
	r, err := b.Post(b.t.Context(), p)
	if err != nil {
		b.t.Fatalf("post: %v", err)
	}
	return r
}

// fill posts n mails to the inbox of ke and returns its number. Their UIDs are
// 1 to n.
func (b *bench) fill(n int) gsp.MailboxID {
	b.t.Helper()
	for range n {
		b.post(posting(b.t, 1000))
	}
	return b.mailbox(gsp.Inbox("ke")).ID
}

func (b *bench) mailbox(name gsp.MailboxName) gsp.Mailbox {
	b.t.Helper()
	all, err := b.Mailboxes(b.t.Context(), name.Owner)
	if err != nil {
		b.t.Fatalf("mailboxes of %s: %v", name.Owner, err)
	}
	i := slices.IndexFunc(all, func(m gsp.Mailbox) bool { return m.Name == name })
	if i < 0 {
		b.t.Fatalf("no mailbox %v", name)
	}
	return all[i]
}

func (b *bench) since(id gsp.MailboxID, since gsp.ModSeq) gsp.Delta {
	b.t.Helper()
	d, err := b.Since(b.t.Context(), id, since)
	if err != nil {
		b.t.Fatalf("since %d: %v", since, err)
	}
	return d
}

func (b *bench) events() []gsp.Event {
	b.t.Helper()
	var all []gsp.Event
	for e, err := range b.Events(b.t.Context(), 0) {
		if err != nil {
			b.t.Fatalf("events: %v", err)
		}
		all = append(all, e)
	}
	return all
}

// kinds counts events by kind.
func (b *bench) kinds() map[gsp.EventKind]int {
	b.t.Helper()
	n := map[gsp.EventKind]int{}
	for _, e := range b.events() {
		n[e.Kind]++
	}
	return n
}

func uidsOf(items []gsp.Item) []uint32 {
	var uids []uint32
	for _, i := range items {
		uids = append(uids, i.UID)
	}
	return uids
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}
