package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// NewAccount is the input of AccountAdd.
type NewAccount struct {
	Login string   `json:"login"` // the local part of its address
	Party string   `json:"party"`
	Kind  string   `json:"kind,omitzero"` // "officer" when empty
	Name  string   `json:"name,omitzero"`
	Roles []string `json:"roles,omitzero"` // requester and replier when empty

	Language string `json:"language,omitzero"` // of what the gateway writes to it, its Party's when empty
	Until    string `json:"until,omitzero"`    // its last day as 2027-06-30, or never; the office's term when empty
}

// IssuedAccount is what AccountAdd tells. It is the only time that the
// password is seen.
type IssuedAccount struct {
	gsp.Account
	Address  string     `json:"address"`
	Roles    []gsp.Role `json:"roles"`
	Until    gsp.Day    `json:"until,omitzero"` // its last day, "" for no end
	Password string     `json:"password,omitzero"`

	Domain    string       `json:"domain"`
	PartyName string       `json:"party_name"`
	Writes    gsp.Language `json:"writes"` // the language that the gateway writes to it in
	Servers   gsp.Servers  `json:"servers"`
	Keys      string       `json:"keys,omitzero"` // the address that takes keys by mail, "" for none

	Support string `json:"support,omitzero"` // the Secretariat's address, "" while it has no key to seal for
}

// AccountRow is one line of AccountList.
type AccountRow struct {
	gsp.Account
	Address string     `json:"address"`
	Roles   []gsp.Role `json:"roles"`
	Until   gsp.Day    `json:"until,omitzero"` // its last day, "" for no end
	Key     string     `json:"key,omitzero"`   // fingerprint of its published certificate
	Room    gsp.Room   `json:"room,omitzero"`  // of its mailboxes, by AccountList alone

	KeyState registry.KeyState `json:"key_state,omitzero"` // of Key, or of the one that waits where there is none; "" without either
	KeyUntil time.Time         `json:"key_until,omitzero"` // as in KeyRow
}

// AccountFilter is the input of AccountList.
type AccountFilter struct {
	Party string `json:"party,omitzero"` // "" for all
}

// AccountLogin names an account.
type AccountLogin struct {
	Login string `json:"login"`
}

// AccountAdd issues an account with a password made by the gateway, and
// grants it its roles.
var AccountAdd = Verb[NewAccount, IssuedAccount]{"account-add", accountAdd}

// AccountList lists accounts with the roles they have now.
var AccountList = Verb[AccountFilter, []AccountRow]{"account-list", accountList}

// AccountDisable ends an account: its grants end, its key is withdrawn, its
// sessions can do nothing more. Its mail stays.
var AccountDisable = Verb[AccountLogin, AccountRow]{"account-disable", accountDisable}

// AccountRoles names an account and roles.
type AccountRoles struct {
	Login string   `json:"login"`
	Roles []string `json:"roles,omitzero"` // requester and replier when empty
}

// AccountEnable lets a disabled account log in again, with the password it
// had and the roles named. Its key must be published anew.
var AccountEnable = Verb[AccountRoles, AccountRow]{"account-enable", accountEnable}

// AccountPassword gives an account a new password; the old one is void from
// then on. Its client certificates stay.
var AccountPassword = Verb[AccountLogin, IssuedAccount]{"account-password", accountPassword}

func accountAdd(ctx context.Context, o *Office, by string, in NewAccount) (IssuedAccount, error) {
	login, ok := gsp.CanonicalLocal(strings.TrimSuffix(in.Login, "@"+o.Registry.Snapshot().Domain()))
	if !ok {
		return IssuedAccount{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  fmt.Sprintf("%q cannot be the name of an account", in.Login),
			Remedy: "use letters, digits, dots and dashes, such as customs1.ke, with or without the domain",
		}
	}
	// A country code is a Party's address, also of a Party still to come.
	if registry.Reserved(login) || len(login) == 2 {
		return IssuedAccount{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  fmt.Sprintf("the name %s is reserved for the gateway or for a Party", login),
			Remedy: "choose another, such as customs1.ke",
		}
	}
	kind := gsp.AccountKind(in.Kind)
	if in.Kind == "" {
		kind = gsp.Officer
	}
	if !slices.Contains(gsp.AccountKinds, kind) {
		return IssuedAccount{}, &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  fmt.Sprintf("%q is not a kind of account", in.Kind),
			Remedy: "choose one of " + list(gsp.AccountKinds),
		}
	}
	roles, err := parseRoles(in.Roles)
	if err != nil {
		return IssuedAccount{}, err
	}
	language, err := ParseLanguage(in.Language)
	if err != nil {
		return IssuedAccount{}, err
	}
	password := auth.NewPassword(o.Random)
	now := o.Now()
	until, err := parseUntil(in.Until, now)
	if err != nil {
		return IssuedAccount{}, err
	}
	if in.Until == "" && o.Term > 0 {
		until = gsp.DayOf(now.AddDate(0, 0, o.Term))
	}
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		party, err := knownParty(roll, in.Party)
		if err != nil {
			return gsp.Change{}, err
		}
		if _, ok := roll.Account(login); ok {
			return gsp.Change{}, taken(login)
		}
		if _, ok := roll.Party(gsp.PartyID(login)); ok {
			return gsp.Change{}, taken(login)
		}
		if err := ownCode(roll, login, party.ID); err != nil {
			return gsp.Change{}, err
		}
		c := gsp.Change{
			Accounts:    []gsp.Account{{Login: login, Party: party.ID, Kind: kind, Name: in.Name, Language: language, Issued: now}},
			Credentials: []gsp.Credential{auth.NewCredential(0, password, now)},
			Events:      []gsp.Event{{At: now, Kind: gsp.AccountIssued, Party: party.ID}},
		}
		if until != "" {
			c.Terms = []gsp.Term{{Until: until, SetBy: by, Set: now}}
			c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.TermSet, Party: party.ID})
		}
		for _, role := range roles {
			c.Grants = append(c.Grants, gsp.Grant{Role: role, GivenBy: by, Given: now})
			c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.RoleGranted, Party: party.ID, Role: role})
		}
		return c, nil
	})
	if err != nil {
		return IssuedAccount{}, err
	}
	return o.issued(change.Accounts[0], roles, password), nil
}

// ownCode refuses a name that ends in the code of another Party, such as
// customs1.fr for an account of Kenya: who reads the address would take it for
// an officer of that Party.
func ownCode(roll *registry.Snapshot, login string, own gsp.PartyID) error {
	code := gsp.PartyID(login[strings.LastIndexByte(login, '.')+1:])
	if other, ok := roll.Party(code); !ok || code == own || !other.Withdrawn.IsZero() {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenName,
		Cause:  fmt.Sprintf("the name %s ends in the code of another Party than %s", login, own),
		Remedy: fmt.Sprintf("choose a name that ends in .%s, or name the other Party with --party", own),
	}
}

// issued tells a password, with all that a letter to its owner needs.
func (o *Office) issued(a gsp.Account, roles []gsp.Role, password string) IssuedAccount {
	roll := o.Registry.Snapshot()
	party, _ := roll.Party(a.Party) // a Party is never deleted
	support := roll.Address(registry.SupportLocal)
	if _, ok := roll.Cert(support); !ok {
		support = gsp.Address{}
	}
	return IssuedAccount{
		Account: a, Roles: roles, Until: roll.Until(a.ID), Password: password, Address: roll.Address(a.Login).String(),
		Domain: roll.Domain(), PartyName: party.Name, Writes: cmp.Or(a.Language, party.Language, gsp.English),
		Servers: o.Servers, Keys: o.Keys, Support: support.String(),
	}
}

func parseRoles(names []string) ([]gsp.Role, error) {
	if len(names) == 0 {
		return []gsp.Role{gsp.Requester, gsp.Replier}, nil
	}
	var roles []gsp.Role
	for _, name := range names {
		role, err := gsp.ParseRole(name)
		if err != nil {
			return nil, &gsp.Refusal{
				Reason: gsp.BrokenName,
				Cause:  fmt.Sprintf("%q is not a role", name),
				Remedy: "choose of " + list(gsp.Roles),
			}
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles, nil
}

func accountList(ctx context.Context, o *Office, _ string, in AccountFilter) ([]AccountRow, error) {
	roll := o.Registry.Snapshot()
	var only gsp.PartyID
	if in.Party != "" {
		party, err := knownParty(roll, in.Party)
		if err != nil {
			return nil, err
		}
		only = party.ID
	}
	rows := []AccountRow{}
	for _, a := range roll.Accounts() {
		if only == "" || a.Party == only {
			rows = append(rows, rowOf(roll, a, o.Now()))
		}
	}
	return rows, o.addRooms(ctx, rows)
}

func rowOf(roll *registry.Snapshot, a gsp.Account, now time.Time) AccountRow {
	address := roll.Address(a.Login)
	row := AccountRow{
		Account: a, Address: address.String(), Roles: append([]gsp.Role{}, roll.Roles(a.ID)...), Until: roll.Until(a.ID),
	}
	if cert, ok := roll.Cert(address); ok {
		row.Key = cert.Fingerprint()
		row.KeyState, row.KeyUntil = registry.StateOf(cert, now)
	} else if q, ok := roll.Request(address); ok && !registry.Lapsed(q, now) {
		row.KeyState, row.KeyUntil = registry.WaitingKey, rowOfRequest(roll, q).Until
	}
	return row
}

func accountDisable(ctx context.Context, o *Office, by string, in AccountLogin) (AccountRow, error) {
	now := o.Now()
	return o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		if !a.Active() {
			return gsp.Change{}, nil // asked for again: true already
		}
		var c gsp.Change
		endAccount(&c, roll, a, by, now)
		return c, nil
	})
}

// endAccount adds to a change all that ends an account.
func endAccount(c *gsp.Change, roll *registry.Snapshot, a gsp.Account, by string, now time.Time) {
	a.Disabled = now
	c.Accounts = append(c.Accounts, a)
	c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.AccountDisabled, Party: a.Party, Account: a.ID})
	roll.Withdraw(c, registry.Owner{Address: roll.Address(a.Login), Party: a.Party, Account: a.ID}, by, now)
	for _, g := range roll.Grants() {
		if g.Account == a.ID && g.Ended.IsZero() {
			g.Ended, g.EndedBy = now, by
			c.Grants = append(c.Grants, g)
			c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.RoleEnded, Party: a.Party, Account: a.ID, Role: g.Role})
		}
	}
}

func accountEnable(ctx context.Context, o *Office, by string, in AccountRoles) (AccountRow, error) {
	roles, err := parseRoles(in.Roles)
	if err != nil {
		return AccountRow{}, err
	}
	now := o.Now()
	return o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		if a.Active() {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.AccountExists,
				Cause:  fmt.Sprintf("%s is active already, with the roles it has", a.Login),
				Remedy: fmt.Sprintf("give it others with: gsp account role %s ROLE...", a.Login),
			}
		}
		if until := roll.Until(a.ID); until.Over(now) {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.BrokenPeriod,
				Cause:  fmt.Sprintf("the last day of %s was %s", a.Login, until),
				Remedy: fmt.Sprintf("give it another, or none: gsp account until %s never", a.Login),
			}
		}
		if _, err := knownParty(roll, string(a.Party)); err != nil {
			return gsp.Change{}, err
		}
		var c gsp.Change
		beginAgain(&c, a, roles, by, now)
		return c, nil
	})
}

// beginAgain adds to a change what lets a disabled account log in again.
func beginAgain(c *gsp.Change, a gsp.Account, roles []gsp.Role, by string, now time.Time) {
	a.Disabled = time.Time{}
	c.Accounts = append(c.Accounts, a)
	c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.AccountEnabled, Party: a.Party, Account: a.ID})
	for _, role := range roles {
		c.Grants = append(c.Grants, gsp.Grant{Account: a.ID, Role: role, GivenBy: by, Given: now})
		c.Events = append(c.Events, gsp.Event{At: now, Kind: gsp.RoleGranted, Party: a.Party, Account: a.ID, Role: role})
	}
}

func accountPassword(ctx context.Context, o *Office, _ string, in AccountLogin) (IssuedAccount, error) {
	password := auth.NewPassword(o.Random)
	now := o.Now()
	row, err := o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		credential := auth.NewCredential(a.ID, password, now)
		_, before, _ := roll.Login(a.Login)
		credential.Pins = before.Pins
		return gsp.Change{Credentials: []gsp.Credential{credential}}, nil
	})
	if err != nil {
		return IssuedAccount{}, err
	}
	return o.issued(row.Account, row.Roles, password), nil
}

// changeAccount changes an account that a person named, and returns it as it
// is then.
func (o *Office) changeAccount(ctx context.Context, login string, decide func(*registry.Snapshot, gsp.Account) (gsp.Change, error)) (AccountRow, error) {
	_, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		account, _, ok := roll.Login(login)
		if !ok {
			return gsp.Change{}, unknownAccount(login)
		}
		return decide(roll, account)
	})
	if err != nil {
		return AccountRow{}, err
	}
	roll := o.Registry.Snapshot()
	account, _, _ := roll.Login(login)
	return rowOf(roll, account, o.Now()), nil
}

func unknownAccount(login string) error {
	return &gsp.Refusal{
		Reason: gsp.UnknownAccount,
		Cause:  fmt.Sprintf("there is no account %q", login),
		Remedy: "see the accounts with: gsp account list",
	}
}
