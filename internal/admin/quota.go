package admin

import (
	"context"
	"fmt"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// Rooms is how much the mailboxes of owners hold, and may.
type Rooms interface {
	// Rooms returns the room of every owner.
	Rooms(ctx context.Context) ([]gsp.Room, error)
	// Room returns the room of one owner, or gsp.ErrNotFound.
	Room(ctx context.Context, owner string) (gsp.Room, error)
	// SetQuota sets the quota of an owner.
	SetQuota(ctx context.Context, q gsp.Quota) error
	// Quotas returns every quota that was set for an owner, the earliest first.
	Quotas(ctx context.Context, owner string) ([]gsp.Quota, error)
}

// QuotaOf is the input of AccountQuota and PartyQuota.
type QuotaOf struct {
	Whose  string `json:"whose"`            // a login, or the code of a Party
	Octets *int64 `json:"octets,omitempty"` // as gsp.Quota has it; nil leaves it and only tells
}

// RoomRow is how much the mailboxes at an address hold, and may.
type RoomRow struct {
	Address string      `json:"address"`
	Room    gsp.Room    `json:"room"`
	Set     []gsp.Quota `json:"set"` // the quotas that somebody set for it, the earliest first
}

// AccountQuota sets or tells how much the mailboxes of an account may hold.
var AccountQuota = Verb[QuotaOf, RoomRow]{"account-quota", accountQuota}

// PartyQuota sets or tells how much the mailboxes of a Party's competent
// authority may hold, or those of the operator or the Secretariat.
var PartyQuota = Verb[QuotaOf, RoomRow]{"party-quota", partyQuota}

func accountQuota(ctx context.Context, o *Office, by string, in QuotaOf) (RoomRow, error) {
	account, _, ok := o.Registry.Snapshot().Login(in.Whose)
	if !ok {
		return RoomRow{}, unknownAccount(in.Whose)
	}
	return o.quota(ctx, by, account.Login, in.Octets)
}

func partyQuota(ctx context.Context, o *Office, by string, in QuotaOf) (RoomRow, error) {
	if in.Whose == registry.PostmasterLocal || in.Whose == registry.SecretariatLocal {
		return o.quota(ctx, by, in.Whose, in.Octets)
	}
	party, err := knownParty(o.Registry.Snapshot(), in.Whose)
	if err != nil {
		return RoomRow{}, err
	}
	return o.quota(ctx, by, string(party.ID), in.Octets)
}

func (o *Office) quota(ctx context.Context, by, owner string, octets *int64) (RoomRow, error) {
	if octets != nil {
		if err := o.checkQuota(*octets); err != nil {
			return RoomRow{}, err
		}
		if err := o.Rooms.SetQuota(ctx, gsp.Quota{Owner: owner, Octets: *octets, SetBy: by, Set: o.Now()}); err != nil {
			return RoomRow{}, err
		}
	}
	row := RoomRow{Address: o.Registry.Snapshot().Address(owner).String()}
	var err error
	if row.Room, err = o.Rooms.Room(ctx, owner); err != nil {
		return RoomRow{}, err
	}
	row.Set, err = o.Rooms.Quotas(ctx, owner)
	return row, err
}

// checkQuota refuses a quota with no room for the largest mail, which its
// sender would be told to send again later, and again.
func (o *Office) checkQuota(octets int64) error {
	if octets == gsp.ConfiguredQuota || octets == gsp.NoQuota || octets >= 2*o.MaxMessage && octets > 0 {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenQuota,
		Cause:  "a mailbox cannot be as small as that: it would not even hold the largest mail",
		Remedy: fmt.Sprintf("give it %s at least, or allow smaller mails only, by max_message in the configuration", gsp.Octets(2*o.MaxMessage)),
	}
}

// PartyRow is what PartyShow tells of a Party.
type PartyRow struct {
	gsp.Party
	Address  string   `json:"address"`
	Key      string   `json:"key,omitzero"` // fingerprint of its published certificate
	Accounts int      `json:"accounts"`     // that may log in
	Room     gsp.Room `json:"room"`         // of the competent authority
}

// PartyShow tells of one Party, and how much its competent authority's
// mailboxes hold.
var PartyShow = Verb[PartyID, PartyRow]{"party-show", partyShow}

func partyShow(ctx context.Context, o *Office, _ string, in PartyID) (PartyRow, error) {
	roll := o.Registry.Snapshot()
	party, err := knownParty(roll, in.ID)
	if err != nil {
		return PartyRow{}, err
	}
	address := roll.Address(string(party.ID))
	row := PartyRow{Party: party, Address: address.String()}
	if cert, ok := roll.Cert(address); ok {
		row.Key = cert.Fingerprint()
	}
	for _, a := range roll.Accounts() {
		if a.Party == party.ID && a.Active() {
			row.Accounts++
		}
	}
	row.Room, err = o.Rooms.Room(ctx, string(party.ID))
	return row, err
}

// addRooms fills in how much the mailboxes of accounts hold.
func (o *Office) addRooms(ctx context.Context, rows []AccountRow) error {
	rooms, err := o.Rooms.Rooms(ctx)
	if err != nil {
		return err
	}
	byOwner := make(map[string]gsp.Room, len(rooms))
	for _, r := range rooms {
		byOwner[r.Owner] = r
	}
	for i := range rows {
		rows[i].Room = byOwner[rows[i].Login]
	}
	return nil
}
