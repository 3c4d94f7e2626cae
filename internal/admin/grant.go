package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// RoleChange is what AccountRole did.
type RoleChange struct {
	AccountRow
	Given []gsp.Role `json:"given"` // new
	Ended []gsp.Role `json:"ended"`
}

// AccountDetails is all that is known of an account but its password.
type AccountDetails struct {
	AccountRow
	PartyName   string      `json:"party_name"`
	Password    time.Time   `json:"password_issued"`
	Pins        int         `json:"client_certificates,omitzero"`
	KeyExpires  time.Time   `json:"key_expires,omitzero"`
	KeyWaiting  string      `json:"key_waiting,omitzero"` // fingerprint of one that waits for approval
	Grants      []gsp.Grant `json:"grants"`               // all that there ever were, in the order of time
	PartyIsGone bool        `json:"party_withdrawn,omitzero"`
}

// AccountRole gives an account the roles named and ends its others, all by
// grants, which are never deleted.
var AccountRole = Verb[AccountRoles, RoleChange]{"account-role", accountRole}

// AccountShow tells all that is known of an account, with every grant it ever
// had.
var AccountShow = Verb[AccountLogin, AccountDetails]{"account-show", accountShow}

func accountRole(ctx context.Context, o *Office, by string, in AccountRoles) (RoleChange, error) {
	if len(in.Roles) == 0 {
		return RoleChange{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  "no role is named",
			Remedy: "name all that the account is to have, of " + list(gsp.Roles) + "; to end it: gsp account disable",
		}
	}
	roles, err := parseRoles(in.Roles)
	if err != nil {
		return RoleChange{}, err
	}
	now := o.Now()
	var out RoleChange
	out.AccountRow, err = o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		if !a.Active() {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.UnknownAccount,
				Cause:  fmt.Sprintf("%s is disabled and has no roles", a.Login),
				Remedy: fmt.Sprintf("let it log in again with: gsp account enable %s --role ROLE", a.Login),
			}
		}
		var c gsp.Change
		out.Given, out.Ended = []gsp.Role{}, []gsp.Role{}
		for _, g := range roll.Grants() {
			if g.Account == a.ID && g.Ended.IsZero() && !slices.Contains(roles, g.Role) {
				g.Ended, g.EndedBy = now, by
				c.Grants = append(c.Grants, g)
				c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.RoleEnded, Party: a.Party, Account: a.ID, Role: g.Role})
				out.Ended = append(out.Ended, g.Role)
			}
		}
		for _, role := range roles {
			if !roll.Allows(a.ID, role) {
				c.Grants = append(c.Grants, gsp.Grant{Account: a.ID, Role: role, GivenBy: by, Given: now})
				c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.RoleGranted, Party: a.Party, Account: a.ID, Role: role})
				out.Given = append(out.Given, role)
			}
		}
		return c, nil
	})
	return out, err
}

func accountShow(_ context.Context, o *Office, _ string, in AccountLogin) (AccountDetails, error) {
	roll := o.Registry.Snapshot()
	a, credential, ok := roll.Login(in.Login)
	if !ok {
		return AccountDetails{}, unknownAccount(in.Login)
	}
	party, _ := roll.Party(a.Party)
	d := AccountDetails{
		AccountRow: rowOf(roll, a, o.Now()), PartyName: party.Name, PartyIsGone: !party.Withdrawn.IsZero(),
		Password: credential.Issued, Pins: len(credential.Pins), Grants: []gsp.Grant{},
	}
	address := roll.Address(a.Login)
	if cert, ok := roll.Cert(address); ok {
		d.KeyExpires = cert.Expires()
	}
	if q, ok := roll.Request(address); ok && !q.Confirmed.IsZero() {
		d.KeyWaiting = q.Fingerprint
	}
	for _, g := range roll.Grants() {
		if g.Account == a.ID {
			d.Grants = append(d.Grants, g)
		}
	}
	slices.SortStableFunc(d.Grants, func(a, b gsp.Grant) int { return cmp.Or(a.Given.Compare(b.Given), cmp.Compare(a.ID, b.ID)) })
	return d, nil
}
