package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func (b *bench) names(owner string) []string {
	b.t.Helper()
	all, err := b.Mailboxes(b.t.Context(), owner)
	b.must(err)
	var names []string
	for _, m := range all {
		names = append(names, m.Name.Name)
	}
	return names
}

func (b *bench) create(owner, name string) gsp.Mailbox {
	b.t.Helper()
	m, err := b.CreateMailbox(b.t.Context(), gsp.MailboxName{Owner: owner, Name: name}, "")
	b.must(err)
	return m
}

var mailboxTests = map[string]func(*testing.T, *bench){
	// The operator and the Secretariat are written to from the first day.
	"the_gateway_has_its_own": func(t *testing.T, b *bench) {
		seen := map[uint32]bool{}
		for _, owner := range []string{"postmaster", "secretariat"} {
			for _, name := range []string{"INBOX", "Archive"} {
				box := b.mailbox(gsp.MailboxName{Owner: owner, Name: name})
				if box.UIDNext != 1 || box.ModSeq != 1 || box.UIDValidity == 0 || seen[box.UIDValidity] {
					t.Errorf("mailbox %+v, want it empty and with a UIDVALIDITY of its own", box)
				}
				seen[box.UIDValidity] = true
			}
		}
		if made := b.mailbox(gsp.Inbox("ke")); seen[made.UIDValidity] {
			t.Errorf("UIDVALIDITY %d was given twice", made.UIDValidity)
		}
	},

	"standard_ones_are_there": func(t *testing.T, b *bench) {
		want := []string{"Archive", "Drafts", "INBOX", "Sent", "Trash"}
		if got := b.names("customs1.ke"); !slices.Equal(got, want) {
			t.Errorf("an account has %q, want %q", got, want)
		}
		want = []string{"Archive", "INBOX"}
		if got := b.names("ke"); !slices.Equal(got, want) {
			t.Errorf("a Party has %q, want %q", got, want)
		}
		if got := b.mailbox(gsp.MailboxName{Owner: "customs1.ke", Name: "Sent"}).Use; got != gsp.UseSent {
			t.Errorf("use of Sent is %q, want %q", got, gsp.UseSent)
		}
	},

	"create": func(t *testing.T, b *bench) {
		made := b.create("customs1.ke", "Cases/2026")
		got, err := b.Mailbox(t.Context(), made.ID)
		if err != nil || got != made {
			t.Errorf("mailbox %+v, %v, want %+v", got, err, made)
		}
		if made.UIDNext != 1 || made.ModSeq < 1 || made.UIDValidity == 0 {
			t.Errorf("new mailbox %+v", made)
		}
		if _, err := b.CreateMailbox(t.Context(), made.Name, ""); !errors.Is(err, gsp.ErrExists) {
			t.Errorf("create twice: %v, want ErrExists", err)
		}
		if _, err := b.Mailbox(t.Context(), made.ID+1000); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("unknown mailbox: %v, want ErrNotFound", err)
		}
	},

	"uidvalidity_is_never_used_again": func(t *testing.T, b *bench) {
		seen := map[uint32]bool{}
		last := uint32(0)
		for i := range 6 {
			m := b.create("customs1.ke", "Here today")
			if seen[m.UIDValidity] || m.UIDValidity <= last {
				t.Fatalf("UIDVALIDITY %d after %d", m.UIDValidity, last)
			}
			seen[m.UIDValidity], last = true, m.UIDValidity
			b.must(b.DeleteMailbox(t.Context(), m.ID))
			if i == 3 {
				b.reopen()
			}
		}
	},

	"rename": func(t *testing.T, b *bench) {
		cases := b.create("customs1.ke", "Cases")
		year := b.create("customs1.ke", "Cases/2026")
		b.create("customs1.ke", "Cases2")
		b.must(b.RenameMailbox(t.Context(), cases.ID, "Cases/old"))
		want := []string{"Archive", "Cases/old", "Cases/old/2026", "Cases2", "Drafts", "INBOX", "Sent", "Trash"}
		if got := b.names("customs1.ke"); !slices.Equal(got, want) {
			t.Errorf("after renaming %q, want %q", got, want)
		}
		if got, err := b.Mailbox(t.Context(), year.ID); err != nil || got.UIDValidity != year.UIDValidity {
			t.Errorf("renamed mailbox %+v, %v, want UIDVALIDITY %d", got, err, year.UIDValidity)
		}
		if err := b.RenameMailbox(t.Context(), cases.ID, "Cases2"); !errors.Is(err, gsp.ErrExists) {
			t.Errorf("rename to a taken name: %v, want ErrExists", err)
		}
		if err := b.RenameMailbox(t.Context(), 9999, "x"); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("rename an unknown mailbox: %v, want ErrNotFound", err)
		}
		if err := b.RenameMailbox(t.Context(), b.mailbox(gsp.Inbox("customs1.ke")).ID, "x"); err == nil {
			t.Error("INBOX was renamed")
		}
		// A mail goes to who has the name now.
		b.create("customs1.ke", "Cases")
		name := gsp.MailboxName{Owner: "customs1.ke", Name: "Cases"}
		if r := b.post(posting(t, 1000, name)); r.Placed[0].Mailbox != b.mailbox(name).ID {
			t.Errorf("posted to mailbox %d, want %d", r.Placed[0].Mailbox, b.mailbox(name).ID)
		}
		name.Name = "Cases/old"
		if r := b.post(posting(t, 1000, name)); r.Placed[0].Mailbox != cases.ID {
			t.Errorf("posted to mailbox %d, want %d", r.Placed[0].Mailbox, cases.ID)
		}
	},

	"rename_into_a_name_just_left": func(t *testing.T, b *bench) {
		x := b.create("customs1.ke", "x")
		y := b.create("customs1.ke", "x/y")
		b.must(b.RenameMailbox(t.Context(), x.ID, "x/y"))
		for id, want := range map[gsp.MailboxID]string{x.ID: "x/y", y.ID: "x/y/y"} {
			got, err := b.Mailbox(t.Context(), id)
			if err != nil || got.Name.Name != want {
				t.Errorf("mailbox %d is %q, %v, want %q", id, got.Name.Name, err, want)
			}
			r := b.post(posting(t, 1000, gsp.MailboxName{Owner: "customs1.ke", Name: want}))
			if r.Placed[0].Mailbox != id {
				t.Errorf("mail to %q went to mailbox %d, want %d", want, r.Placed[0].Mailbox, id)
			}
		}
	},

	"delete": func(t *testing.T, b *bench) {
		gone := b.create("customs1.ke", "Gone")
		below := b.create("customs1.ke", "Gone/Stays")
		shared := b.post(posting(t, 1000, gone.Name, gsp.Inbox("ke")))
		single := b.post(posting(t, 1000, gone.Name))
		b.must(b.Expunge(t.Context(), gone.ID, []uint32{shared.Placed[0].UID}))
		b.must(b.Subscribe(t.Context(), 2, gone.ID, false))
		b.must(b.DeleteMailbox(t.Context(), gone.ID))
		if _, err := b.Since(t.Context(), gone.ID, 0); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("deleted mailbox: %v, want ErrNotFound", err)
		}
		if _, err := b.Post(t.Context(), posting(t, 1000, gone.Name)); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("post to a deleted mailbox: %v, want ErrNotFound", err)
		}
		if _, err := b.Body(t.Context(), shared.Mail); err != nil {
			t.Errorf("body that another mailbox shows: %v", err)
		}
		if _, err := b.Body(t.Context(), single.Mail); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("body that no mailbox shows: %v, want ErrNotFound", err)
		}
		if _, err := b.Mailbox(t.Context(), below.ID); err != nil {
			t.Errorf("mailbox below: %v", err)
		}
		if err := b.DeleteMailbox(t.Context(), b.mailbox(gsp.Inbox("ke")).ID); err == nil {
			t.Error("INBOX was deleted")
		}
		if err := b.DeleteMailbox(t.Context(), gone.ID); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("delete twice: %v, want ErrNotFound", err)
		}
	},

	"mailboxes_have_a_limit": func(t *testing.T, b *bench) {
		made := b.create("customs1.ke", "x")
		for i := len(b.names("customs1.ke")); i < MailboxLimit; i++ {
			b.create("customs1.ke", fmt.Sprintf("x/%d", i))
		}
		name := gsp.MailboxName{Owner: "customs1.ke", Name: "y"}
		if _, err := b.CreateMailbox(t.Context(), name, ""); !errors.Is(err, gsp.ErrTooManyMailboxes) {
			t.Errorf("one more: got %v, want %v", err, gsp.ErrTooManyMailboxes)
		}
		b.must(b.RenameMailbox(t.Context(), made.ID, "z"))
		b.create("customs1.fr", "y") // another's
		b.must(b.DeleteMailbox(t.Context(), made.ID))
		b.create("customs1.ke", "y")
	},

	"subscriptions": func(t *testing.T, b *bench) {
		id := b.mailbox(gsp.Inbox("ke")).ID
		b.must(b.Subscribe(t.Context(), 1, id, false))
		b.must(b.Subscribe(t.Context(), 1, id, false))
		if got, err := b.Unsubscribed(t.Context(), 1); err != nil || !slices.Equal(got, []gsp.MailboxID{id}) {
			t.Errorf("unsubscribed %v, %v, want [%d]", got, err, id)
		}
		if got, err := b.Unsubscribed(t.Context(), 2); err != nil || len(got) != 0 {
			t.Errorf("another account's unsubscribed %v, %v, want none", got, err)
		}
		b.must(b.Subscribe(t.Context(), 1, id, true))
		if got, err := b.Unsubscribed(t.Context(), 1); err != nil || len(got) != 0 {
			t.Errorf("unsubscribed %v, %v, want none", got, err)
		}
		if err := b.Subscribe(t.Context(), 1, 9999, false); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("unknown mailbox: %v, want ErrNotFound", err)
		}
	},
}
