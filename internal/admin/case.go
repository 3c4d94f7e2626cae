package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// Cases is what the office asks of a store about cases.
type Cases interface {
	// PendingCases returns, the oldest first, at most limit cases that still wait
	// for an answer and were opened after another case, at the same time with a
	// higher number, and before a time.
	PendingCases(ctx context.Context, after gsp.Case, before time.Time, limit int) ([]gsp.Case, error)

	// Case returns the case of that number, or gsp.ErrNotFound.
	Case(ctx context.Context, id gsp.CaseID) (gsp.Case, error)
}

// CaseFilter is the input of CaseList.
type CaseFilter struct {
	Party string `json:"party,omitzero"` // "" for all
	Days  int    `json:"days,omitzero"`  // waiting for at least so many
}

// CaseRow is one case: no code, no mark, no subject.
type CaseRow struct {
	ID        gsp.CaseID    `json:"id"`
	Requester gsp.PartyID   `json:"requester"`
	Asked     []gsp.PartyID `json:"asked"`
	Waiting   []gsp.PartyID `json:"waiting"` // those whose answer is still to come
	Opened    time.Time     `json:"opened"`
}

// CaseMail is one mail of a case.
type CaseMail struct {
	At   time.Time     `json:"at"`
	From gsp.PartyID   `json:"from"`
	To   []gsp.PartyID `json:"to"`
	Type gsp.Type      `json:"type"`
	UIMs int           `json:"uims,omitzero"` // how many codes it is about
}

// CaseHistory is a case with its mails.
type CaseHistory struct {
	CaseRow
	Mails []CaseMail `json:"mails"`
}

// CaseID names a case.
type CaseID struct {
	ID string `json:"id"`
}

// CaseList lists the cases that wait for an answer, the oldest first.
var CaseList = Verb[CaseFilter, []CaseRow]{"case-list", caseList}

// CaseShow tells a case and what passed in it.
var CaseShow = Verb[CaseID, CaseHistory]{"case-show", caseShow}

// casesAtOnce is how many cases are read at once.
const casesAtOnce = 500

func caseList(ctx context.Context, o *Office, _ string, in CaseFilter) ([]CaseRow, error) {
	var only gsp.PartyID
	if in.Party != "" {
		party, err := anyParty(o.Registry.Snapshot(), in.Party)
		if err != nil {
			return nil, err
		}
		only = party
	}
	before := o.Now().AddDate(0, 0, -in.Days)
	rows := []CaseRow{}
	for after := (gsp.Case{}); ; {
		cases, err := o.Cases.PendingCases(ctx, after, before, casesAtOnce)
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			after = c
			if only == "" || c.Takes(only) {
				rows = append(rows, rowOfCase(c))
			}
		}
		if len(cases) < casesAtOnce {
			return rows, nil
		}
	}
}

// anyParty returns the code of a Party, which may be withdrawn: its cases stay.
func anyParty(roll *registry.Snapshot, code string) (gsp.PartyID, error) {
	if id, err := gsp.ParsePartyID(code); err == nil {
		if _, ok := roll.Party(id); ok {
			return id, nil
		}
	}
	_, err := knownParty(roll, code)
	return "", err
}

func rowOfCase(c gsp.Case) CaseRow {
	return CaseRow{
		ID: c.ID, Requester: c.Requester, Opened: c.Opened,
		Asked: append([]gsp.PartyID{}, c.Asked...), Waiting: append([]gsp.PartyID{}, c.Waiting...),
	}
}

func caseShow(ctx context.Context, o *Office, _ string, in CaseID) (CaseHistory, error) {
	id, err := gsp.ParseCaseID(in.ID)
	var c gsp.Case
	if err == nil {
		c, err = o.Cases.Case(ctx, id)
	}
	if errors.Is(err, gsp.ErrCaseID) || errors.Is(err, gsp.ErrNotFound) {
		return CaseHistory{}, &gsp.Refusal{
			Reason: gsp.UnknownCase,
			Cause:  fmt.Sprintf("there is no case %q", in.ID),
			Remedy: "give its number as it stands in the mails, such as 2026-KE-7QX2M; see those that wait with: gsp case list",
			Err:    err,
		}
	}
	if err != nil {
		return CaseHistory{}, err
	}
	history := CaseHistory{CaseRow: rowOfCase(c), Mails: []CaseMail{}}
	for e, err := range o.Events.Events(ctx, 0) {
		if err != nil {
			return CaseHistory{}, err
		}
		if e.Case == id && e.Kind == gsp.MailAccepted {
			history.Mails = append(history.Mails, CaseMail{At: e.At, From: e.Party, To: append([]gsp.PartyID{}, e.Peers...), Type: e.Type, UIMs: e.UIMs})
		}
	}
	return history, nil
}
