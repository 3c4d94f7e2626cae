package report_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/report"
)

// random makes a log that no gateway would write in this order, but may.
func random(r *rand.Rand, n int) history {
	parties := []gsp.PartyID{"aa", "bb", "cc", "dd"}
	kinds := []gsp.EventKind{
		gsp.MailAccepted, gsp.MailAccepted, gsp.MailAccepted, gsp.MailAccepted, gsp.MailAccepted, gsp.MailRead,
		gsp.MailRead, gsp.PartyRegistered, gsp.PartyWithdrawn, gsp.AccountIssued, gsp.AccountDisabled, gsp.MailRefused,
	}
	cases := []gsp.CaseID{"", "1", "2", "3", "4", "5", "6"}
	var h history
	for _, p := range parties {
		h = append(h, gsp.Event{Kind: gsp.PartyRegistered, Party: p})
	}
	for range n {
		e := gsp.Event{Kind: kinds[r.IntN(len(kinds))], Party: parties[r.IntN(4)], Account: gsp.AccountID(1 + r.IntN(6))}
		switch e.Kind {
		case gsp.MailAccepted:
			e.Mail = gsp.MailID(len(h))
			e.Type = gsp.Types[r.IntN(len(gsp.Types))]
			e.Case = cases[r.IntN(len(cases))]
			e.UIMs = r.IntN(100)
			if e.Type == gsp.Request && r.IntN(3) == 0 {
				e.Repeats = "1"
			}
			for _, p := range parties {
				if r.IntN(3) == 0 {
					e.Peers = append(e.Peers, p)
				}
			}
		case gsp.MailRead:
			e.Mail = gsp.MailID(r.IntN(len(h)))
		}
		h = append(h, e)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range h {
		h[i].ID = int64(i + 1)
		h[i].At = start.Add(time.Duration(i) * time.Hour)
	}
	return h
}

// recount counts as slowly and plainly as the definitions read: each number
// by its own walk over the whole log.
type recount struct {
	all  history
	q    report.Query
	upTo history // before the end
	in   history // of the period
}

func (c *recount) wants(p gsp.PartyID) bool {
	return len(c.q.Parties) == 0 || slices.Contains(c.q.Parties, p)
}

// last returns the last event before the end that f picks.
func (c *recount) last(f func(gsp.Event) bool) (gsp.Event, bool) {
	for _, e := range slices.Backward(c.upTo) {
		if f(e) {
			return e, true
		}
	}
	return gsp.Event{}, false
}

func (c *recount) registered(p gsp.PartyID) bool {
	e, ok := c.last(func(e gsp.Event) bool {
		return e.Party == p && (e.Kind == gsp.PartyRegistered || e.Kind == gsp.PartyWithdrawn)
	})
	return ok && e.Kind == gsp.PartyRegistered
}

func (c *recount) users(p gsp.PartyID) (n int) {
	for id := gsp.AccountID(1); id <= 6; id++ {
		e, ok := c.last(func(e gsp.Event) bool {
			return e.Account == id && (e.Kind == gsp.AccountIssued || e.Kind == gsp.AccountDisabled)
		})
		if ok && e.Kind == gsp.AccountIssued && e.Party == p {
			n++
		}
	}
	return n
}

func (c *recount) sent(p gsp.PartyID) (n int) {
	for _, e := range c.in {
		if e.Kind == gsp.MailAccepted && e.Party == p && len(e.Peers) > 0 {
			n++
		}
	}
	return n
}

// between returns messages, requests and their UIMs.
func (c *recount) between(from, to gsp.PartyID) (messages, requests, uims int) {
	for _, e := range c.in {
		if e.Kind != gsp.MailAccepted || e.Party != from || !slices.Contains(e.Peers, to) {
			continue
		}
		messages++
		if e.Type == gsp.Request {
			requests++
			uims += e.UIMs
		}
	}
	return messages, requests, uims
}

// question is what became of a question to a Party: the event that put it, the
// first answer and act after it, and the withdrawal before the answer.
type question struct{ asked, answer, act, withdrawal *gsp.Event }

// questions returns those to p in a case, the earliest first.
func (c *recount) questions(number gsp.CaseID, p gsp.PartyID) []question {
	var requester gsp.PartyID
	var all []question
	for i, e := range c.upTo {
		if e.Kind != gsp.MailAccepted || e.Case != number || number == "" {
			continue
		}
		if requester == "" && e.Type == gsp.Request {
			requester = e.Party
		}
		this := &c.upTo[i]
		settled := len(all) > 0 && (all[len(all)-1].answer != nil || all[len(all)-1].withdrawal != nil)
		switch {
		case e.Party == requester && slices.Contains(e.Peers, p) &&
			(e.Type == gsp.Request && len(all) == 0 || e.Type == gsp.FollowUp && e.UIMs > 0 && settled):
			all = append(all, question{asked: this})
		case len(all) == 0:
		case e.Party == requester && e.Type == gsp.Withdrawal:
			if slices.Contains(e.Peers, p) && !settled {
				all[len(all)-1].withdrawal = this
			}
		case e.Party == p && e.Type != gsp.Request:
			if e.Type.Answers() && !settled {
				all[len(all)-1].answer = this
			}
			for j := range all {
				if (e.Type.Answers() || e.Type == gsp.Acknowledgement) && all[j].act == nil {
					all[j].act = this
				}
			}
		}
	}
	return all
}

func TestEveryNumberCanBeRecounted(t *testing.T) {
	parties := []gsp.PartyID{"aa", "bb", "cc", "dd"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		all := random(r, 20+r.IntN(200))
		q := report.Query{From: all[r.IntN(len(all)/2)].At, Until: all[len(all)/2+r.IntN(len(all)/2)].At}
		if r.IntN(2) == 0 {
			q.Parties = []gsp.PartyID{"bb", "dd"}
		}
		c := &recount{all: all, q: q}
		for _, e := range all {
			if e.At.Before(q.Until) {
				c.upTo = append(c.upTo, e)
				if !e.At.Before(q.From) {
					c.in = append(c.in, e)
				}
			}
		}
		got := statistics(t, all, q)
		check := func(what string, got, want int) {
			t.Helper()
			if got != want {
				t.Errorf("seed %d: %s: got %d, want %d", seed, what, got, want)
			}
		}

		var atEnd, users, sent, received, requests, uims, pairs int
		for _, p := range parties {
			if c.wants(p) {
				if c.registered(p) {
					atEnd++
				}
				users += c.users(p)
				sent += c.sent(p)
			}
			for _, peer := range parties {
				m, n, u := c.between(peer, p)
				if c.wants(p) {
					received += m
				}
				if m > 0 && (c.wants(p) || c.wants(peer)) {
					pairs++
					want := report.Pair{From: peer, To: p, Messages: m, Requests: n, UIMs: u}
					if !slices.Contains(got.Between, want) {
						t.Errorf("seed %d: got %v, want %v in it", seed, got.Between, want)
					}
				}
			}
		}
		for _, e := range c.in {
			concerned := c.wants(e.Party) || slices.ContainsFunc(e.Peers, c.wants)
			if e.Kind == gsp.MailAccepted && e.Type == gsp.Request && len(e.Peers) > 0 && concerned {
				requests++
				uims += e.UIMs
			}
		}
		check("registered", got.Registered.AtEnd, atEnd)
		check("users", got.Users.AtEnd, users)
		check("sent", got.Messages.Sent, sent)
		check("received", got.Messages.Received, received)
		check("pairs", len(got.Between), pairs)
		check("requests", got.Requests, requests)
		check("UIMs", got.UIMs, uims)
		c.checkRepeated(t, seed, got)
		c.checkReplies(t, seed, got)
		c.checkActive(t, seed, got)
	}
}

func (c *recount) checkRepeated(t *testing.T, seed uint64, got report.Statistics) {
	t.Helper()
	all := report.Repetition{Requests: got.Repeated.Requests, Repeated: got.Repeated.Repeated}
	for _, p := range []gsp.PartyID{"aa", "bb", "cc", "dd"} {
		want := report.Repetition{Party: p}
		for _, e := range c.in {
			if e.Kind == gsp.MailAccepted && e.Type == gsp.Request && e.Party == p && len(e.Peers) > 0 && c.wants(p) {
				want.Requests++
				if e.Repeats != "" {
					want.Repeated++
				}
			}
		}
		all.Requests -= want.Requests
		all.Repeated -= want.Repeated
		if !slices.Contains(got.Repeated.Rows, want) && want.Requests > 0 {
			t.Errorf("seed %d: got %v, want %v in it", seed, got.Repeated.Rows, want)
		}
	}
	if all != (report.Repetition{}) {
		t.Errorf("seed %d: the totals exceed the rows by %+v", seed, all)
	}
}

func (c *recount) checkReplies(t *testing.T, seed uint64, got report.Statistics) {
	for _, row := range got.Unread.Rows {
		want := report.Backlog{Party: row.Party}
		for _, e := range c.in {
			if e.Kind != gsp.MailAccepted || !slices.Contains(e.Peers, row.Party) {
				continue
			}
			_, opened := c.last(func(r gsp.Event) bool {
				return r.Kind == gsp.MailRead && r.Mail == e.Mail && r.Party == row.Party && r.ID > e.ID
			})
			if !opened {
				want.Unread++
			}
		}
		var took []time.Duration
		times := report.ReplyTime{Party: row.Party}
		for _, number := range []gsp.CaseID{"1", "2", "3", "4", "5", "6"} {
			for _, q := range c.questions(number, row.Party) {
				if q.asked.At.Before(c.q.From) {
					continue
				}
				times.Asked++
				switch {
				case q.answer != nil:
					times.Answered++
					took = append(took, q.answer.At.Sub(q.asked.At))
				case q.withdrawal != nil:
					times.Withdrawn++
				default:
					times.Open++
				}
				if q.act == nil && q.withdrawal == nil {
					want.NotActioned++
				}
			}
		}
		if row != want {
			t.Errorf("seed %d: got %+v, want %+v", seed, row, want)
		}
		if len(took) > 0 {
			slices.Sort(took)
			var sum time.Duration
			for _, d := range took {
				sum += d
			}
			n := len(took)
			times.Mean = int64((sum / time.Duration(n)).Round(time.Second).Seconds())
			times.Median = int64(((took[(n-1)/2] + took[n/2]) / 2).Seconds())
		}
		i := slices.IndexFunc(got.Replies.Rows, func(r report.ReplyTime) bool { return r.Party == row.Party })
		if i < 0 && times.Asked > 0 || i >= 0 && got.Replies.Rows[i] != times {
			t.Errorf("seed %d: got %+v, want %+v", seed, got.Replies.Rows, times)
		}
	}
}

func (c *recount) checkActive(t *testing.T, seed uint64, got report.Statistics) {
	want := []report.Activity{}
	for _, p := range []gsp.PartyID{"aa", "bb", "cc", "dd"} {
		a := report.Activity{Party: p}
		for _, e := range c.in {
			if e.Kind != gsp.MailAccepted || e.Party != p || !c.wants(p) {
				continue
			}
			if e.Type == gsp.Request && len(e.Peers) > 0 {
				a.Sending = true
			}
			if asked := c.questions(e.Case, p); e.Type.Answers() && len(asked) > 0 && asked[0].asked.ID < e.ID {
				a.Replying = true
			}
		}
		if a.Sending || a.Replying {
			want = append(want, a)
		}
	}
	if !reflect.DeepEqual(got.Active.Rows, want) {
		t.Errorf("seed %d: got %+v, want %+v", seed, got.Active.Rows, want)
	}
}

// The same query gives the same octets, however often it is asked and
// whatever happens after the period.
func TestAPeriodThatIsOverStaysAsItIs(t *testing.T) {
	render := func(h history, q report.Query) []byte {
		s := statistics(t, h, q)
		var b bytes.Buffer
		if err := s.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		for _, item := range report.Items {
			if err := s.WriteCSV(&b, item); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	for seed := range uint64(50) {
		h := random(rand.New(rand.NewPCG(seed, 1)), 300)
		q := report.Query{From: h[100].At, Until: h[200].At}
		whole, again, then := render(h, q), render(h, q), render(h[:200], q)
		if !bytes.Equal(whole, again) {
			t.Fatalf("seed %d: got\n%s\nand then\n%s", seed, whole, again)
		}
		if !bytes.Equal(whole, then) {
			t.Fatalf("seed %d: got\n%s\nwant, as before the later events,\n%s", seed, whole, then)
		}
	}
}
