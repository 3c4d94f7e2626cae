package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

var keep = gsp.Retention{ClosedMonths: 24, OtherMonths: 12, NoticeDays: 30}

// due returns how many messages of an owner are due by policy.
func (b *bench) due(owner string, h gsp.Horizon, told bool) map[gsp.Policy]int {
	b.t.Helper()
	all, err := b.Due(b.t.Context(), owner, h, told)
	b.must(err)
	n := map[gsp.Policy]int{}
	for _, d := range all {
		n[d.Policy]++
	}
	return n
}

// exchange posts a request of fr to ke at one time and ke's answer at another,
// which closes the case, and a mail of no case at the first.
func (b *bench) exchange(id gsp.CaseID, asked, answered int) {
	b.t.Helper()
	request := posting(b.t, 1000, gsp.Inbox("ke"))
	request.Open = &gsp.Case{ID: id, Requester: "fr", Asked: []gsp.PartyID{"ke"}, Waiting: []gsp.PartyID{"ke"}, Opened: at(asked)}
	request.Event.At = at(asked)
	b.post(request)
	answer := posting(b.t, 1000, gsp.Inbox("customs1.fr"), gsp.Inbox("ke"))
	answer.Event = gsp.Event{At: at(answered), Kind: gsp.MailAccepted, Party: "ke", Peers: []gsp.PartyID{"fr"}, Case: id, Type: gsp.Reply}
	answer.Settles = []gsp.PartyID{"ke"}
	b.post(answer)
}

// announce tells an owner of all that is due.
func (b *bench) announce(owner string, h gsp.Horizon, goes time.Time) {
	b.t.Helper()
	all, err := b.Due(b.t.Context(), owner, h, false)
	b.must(err)
	var mails []gsp.MailID
	for _, d := range all {
		mails = append(mails, d.Mail)
	}
	b.must(b.PrepareRemoval(b.t.Context(), owner, mails))
	b.must(b.Announce(b.t.Context(), owner, at(1), goes))
}

func (b *bench) carryOut(owner string, h gsp.Horizon, when time.Time) {
	b.t.Helper()
	for range 100 {
		more, err := b.CarryOut(b.t.Context(), owner, keep, h, gsp.Event{At: when, Kind: gsp.MailsRemoved, Party: "ke"})
		b.must(err)
		if !more {
			return
		}
	}
	b.t.Fatal("the removal does not end")
}

// removals returns the events of what was removed.
func (b *bench) removals() (all []gsp.Event) {
	b.t.Helper()
	for _, e := range b.events() {
		if e.Kind == gsp.MailsRemoved {
			e.ID = 0
			all = append(all, e)
		}
	}
	return all
}

var retentionTests = map[string]func(*testing.T, *bench){
	// A case is due a time after its last mail, if no answer is awaited and
	// nobody holds it; copies are mails of the case wherever they are.
	"a_closed_case_is_due_after_its_last_mail": func(t *testing.T, b *bench) {
		const id = "2026-KE-7Q4M2"
		b.exchange(id, 100, 200)
		open := posting(t, 1000, gsp.Inbox("ke"))
		open.Open = &gsp.Case{ID: "2026-KE-00001", Requester: "fr", Asked: []gsp.PartyID{"ke"}, Waiting: []gsp.PartyID{"ke"}, Opened: at(100)}
		b.post(open)
		_, err := b.Copy(t.Context(), b.mailbox(gsp.Inbox("ke")).ID, b.mailbox(gsp.MailboxName{Owner: "customs1.ke", Name: "Archive"}).ID, []uint32{1})
		b.must(err)
		kept := posting(t, 1000, gsp.MailboxName{Owner: "customs1.ke", Name: "Sent"})
		kept.Event, kept.Case = gsp.Event{At: at(150), Kind: gsp.MailKept, Party: "ke"}, id
		b.post(kept)
		b.reopen()
		for _, tt := range []struct {
			owner  string
			closed int
			want   int
		}{{"ke", 200, 0}, {"ke", 201, 2}, {"customs1.fr", 201, 1}, {"customs1.ke", 201, 2}, {"fr", 201, 0}} {
			if got := b.due(tt.owner, gsp.Horizon{Closed: at(tt.closed)}, false)[gsp.ClosedCase]; got != tt.want {
				t.Errorf("%s, before %d: got %d mails, want %d", tt.owner, tt.closed, got, tt.want)
			}
		}
		b.must(b.HoldCase(t.Context(), gsp.CaseHold{Case: id, Held: true, By: "root", At: at(1)}))
		if got := b.due("ke", gsp.Horizon{Closed: at(1000)}, false); len(got) > 0 {
			t.Errorf("a held case: got %v, want nothing due", got)
		}
		b.must(b.HoldCase(t.Context(), gsp.CaseHold{Case: id, By: "other", At: at(2)}))
		if got := b.due("ke", gsp.Horizon{Closed: at(1000)}, false)[gsp.ClosedCase]; got != 2 {
			t.Errorf("a released case: got %d mails, want 2", got)
		}
		holds, err := b.CaseHolds(t.Context())
		b.must(err)
		if want := []gsp.CaseHold{{Case: id, Held: true, By: "root", At: at(1)}, {Case: id, By: "other", At: at(2)}}; !slices.Equal(holds, want) {
			t.Errorf("got %+v, want %+v", holds, want)
		}
		more := posting(t, 1000, gsp.Inbox("ke"))
		more.Event = gsp.Event{At: at(900), Kind: gsp.MailAccepted, Party: "fr", Peers: []gsp.PartyID{"ke"}, Case: id, Type: gsp.FollowUp}
		b.post(more)
		if got := b.due("ke", gsp.Horizon{Closed: at(900)}, false); len(got) > 0 {
			t.Errorf("a case that goes on: got %v, want nothing due", got)
		}
	},

	"a_mail_of_no_case_is_due_by_its_date": func(t *testing.T, b *bench) {
		b.fill(2) // received at 3
		old := posting(t, 1000)
		old.Deliveries[0].Received = time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
		b.post(old)
		for before, want := range map[time.Time]int{{}: 0, at(3): 1, at(4): 3} {
			if got := b.due("ke", gsp.Horizon{Other: before, Closed: at(1000)}, false); got[gsp.NoCase] != want || got[gsp.ClosedCase] != 0 {
				t.Errorf("before %v: got %v, want %d", before, got, want)
			}
		}
	},

	// Only what its owner was told of goes, when it was told to, with events
	// that say how much; who watches the mailbox sees it vanish.
	"what_was_told_goes_and_no_more": func(t *testing.T, b *bench) {
		b.exchange("2026-KE-7Q4M2", 100, 200)
		b.fill(3)
		before := b.room("ke")
		h := gsp.Horizon{Closed: at(1000), Other: at(1000)}
		b.announce("ke", h, at(500))
		late := b.post(posting(t, 1000, gsp.Inbox("ke"))).Placed[0] // was not told of
		if got := b.due("ke", h, true); got[gsp.ClosedCase] != 2 || got[gsp.NoCase] != 3 {
			t.Errorf("told of %v, want 2 of a case and 3 of none", got)
		}
		modseq := b.mailbox(gsp.Inbox("ke")).ModSeq
		b.carryOut("ke", h, at(499))
		if got := b.room("ke").Messages; got != 6 {
			t.Fatalf("before its time: %d messages left, want all 6", got)
		}
		b.bells()
		b.carryOut("ke", h, at(500))
		inbox := b.mailbox(gsp.Inbox("ke"))
		if got := b.since(inbox.ID, modseq); len(got.Vanished) != 5 || len(got.Changed) > 0 {
			t.Errorf("since then: got %+v, want five messages gone", got)
		}
		if got := b.since(inbox.ID, 0).Changed; len(got) != 1 || got[0].UID != late.UID {
			t.Errorf("left: got %+v, want the one that nobody was told of", got)
		}
		if !slices.Contains(b.bells(), inbox.ID) {
			t.Error("the bell of the mailbox did not ring")
		}
		var octets int64
		events := b.removals()
		for _, e := range events {
			octets += e.Octets
		}
		want := []gsp.Event{
			{At: at(500), Kind: gsp.MailsRemoved, Party: "ke", Policy: gsp.ClosedCase, Months: 24, Mails: 2},
			{At: at(500), Kind: gsp.MailsRemoved, Party: "ke", Policy: gsp.NoCase, Months: 12, Mails: 3},
		}
		for i := range events {
			events[i].Octets = 0
		}
		if !reflect.DeepEqual(events, want) {
			t.Errorf("events\n got %+v\nwant %+v", events, want)
		}
		if octets != before.Octets {
			t.Errorf("events tell of %d octets, the mailboxes lost %d", octets, before.Octets)
		}
		if got, err := b.Removals(t.Context()); err != nil || len(got) > 0 {
			t.Errorf("left to do: %+v, %v, want nothing", got, err)
		}
		// The mail that ke shared with an officer of fr is there still.
		if got := b.mailbox(gsp.Inbox("customs1.fr")).Messages; got != 1 {
			t.Errorf("another owner has %d messages, want 1", got)
		}
	},

	// Whatever makes a mail not due any more keeps it, although it was told.
	"what_is_held_meanwhile_stays": func(t *testing.T, b *bench) {
		b.exchange("2026-KE-7Q4M2", 100, 200)
		h := gsp.Horizon{Closed: at(1000)}
		b.announce("ke", h, at(500))
		b.must(b.HoldCase(t.Context(), gsp.CaseHold{Case: "2026-KE-7Q4M2", Held: true, By: "root", At: at(3)}))
		b.carryOut("ke", h, at(600))
		if got := b.room("ke").Messages; got != 2 || len(b.removals()) > 0 {
			t.Errorf("%d messages left and events %+v, want both and none", got, b.removals())
		}
		b.must(b.HoldCase(t.Context(), gsp.CaseHold{Case: "2026-KE-7Q4M2", By: "root", At: at(4)}))
		b.carryOut("ke", h, at(700))
		if got := b.room("ke").Messages; got != 2 {
			t.Errorf("released: %d messages left, want both until it is told anew", got)
		}
	},

	"nothing_goes_without_a_notice": func(t *testing.T, b *bench) {
		b.fill(2)
		h := gsp.Horizon{Other: at(1000)}
		b.carryOut("ke", h, at(600))
		b.must(b.PrepareRemoval(t.Context(), "ke", []gsp.MailID{1, 2}))
		b.carryOut("ke", h, at(600))
		if got := b.room("ke").Messages; got != 2 {
			t.Errorf("%d messages left, want 2", got)
		}
		want := []gsp.Removal{{Owner: "ke", Mails: 2}}
		if got, err := b.Removals(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		b.must(b.Announce(t.Context(), "ke", at(1), at(2)))
		b.must(b.ForgetRemoval(t.Context(), "ke"))
		b.carryOut("ke", h, at(600))
		if got := b.room("ke").Messages; got != 2 {
			t.Errorf("forgotten: %d messages left, want 2", got)
		}
	},

	// Thousands go in steps, between which others write.
	"many_go_in_steps": func(t *testing.T, b *bench) {
		p := posting(t, 300)
		for range 1200 {
			b.post(p)
		}
		h := gsp.Horizon{Other: at(1000)}
		b.announce("ke", h, at(500))
		steps := 0
		for more := true; more; steps++ {
			before := b.room("ke").Messages
			var err error
			more, err = b.CarryOut(t.Context(), "ke", keep, h, gsp.Event{At: at(500), Kind: gsp.MailsRemoved, Party: "ke"})
			b.must(err)
			if gone := before - b.room("ke").Messages; gone > 500 {
				t.Errorf("a step removed %d messages, want 500 at most", gone)
			}
		}
		mails := 0
		for _, e := range b.removals() {
			mails += e.Mails
		}
		if got := b.room("ke").Messages; got != 0 || mails != 1200 || steps < 3 {
			t.Errorf("%d messages left, events tell of %d, in %d steps; want 0, 1200, 3 at least", got, mails, steps)
		}
	},

	// A notice stands only while the gateway runs, as far as its clock can tell.
	"time_off_does_not_count": func(t *testing.T, b *bench) {
		b.fill(1)
		const pause = 2 * time.Hour
		day := func(n int) time.Time { return at(0).AddDate(0, 0, n) }
		b.must(b.Attend(t.Context(), day(0), pause))
		b.announce("ke", gsp.Horizon{Other: at(1000)}, day(30))
		goes := func() time.Time {
			t.Helper()
			all, err := b.Removals(t.Context())
			b.must(err)
			return all[0].Goes
		}
		for h := range 24 {
			b.must(b.Attend(t.Context(), day(0).Add(time.Duration(h)*time.Hour), pause))
		}
		if got := goes(); !got.Equal(day(30)) {
			t.Errorf("while it runs: goes %v, want %v", got, day(30))
		}
		b.reopen()
		b.must(b.Attend(t.Context(), day(0).Add(23*time.Hour).AddDate(0, 0, 90), pause))
		if got := goes(); !got.Equal(day(120)) {
			t.Errorf("after 90 days off: goes %v, want %v", got, day(120))
		}
		b.must(b.Attend(t.Context(), day(1), pause)) // the clock was wrong
		if got := goes(); !got.Equal(day(120)) {
			t.Errorf("clock set back: goes %v, want %v", got, day(120))
		}
	},
}
