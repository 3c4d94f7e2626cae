// Package report makes the Secretariat's statistics (FCTC/MOP/3/5, paras 24
// and 39) out of the event log, and of nothing else: whoever has the log can
// recompute every number.
//
// An event at or after the end of the period changes no number, so a report
// on a period that is over is the same for good, to the octet.
package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Query says what to count.
type Query struct {
	From    time.Time     `json:"from,omitzero"`    // the first moment of the period; zero for the start of the log
	Until   time.Time     `json:"until,omitzero"`   // the first moment after the period; zero for the end of the log
	Parties []gsp.PartyID `json:"parties,omitzero"` // whose rows to keep, a pair's where one of the two is; none for all
}

// Make reads the log once and counts. What it holds in memory grows with the
// Parties, accounts, cases and unread mails, not with the events. The error is
// a *gsp.Refusal where the period ends before it starts (gsp.BrokenPeriod) or
// a Party of the query was never registered (gsp.UnknownParty).
func Make(ctx context.Context, src Source, q Query) (Statistics, error) {
	if !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until) {
		return Statistics{}, &gsp.Refusal{
			Reason: gsp.BrokenPeriod,
			Cause:  "the period ends before it starts",
			Remedy: "give an end that is later than the start",
		}
	}
	t := newTally(q)
	for e, err := range src.Events(ctx, 0) {
		if err != nil {
			return Statistics{}, fmt.Errorf("read the event log: %w", err)
		}
		t.add(e)
	}
	for _, p := range q.Parties {
		if !t.known[p] {
			return Statistics{}, &gsp.Refusal{
				Reason: gsp.UnknownParty,
				Cause:  fmt.Sprintf("no Party %q was ever registered", p),
				Remedy: "list the Parties there are with `gsp party list`",
			}
		}
	}
	return t.statistics(), nil
}

// tally is what the events up to now come to.
type tally struct {
	q     Query
	only  map[gsp.PartyID]bool // nil for all
	known map[gsp.PartyID]bool // ever registered

	registered map[gsp.PartyID]time.Time // since when, of those registered now
	joined     map[gsp.PartyID]bool      // in the period
	left       map[gsp.PartyID]bool      // in the period
	users      map[gsp.AccountID]gsp.PartyID
	issued     map[gsp.PartyID]int // in the period
	sending    map[gsp.PartyID]bool
	replying   map[gsp.PartyID]bool
	messages   map[gsp.PartyID]*Messages
	pairs      map[[2]gsp.PartyID]*Pair
	sent       int
	requests   int
	uims       int
	asked      map[gsp.PartyID]Repetition
	cases      map[gsp.CaseID]*exchange
	unread     map[reading]struct{}
}

// exchange is what is known of one case.
type exchange struct {
	requester gsp.PartyID
	asked     []asking
}

// asking is a question that was put to a Party in a case: by the request, or
// after its answer by a follow-up with codes.
type asking struct {
	party     gsp.PartyID
	at        time.Time // of the question
	took      time.Duration
	answered  bool
	acted     bool
	withdrawn bool // before it was answered
}

// reading is a mail that a Party may still have to read.
type reading struct {
	mail  gsp.MailID
	party gsp.PartyID
}

func newTally(q Query) *tally {
	t := &tally{
		q:          q,
		known:      map[gsp.PartyID]bool{},
		registered: map[gsp.PartyID]time.Time{},
		joined:     map[gsp.PartyID]bool{},
		left:       map[gsp.PartyID]bool{},
		users:      map[gsp.AccountID]gsp.PartyID{},
		issued:     map[gsp.PartyID]int{},
		sending:    map[gsp.PartyID]bool{},
		replying:   map[gsp.PartyID]bool{},
		messages:   map[gsp.PartyID]*Messages{},
		pairs:      map[[2]gsp.PartyID]*Pair{},
		asked:      map[gsp.PartyID]Repetition{},
		cases:      map[gsp.CaseID]*exchange{},
		unread:     map[reading]struct{}{},
	}
	if len(q.Parties) > 0 {
		t.only = map[gsp.PartyID]bool{}
		for _, p := range q.Parties {
			t.only[p] = true
		}
	}
	return t
}

// wants reports whether the query keeps what concerns any of the Parties.
func (t *tally) wants(parties ...gsp.PartyID) bool {
	return t.only == nil || slices.ContainsFunc(parties, func(p gsp.PartyID) bool { return t.only[p] })
}

// within reports whether a moment is not before the period.
func (t *tally) within(at time.Time) bool { return !at.Before(t.q.From) }

// add counts one event. Those before the period tell who was registered and
// which cases were open when it began.
func (t *tally) add(e gsp.Event) {
	if e.Kind == gsp.PartyRegistered {
		t.known[e.Party] = true
	}
	if !t.q.Until.IsZero() && !e.At.Before(t.q.Until) {
		return
	}
	switch e.Kind {
	case gsp.PartyRegistered:
		t.registered[e.Party] = e.At
		t.joined[e.Party] = t.within(e.At)
		delete(t.left, e.Party)
	case gsp.PartyWithdrawn:
		delete(t.registered, e.Party)
		t.left[e.Party] = t.within(e.At)
	case gsp.AccountIssued:
		t.users[e.Account] = e.Party
		if t.within(e.At) {
			t.issued[e.Party]++
		}
	case gsp.AccountEnabled:
		t.users[e.Account] = e.Party
	case gsp.AccountDisabled:
		delete(t.users, e.Account)
	case gsp.MailAccepted:
		t.follow(e)
		if t.within(e.At) {
			t.count(e)
		}
	case gsp.MailRead:
		delete(t.unread, reading{e.Mail, e.Party})
	}
}

// count counts an accepted mail of the period.
func (t *tally) count(e gsp.Event) {
	for _, p := range e.Peers {
		if t.wants(p) {
			t.row(p).Received++
			t.unread[reading{e.Mail, p}] = struct{}{}
		}
		if t.wants(e.Party, p) {
			pair := t.pairs[[2]gsp.PartyID{e.Party, p}]
			if pair == nil {
				pair = &Pair{From: e.Party, To: p}
				t.pairs[[2]gsp.PartyID{e.Party, p}] = pair
			}
			pair.Messages++
			if e.Type == gsp.Request {
				pair.Requests++
				pair.UIMs += e.UIMs
			}
		}
	}
	if len(e.Peers) == 0 {
		return // it stays within its Party, or goes to the Secretariat or the operator
	}
	if t.wants(e.Party) {
		t.row(e.Party).Sent++
		t.sent++
		if e.Type == gsp.Request {
			t.sending[e.Party] = true
			row := t.asked[e.Party]
			row.Requests++
			row.Repeated += one(e.Repeats != "")
			t.asked[e.Party] = row
		}
	}
	if e.Type == gsp.Request && (t.wants(e.Party) || t.wants(e.Peers...)) {
		t.requests++
		t.uims += e.UIMs
	}
}

func (t *tally) row(p gsp.PartyID) *Messages {
	m := t.messages[p]
	if m == nil {
		m = &Messages{Party: p}
		t.messages[p] = m
	}
	return m
}

// follow brings the case of an accepted mail up to date.
func (t *tally) follow(e gsp.Event) {
	if e.Case == "" {
		return
	}
	c := t.cases[e.Case]
	if e.Type == gsp.Request {
		if c == nil {
			c = &exchange{requester: e.Party}
			t.cases[e.Case] = c
		}
		c.ask(e)
		return
	}
	if c == nil {
		return
	}
	if e.Type == gsp.FollowUp && e.UIMs > 0 && e.Party == c.requester {
		c.askAnew(e)
	}
	for i := range c.asked {
		a := &c.asked[i]
		switch {
		case e.Type == gsp.Withdrawal && e.Party == c.requester:
			if slices.Contains(e.Peers, a.party) && !a.answered {
				a.withdrawn = true
			}
		case a.party == e.Party:
			a.take(e)
			if e.Type.Answers() && t.within(e.At) && t.wants(e.Party) {
				t.replying[e.Party] = true
			}
		}
	}
}

// ask notes the Parties that a request asks. One asked twice in a case is
// waited for since the first time.
func (c *exchange) ask(e gsp.Event) {
	if e.Party != c.requester {
		return // an asked Party cannot ask itself into the case
	}
	for _, p := range e.Peers {
		if !slices.ContainsFunc(c.asked, func(a asking) bool { return a.party == p }) {
			c.asked = append(c.asked, asking{party: p, at: e.At})
		}
	}
}

// askAnew notes the Parties that a follow-up asks, of those that were asked before
// and that the case does not wait for.
func (c *exchange) askAnew(e gsp.Event) {
	for _, p := range e.Peers {
		known, waits := false, false
		for _, a := range c.asked {
			if a.party == p {
				known, waits = true, !a.answered && !a.withdrawn
			}
		}
		if known && !waits {
			c.asked = append(c.asked, asking{party: p, at: e.At})
		}
	}
}

// take notes what an asked Party sent in the case.
func (a *asking) take(e gsp.Event) {
	a.acted = a.acted || e.Type.Acts()
	if e.Type.Answers() && !a.answered && !a.withdrawn {
		a.answered = true
		a.took = max(0, e.At.Sub(a.at)) // a clock may be set back
	}
}
