package router_test

import (
	"errors"
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// waiting returns whose answer a case waits for.
func (h *house) waiting(id gsp.CaseID) []gsp.PartyID {
	h.t.Helper()
	cases, err := h.store.Cases(h.t.Context(), "fr", id, nil)
	if err != nil || len(cases) != 1 {
		h.t.Fatalf("case %s: got %+v, %v, want one", id, cases, err)
	}
	return cases[0].Waiting
}

// Each type in each place of a case: what is accepted, as what, and whose
// answer the case waits for then (docs/wire.md). It is opened by fr, which asks
// ke and gb.
func TestEachTypeInEachPlace(t *testing.T) {
	h := newHouse(t)
	const (
		asking    = "from fr to ke and gb, in the case"
		toOne     = "from fr to ke, in the case"
		answering = "from ke to fr, in the case"
		copied    = "from ke to fr and gb, in the case"
		beside    = "from ke to gb, in the case"
		outside   = "from fr to ke, outside"
		inward    = "from fr to fr, in the case"
	)
	mails := map[string]draft{
		asking: {by: "fr1", to: []string{"ke", "gb"}}, toOne: {by: "fr1", to: []string{"ke"}},
		answering: {by: "ke1", to: []string{"fr1"}}, copied: {by: "ke1", to: []string{"fr1", "gb"}},
		beside: {by: "ke1", to: []string{"gb"}}, outside: {by: "fr1", to: []string{"ke"}}, inward: {by: "fr1", to: []string{"fr"}},
	}
	both, gb, none := []gsp.PartyID{"gb", "ke"}, []gsp.PartyID{"gb"}, []gsp.PartyID(nil)
	const no = gsp.Type("") // refused
	tried := map[gsp.Type]bool{}
	for _, tt := range []struct {
		place string
		says  gsp.Type // "" for none
		want  gsp.Type
		waits []gsp.PartyID
	}{
		{asking, "", gsp.FollowUp, both}, {toOne, "", gsp.FollowUp, both},
		{answering, "", gsp.Reply, gb}, {copied, "", gsp.Reply, gb},
		{beside, "", gsp.Notice, both}, {outside, "", gsp.Request, both}, {inward, "", gsp.Notice, both},

		{asking, gsp.Request, gsp.FollowUp, both}, {answering, gsp.Request, no, both}, {beside, gsp.Request, no, both},
		{outside, gsp.Request, gsp.Request, both}, {inward, gsp.Request, gsp.Notice, both},

		{asking, gsp.Reply, no, both}, {answering, gsp.Reply, gsp.Reply, gb}, {copied, gsp.Reply, gsp.Reply, gb},
		{beside, gsp.Reply, no, both}, {outside, gsp.Reply, no, both}, {inward, gsp.Reply, no, both},

		{asking, gsp.PartialReply, no, both}, {answering, gsp.PartialReply, gsp.PartialReply, both},
		{beside, gsp.PartialReply, no, both}, {outside, gsp.PartialReply, no, both}, {inward, gsp.PartialReply, no, both},

		{asking, gsp.DenialReply, no, both}, {answering, gsp.DenialReply, gsp.DenialReply, gb},
		{beside, gsp.DenialReply, no, both}, {outside, gsp.DenialReply, no, both}, {inward, gsp.DenialReply, no, both},

		{asking, gsp.Acknowledgement, no, both}, {answering, gsp.Acknowledgement, gsp.Acknowledgement, both},
		{beside, gsp.Acknowledgement, no, both}, {outside, gsp.Acknowledgement, no, both}, {inward, gsp.Acknowledgement, no, both},

		{asking, gsp.FollowUp, gsp.FollowUp, both}, {answering, gsp.FollowUp, no, both},
		{beside, gsp.FollowUp, no, both}, {outside, gsp.FollowUp, no, both}, {inward, gsp.FollowUp, no, both},

		{asking, gsp.Notice, gsp.Notice, both}, {answering, gsp.Notice, gsp.Notice, both},
		{beside, gsp.Notice, gsp.Notice, both}, {outside, gsp.Notice, gsp.Notice, both}, {inward, gsp.Notice, gsp.Notice, both},

		{asking, gsp.Withdrawal, gsp.Withdrawal, none}, {toOne, gsp.Withdrawal, gsp.Withdrawal, gb},
		{answering, gsp.Withdrawal, no, both}, {beside, gsp.Withdrawal, no, both},
		{outside, gsp.Withdrawal, no, both}, {inward, gsp.Withdrawal, no, both},
	} {
		tried[tt.says] = true
		t.Run(string(tt.says)+" "+tt.place, func(t *testing.T) {
			h.t = t
			opened := h.accepted(draft{by: "fr1", to: []string{"ke", "gb"}})
			if got := h.waiting(opened.Case); !slices.Equal(got, both) {
				t.Fatalf("the new case waits for %v, want %v", got, both)
			}
			d := mails[tt.place]
			if tt.place != outside {
				d.header = append(d.header, `GSP-Case: "`+string(opened.Case)+`"`)
			}
			if tt.says != "" {
				d.header = append(d.header, "GSP-Type: "+string(tt.says))
			}
			if tt.want == no {
				_, err := h.submit(d)
				if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.WrongType {
					t.Errorf("got %v, want %s", err, gsp.WrongType)
				}
			} else if e := h.accepted(d); e.Type != tt.want || (e.Case == opened.Case) != (tt.place != outside) {
				t.Errorf("got %s in %q, want %s, and in %s only if it says so", e.Type, e.Case, tt.want, opened.Case)
			}
			if got := h.waiting(opened.Case); !slices.Equal(got, tt.waits) {
				t.Errorf("the case waits for %v, want %v", got, tt.waits)
			}
		})
	}
	for _, kind := range gsp.Types {
		if !tried[kind] {
			t.Errorf("no line about %s", kind)
		}
	}
}

// A national system may answer by itself (FCTC/MOP/3/5, para 34), and says
// then that it does. What says nothing is an answer of a mail program: nobody
// of the Party has looked at the case.
func TestAutomaticMailAnswersOnlyIfItSaysSo(t *testing.T) {
	h := newHouse(t)
	opened := h.accepted(draft{by: "ke1", to: []string{"fr"}, id: "<ask@client.example>"})
	cases := func() []gsp.PartyID {
		found, err := h.store.Cases(t.Context(), "ke", opened.Case, nil)
		if err != nil || len(found) != 1 {
			t.Fatalf("case: %+v, %v", found, err)
		}
		return found[0].Waiting
	}
	for _, tt := range []struct {
		header []string
		want   gsp.Type
		waits  int
	}{
		{[]string{"Auto-Submitted: auto-replied"}, gsp.Notice, 1},
		{[]string{"Auto-Submitted: auto-generated"}, gsp.Notice, 1},
		{[]string{"Auto-Submitted: auto-notified"}, gsp.Notice, 1},
		{[]string{"Auto-Submitted: auto-replied", "GSP-Type: acknowledgement"}, gsp.Acknowledgement, 1},
		{[]string{"Auto-Submitted: auto-generated", "GSP-Type: partial-reply"}, gsp.PartialReply, 1},
		{[]string{"Auto-Submitted: auto-generated", "GSP-Type: reply"}, gsp.Reply, 0},
	} {
		e := h.accepted(draft{by: "robot.fr", to: []string{"ke1"}, header: append(tt.header, "In-Reply-To: <ask@client.example>")})
		if e.Type != tt.want || e.Case != opened.Case || len(cases()) != tt.waits {
			t.Errorf("%q: got %s in %q, waiting for %v; want %s in %s and %d", tt.header, e.Type, e.Case, cases(), tt.want, opened.Case, tt.waits)
		}
	}
	again := h.accepted(draft{by: "ke1", to: []string{"fr"}, id: "<ask2@client.example>"})
	if e := h.accepted(draft{by: "robot.fr", to: []string{"ke1"}, header: []string{"Auto-Submitted: no", "In-Reply-To: <ask2@client.example>"}}); e.Type != gsp.Reply || e.Case != again.Case {
		t.Errorf("Auto-Submitted: no: got %s in %q, want a reply in %s", e.Type, e.Case, again.Case)
	}
}

// A bounce has no sender. None comes in by submission, whoever hands it in.
func TestABounceIsNoAnswer(t *testing.T) {
	h := newHouse(t)
	opened := h.accepted(draft{by: "ke1", to: []string{"fr"}, id: "<ask@client.example>"})
	for _, by := range []string{"robot.fr", "fr1"} {
		s := h.submission(draft{by: by, to: []string{"ke1"}, header: []string{"In-Reply-To: <ask@client.example>", "GSP-Type: reply"}})
		s.Sender = gsp.Address{}
		if _, err := h.Submit(t.Context(), s); reason(err) != gsp.WrongSender {
			t.Errorf("of %s: got %v, want %s", by, err, gsp.WrongSender)
		}
	}
	found, err := h.store.Cases(t.Context(), "ke", opened.Case, nil)
	if err != nil || len(found) != 1 || !found[0].Pending() {
		t.Errorf("case after a bounce: %+v, %v, want it pending", found, err)
	}
}
