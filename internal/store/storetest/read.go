package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

var readTests = map[string]func(*testing.T, *bench){
	// What a listing tells is what the whole delta tells.
	"a_listing_is_the_whole_mailbox": func(t *testing.T, b *bench) {
		id := b.fill(0)
		empty, err := b.Listing(t.Context(), id)
		b.must(err)
		if want := (gsp.Listing{UIDNext: 1, ModSeq: empty.ModSeq, UIDs: []uint32{}}); !reflect.DeepEqual(empty, want) {
			t.Errorf("empty mailbox: got %+v, want %+v", empty, want)
		}
		b.fill(12)
		b.must(b.Expunge(t.Context(), id, []uint32{3, 4, 12}))
		b.setFlags(id, gsp.AddFlags, gsp.Seen, []string{"b,c", "a"}, 1, 2)
		b.setFlags(id, gsp.AddFlags, gsp.Flagged, []string{"b,c", "d"}, 7)
		got, err := b.Listing(t.Context(), id)
		b.must(err)
		delta := b.since(id, 0)
		want := gsp.Listing{
			UIDNext: delta.UIDNext, ModSeq: delta.ModSeq, UIDs: uidsOf(delta.Changed),
			Unseen: 5, Keywords: []string{"a", "b,c", "d"},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if _, err := b.Listing(t.Context(), 9999); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("unknown mailbox: %v, want ErrNotFound", err)
		}
	},

	"flagged": func(t *testing.T, b *bench) {
		id := b.fill(11)
		b.setFlags(id, gsp.AddFlags, gsp.Seen|gsp.Flagged, nil, 2, 9, 11)
		b.setFlags(id, gsp.AddFlags, gsp.Seen, nil, 10)
		for _, c := range []struct {
			mask, want gsp.Flags
			uids       []uint32
		}{
			{gsp.Seen, gsp.Seen, []uint32{2, 9, 10, 11}},
			{gsp.Seen | gsp.Flagged, gsp.Seen, []uint32{10}},
			{gsp.Seen, 0, []uint32{1, 3, 4, 5, 6, 7, 8}},
			{gsp.Draft, gsp.Draft, nil},
		} {
			got, err := b.Flagged(t.Context(), id, c.mask, c.want)
			b.must(err)
			if !slices.Equal(got, c.uids) {
				t.Errorf("%b of %b: got %v, want %v", c.want, c.mask, got, c.uids)
			}
		}
	},

	"items_by_uid": func(t *testing.T, b *bench) {
		id := b.fill(30)
		b.setFlags(id, gsp.AddFlags, gsp.Flagged, []string{"x"}, 4)
		b.must(b.Expunge(t.Context(), id, []uint32{5}))
		all := b.since(id, 0).Changed
		for _, uids := range [][]uint32{
			{}, {4}, {4, 5, 6}, {1, 30}, {30, 4, 1}, {3, 4, 6, 7}, {5}, {29, 30, 31, 32}, {4294967295},
		} {
			got, err := b.Items(t.Context(), id, uids)
			b.must(err)
			want := slices.DeleteFunc(slices.Clone(all), func(item gsp.Item) bool { return !slices.Contains(uids, item.UID) })
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%v: got %+v, want %+v", uids, got, want)
			}
		}
	},

	"bodies_by_mail": func(t *testing.T, b *bench) {
		var mails []gsp.MailID
		want := map[gsp.MailID][]byte{}
		for _, size := range []int{1000, 50_000, 300_000, 2000, 300_000} {
			p := posting(t, size)
			mail := b.post(p).Mail
			mails = append(mails, mail)
			want[mail] = p.Message.Raw()
		}
		got, err := b.Bodies(t.Context(), append(mails, 9999))
		b.must(err)
		if len(got) != len(want) {
			t.Errorf("got %d mails, want %d", len(got), len(want))
		}
		for mail, octets := range want {
			if !bytes.Equal(got[mail], octets) {
				t.Errorf("mail %d: got %d octets, want %d", mail, len(got[mail]), len(octets))
			}
		}
	},
}
