package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

var postTests = map[string]func(*testing.T, *bench){
	"keeps_every_octet": func(t *testing.T, b *bench) {
		for _, size := range []int{1000, 8 << 10, 127 << 10, 129 << 10, 1 << 20} {
			p := posting(t, size)
			r := b.post(p)
			got, err := b.Body(t.Context(), r.Mail)
			if err != nil {
				t.Fatalf("body of %d octets: %v", size, err)
			}
			if !bytes.Equal(got, p.Message.Raw()) {
				t.Errorf("body of %d octets differs from what was posted", size)
			}
			sums, err := b.Summaries(t.Context(), r.Placed[0].Mailbox, []uint32{r.Placed[0].UID})
			if err != nil {
				t.Fatalf("summary: %v", err)
			}
			if got := sums[r.Placed[0].UID]; !reflect.DeepEqual(got, p.Summary) {
				t.Errorf("summary\n got %+v\nwant %+v", got, p.Summary)
			}
		}
	},

	"places_each_delivery": func(t *testing.T, b *bench) {
		p := posting(t, 2000, gsp.Inbox("ke"), gsp.Inbox("customs1.ke"))
		p.Deliveries = append(p.Deliveries, gsp.Delivery{
			Mailbox: gsp.MailboxName{Owner: "customs1.fr", Name: "Sent"}, Flags: gsp.Seen | gsp.Flagged,
			Keywords: []string{"b", "$Forwarded"}, Received: at(7),
		})
		b.bells()
		r := b.post(p)
		if len(r.Placed) != 3 {
			t.Fatalf("placed %d, want 3", len(r.Placed))
		}
		rung := b.bells()
		for i, d := range p.Deliveries {
			box := b.mailbox(d.Mailbox)
			want := gsp.Placement{Mailbox: box.ID, UIDValidity: box.UIDValidity, UID: 1}
			if r.Placed[i] != want {
				t.Errorf("delivery %d placed at %+v, want %+v", i, r.Placed[i], want)
			}
			if !slices.Contains(rung, box.ID) {
				t.Errorf("bell of %v did not ring", d.Mailbox)
			}
		}
		size := int64(len(p.Message.Raw()))
		sent := b.since(r.Placed[2].Mailbox, 0).Changed
		want := []gsp.Item{{
			UID: 1, ModSeq: 2, Mail: r.Mail, Flags: gsp.Seen | gsp.Flagged, Keywords: []string{"$Forwarded", "b"},
			Received: at(7), Size: size,
		}}
		if !reflect.DeepEqual(sent, want) {
			t.Errorf("Sent\n got %+v\nwant %+v", sent, want)
		}
		box := b.mailbox(gsp.Inbox("ke"))
		if box.Messages != 1 || box.Unseen != 1 || box.Deleted != 0 || box.Size != size || box.UIDNext != 2 {
			t.Errorf("counters %+v", box)
		}
	},

	"is_whole_or_not_at_all": func(t *testing.T, b *bench) {
		before, events := b.mailbox(gsp.Inbox("ke")), len(b.events())
		p := posting(t, 1000, gsp.Inbox("ke"), gsp.Inbox("nobody"))
		p.Open = &gsp.Case{ID: "2026-KE-00001", Requester: "fr", Asked: []gsp.PartyID{"ke"}, Opened: at(2)}
		if _, err := b.Post(t.Context(), p); !errors.Is(err, gsp.ErrNotFound) {
			t.Fatalf("post to a mailbox that is not there: %v, want ErrNotFound", err)
		}
		if got := b.mailbox(gsp.Inbox("ke")); got != before {
			t.Errorf("mailbox changed\n got %+v\nwant %+v", got, before)
		}
		if got := len(b.events()); got != events {
			t.Errorf("%d events, want %d", got, events)
		}
		if got, err := b.Cases(t.Context(), "fr", "2026-KE-00001", nil); err != nil || len(got) > 0 {
			t.Errorf("case of a posting that failed: %+v, %v, want none", got, err)
		}
	},

	"refuses_what_was_not_inspected": func(t *testing.T, b *bench) {
		p := posting(t, 1000)
		p.Message, p.Summary.Layout = sealed.Message{}, sealed.Layout{}
		if _, err := b.Post(t.Context(), p); err == nil {
			t.Error("posted a zero message")
		}
		q := posting(t, 1000)
		q.Summary.Layout.Header--
		if _, err := b.Post(t.Context(), q); err == nil {
			t.Error("posted a message with the layout of another")
		}
	},

	// Many post at once, and some of them what cannot be: the others do not
	// notice, and each UID is given once.
	"many_at_once": func(t *testing.T, b *bench) {
		const posters, each = 8, 40
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			uids []uint32
		)
		taken := gsp.Case{ID: "2026-KE-TAKEN", Requester: "fr", Opened: at(1)}
		first := posting(t, 1000, gsp.Inbox("fr"))
		first.Open = &taken
		b.post(first)
		for range posters {
			wg.Go(func() {
				for i := range each {
					switch i % 4 {
					case 2:
						p := posting(t, 1000)
						p.Open = &taken
						if _, err := b.Post(t.Context(), p); !errors.Is(err, gsp.ErrCaseTaken) {
							t.Errorf("case in use: %v, want ErrCaseTaken", err)
						}
					case 3:
						_, err := b.Post(t.Context(), posting(t, 1000, gsp.Inbox("ke"), gsp.Inbox("nobody")))
						if !errors.Is(err, gsp.ErrNotFound) {
							t.Errorf("unknown mailbox: %v, want ErrNotFound", err)
						}
					default:
						r, err := b.Post(t.Context(), posting(t, 1000))
						if err != nil {
							t.Errorf("post: %v", err)
							return
						}
						mu.Lock()
						uids = append(uids, r.Placed[0].UID)
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		slices.Sort(uids)
		for i, uid := range uids {
			if uid != uint32(i+1) {
				t.Fatalf("UIDs %v, want 1 to %d", uids, posters*each/2)
			}
		}
		box := b.mailbox(gsp.Inbox("ke"))
		if box.Messages != posters*each/2 || int(box.UIDNext) != box.Messages+1 || int(box.ModSeq) != box.Messages+1 {
			t.Errorf("mailbox %+v after %d mails", box, posters*each/2)
		}
	},

	"reopening_keeps_all": func(t *testing.T, b *bench) {
		small, large := posting(t, 1000), posting(t, 300<<10)
		small.Open = &gsp.Case{ID: "2026-KE-7Q4M2", Requester: "fr", Asked: []gsp.PartyID{"ke"}, Opened: at(2)}
		small.Event.Case = small.Open.ID
		receipts := []gsp.Receipt{b.post(small), b.post(large)}
		id := receipts[0].Placed[0].Mailbox
		b.must(b.SetFlags(t.Context(), id, []uint32{1}, gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Answered}))
		box, delta, events := b.mailbox(gsp.Inbox("ke")), b.since(id, 0), b.events()
		roll, err := b.Load(t.Context())
		b.must(err)

		b.reopen()
		if got := b.mailbox(gsp.Inbox("ke")); got != box {
			t.Errorf("mailbox\n got %+v\nwant %+v", got, box)
		}
		if got := b.since(id, 0); !reflect.DeepEqual(got, delta) {
			t.Errorf("messages\n got %+v\nwant %+v", got, delta)
		}
		if got := b.events(); !reflect.DeepEqual(got, events) {
			t.Errorf("events\n got %+v\nwant %+v", got, events)
		}
		if got, err := b.Load(t.Context()); err != nil || !reflect.DeepEqual(got, roll) {
			t.Errorf("roll\n got %+v, %v\nwant %+v", got, err, roll)
		}
		small.Open.Since = small.Open.Opened // which the store sets
		if got, err := b.Cases(t.Context(), "fr", "", []string{small.Summary.Envelope.MessageID}); err != nil ||
			!reflect.DeepEqual(got, []gsp.Case{*small.Open}) {
			t.Errorf("case %+v, %v, want %+v", got, err, *small.Open)
		}
		for i, p := range []gsp.Posting{small, large} {
			got, err := b.Body(t.Context(), receipts[i].Mail)
			if err != nil || !bytes.Equal(got, p.Message.Raw()) {
				t.Errorf("body %d differs, %v", i, err)
			}
		}
		if r := b.post(posting(t, 1000)); r.Placed[0].UID != 3 || r.Mail <= receipts[1].Mail || r.Event <= receipts[1].Event {
			t.Errorf("numbers after reopening do not rise: %+v", r)
		}
	},
}
