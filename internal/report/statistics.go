package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Statistics are the numbers of FCTC/MOP/3/5, para 24, and one that para 39
// asks for. What each one means is said in Items, which every rendering
// repeats.
type Statistics struct {
	From    time.Time     `json:"from,omitzero"`
	Until   time.Time     `json:"until,omitzero"`
	Parties []gsp.PartyID `json:"parties,omitzero"` // the query's

	Registered Registered `json:"parties_registered"`
	Users      Users      `json:"users"`
	Active     Active     `json:"parties_active"`
	Messages   Traffic    `json:"messages"`
	Requests   int        `json:"requests"`
	UIMs       int        `json:"uims"`
	Between    []Pair     `json:"between"`
	Replies    Replies    `json:"replies"`
	Unread     Unread     `json:"unread"`
	Repeated   Repeated   `json:"repeated"`
}

// Registered is item 1.
type Registered struct {
	AtEnd     int            `json:"at_end"`
	Joined    int            `json:"joined"` // registered in the period, and still so at its end
	Withdrawn int            `json:"withdrawn"`
	Rows      []Registration `json:"rows"`
}

// Registration is one Party that was registered at the end of the period or
// withdrew in it.
type Registration struct {
	Party     gsp.PartyID `json:"party"`
	Since     time.Time   `json:"since,omitzero"` // zero once withdrawn
	Joined    bool        `json:"joined"`
	Withdrawn bool        `json:"withdrawn"`
}

// Users is item 2.
type Users struct {
	AtEnd  int         `json:"at_end"`
	Issued int         `json:"issued"`
	Rows   []UserCount `json:"rows"`
}

// UserCount is the users of one Party.
type UserCount struct {
	Party  gsp.PartyID `json:"party"`
	AtEnd  int         `json:"at_end"`
	Issued int         `json:"issued"` // in the period
}

// Active is item 3.
type Active struct {
	Parties  int        `json:"parties"` // sending, replying or both
	Sending  int        `json:"sending"`
	Replying int        `json:"replying"`
	Rows     []Activity `json:"rows"`
}

// Activity is what one active Party did.
type Activity struct {
	Party    gsp.PartyID `json:"party"`
	Sending  bool        `json:"sending"`
	Replying bool        `json:"replying"`
}

// Traffic is item 4.
type Traffic struct {
	Sent     int        `json:"sent"`
	Received int        `json:"received"`
	Rows     []Messages `json:"rows"`
}

// Messages is what one Party sent and received.
type Messages struct {
	Party    gsp.PartyID `json:"party"`
	Sent     int         `json:"sent"`
	Received int         `json:"received"`
}

// Pair is what went from one Party to another: items 5 and 6.
type Pair struct {
	From     gsp.PartyID `json:"from"`
	To       gsp.PartyID `json:"to"`
	Messages int         `json:"messages"`
	Requests int         `json:"requests"`
	UIMs     int         `json:"uims"`
}

// Replies is item 7.
type Replies struct {
	All  ReplyTime   `json:"all"`
	Rows []ReplyTime `json:"rows"`
}

// ReplyTime is how long requests to one Party, or to all, waited.
type ReplyTime struct {
	Party     gsp.PartyID `json:"party,omitzero"`
	Asked     int         `json:"asked"`
	Answered  int         `json:"answered"`
	Open      int         `json:"open"`
	Withdrawn int         `json:"withdrawn"`
	Mean      int64       `json:"mean_seconds"`   // of the answered ones, 0 for none
	Median    int64       `json:"median_seconds"` // of the answered ones, 0 for none
}

// Unread is item 8.
type Unread struct {
	Unread      int       `json:"unread"`
	NotActioned int       `json:"not_actioned"`
	Rows        []Backlog `json:"rows"`
}

// Backlog is what lies with one Party.
type Backlog struct {
	Party       gsp.PartyID `json:"party"`
	Unread      int         `json:"unread"`
	NotActioned int         `json:"not_actioned"`
}

// Repeated is item 9.
type Repeated struct {
	Requests int          `json:"requests"`
	Repeated int          `json:"repeated"`
	Rows     []Repetition `json:"rows"`
}

// Repetition is what one Party asked.
type Repetition struct {
	Party    gsp.PartyID `json:"party"`
	Requests int         `json:"requests"`
	Repeated int         `json:"repeated"`
}

// statistics turns what was counted into rows, each list by Party.
func (t *tally) statistics() Statistics {
	parties := slices.Clone(t.q.Parties)
	slices.Sort(parties)
	s := Statistics{
		From:     t.q.From.UTC(),
		Until:    t.q.Until.UTC(),
		Parties:  slices.Compact(parties),
		Requests: t.requests,
		UIMs:     t.uims,
		Between:  []Pair{},
	}
	s.Registered = t.registrations()
	s.Users = t.userCounts()
	s.Active = t.activities()
	s.Replies = t.replies()
	s.Unread = t.unreads()
	s.Repeated = t.repetitions()
	s.Messages = Traffic{Sent: t.sent, Rows: []Messages{}}
	for _, p := range t.rows(maps.Keys(t.messages)) {
		m := *t.row(p)
		s.Messages.Received += m.Received
		s.Messages.Rows = append(s.Messages.Rows, m)
	}
	for _, pair := range t.pairs {
		s.Between = append(s.Between, *pair)
	}
	slices.SortFunc(s.Between, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return s
}

// rows returns the Parties that get a row: those registered at the end, so
// that a Party without any number shows, and those that have a number.
func (t *tally) rows(counted func(func(gsp.PartyID) bool)) []gsp.PartyID {
	set := map[gsp.PartyID]bool{}
	for p := range t.registered {
		set[p] = true
	}
	for p := range counted {
		set[p] = true
	}
	maps.DeleteFunc(set, func(p gsp.PartyID, _ bool) bool { return p == "" || !t.wants(p) })
	return slices.Sorted(maps.Keys(set))
}

func (t *tally) registrations() Registered {
	r := Registered{Rows: []Registration{}}
	for _, p := range t.rows(maps.Keys(t.left)) {
		since, ok := t.registered[p]
		if !ok && !t.left[p] {
			continue // withdrew before the period
		}
		row := Registration{Party: p, Since: since.UTC(), Joined: ok && t.joined[p], Withdrawn: !ok}
		r.Rows = append(r.Rows, row)
		r.AtEnd += one(ok)
		r.Joined += one(row.Joined)
		r.Withdrawn += one(row.Withdrawn)
	}
	return r
}

func (t *tally) userCounts() Users {
	atEnd := map[gsp.PartyID]int{}
	for p := range t.issued {
		atEnd[p] = 0 // has a row even if all were disabled
	}
	for _, p := range t.users {
		atEnd[p]++
	}
	u := Users{Rows: []UserCount{}}
	for _, p := range t.rows(maps.Keys(atEnd)) {
		u.Rows = append(u.Rows, UserCount{p, atEnd[p], t.issued[p]})
		u.AtEnd += atEnd[p]
		u.Issued += t.issued[p]
	}
	return u
}

func (t *tally) activities() Active {
	a := Active{Sending: len(t.sending), Replying: len(t.replying), Rows: []Activity{}}
	either := maps.Clone(t.sending)
	maps.Copy(either, t.replying)
	a.Parties = len(either)
	for _, p := range slices.Sorted(maps.Keys(either)) {
		a.Rows = append(a.Rows, Activity{p, t.sending[p], t.replying[p]})
	}
	return a
}

// asks yields the questions of the period to each Party.
func (t *tally) asks(yield func(asking) bool) {
	for _, c := range t.cases {
		for _, a := range c.asked {
			if t.within(a.at) && t.wants(a.party) && !yield(a) {
				return
			}
		}
	}
}

func (t *tally) replies() Replies {
	times := map[gsp.PartyID]*ReplyTime{"": {}} // "" for all
	took := map[gsp.PartyID][]time.Duration{}
	for a := range t.asks {
		if times[a.party] == nil {
			times[a.party] = &ReplyTime{Party: a.party}
		}
		for _, p := range []gsp.PartyID{a.party, ""} {
			r := times[p]
			r.Asked++
			r.Answered += one(a.answered)
			r.Withdrawn += one(a.withdrawn)
			r.Open += one(!a.answered && !a.withdrawn)
			if a.answered {
				took[p] = append(took[p], a.took)
			}
		}
	}
	for p, r := range times {
		r.Mean, r.Median = average(took[p])
	}
	replies := Replies{All: *times[""], Rows: []ReplyTime{}}
	for _, p := range t.rows(maps.Keys(times)) {
		row := ReplyTime{Party: p}
		if times[p] != nil {
			row = *times[p]
		}
		replies.Rows = append(replies.Rows, row)
	}
	return replies
}

func (t *tally) unreads() Unread {
	rows := map[gsp.PartyID]Backlog{}
	for a := range t.asks {
		row := rows[a.party]
		row.NotActioned += one(!a.acted && !a.withdrawn)
		rows[a.party] = row
	}
	for r := range t.unread {
		row := rows[r.party]
		row.Unread++
		rows[r.party] = row
	}
	u := Unread{Rows: []Backlog{}}
	for _, p := range t.rows(maps.Keys(rows)) {
		row := rows[p]
		row.Party = p
		u.Rows = append(u.Rows, row)
		u.Unread += row.Unread
		u.NotActioned += row.NotActioned
	}
	return u
}

func (t *tally) repetitions() Repeated {
	r := Repeated{Rows: []Repetition{}}
	for _, p := range t.rows(maps.Keys(t.asked)) {
		row := t.asked[p]
		row.Party = p
		r.Rows = append(r.Rows, row)
		r.Requests += row.Requests
		r.Repeated += row.Repeated
	}
	return r
}

// average returns mean and median in whole seconds, rounded. It sums
// milliseconds: a million requests of a month each would overflow
// nanoseconds. It sorts d.
func average(d []time.Duration) (mean, median int64) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	var sum int64
	for _, x := range d {
		sum += x.Milliseconds()
	}
	n := int64(len(d))
	middle := (d[(n-1)/2] + d[n/2]) / 2
	return (sum + 500*n) / (1000 * n), int64(middle.Round(time.Second) / time.Second)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
