package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Retainer is what the office asks of a store about mails that are to go.
type Retainer interface {
	// Due returns the messages of an owner that are due: all of them, or those
	// that its owner was told of.
	Due(ctx context.Context, owner string, h gsp.Horizon, told bool) ([]gsp.Due, error)
	// Removals returns what owners were told.
	Removals(ctx context.Context) ([]gsp.Removal, error)
	// HoldCase keeps the mails of a case, or lets them go again.
	HoldCase(ctx context.Context, h gsp.CaseHold) error
	// CaseHolds returns every hold and release, the earliest first.
	CaseHolds(ctx context.Context) ([]gsp.CaseHold, error)
}

// RetentionRule is the input of RetentionPlan.
type RetentionRule struct {
	// The rule to plan by; nil for the one in force.
	Rule *gsp.Retention `json:"rule,omitempty"`
}

// Fate is what becomes of mails that are due.
type Fate string

// The fates.
const (
	Told     Fate = "told"     // the notice stands; they go then
	Next     Fate = "next"     // they are in the next notice; they go then at the earliest
	Keyless  Fate = "no-key"   // nothing can be sealed for their owner, and they stay
	Left     Fate = "nobody"   // nobody receives at their address any more, and they stay
	Supposed Fate = "supposed" // by a rule that is not in force
)

// PlanRow is what is due of one owner.
type PlanRow struct {
	Address string       `json:"address"`
	Party   gsp.PartyID  `json:"party,omitzero"`
	Fate    Fate         `json:"fate"`
	Goes    time.Time    `json:"goes,omitzero"`
	Mails   int          `json:"mails"` // messages
	Octets  int64        `json:"octets"`
	Cases   []gsp.CaseID `json:"cases"`
	Other   int          `json:"other"` // messages that belong to no case
}

// Plan is what RetentionPlan tells.
type Plan struct {
	Rule gsp.Retention `json:"rule"`
	Rows []PlanRow     `json:"rows"`
}

// RetentionPlan tells which mails are due and when they go, and changes nothing.
var RetentionPlan = Verb[RetentionRule, Plan]{"retention-plan", retentionPlan}

func retentionPlan(ctx context.Context, o *Office, _ string, in RetentionRule) (Plan, error) {
	plan := Plan{Rule: o.Keep, Rows: []PlanRow{}}
	if in.Rule != nil {
		plan.Rule = *in.Rule
		plan.Rule.NoticeDays = o.Keep.NoticeDays
	}
	rooms, err := o.Rooms.Rooms(ctx)
	if err != nil || !plan.Rule.On() {
		return plan, err
	}
	told := map[string]gsp.Removal{}
	if in.Rule == nil {
		removals, err := o.Retained.Removals(ctx)
		if err != nil {
			return Plan{}, err
		}
		for _, r := range removals {
			if !r.Told.IsZero() {
				told[r.Owner] = r
			}
		}
	}
	for _, room := range rooms {
		row := o.fate(room.Owner, told, in.Rule != nil, plan.Rule)
		due, err := o.Retained.Due(ctx, room.Owner, plan.Rule.Horizon(row.Goes), row.Fate == Told)
		if err != nil {
			return Plan{}, err
		}
		if !slices.ContainsFunc(due, func(d gsp.Due) bool { return !d.Own }) { // notices go with other mails
			continue
		}
		row.count(due)
		if row.Fate == Keyless || row.Fate == Left {
			row.Goes = time.Time{}
		}
		plan.Rows = append(plan.Rows, row)
	}
	return plan, nil
}

// fate says what becomes of an owner's mails that are due.
func (o *Office) fate(owner string, told map[string]gsp.Removal, supposed bool, rule gsp.Retention) PlanRow {
	roll, now := o.Registry.Snapshot(), o.Now()
	address := roll.Address(owner)
	who, receives := roll.Owner(address)
	row := PlanRow{Address: address.String(), Party: who.Party, Fate: Next, Goes: rule.Goes(now)}
	removal, announced := told[owner]
	switch {
	case !receives:
		row.Fate = Left
	case announced:
		row.Fate, row.Goes = Told, removal.Goes
	case !roll.Sealable(address, now):
		row.Fate = Keyless
	case supposed:
		row.Fate = Supposed
	}
	return row
}

func (r *PlanRow) count(due []gsp.Due) {
	r.Mails, r.Cases = len(due), []gsp.CaseID{}
	for _, d := range due {
		r.Octets += d.Octets
		if d.Policy == gsp.ClosedCase {
			r.Cases = append(r.Cases, d.Case)
		} else {
			r.Other++
		}
	}
	slices.Sort(r.Cases)
	r.Cases = slices.Compact(r.Cases)
}

// CaseHold keeps the mails of a case until it is released, whatever the rules on
// keeping mail say: an investigation needs them.
var CaseHold = Verb[CaseID, gsp.CaseHold]{"case-hold", func(ctx context.Context, o *Office, by string, in CaseID) (gsp.CaseHold, error) {
	return o.hold(ctx, by, in, true)
}}

// CaseRelease ends a hold. What is due goes after a notice of its own.
var CaseRelease = Verb[CaseID, gsp.CaseHold]{"case-release", func(ctx context.Context, o *Office, by string, in CaseID) (gsp.CaseHold, error) {
	return o.hold(ctx, by, in, false)
}}

// CaseHolds tells which cases were held and released, by whom and when.
var CaseHolds = Verb[None, []gsp.CaseHold]{"case-holds", func(ctx context.Context, o *Office, _ string, _ None) ([]gsp.CaseHold, error) {
	holds, err := o.Retained.CaseHolds(ctx)
	return append([]gsp.CaseHold{}, holds...), err
}}

func (o *Office) hold(ctx context.Context, by string, in CaseID, held bool) (gsp.CaseHold, error) {
	id, err := gsp.ParseCaseID(strings.TrimSpace(in.ID))
	if err == nil {
		_, err = o.Cases.Case(ctx, id)
	}
	if errors.Is(err, gsp.ErrCaseID) || errors.Is(err, gsp.ErrNotFound) {
		return gsp.CaseHold{}, &gsp.Refusal{
			Reason: gsp.UnknownCase,
			Cause:  fmt.Sprintf("there is no case %q", in.ID),
			Remedy: "give its number as it stands in the mails, such as 2026-KE-7QX2M",
		}
	}
	if err != nil {
		return gsp.CaseHold{}, err
	}
	h := gsp.CaseHold{Case: id, Held: held, By: by, At: o.Now()}
	return h, o.Retained.HoldCase(ctx, h)
}
