package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// opening is a request of fr that opens a case and waits for all it asks.
func opening(t *testing.T, id gsp.CaseID, opened int, marks byte, asked ...gsp.PartyID) gsp.Posting {
	t.Helper()
	p := posting(t, 1000)
	p.Open = &gsp.Case{ID: id, Requester: "fr", Asked: asked, Opened: at(opened), Marks: [32]byte{marks}, Waiting: asked}
	p.Event.Case = id
	return p
}

// pending returns the numbers of the cases that wait.
func (b *bench) pending(after gsp.Case, before, limit int) (ids []gsp.CaseID) {
	b.t.Helper()
	cases, err := b.PendingCases(b.t.Context(), after, at(before), limit)
	b.must(err)
	for _, c := range cases {
		ids = append(ids, c.ID)
	}
	return ids
}

var caseTests = map[string]func(*testing.T, *bench){
	"opens_a_case_once": func(t *testing.T, b *bench) {
		p := posting(t, 1000)
		p.Open = &gsp.Case{ID: "2026-KE-7Q4M2", Requester: "fr", Asked: []gsp.PartyID{"eu", "ke"}, Opened: at(2)}
		p.Event.Case = p.Open.ID
		if r := b.post(p); r.Case != p.Open.ID {
			t.Errorf("receipt names case %q, want %q", r.Case, p.Open.ID)
		}
		q := posting(t, 1000)
		q.Open = &gsp.Case{ID: p.Open.ID, Requester: "de", Opened: at(4)}
		if _, err := b.Post(t.Context(), q); !errors.Is(err, gsp.ErrCaseTaken) {
			t.Errorf("second case of that number: %v, want ErrCaseTaken", err)
		}
		p.Open.Since = p.Open.Opened // which the store sets
		got, err := b.Cases(t.Context(), "eu", p.Open.ID, nil)
		if err != nil || !reflect.DeepEqual(got, []gsp.Case{*p.Open}) {
			t.Errorf("case %+v, %v, want %+v", got, err, *p.Open)
		}
	},

	"finds_a_case_by_its_thread": func(t *testing.T, b *bench) {
		request := posting(t, 1000)
		request.Open = &gsp.Case{ID: "2026-KE-7Q4M2", Requester: "fr", Asked: []gsp.PartyID{"ke"}, Opened: at(2)}
		request.Event.Case = request.Open.ID
		b.post(request)
		reply := posting(t, 1000)
		reply.Event.Case = request.Open.ID
		b.post(reply)
		other := posting(t, 1000)
		other.Open = &gsp.Case{ID: "2026-KE-00002", Requester: "fr", Opened: at(3)}
		other.Event.Case = other.Open.ID
		b.post(other)
		stranger := posting(t, 1000)
		stranger.Open = &gsp.Case{ID: "2026-KE-00003", Requester: "gb", Asked: []gsp.PartyID{"ke"}, Opened: at(2)}
		stranger.Event.Case = stranger.Open.ID
		b.post(stranger)
		again := posting(t, 1000) // a client sends one Message-ID in two cases
		again.Summary.Envelope.MessageID = request.Summary.Envelope.MessageID
		again.Event.Case = other.Open.ID
		b.post(again)

		foreign := stranger.Summary.Envelope.MessageID
		if got, err := b.Cases(t.Context(), "fr", stranger.Open.ID, nil); err != nil || len(got) > 0 {
			t.Errorf("another's case by its number: %+v, %v, want none", got, err)
		}
		first, second, third := request.Summary.Envelope.MessageID, reply.Summary.Envelope.MessageID,
			other.Summary.Envelope.MessageID
		for _, c := range []struct {
			ids  []string
			want []gsp.CaseID
		}{
			// First sent in request's case, then in other's, of the same Party.
			{[]string{first}, []gsp.CaseID{request.Open.ID, other.Open.ID}},
			{[]string{second}, []gsp.CaseID{request.Open.ID}},
			{[]string{"<unknown@example>", third, first}, []gsp.CaseID{other.Open.ID, request.Open.ID}},
			{[]string{foreign, second}, []gsp.CaseID{request.Open.ID}}, // a case that fr is not in does not show
			{[]string{"<unknown@example>"}, nil},
			{nil, nil},
		} {
			cases, err := b.Cases(t.Context(), "fr", "", c.ids)
			var got []gsp.CaseID
			for _, found := range cases {
				got = append(got, found.ID)
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("cases of %q are %q, %v, want %q", c.ids, got, err, c.want)
			}
		}
	},

	"waits_until_all_have_answered": func(t *testing.T, b *bench) {
		const id = "2026-DE-00001"
		b.post(opening(t, id, 2, 1, "de", "gb", "ke"))
		for _, step := range []struct {
			settles, want []gsp.PartyID
		}{
			{nil, []gsp.PartyID{"de", "gb", "ke"}},
			{[]gsp.PartyID{"gb"}, []gsp.PartyID{"de", "ke"}},
			{[]gsp.PartyID{"gb", "zz"}, []gsp.PartyID{"de", "ke"}},
			{[]gsp.PartyID{"ke", "de"}, nil},
		} {
			p := posting(t, 1000)
			p.Event.Case, p.Settles = id, step.settles
			b.post(p)
			got, err := b.Cases(t.Context(), "fr", id, nil)
			if err != nil || len(got) != 1 || !slices.Equal(got[0].Waiting, step.want) {
				t.Errorf("after %v has answered: %+v, %v, want %v to be waited for", step.settles, got, err, step.want)
			}
		}
		// A question that is put anew is waited for since then, if nothing was
		// waited for before.
		for _, step := range []struct {
			at            int
			asks, settles []gsp.PartyID
			want          []gsp.PartyID
			since         int
		}{
			{50, []gsp.PartyID{"ke"}, nil, []gsp.PartyID{"ke"}, 50},
			{60, []gsp.PartyID{"gb", "ke"}, nil, []gsp.PartyID{"gb", "ke"}, 50},
			{70, nil, []gsp.PartyID{"gb", "ke"}, nil, 50},
			{80, []gsp.PartyID{"de"}, nil, []gsp.PartyID{"de"}, 80},
		} {
			p := posting(t, 1000)
			p.Event.Case, p.Event.At, p.Asks, p.Settles = id, at(step.at), step.asks, step.settles
			b.post(p)
			got, err := b.Cases(t.Context(), "fr", id, nil)
			if err != nil || len(got) != 1 || !slices.Equal(got[0].Waiting, step.want) || !got[0].Since.Equal(at(step.since)) || !got[0].Opened.Equal(at(2)) {
				t.Errorf("after %v were asked anew: %+v, %v, want %v to be waited for since %v", step.asks, got, err, step.want, at(step.since))
			}
		}
		p := posting(t, 1000)
		p.Event.Case, p.Settles = "2026-KE-99999", []gsp.PartyID{"ke"}
		if _, err := b.Post(t.Context(), p); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("settle a case that is not there: %v, want ErrNotFound", err)
		}
	},

	"pending_ones_come_in_pages": func(t *testing.T, b *bench) {
		for i, id := range []gsp.CaseID{"2026-KE-00004", "2026-KE-00002", "2026-KE-00003", "2026-KE-00001", "2026-KE-00005"} {
			b.post(opening(t, id, 10*i, 0, "ke"))
		}
		answer := posting(t, 1000)
		answer.Event.Case, answer.Settles = "2026-KE-00003", []gsp.PartyID{"ke"}
		b.post(answer)
		b.post(opening(t, "2026-KE-00000", 10, 0, "ke")) // at the same time as another
		for _, page := range []struct {
			after  gsp.Case
			before int
			limit  int
			want   []gsp.CaseID
		}{
			{gsp.Case{}, 100, 2, []gsp.CaseID{"2026-KE-00004", "2026-KE-00000"}},
			{gsp.Case{Since: at(10), ID: "2026-KE-00000"}, 100, 2, []gsp.CaseID{"2026-KE-00002", "2026-KE-00001"}},
			{gsp.Case{Since: at(30), ID: "2026-KE-00001"}, 100, 2, []gsp.CaseID{"2026-KE-00005"}},
			{gsp.Case{Since: at(40), ID: "2026-KE-00005"}, 100, 2, nil},
			{gsp.Case{Since: at(10)}, 30, 9, []gsp.CaseID{"2026-KE-00000", "2026-KE-00002"}},
			{gsp.Case{}, 0, 9, nil},
		} {
			if got := b.pending(page.after, page.before, page.limit); !slices.Equal(got, page.want) {
				t.Errorf("pending after %s of %s and before %d: got %q, want %q", page.after.ID, page.after.Since, page.before, got, page.want)
			}
		}
	},

	// FCTC/MOP/3/5, para 39: the same question to the same Parties while the
	// first is still open.
	"knows_a_repeated_request": func(t *testing.T, b *bench) {
		b.post(opening(t, "2026-DE-00001", 1, 7, "de", "ke"))
		b.post(opening(t, "2026-DE-00003", 3, 7, "de", "ke"))
		b.post(opening(t, "2026-DE-00002", 2, 7, "ke", "de"))
		other := opening(t, "2026-DE-00004", 4, 7, "de", "ke")
		other.Open.Requester = "gb"
		none := opening(t, "2026-DE-00005", 5, 0, "de", "ke")
		b.post(none)
		for _, c := range []struct {
			what string
			p    gsp.Posting
			want gsp.CaseID
		}{
			{"the same, in another order", opening(t, "2026-DE-10001", 6, 7, "ke", "de"), "2026-DE-00003"},
			{"of another Party", other, ""},
			{"other marks", opening(t, "2026-DE-10002", 7, 8, "de", "ke"), ""},
			{"no marks", opening(t, "2026-DE-10003", 8, 0, "de", "ke"), ""},
			{"fewer Parties", opening(t, "2026-DE-10004", 9, 7, "ke"), ""},
			{"the newest is told of", opening(t, "2026-DE-10005", 10, 7, "de", "ke"), "2026-DE-10001"},
		} {
			r := b.post(c.p)
			if r.Repeats != c.want {
				t.Errorf("%s: repeats %q, want %q", c.what, r.Repeats, c.want)
			}
			events := b.events()
			if last := events[len(events)-1]; last.ID != r.Event || last.Repeats != c.want {
				t.Errorf("%s: event %+v, want it to repeat %q", c.what, last, c.want)
			}
		}
		for _, id := range b.pending(gsp.Case{}, 1000, 100) {
			p := posting(t, 1000)
			p.Event.Case, p.Settles = id, []gsp.PartyID{"de", "ke"}
			b.post(p)
		}
		if r := b.post(opening(t, "2026-DE-20001", 20, 7, "de", "ke")); r.Repeats != "" {
			t.Errorf("repeats %q, which was answered", r.Repeats)
		}
	},
}
