package report

import (
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Item is one of the statistics as a table.
type Item struct {
	Number     int      // in the order of para 24, then para 39
	Name       string   // stable, for file names and programs
	Title      string   // for people
	Definition string   // what exactly is counted
	Columns    []string // stable, for programs; the texts first, the numbers after
	rows       func(Statistics) [][]any
}

// everyone stands for all Parties in a row of totals. It cannot be a Party.
const everyone = gsp.PartyID("*")

// Items are the eight statistics of FCTC/MOP/3/5, para 24, and the repeated
// requests of para 39.
var Items = []Item{
	{
		Number: 1, Name: "parties", Title: "Parties registered",
		Definition: "Parties registered when the period ends; how many of them registered in the period; those that withdrew in it.",
		Columns:    []string{"party", "since", "at_end", "joined", "withdrawn"},
		rows: func(s Statistics) [][]any {
			r := s.Registered
			rows := [][]any{{everyone, "", r.AtEnd, r.Joined, r.Withdrawn}}
			for _, p := range r.Rows {
				rows = append(rows, []any{p.Party, day(p.Since), one(!p.Withdrawn), one(p.Joined), one(p.Withdrawn)})
			}
			return rows
		},
	},
	{
		Number: 2, Name: "users", Title: "Users per Party",
		Definition: "Accounts of officers and national systems that may log in when the period ends; accounts issued in the period. " +
			"A small number says little: a Party may have few and active users.",
		Columns: []string{"party", "at_end", "issued"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, s.Users.AtEnd, s.Users.Issued}}
			for _, p := range s.Users.Rows {
				rows = append(rows, []any{p.Party, p.AtEnd, p.Issued})
			}
			return rows
		},
	},
	{
		Number: 3, Name: "active", Title: "Active Parties",
		Definition: "Parties that in the period sent a request, answered one that was put to them (reply, partial reply or refusal), or both.",
		Columns:    []string{"party", "active", "sending", "replying"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, s.Active.Parties, s.Active.Sending, s.Active.Replying}}
			for _, p := range s.Active.Rows {
				rows = append(rows, []any{p.Party, 1, one(p.Sending), one(p.Replying)})
			}
			return rows
		},
	},
	{
		Number: 4, Name: "messages", Title: "Messages sent and received",
		Definition: "Mails of every type accepted in the period. A mail to two Parties is sent once and received twice. " +
			"Mail within a Party, to the Secretariat or the operator, and mail that was refused, is not counted.",
		Columns: []string{"party", "sent", "received"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, s.Messages.Sent, s.Messages.Received}}
			for _, p := range s.Messages.Rows {
				rows = append(rows, []any{p.Party, p.Sent, p.Received})
			}
			return rows
		},
	},
	{
		Number: 5, Name: "between", Title: "Messages between two Parties",
		Definition: "Mails accepted in the period, from the one Party to the other, and how many of them are requests. " +
			"A mail to two Parties is in two rows.",
		Columns: []string{"from", "to", "messages", "requests"},
		rows: func(s Statistics) [][]any {
			var rows [][]any
			for _, p := range s.Between {
				rows = append(rows, []any{p.From, p.To, p.Messages, p.Requests})
			}
			return rows
		},
	},
	{
		Number: 6, Name: "uims", Title: "UIMs exchanged",
		Definition: "UIMs that the requests of the period ask about, as their headers count them; replies and follow-ups, which repeat them, do not add. " +
			"A request to two Parties is in two rows and counts once in the total.",
		Columns: []string{"from", "to", "uims", "requests"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, everyone, s.UIMs, s.Requests}}
			for _, p := range s.Between {
				if p.Requests > 0 {
					rows = append(rows, []any{p.From, p.To, p.UIMs, p.Requests})
				}
			}
			return rows
		},
	},
	{
		Number: 7, Name: "replies", Title: "Time to a reply",
		Definition: "For each question to a Party in the period, which is the request of a case or a follow-up with codes after that Party's answer: from the question to the first answer (reply, partial reply or refusal), " +
			"mean and median. Those without an answer when the period ends are open and in neither; those that were withdrawn unanswered stand apart.",
		Columns: []string{"party", "asked", "answered", "open", "withdrawn", "mean_seconds", "median_seconds"},
		rows: func(s Statistics) [][]any {
			all := s.Replies.All
			all.Party = everyone
			var rows [][]any
			for _, p := range append([]ReplyTime{all}, s.Replies.Rows...) {
				rows = append(rows, []any{p.Party, p.Asked, p.Answered, p.Open, p.Withdrawn, p.cell(p.Mean), p.cell(p.Median)})
			}
			return rows
		},
	},
	{
		Number: 8, Name: "unread", Title: "Unread and not actioned",
		Definition: "Of what the Party received in the period, as it stands when the period ends: mails that none of its users has opened, " +
			"and questions, as under 7, that it neither answered nor acknowledged and that were not withdrawn.",
		Columns: []string{"party", "unread", "not_actioned"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, s.Unread.Unread, s.Unread.NotActioned}}
			for _, p := range s.Unread.Rows {
				rows = append(rows, []any{p.Party, p.Unread, p.NotActioned})
			}
			return rows
		},
	},
	{
		Number: 9, Name: "repeated", Title: "Repeated requests (para 39)",
		Definition: "Of the requests that a Party sent in the period, those that put the same marks and numbers to the same Parties while an earlier one was not answered by all of them. " +
			"Marks hide serial numbers: questions about other packs of the same issuer look the same, so the true number may be smaller.",
		Columns: []string{"party", "requests", "repeated"},
		rows: func(s Statistics) [][]any {
			rows := [][]any{{everyone, s.Repeated.Requests, s.Repeated.Repeated}}
			for _, p := range s.Repeated.Rows {
				rows = append(rows, []any{p.Party, p.Requests, p.Repeated})
			}
			return rows
		},
	},
}

// wait is a time to a reply, or nothing where there was no reply.
type wait struct {
	seconds int64
	none    bool
}

func (r ReplyTime) cell(seconds int64) wait { return wait{seconds, r.Answered == 0} }

// day returns the date of a moment, "" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
