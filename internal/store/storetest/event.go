package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

var eventTests = map[string]func(*testing.T, *bench){
	"every_field_is_kept": func(t *testing.T, b *bench) {
		want := gsp.Event{
			At: at(1), Kind: gsp.MailRefused, Party: "fr", Account: 7, Peers: []gsp.PartyID{"de", "ke"}, Mail: 3,
			Case: "2026-KE-7Q4M2", Repeats: "2026-KE-00001", Type: gsp.Reply, UIMs: 900, Reason: gsp.NotSealed, Role: gsp.Replier,
			Pattern: "ke-1", Library: 4, Policy: gsp.ClosedCase, Months: 24, Mails: 17, Octets: 1 << 40,
		}
		given := want
		given.Peers = []gsp.PartyID{"ke", "de"}
		given.At = at(1).Add(time.Microsecond).In(time.FixedZone("EAT", 3*60*60))
		b.must(b.Record(t.Context(), given))
		b.must(b.Record(t.Context(), gsp.Event{At: at(2), Kind: gsp.MailKept}))
		events := b.events()
		want.ID = events[0].ID
		if !reflect.DeepEqual(events[0], want) {
			t.Errorf("event\n got %+v\nwant %+v", events[0], want)
		}
		if minimal := (gsp.Event{ID: events[1].ID, At: at(2), Kind: gsp.MailKept}); !reflect.DeepEqual(events[1], minimal) {
			t.Errorf("event\n got %+v\nwant %+v", events[1], minimal)
		}
		if v := reflect.ValueOf(want); v.NumField() != 19 {
			t.Errorf("an event has %d fields, and this test knows 19", v.NumField())
		}
	},

	// A reader takes up where it stopped while others write: it must get each
	// event once and in order, so that a report is made of all of them.
	"come_in_order_and_once": func(t *testing.T, b *bench) {
		const writers, each = 4, 600
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if err := b.Record(t.Context(), gsp.Event{At: at(1), Kind: gsp.MailRefused, Account: gsp.AccountID(w), UIMs: i}); err != nil {
						t.Errorf("record: %v", err)
						return
					}
				}
			})
		}
		var got []gsp.Event
		last := int64(0)
		for len(got) < writers*each && !t.Failed() {
			for e, err := range b.Events(t.Context(), last) {
				b.must(err)
				if e.ID <= last {
					t.Fatalf("event %d after %d", e.ID, last)
				}
				got, last = append(got, e), e.ID
			}
		}
		wg.Wait()
		next := make([]int, writers)
		for _, e := range got {
			if e.UIMs != next[e.Account] {
				t.Fatalf("writer %d's event %d came when %d was due", e.Account, e.UIMs, next[e.Account])
			}
			next[e.Account]++
		}
		if want := slices.Repeat([]int{each}, writers); !slices.Equal(next, want) {
			t.Errorf("events by writer %v, want %v", next, want)
		}
	},

	"end_with_the_reader_or_the_context": func(t *testing.T, b *bench) {
		for range 3 {
			b.must(b.Record(t.Context(), gsp.Event{At: at(1), Kind: gsp.MailKept}))
		}
		n := 0
		for range b.Events(t.Context(), 0) {
			if n++; n == 2 {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range b.Events(ctx, 0) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("events of an ended context: %v, want context.Canceled", err)
			}
		}
		if err := b.Record(ctx, gsp.Event{At: at(1), Kind: gsp.MailKept}); !errors.Is(err, context.Canceled) {
			t.Errorf("record with an ended context: %v, want context.Canceled", err)
		}
		if n := b.kinds()[gsp.MailKept]; n != 3 {
			t.Errorf("%d events, want 3", n)
		}
	},
}
