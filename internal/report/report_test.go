package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"iter"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/report"
)

var update = flag.Bool("update", false, "write testdata/quarter.txt")

// history is an event log in memory.
type history []gsp.Event

func (h history) Events(_ context.Context, after int64) iter.Seq2[gsp.Event, error] {
	return func(yield func(gsp.Event, error) bool) {
		for _, e := range h {
			if e.ID > after && !yield(e, nil) {
				return
			}
		}
	}
}

// at is a moment of 2026 that a table can hold: "02-28 09:30".
func at(t *testing.T, s string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02 15:04", "2026-"+s)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func mail(id gsp.MailID, typ gsp.Type, number gsp.CaseID, uims int, from gsp.PartyID, to ...gsp.PartyID) gsp.Event {
	return gsp.Event{Kind: gsp.MailAccepted, Mail: id, Type: typ, Case: number, UIMs: uims, Party: from, Peers: to}
}

func read(id gsp.MailID, by gsp.PartyID) gsp.Event {
	return gsp.Event{Kind: gsp.MailRead, Mail: id, Party: by}
}

func party(kind gsp.EventKind, p gsp.PartyID, account gsp.AccountID) gsp.Event {
	return gsp.Event{Kind: kind, Party: p, Account: account}
}

// quarter is a log whose numbers can be counted on paper. The period of the
// tests is March.
func quarter(t *testing.T) history {
	var h history
	add := func(when string, e gsp.Event) {
		e.At = at(t, when)
		e.ID = int64(len(h) + 1)
		h = append(h, e)
	}
	// Four Parties before March, one of which leaves in February; one joins in March.
	for _, p := range []gsp.PartyID{"eu", "fr", "ke", "xx"} {
		add("01-10 08:00", party(gsp.PartyRegistered, p, 0))
	}
	add("01-11 08:00", party(gsp.AccountIssued, "fr", 1))
	add("01-11 08:01", party(gsp.AccountIssued, "fr", 2))
	add("01-11 08:02", party(gsp.AccountIssued, "ke", 3))
	add("01-11 08:03", party(gsp.AccountIssued, "xx", 4))
	add("02-01 08:00", party(gsp.AccountDisabled, "xx", 4))
	add("02-01 08:00", party(gsp.PartyWithdrawn, "xx", 0))

	// A case of February, answered in March: no part of March's average, but the
	// reply is a message of March and makes ke a replying Party.
	add("02-20 10:00", mail(1, gsp.Request, "2026-KE-00001", 10, "fr", "ke"))
	add("02-21 10:00", read(1, "ke"))
	add("02-25 10:00", mail(19, gsp.Request, "2026-FR-00000", 7, "eu", "fr"))
	add("03-02 10:00", mail(2, gsp.Reply, "2026-KE-00001", 10, "ke", "fr"))

	add("03-03 08:00", party(gsp.PartyRegistered, "tr", 0))
	add("03-03 08:01", party(gsp.AccountIssued, "tr", 5))
	add("03-03 08:02", party(gsp.AccountIssued, "fr", 6))
	add("03-03 08:03", party(gsp.AccountDisabled, "fr", 2))

	// One request to two Parties; ke answers in parts after 2 h, eu acknowledges only.
	add("03-05 10:00", mail(3, gsp.Request, "2026-KE-00002", 900, "fr", "eu", "ke"))
	add("03-05 10:30", mail(4, gsp.Acknowledgement, "2026-KE-00002", 0, "eu", "fr"))
	add("03-05 12:00", mail(5, gsp.PartialReply, "2026-KE-00002", 900, "ke", "fr"))
	add("03-06 12:00", mail(6, gsp.Reply, "2026-KE-00002", 900, "ke", "fr"))
	// A further question, which nobody has answered.
	add("03-06 13:00", mail(7, gsp.FollowUp, "2026-KE-00002", 900, "fr", "ke"))
	add("03-06 14:00", read(3, "ke"))

	// Asked twice in one case: the clock runs from the first time, 4 h.
	add("03-10 08:00", mail(8, gsp.Request, "2026-KE-00003", 3, "tr", "ke"))
	add("03-10 09:00", mail(9, gsp.Request, "2026-KE-00003", 2, "tr", "ke"))
	add("03-10 12:00", mail(10, gsp.DenialReply, "2026-KE-00003", 5, "ke", "tr"))
	add("03-10 13:00", read(10, "tr"))

	// Withdrawn before an answer; the late answer is a message and no more.
	add("03-11 08:00", mail(11, gsp.Request, "2026-EU-00004", 1, "ke", "eu"))
	add("03-11 09:00", mail(12, gsp.Withdrawal, "2026-EU-00004", 0, "ke", "eu"))
	add("03-11 10:00", mail(13, gsp.Reply, "2026-EU-00004", 1, "eu", "ke"))

	// Within one Party; to the Secretariat; refused; kept: the last three do not count.
	add("03-12 08:00", mail(14, gsp.Notice, "", 0, "fr", "fr"))
	add("03-12 09:00", mail(15, gsp.Notice, "", 0, "fr"))
	add("03-12 10:00", gsp.Event{Kind: gsp.MailRefused, Party: "fr", Reason: gsp.NotSealed})
	add("03-12 11:00", gsp.Event{Kind: gsp.MailKept, Party: "fr", Mail: 16})

	// Open when March ends, and the question of February again; what April does
	// about it is April's.
	again := mail(17, gsp.Request, "2026-FR-00005", 7, "eu", "fr")
	again.Repeats = "2026-FR-00000"
	add("03-31 23:59", again)
	add("04-01 00:00", read(17, "fr"))
	add("04-01 00:00", mail(18, gsp.Reply, "2026-FR-00005", 7, "fr", "eu"))
	add("04-02 00:00", party(gsp.PartyRegistered, "za", 0))
	return h
}

func march(t *testing.T, only ...gsp.PartyID) report.Query {
	return report.Query{From: at(t, "03-01 00:00"), Until: at(t, "04-01 00:00"), Parties: only}
}

func statistics(t *testing.T, src report.Source, q report.Query) report.Statistics {
	t.Helper()
	s, err := report.Make(t.Context(), src, q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMarchOnPaper(t *testing.T) {
	got := statistics(t, quarter(t), march(t))
	january := at(t, "01-10 08:00")
	hours := func(n int64) int64 { return n * 3600 }
	want := report.Statistics{
		From: at(t, "03-01 00:00"), Until: at(t, "04-01 00:00"),
		Registered: report.Registered{AtEnd: 4, Joined: 1, Rows: []report.Registration{
			{Party: "eu", Since: january}, {Party: "fr", Since: january}, {Party: "ke", Since: january},
			{Party: "tr", Since: at(t, "03-03 08:00"), Joined: true},
		}},
		Users: report.Users{AtEnd: 4, Issued: 2, Rows: []report.UserCount{
			{"eu", 0, 0}, {"fr", 2, 1}, {"ke", 1, 0}, {"tr", 1, 1},
		}},
		// eu's only answer came in the withdrawn case: it did reply
		Active: report.Active{Parties: 4, Sending: 4, Replying: 2, Rows: []report.Activity{
			{"eu", true, true}, {"fr", true, false}, {"ke", true, true}, {"tr", true, false},
		}},
		Messages: report.Traffic{Sent: 14, Received: 15, Rows: []report.Messages{
			{"eu", 3, 3}, {"fr", 3, 6}, {"ke", 6, 5}, {"tr", 2, 1},
		}},
		Requests: 5, UIMs: 900 + 3 + 2 + 1 + 7,
		Between: []report.Pair{
			{"eu", "fr", 2, 1, 7}, {"eu", "ke", 1, 0, 0},
			{"fr", "eu", 1, 1, 900}, {"fr", "fr", 1, 0, 0}, {"fr", "ke", 2, 1, 900},
			{"ke", "eu", 2, 1, 1}, {"ke", "fr", 3, 0, 0}, {"ke", "tr", 1, 0, 0},
			{"tr", "ke", 2, 2, 5},
		},
		Replies: report.Replies{
			All: report.ReplyTime{Asked: 6, Answered: 2, Open: 3, Withdrawn: 1, Mean: hours(3), Median: hours(3)},
			Rows: []report.ReplyTime{
				{Party: "eu", Asked: 2, Open: 1, Withdrawn: 1},
				{Party: "fr", Asked: 1, Open: 1},
				{Party: "ke", Asked: 3, Answered: 2, Open: 1, Mean: hours(3), Median: hours(3)},
				{Party: "tr"},
			},
		},
		Unread: report.Unread{Unread: 13, NotActioned: 2, Rows: []report.Backlog{
			{"eu", 3, 0}, {"fr", 6, 1}, {"ke", 4, 1}, {"tr", 0, 0},
		}},
		Repeated: report.Repeated{Requests: 5, Repeated: 1, Rows: []report.Repetition{
			{"eu", 1, 1}, {"fr", 1, 0}, {"ke", 1, 0}, {"tr", 2, 0},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got %s\nwant %s", g, w)
	}
}

// A Party that leaves in the period is counted as having left, and its
// registration before does not count at the end.
func TestFebruaryHasAWithdrawal(t *testing.T) {
	s := statistics(t, quarter(t), report.Query{From: at(t, "02-01 00:00"), Until: at(t, "03-01 00:00")})
	got := s.Registered
	if got.AtEnd != 3 || got.Joined != 0 || got.Withdrawn != 1 || len(got.Rows) != 4 || !got.Rows[3].Withdrawn {
		t.Errorf("got %+v, want 3 at the end and xx withdrawn", got)
	}
}

func TestPartiesOfTheQueryOnly(t *testing.T) {
	s := statistics(t, quarter(t), march(t, "tr", "eu", "tr"))
	if want := []gsp.PartyID{"eu", "tr"}; !reflect.DeepEqual(s.Parties, want) {
		t.Errorf("got Parties %v, want %v", s.Parties, want)
	}
	if got, want := s.Messages, (report.Traffic{Sent: 5, Received: 4, Rows: []report.Messages{{"eu", 3, 3}, {"tr", 2, 1}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, p := range s.Between {
		if p.From != "eu" && p.From != "tr" && p.To != "eu" && p.To != "tr" {
			t.Errorf("got the pair %v, want those of eu and tr only", p)
		}
	}
	if len(s.Between) != 6 || s.UIMs != 900+3+2+1+7 || s.Requests != 5 {
		t.Errorf("got %d pairs, %d UIMs in %d requests, want 6, 913, 5", len(s.Between), s.UIMs, s.Requests)
	}
	if s.Replies.All.Asked != 2 || s.Unread.Unread != 3 || s.Registered.AtEnd != 2 || s.Users.AtEnd != 1 || s.Active.Parties != 2 {
		t.Errorf("got %+v, want the rows of eu and tr only", s)
	}
}

func TestBadQueries(t *testing.T) {
	tests := []struct {
		q    report.Query
		want gsp.Reason
	}{
		{report.Query{From: at(t, "03-01 00:00"), Until: at(t, "03-01 00:00")}, gsp.BrokenPeriod},
		{report.Query{From: at(t, "03-02 00:00"), Until: at(t, "03-01 00:00")}, gsp.BrokenPeriod},
		{march(t, "ke", "zz"), gsp.UnknownParty},
	}
	for _, test := range tests {
		_, err := report.Make(t.Context(), quarter(t), test.q)
		if r, ok := errors.AsType[*gsp.Refusal](err); !ok || r.Reason != test.want || r.Remedy == "" {
			t.Errorf("%+v: got %v, want %s", test.q, err, test.want)
		}
	}
}

// torn is a log that cannot be read to its end.
type torn struct{ history }

var errTorn = errors.New("torn")

func (s torn) Events(ctx context.Context, after int64) iter.Seq2[gsp.Event, error] {
	return func(yield func(gsp.Event, error) bool) {
		for e := range s.history.Events(ctx, after) {
			if !yield(e, nil) {
				return
			}
		}
		yield(gsp.Event{}, errTorn)
	}
}

// Half a log gives no numbers.
func TestUnreadableLog(t *testing.T) {
	if s, err := report.Make(t.Context(), torn{quarter(t)}, march(t)); !errors.Is(err, errTorn) || len(s.Between) != 0 {
		t.Errorf("got %+v, %v, want nothing and %v", s, err, errTorn)
	}
}

func TestEmptyLog(t *testing.T) {
	s := statistics(t, history{}, report.Query{})
	var b bytes.Buffer
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	var j bytes.Buffer
	if err := s.WriteJSON(&j); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(j.String(), "null") {
		t.Errorf("got %s, want empty lists and no null", j.String())
	}
}

func TestTextIsReadable(t *testing.T) {
	const golden = "testdata/quarter.txt"
	var b bytes.Buffer
	if err := statistics(t, quarter(t), march(t)).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got:\n%s\nwant:\n%s", b.Bytes(), want)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line); n > 81 {
			t.Errorf("%q is %d characters wide", line, n)
		}
	}
}

// Each table is one that a program can read: as many cells as columns, and
// never a cell that a spreadsheet takes for a formula.
func TestTablesAsCSV(t *testing.T) {
	s := statistics(t, quarter(t), march(t))
	for _, item := range report.Items {
		var b bytes.Buffer
		if err := s.WriteCSV(&b, item); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", item.Name, err)
			continue
		}
		if !reflect.DeepEqual(rows[0], item.Columns) || len(rows) < 5 {
			t.Errorf("%s: got %q, want the columns %q and rows", item.Name, rows, item.Columns)
		}
		for _, cell := range rows {
			for _, c := range cell {
				if strings.ContainsAny(c[:min(1, len(c))], "=+-@") {
					t.Errorf("%s: got cell %q", item.Name, c)
				}
			}
		}
		if item.Name == "replies" {
			want := []string{"ke", "3", "2", "1", "0", "10800", "10800"}
			if got := rows[4]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %q, want %q", item.Name, got, want)
			}
		}
	}
}

func TestJSONExplainsItself(t *testing.T) {
	s := statistics(t, quarter(t), march(t))
	var b bytes.Buffer
	if err := s.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		report.Statistics
		Definitions map[string]string `json:"definitions"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Statistics, s) {
		t.Errorf("got %+v, want %+v", got.Statistics, s)
	}
	for i, item := range report.Items {
		if item.Number != i+1 || got.Definitions[item.Name] != item.Definition || item.Definition == "" {
			t.Errorf("item %d: got definition %q, want %q", i+1, got.Definitions[item.Name], item.Definition)
		}
	}
}

// A clock that was set back between request and reply makes no negative wait.
func TestClockSetBack(t *testing.T) {
	h := history{
		party(gsp.PartyRegistered, "ke", 0),
		mail(1, gsp.Request, "2026-KE-00001", 1, "fr", "ke"),
		mail(2, gsp.Reply, "2026-KE-00001", 1, "ke", "fr"),
	}
	for i, when := range []string{"01-01 00:00", "03-02 10:00", "03-02 09:00"} {
		h[i].ID, h[i].At = int64(i+1), at(t, when)
	}
	want := report.ReplyTime{Asked: 1, Answered: 1}
	if got := statistics(t, h, march(t)).Replies.All; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// BenchmarkMake reads a log of ten thousand events.
func BenchmarkMake(b *testing.B) {
	h := random(rand.New(rand.NewPCG(1, 2)), 10_000)
	for b.Loop() {
		if _, err := report.Make(b.Context(), h, report.Query{}); err != nil {
			b.Fatal(err)
		}
	}
}
