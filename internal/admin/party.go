package admin

import (
	"context"
	"fmt"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// NewParty is the input of PartyAdd.
type NewParty struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitzero"` // the region it belongs to

	Language string `json:"language,omitzero"` // of notices to its competent authority, English when empty
}

// PartyAdd registers a Party and makes the mailbox of its competent authority.
var PartyAdd = Verb[NewParty, gsp.Party]{"party-add", partyAdd}

// PartyList lists the Parties.
var PartyList = Verb[None, []gsp.Party]{"party-list", func(_ context.Context, o *Office, _ string, _ None) ([]gsp.Party, error) {
	return o.Registry.Snapshot().Parties(), nil
}}

// PartyID names a Party.
type PartyID struct {
	ID string `json:"id"`
}

// PartyWithdraw ends a Party: its accounts are disabled and its keys
// withdrawn. Its mail and its numbers stay, and it can be registered again.
var PartyWithdraw = Verb[PartyID, gsp.Party]{"party-withdraw", partyWithdraw}

func partyWithdraw(ctx context.Context, o *Office, by string, in PartyID) (gsp.Party, error) {
	now := o.Now()
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		party, err := knownParty(roll, in.ID)
		if err != nil {
			return gsp.Change{}, err
		}
		party.Withdrawn = now
		c := gsp.Change{
			Parties: []gsp.Party{party},
			Events:  []gsp.Event{{At: now, Kind: gsp.PartyWithdrawn, Party: party.ID}},
		}
		authority, _ := roll.Authority(party.ID)
		roll.Withdraw(&c, authority, by, now)
		roll.Withdraw(&c, roll.Archive(party.ID), by, now)
		for _, a := range roll.Accounts() {
			if a.Party == party.ID && a.Active() {
				endAccount(&c, roll, a, by, now)
			}
		}
		return c, nil
	})
	if err != nil {
		return gsp.Party{}, err
	}
	return change.Parties[0], nil
}

func partyAdd(ctx context.Context, o *Office, _ string, in NewParty) (gsp.Party, error) {
	id, err := gsp.ParsePartyID(in.ID)
	if err != nil || registry.Reserved(string(id)) {
		return gsp.Party{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  fmt.Sprintf("%q cannot be the code of a Party", in.ID),
			Remedy: "use its ISO 3166-1 code of two letters, or a code of up to eight letters for a region",
			Err:    err,
		}
	}
	if strings.TrimSpace(in.Name) == "" {
		return gsp.Party{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  "a Party needs a name beside its code",
			Remedy: "give the name after the code, such as: gsp party add ke Kenya",
		}
	}
	language, err := ParseLanguage(in.Language)
	if err != nil {
		return gsp.Party{}, err
	}
	party := gsp.Party{ID: id, Name: in.Name, Language: language, Registered: o.Now()}
	_, err = o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		if p, ok := roll.Party(id); ok && p.Withdrawn.IsZero() {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.PartyExists,
				Cause:  fmt.Sprintf("%s is registered already", id),
				Remedy: "see the registered Parties with: gsp party list",
			}
		}
		if _, ok := roll.Account(string(id)); ok {
			return gsp.Change{}, taken(string(id))
		}
		if in.Parent != "" {
			parent, err := knownParty(roll, in.Parent)
			if err != nil {
				return gsp.Change{}, err
			}
			party.Parent = parent.ID
		}
		return gsp.Change{
			Parties: []gsp.Party{party},
			Events:  []gsp.Event{{At: party.Registered, Kind: gsp.PartyRegistered, Party: id}},
		}, nil
	})
	return party, err
}

// knownParty returns a registered Party by its code as a person typed it.
func knownParty(roll *registry.Snapshot, code string) (gsp.Party, error) {
	id, err := gsp.ParsePartyID(code)
	if err == nil {
		if p, ok := roll.Party(id); ok && p.Withdrawn.IsZero() {
			return p, nil
		}
	}
	return gsp.Party{}, &gsp.Refusal{
		Reason: gsp.UnknownParty,
		Cause:  fmt.Sprintf("%q is not a registered Party", code),
		Remedy: "see the registered Parties with: gsp party list; register one with: gsp party add",
	}
}

func taken(login string) error {
	return &gsp.Refusal{
		Reason: gsp.AccountExists,
		Cause:  fmt.Sprintf("the name %s is taken", login),
		Remedy: "choose another name; see the accounts with: gsp account list",
	}
}
