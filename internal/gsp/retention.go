package gsp

import "time"

// Retention says how long mail is kept.
type Retention struct {
	ClosedMonths int `json:"closed_months"` // after the last mail of a closed case, 0 for ever
	OtherMonths  int `json:"other_months"`  // mails that belong to no case, 0 for ever
	NoticeDays   int `json:"notice_days"`   // before mails go
}

// On reports whether any mail ever goes.
func (r Retention) On() bool { return r.ClosedMonths > 0 || r.OtherMonths > 0 }

// Goes returns when what is told at a time goes.
func (r Retention) Goes(told time.Time) time.Time { return told.AddDate(0, 0, r.NoticeDays) }

// Horizon returns what is due at a time.
func (r Retention) Horizon(at time.Time) Horizon {
	var h Horizon
	if r.ClosedMonths > 0 {
		h.Closed = at.AddDate(0, -r.ClosedMonths, 0)
	}
	if r.OtherMonths > 0 {
		h.Other = at.AddDate(0, -r.OtherMonths, 0)
	}
	return h
}

// Months returns how many months a policy keeps mail.
func (r Retention) Months(p Policy) int {
	if p == ClosedCase {
		return r.ClosedMonths
	}
	return r.OtherMonths
}

// Horizon are the times before which mail is due to go; a zero one is none.
type Horizon struct {
	Closed time.Time // of the last mail of a case that is closed and not held
	Other  time.Time // of a mail that belongs to no case
}

// Policy is the rule by which a mail goes. The list is closed.
type Policy string

// The policies.
const (
	ClosedCase Policy = "closed-case"
	NoCase     Policy = "no-case"
)

// Policies lists every Policy.
var Policies = []Policy{ClosedCase, NoCase}

// Due is one message that is due to go.
type Due struct {
	Mail    MailID
	Mailbox string // without its owner
	Case    CaseID // "" for none
	Policy  Policy
	Octets  int64
	Own     bool // written by the gateway
}

// Removal is what an owner was told: which mails go, and when.
type Removal struct {
	Owner string
	Told  time.Time // zero while the notice is not delivered
	Goes  time.Time
	Mails int
}

// CaseHold keeps the mails of a case from going, or lets them go again. It is
// never changed: of a case's holds the latest is in force.
type CaseHold struct {
	Case CaseID    `json:"case"`
	Held bool      `json:"held"`
	By   string    `json:"by"` // who did it, as the command line knew them
	At   time.Time `json:"at"`
}
