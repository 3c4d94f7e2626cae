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
