package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// quota sets the quota of an owner so that it has room for that many octets
// beyond what it holds.
func (b *bench) quota(owner string, room int64) {
	b.t.Helper()
	b.must(b.SetQuota(b.t.Context(), gsp.Quota{Owner: owner, Octets: b.room(owner).Octets + room, SetBy: "root", Set: at(1)}))
}

func (b *bench) room(owner string) gsp.Room {
	b.t.Helper()
	room, err := b.Room(b.t.Context(), owner)
	b.must(err)
	return room
}

// full reports whether an error says that exactly these owners are full.
func full(err error, owners ...string) bool {
	got, ok := gsp.IsFull(err)
	slices.Sort(got)
	return ok && slices.Equal(got, owners)
}

var roomTests = map[string]func(*testing.T, *bench){
	"use_is_the_sum_of_the_mailboxes": func(t *testing.T, b *bench) {
		if got, want := b.room("ke"), (gsp.Room{Owner: "ke"}); got != want {
			t.Errorf("new: got %+v, want %+v", got, want)
		}
		inbox := b.fill(3)
		_, err := b.Copy(t.Context(), inbox, b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"}).ID, []uint32{1})
		b.must(err)
		b.must(b.SetQuota(t.Context(), gsp.Quota{Owner: "ke", Octets: 1 << 20, SetBy: "root", Set: at(1)}))
		b.must(b.SetFilled(t.Context(), "ke", at(7)))
		b.reopen()
		var octets int64
		for _, name := range []string{"INBOX", "Archive"} {
			octets += b.mailbox(gsp.MailboxName{Owner: "ke", Name: name}).Size
		}
		want := gsp.Room{Owner: "ke", Messages: 4, Octets: octets, Quota: 1 << 20, Own: true, Filled: at(7)}
		if got := b.room("ke"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		rooms, err := b.Rooms(t.Context())
		b.must(err)
		if got, sorted := len(rooms), slices.IsSortedFunc(rooms, func(x, y gsp.Room) int { return slices.Compare([]byte(x.Owner), []byte(y.Owner)) }); got != 6 || !sorted {
			t.Errorf("got %d rooms, want the 6 of all owners, by owner: %+v", got, rooms)
		}
		b.must(b.SetQuota(t.Context(), gsp.Quota{Owner: "ke", Octets: gsp.NoQuota, SetBy: "root", Set: at(2)}))
		b.must(b.SetFilled(t.Context(), "ke", time.Time{}))
		if got := b.room("ke"); got.Quota != 0 || !got.Own || !got.Filled.IsZero() {
			t.Errorf("without a limit: got %+v", got)
		}
		set, err := b.Quotas(t.Context(), "ke")
		b.must(err)
		if want := []gsp.Quota{{Owner: "ke", Octets: 1 << 20, SetBy: "root", Set: at(1)}, {Owner: "ke", Octets: gsp.NoQuota, SetBy: "root", Set: at(2)}}; !slices.Equal(set, want) {
			t.Errorf("who set what: got %+v, want %+v", set, want)
		}
		if _, err := b.Room(t.Context(), "nobody"); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("nobody: got %v, want ErrNotFound", err)
		}
	},

	// One full mailbox among the recipients, and nobody gets the mail.
	"a_posting_fits_all_or_none": func(t *testing.T, b *bench) {
		to := []gsp.MailboxName{gsp.Inbox("ke"), gsp.Inbox("customs1.ke"), gsp.Inbox("fr")}
		p := posting(t, 1000, to...)
		size := int64(len(p.Message.Raw()))
		b.quota("ke", size)
		b.quota("fr", size-1)
		b.quota("customs1.ke", size-1)
		before := len(b.events())
		if _, err := b.Post(t.Context(), p); !full(err, "customs1.ke", "fr") {
			t.Fatalf("got %v, want customs1.ke and fr full", err)
		}
		for _, name := range to {
			if got := b.mailbox(name).Messages; got != 0 {
				t.Errorf("%v has %d messages, want none", name, got)
			}
		}
		if got := len(b.events()); got != before {
			t.Errorf("got %d events, want none", got-before)
		}
		b.quota("fr", size)
		b.quota("customs1.ke", size)
		b.post(p)
		if _, err := b.Post(t.Context(), p); !full(err, "customs1.ke", "fr", "ke") {
			t.Errorf("once more: got %v, want all full", err)
		}
	},

	"two_deliveries_to_one_owner_count_twice": func(t *testing.T, b *bench) {
		p := posting(t, 1000, gsp.Inbox("ke"), gsp.MailboxName{Owner: "ke", Name: "Archive"})
		size := int64(len(p.Message.Raw()))
		b.quota("ke", 2*size-1)
		if _, err := b.Post(t.Context(), p); !full(err, "ke") {
			t.Errorf("got %v, want ke full", err)
		}
		b.quota("ke", 2*size)
		b.post(p)
	},

	// However many come at once: not an octet more than there is room for.
	"parallel_postings_do_not_overfill": func(t *testing.T, b *bench) {
		const fit, tries = 7, 40
		p := posting(t, 1000)
		size := int64(len(p.Message.Raw()))
		b.quota("ke", fit*size+size/2)
		var (
			wg               sync.WaitGroup
			mu               sync.Mutex
			accepted, others int
		)
		for range tries {
			wg.Go(func() {
				_, err := b.Post(t.Context(), p)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					accepted++
				case !full(err, "ke"):
					others++
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := b.room("ke"); accepted != fit || got.Octets != fit*size {
			t.Errorf("accepted %d, holds %d octets, want %d and %d", accepted, got.Octets, fit, fit*size)
		}
	},

	"a_notice_may_use_the_reserve": func(t *testing.T, b *bench) {
		b.quota("ke", 1)
		p := posting(t, 1000)
		if _, err := b.Post(t.Context(), p); !full(err, "ke") {
			t.Errorf("got %v, want ke full", err)
		}
		p.Reserve = true
		b.post(p)
		big := posting(t, gsp.NoticeReserve)
		big.Reserve = true
		if _, err := b.Post(t.Context(), big); !full(err, "ke") {
			t.Errorf("more than the reserve: got %v, want ke full", err)
		}
	},

	"what_is_deleted_makes_room": func(t *testing.T, b *bench) {
		inbox := b.fill(3)
		b.quota("ke", -1) // lowered below what is there
		p := posting(t, 1000)
		if _, err := b.Post(t.Context(), p); !full(err, "ke") {
			t.Errorf("got %v, want ke full", err)
		}
		if got := b.room("ke").Messages; got != 3 {
			t.Errorf("a lower quota left %d messages, want all 3", got)
		}
		b.must(b.Expunge(t.Context(), inbox, []uint32{2}))
		if _, err := b.Post(t.Context(), p); !full(err, "ke") {
			t.Errorf("got %v, want ke full still: it lacks an octet", err)
		}
		b.must(b.Expunge(t.Context(), inbox, []uint32{1}))
		b.post(p)
		cases := b.create("ke", "Cases")
		_, err := b.Move(t.Context(), inbox, cases.ID, []uint32{3})
		b.must(err)
		b.must(b.DeleteMailbox(t.Context(), cases.ID))
		b.post(p)
		if _, err := b.Post(t.Context(), p); !full(err, "ke") {
			t.Errorf("got %v, want ke full again", err)
		}
	},

	"a_copy_needs_room_and_a_move_needs_none": func(t *testing.T, b *bench) {
		for range 2 {
			b.post(posting(t, 1000, gsp.Inbox("customs1.ke")))
		}
		inbox := b.mailbox(gsp.Inbox("customs1.ke")).ID
		archive := b.mailbox(gsp.MailboxName{Owner: "customs1.ke", Name: "Archive"}).ID
		trash := b.mailbox(gsp.MailboxName{Owner: "customs1.ke", Name: "Trash"}).ID
		b.quota("customs1.ke", b.room("customs1.ke").Octets/2) // room for one
		if _, err := b.Copy(t.Context(), inbox, archive, []uint32{1, 2}); !full(err, "customs1.ke") {
			t.Errorf("copy of two: got %v, want no room", err)
		}
		if got := b.mailbox(gsp.MailboxName{Owner: "customs1.ke", Name: "Archive"}).Messages; got != 0 {
			t.Errorf("a refused copy left %d messages", got)
		}
		_, err := b.Copy(t.Context(), inbox, archive, []uint32{1})
		b.must(err)
		_, err = b.Move(t.Context(), inbox, archive, []uint32{2})
		b.must(err)
		// To delete, older clients copy into the trash.
		for range 3 {
			_, err = b.Copy(t.Context(), archive, trash, []uint32{1})
			b.must(err)
		}
		if _, err = b.Copy(t.Context(), archive, trash, []uint32{1}); !full(err, "customs1.ke") {
			t.Errorf("trash of twice the quota: got %v, want no room", err)
		}
		// Into another owner's a move is as a copy.
		b.quota("ke", 1)
		if _, err = b.Move(t.Context(), archive, b.mailbox(gsp.Inbox("ke")).ID, []uint32{1}); !full(err, "ke") {
			t.Errorf("move to another owner: got %v, want ke full", err)
		}
	},
}
