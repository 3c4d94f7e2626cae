package admin

import (
	"context"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Condition says how a gateway is doing: numbers only, no names of people, no
// codes.
type Condition struct {
	Version     string             `json:"version"`
	Started     time.Time          `json:"started"`
	Doors       []Door             `json:"doors"`
	Commands    []Command          `json:"commands"`             // of the reading door, by name
	Today       Mails              `json:"today"`                // since midnight UTC
	Waiting     int                `json:"cases_waiting"`        // for an answer
	Oldest      time.Time          `json:"oldest_case,omitzero"` // when the oldest of them was opened
	KeysWaiting int                `json:"keys_waiting"`         // for approval
	Parties     int                `json:"parties"`
	Accounts    int                `json:"accounts"` // that can log in
	Library     gsp.LibraryVersion `json:"library"`  // 0 for none
	Published   time.Time          `json:"library_published,omitzero"`
	Certificate time.Time          `json:"certificate_until"` // of the doors
	Data        string             `json:"data"`
	Database    int64              `json:"database"` // octets, without the mails beside it
	Free        int64              `json:"free"`     // octets of the disk
	Warnings    []string           `json:"warnings"` // what needs somebody soon
}

// Door is one listening socket.
type Door struct {
	Name        string `json:"name"`
	Address     string `json:"address"`
	Connections *int   `json:"connections,omitempty"` // nil where they are not counted
}

// Command counts a command of the reading door since the start.
type Command struct {
	Name string `json:"name"` // in capitals, OTHER for what is none
	OK   int    `json:"ok"`
	No   int    `json:"no"`
	Bad  int    `json:"bad"`
	Took Took   `json:"took"` // to the answer, with what the client took to send the command
}

// Took counts by time.
type Took struct {
	Within10ms  int `json:"within_10ms"`
	Within100ms int `json:"within_100ms"` // and not within 10 ms, and so on
	Within1s    int `json:"within_1s"`
	Within10s   int `json:"within_10s"`
	Longer      int `json:"longer"`
}

// Add counts one.
func (t *Took) Add(d time.Duration) {
	switch {
	case d <= 10*time.Millisecond:
		t.Within10ms++
	case d <= 100*time.Millisecond:
		t.Within100ms++
	case d <= time.Second:
		t.Within1s++
	case d <= 10*time.Second:
		t.Within10s++
	default:
		t.Longer++
	}
}

// Mails counts the mails of a day.
type Mails struct {
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
}

// Status tells how the gateway is doing that runs.
var Status = Verb[None, Condition]{"status", func(ctx context.Context, o *Office, _ string, _ None) (Condition, error) {
	if o.Condition == nil {
		return Condition{}, &gsp.Refusal{
			Reason: gsp.NotRunning,
			Cause:  "no gateway runs on this data folder",
			Remedy: "start it with: gsp serve",
		}
	}
	c, err := o.Condition(ctx)
	if err != nil {
		return Condition{}, err
	}
	roll := o.Registry.Snapshot()
	for _, q := range roll.Requests() {
		if !q.Confirmed.IsZero() {
			c.KeysWaiting++
		}
	}
	for _, p := range roll.Parties() {
		if p.Withdrawn.IsZero() {
			c.Parties++
		}
	}
	for _, a := range roll.Accounts() {
		if a.Active() {
			c.Accounts++
		}
	}
	library := roll.LibraryText()
	c.Library, c.Published = library.Version, library.Published
	return c, nil
}}
