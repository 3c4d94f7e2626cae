package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func (b *bench) setFlags(id gsp.MailboxID, mode gsp.FlagMode, flags gsp.Flags, keywords []string, uids ...uint32) {
	b.t.Helper()
	b.must(b.SetFlags(b.t.Context(), id, uids, gsp.FlagChange{Mode: mode, Flags: flags, Keywords: keywords}))
}

var messageTests = map[string]func(*testing.T, *bench){
	"since_tells_what_happened_and_no_more": func(t *testing.T, b *bench) {
		id := b.fill(5)
		start := b.since(id, 0)
		if got, want := uidsOf(start.Changed), []uint32{1, 2, 3, 4, 5}; !slices.Equal(got, want) || len(start.Vanished) > 0 {
			t.Fatalf("whole mailbox %v, vanished %v", got, start.Vanished)
		}
		if got := b.since(id, start.ModSeq); len(got.Changed)+len(got.Vanished) > 0 || got.ModSeq != start.ModSeq {
			t.Errorf("nothing happened, and Since tells %+v", got)
		}

		b.setFlags(id, gsp.AddFlags, gsp.Flagged, nil, 4, 2)
		b.must(b.Expunge(t.Context(), id, []uint32{5, 3, 77}))
		b.post(posting(t, 1000))
		d := b.since(id, start.ModSeq)
		if got, want := uidsOf(d.Changed), []uint32{2, 4, 6}; !slices.Equal(got, want) {
			t.Errorf("changed %v, want %v", got, want)
		}
		if want := []uint32{3, 5}; !slices.Equal(d.Vanished, want) {
			t.Errorf("vanished %v, want %v", d.Vanished, want)
		}
		if d.UIDNext != 7 || d.ModSeq <= start.ModSeq {
			t.Errorf("UIDNEXT %d, modification sequence %d after %d", d.UIDNext, d.ModSeq, start.ModSeq)
		}
		for _, item := range d.Changed {
			if item.ModSeq <= start.ModSeq || item.ModSeq > d.ModSeq {
				t.Errorf("message %d has %d, want above %d and at most %d", item.UID, item.ModSeq, start.ModSeq, d.ModSeq)
			}
		}
		whole := b.since(id, 0)
		if got, want := uidsOf(whole.Changed), []uint32{1, 2, 4, 6}; !slices.Equal(got, want) || len(whole.Vanished) > 0 {
			t.Errorf("whole mailbox %v, vanished %v, want %v and none", got, whole.Vanished, want)
		}
		if _, err := b.Since(t.Context(), 9999, 0); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("unknown mailbox: %v, want ErrNotFound", err)
		}
	},

	// A follower that applies each delta to what it has must see at every step
	// what a newcomer sees.
	"deltas_add_up": func(t *testing.T, b *bench) {
		id := b.fill(3)
		archive := b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"}).ID
		view, at := map[uint32]gsp.Item{}, gsp.ModSeq(0)
		steps := []func(){
			func() {},
			func() { b.fill(2) },
			func() { b.setFlags(id, gsp.SetFlags, gsp.Seen, []string{"x"}, 1, 2) },
			func() { b.must(b.Expunge(t.Context(), id, []uint32{2})) },
			func() { _, err := b.Move(t.Context(), id, archive, []uint32{1, 5}); b.must(err) },
			func() { _, err := b.Move(t.Context(), archive, id, []uint32{1}); b.must(err) },
			func() { _, err := b.Copy(t.Context(), id, id, []uint32{3, 4}); b.must(err) },
			func() { b.fill(1); b.must(b.Expunge(t.Context(), id, []uint32{9})) },
			func() { b.reopen(); b.setFlags(id, gsp.RemoveFlags, gsp.Seen, []string{"x"}, 6) },
		}
		for i, step := range steps {
			step()
			d := b.since(id, at)
			if d.ModSeq < at {
				t.Fatalf("step %d: modification sequence fell from %d to %d", i, at, d.ModSeq)
			}
			at = d.ModSeq
			for _, item := range d.Changed {
				view[item.UID] = item
			}
			for _, uid := range d.Vanished {
				delete(view, uid)
			}
			whole := map[uint32]gsp.Item{}
			for _, item := range b.since(id, 0).Changed {
				whole[item.UID] = item
			}
			if !reflect.DeepEqual(view, whole) {
				t.Fatalf("step %d: follower has %+v\nmailbox has %+v", i, view, whole)
			}
			b.recount(id)
		}
	},

	"numbers_never_come_back": func(t *testing.T, b *bench) {
		id := b.fill(2)
		last := b.post(posting(t, 1000))
		b.must(b.Expunge(t.Context(), id, []uint32{3, 2, 1}))
		b.reopen()
		if r := b.post(posting(t, 1000)); r.Placed[0].UID != 4 || r.Mail <= last.Mail {
			t.Errorf("message %d, mail %d after mails up to %d were expunged, want message 4 and a higher mail",
				r.Placed[0].UID, r.Mail, last.Mail)
		}
	},

	"flags": func(t *testing.T, b *bench) {
		id := b.fill(2)
		for _, c := range []struct {
			mode     gsp.FlagMode
			flags    gsp.Flags
			keywords []string
			want     gsp.Flags
			wantKeys []string
		}{
			{gsp.AddFlags, gsp.Seen | gsp.Deleted, []string{"b", "a", "b"}, gsp.Seen | gsp.Deleted, []string{"a", "b"}},
			{gsp.AddFlags, gsp.Flagged, []string{"c"}, gsp.Seen | gsp.Deleted | gsp.Flagged, []string{"a", "b", "c"}},
			{gsp.RemoveFlags, gsp.Deleted | gsp.Draft, []string{"a", "z"}, gsp.Seen | gsp.Flagged, []string{"b", "c"}},
			{gsp.SetFlags, gsp.Answered, []string{"d"}, gsp.Answered, []string{"d"}},
			{gsp.SetFlags, 0, nil, 0, nil},
		} {
			before := b.since(id, 0).ModSeq
			b.setFlags(id, c.mode, c.flags, c.keywords, 1)
			d := b.since(id, before)
			if len(d.Changed) != 1 || d.Changed[0].Flags != c.want || !slices.Equal(d.Changed[0].Keywords, c.wantKeys) {
				t.Errorf("after %+v: %+v, want flags %b, keywords %q", c, d.Changed, c.want, c.wantKeys)
			}
			b.recount(id)
		}
		before := b.since(id, 0)
		b.bells()
		b.setFlags(id, gsp.RemoveFlags, gsp.Seen, nil, 1, 2)
		if got := b.since(id, 0); !reflect.DeepEqual(got, before) {
			t.Errorf("a change that changes nothing\n got %+v\nwant %+v", got, before)
		}
		if rung := b.bells(); len(rung) != 0 {
			t.Errorf("a change that changes nothing rang %v", rung)
		}
		for _, keyword := range []string{"", "two words", "a\r\nb"} {
			err := b.SetFlags(t.Context(), id, []uint32{1}, gsp.FlagChange{Mode: gsp.AddFlags, Keywords: []string{keyword}})
			if err == nil {
				t.Errorf("keyword %q was set", keyword)
			}
		}
	},

	// A line of all keywords is read by each client that opens the mailbox.
	"keywords_have_limits": func(t *testing.T, b *bench) {
		id := b.fill(5)
		archive := b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"}).ID
		names := func(prefix string, n int) (names []string) {
			for i := range n {
				names = append(names, fmt.Sprintf("%s%02d", prefix, i))
			}
			return names
		}
		set := func(box gsp.MailboxID, mode gsp.FlagMode, keywords []string, uids ...uint32) error {
			return b.SetFlags(t.Context(), box, uids, gsp.FlagChange{Mode: mode, Keywords: keywords, By: "ann"})
		}
		for i, prefix := range []string{"a", "b", "c", "d"} {
			b.must(set(id, gsp.AddFlags, names(prefix, gsp.MessageKeywords), uint32(i+1)))
		}
		for _, no := range []struct {
			mode     gsp.FlagMode
			keywords []string
			uid      uint32
		}{
			{gsp.AddFlags, []string{"b00"}, 1},                                // one more on a message
			{gsp.AddFlags, []string{"e00"}, 5},                                // one more in the mailbox
			{gsp.SetFlags, append(names("a", gsp.MessageKeywords), "b00"), 1}, // the same by replacing
			{gsp.SetFlags, []string{"e00"}, 5},
		} {
			if err := set(id, no.mode, no.keywords, no.uid); !errors.Is(err, gsp.ErrTooManyKeywords) {
				t.Errorf("%+v: got %v, want %v", no, err, gsp.ErrTooManyKeywords)
			}
		}
		p := posting(t, 1000)
		p.Deliveries[0].Keywords = []string{"e00"}
		if _, err := b.Post(t.Context(), p); !errors.Is(err, gsp.ErrTooManyKeywords) {
			t.Errorf("a mail with one more: got %v, want %v", err, gsp.ErrTooManyKeywords)
		}
		b.must(set(id, gsp.AddFlags, []string{"b00"}, 5))                                                                // one that is there
		b.must(b.SetFlags(t.Context(), id, []uint32{1}, gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen, By: "ann"})) // who was first always has a place

		// What went from all messages makes room, also after a restart.
		b.must(set(id, gsp.RemoveFlags, []string{"a00"}, 1))
		b.must(set(id, gsp.AddFlags, []string{"e00"}, 5))
		b.reopen()
		if err := set(id, gsp.AddFlags, []string{"e01"}, 5); !errors.Is(err, gsp.ErrTooManyKeywords) {
			t.Errorf("after a restart: got %v, want %v", err, gsp.ErrTooManyKeywords)
		}

		// Copies and moves go on without what has no place there.
		_, err := b.Copy(t.Context(), id, archive, []uint32{1, 2, 3, 4})
		b.must(err)
		b.must(set(id, gsp.SetFlags, nil, 4))
		b.must(set(id, gsp.SetFlags, []string{"f00", "c00"}, 4))
		moved, err := b.Move(t.Context(), id, archive, []uint32{4})
		b.must(err)
		items, err := b.Items(t.Context(), archive, moved.To)
		b.must(err)
		if len(items) != 1 || !slices.Equal(items[0].Keywords, []string{"c00", "f00"}) { // a00 had left a place
			t.Errorf("moved with %+v, want c00 and f00", items)
		}
		b.must(set(id, gsp.SetFlags, []string{"f01", "c01"}, 5))
		moved, err = b.Move(t.Context(), id, archive, []uint32{5})
		b.must(err)
		items, err = b.Items(t.Context(), archive, moved.To)
		b.must(err)
		if len(items) != 1 || !slices.Equal(items[0].Keywords, []string{"c01"}) {
			t.Errorf("moved with %+v, want c01 alone", items)
		}
		l, err := b.Listing(t.Context(), archive)
		b.must(err)
		if n := len(slices.DeleteFunc(l.Keywords, gsp.IsFirst)); n != gsp.MailboxKeywords {
			t.Errorf("the mailbox has %d keywords, want %d", n, gsp.MailboxKeywords)
		}
	},

	"a_mail_is_read_once": func(t *testing.T, b *bench) {
		name := gsp.MailboxName{Owner: "customs1.fr", Name: "Sent"}
		p := posting(t, 1000, gsp.Inbox("ke"), gsp.Inbox("customs1.ke"))
		p.Deliveries = append(p.Deliveries, gsp.Delivery{Mailbox: name, Received: at(3)})
		r := b.post(p)
		inbox, own, sent := r.Placed[0].Mailbox, r.Placed[1].Mailbox, r.Placed[2].Mailbox
		archive := b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"}).ID

		b.setFlags(sent, gsp.AddFlags, gsp.Seen, nil, 1) // the sender's own copy
		b.setFlags(inbox, gsp.AddFlags, gsp.Flagged, nil, 1)
		if n := b.kinds()[gsp.MailRead]; n != 0 {
			t.Fatalf("%d reads before anyone of the Party read it", n)
		}
		_, err := b.Copy(t.Context(), inbox, archive, []uint32{1})
		b.must(err)
		b.setFlags(archive, gsp.AddFlags, gsp.Seen, nil, 1) // a copy is the mail
		events := b.events()
		last := events[len(events)-1]
		if last.Kind != gsp.MailRead || last.Party != "ke" || last.Mail != r.Mail || last.Account != 0 {
			t.Fatalf("event %+v, want that ke read mail %d", last, r.Mail)
		}
		moved, err := b.Move(t.Context(), inbox, archive, []uint32{1})
		b.must(err)
		b.setFlags(archive, gsp.SetFlags, gsp.Seen, nil, moved.To[0])
		b.setFlags(archive, gsp.RemoveFlags, gsp.Seen, nil, 1)
		b.setFlags(archive, gsp.AddFlags, gsp.Seen, nil, 1)
		b.setFlags(own, gsp.AddFlags, gsp.Seen, nil, 1) // by another officer of the same Party
		if n := b.kinds()[gsp.MailRead]; n != 1 {
			t.Errorf("%d reads, want 1", n)
		}
	},

	"copy": func(t *testing.T, b *bench) {
		id := b.fill(3)
		b.setFlags(id, gsp.SetFlags, gsp.Answered, []string{"k"}, 3)
		to := b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"})
		b.bells()
		got, err := b.Copy(t.Context(), id, to.ID, []uint32{3, 9, 1})
		b.must(err)
		want := gsp.Copied{UIDValidity: to.UIDValidity, From: []uint32{1, 3}, To: []uint32{1, 2}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("copied %+v, want %+v", got, want)
		}
		if rung := b.bells(); !slices.Equal(rung, []gsp.MailboxID{to.ID}) {
			t.Errorf("rang %v, want %d", rung, to.ID)
		}
		original, copied := b.since(id, 0).Changed[2], b.since(to.ID, 0).Changed[1]
		original.UID, original.ModSeq = copied.UID, copied.ModSeq
		if !reflect.DeepEqual(copied, original) {
			t.Errorf("copy %+v, want %+v", copied, original)
		}
		b.recount(to.ID)
		b.must(b.Expunge(t.Context(), id, []uint32{1, 2, 3}))
		if _, err := b.Body(t.Context(), copied.Mail); err != nil {
			t.Errorf("body of the copy after its original went: %v", err)
		}
		if _, err := b.Copy(t.Context(), to.ID, 9999, []uint32{1}); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("copy to an unknown mailbox: %v, want ErrNotFound", err)
		}
	},

	"move": func(t *testing.T, b *bench) {
		id := b.fill(3)
		to := b.mailbox(gsp.MailboxName{Owner: "ke", Name: "Archive"})
		before := b.since(id, 0).ModSeq
		got, err := b.Move(t.Context(), id, to.ID, []uint32{2, 3})
		b.must(err)
		want := gsp.Copied{UIDValidity: to.UIDValidity, From: []uint32{2, 3}, To: []uint32{1, 2}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("moved %+v, want %+v", got, want)
		}
		if d := b.since(id, before); !slices.Equal(d.Vanished, []uint32{2, 3}) || len(d.Changed) > 0 {
			t.Errorf("source after the move %+v", d)
		}
		if d := b.since(to.ID, 0); !slices.Equal(uidsOf(d.Changed), []uint32{1, 2}) {
			t.Errorf("destination after the move %+v", d)
		}
		if _, err := b.Move(t.Context(), id, 9999, []uint32{1}); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("move to an unknown mailbox: %v, want ErrNotFound", err)
		}
		if got := uidsOf(b.since(id, 0).Changed); !slices.Equal(got, []uint32{1}) {
			t.Errorf("source after a failed move %v, want [1]", got)
		}
		same, err := b.Move(t.Context(), id, id, []uint32{1})
		b.must(err)
		if !slices.Equal(same.To, []uint32{4}) || !slices.Equal(uidsOf(b.since(id, 0).Changed), []uint32{4}) {
			t.Errorf("move within a mailbox %+v", same)
		}
		b.recount(id)
		b.recount(to.ID)
	},

	"expunge_removes_the_octets_with_the_last_message": func(t *testing.T, b *bench) {
		for _, size := range []int{1000, 300 << 10} {
			r := b.post(posting(t, size, gsp.Inbox("ke"), gsp.Inbox("fr")))
			b.must(b.Expunge(t.Context(), r.Placed[0].Mailbox, []uint32{r.Placed[0].UID}))
			if _, err := b.Body(t.Context(), r.Mail); err != nil {
				t.Errorf("body of %d octets after the first expunge: %v", size, err)
			}
			b.must(b.Expunge(t.Context(), r.Placed[1].Mailbox, []uint32{r.Placed[1].UID}))
			if _, err := b.Body(t.Context(), r.Mail); !errors.Is(err, gsp.ErrNotFound) {
				t.Errorf("body of %d octets after the last expunge: %v, want ErrNotFound", size, err)
			}
			sums, err := b.Summaries(t.Context(), r.Placed[0].Mailbox, []uint32{r.Placed[0].UID})
			if err != nil || len(sums) != 0 {
				t.Errorf("summaries of an expunged message %v, %v", sums, err)
			}
			b.recount(r.Placed[0].Mailbox)
		}
	},

	"summaries_by_uid": func(t *testing.T, b *bench) {
		id := b.fill(4)
		sums, err := b.Summaries(t.Context(), id, []uint32{4, 2, 2, 99})
		b.must(err)
		if len(sums) != 2 || sums[2].Envelope.MessageID == "" || sums[2].Envelope.MessageID == sums[4].Envelope.MessageID {
			t.Errorf("summaries %+v, want two different ones", sums)
		}
		if sums, err := b.Summaries(t.Context(), id, nil); err != nil || len(sums) != 0 {
			t.Errorf("summaries of no UID %v, %v", sums, err)
		}
	},
}

// recount compares a mailbox's counters with its messages.
func (b *bench) recount(id gsp.MailboxID) {
	b.t.Helper()
	got, err := b.Mailbox(b.t.Context(), id)
	b.must(err)
	want := got
	want.Messages, want.Unseen, want.Deleted, want.Size = 0, 0, 0, 0
	for _, item := range b.since(id, 0).Changed {
		want.Messages++
		want.Size += item.Size
		if item.Flags&gsp.Seen == 0 {
			want.Unseen++
		}
		if item.Flags&gsp.Deleted != 0 {
			want.Deleted++
		}
	}
	if got != want {
		b.t.Errorf("counters\n got %+v\nwant %+v", got, want)
	}
}
