package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// NewKey is the input of KeyImport.
type NewKey struct {
	Address string `json:"address"` // with or without its domain
	Bytes   []byte `json:"bytes"`   // an OpenPGP certificate, armoured or binary
}

// KeyRow is one line of KeyList. KeyImport alone gives advice: what the owner
// had better change, each a cause and a remedy.
type KeyRow struct {
	Address     string      `json:"address"`
	Party       gsp.PartyID `json:"party,omitzero"`
	Fingerprint string      `json:"fingerprint"`
	Published   time.Time   `json:"published,omitzero"` // zero for one that waits
	Expires     time.Time   `json:"expires,omitzero"`
	Advice      []string    `json:"advice,omitzero"`

	State registry.KeyState `json:"state"`
	Until time.Time         `json:"until,omitzero"` // when the state ends or, of an expired key, began; zero for never
}

// KeyImport publishes a certificate for the address of a Party, of an account,
// of the operator (postmaster@) or of the Secretariat (secretariat@,
// support@). A later copy of the one published before, or its revocation, is
// merged with it; another one takes its place. Once the Secretariat has a key,
// libraries need its signature.
var KeyImport = Verb[NewKey, KeyRow]{"key-import", keyImport}

// KeyList lists what the directory publishes, the keys that were replaced and are
// still good for mail, and those that wait.
var KeyList = Verb[None, []KeyRow]{"key-list", keyList}

func keyImport(ctx context.Context, o *Office, by string, in NewKey) (KeyRow, error) {
	now := o.Now()
	var row KeyRow
	_, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		owner, err := ownerOf(roll, in.Address)
		if err != nil {
			return gsp.Change{}, err
		}
		offer, err := roll.Offer(owner, in.Bytes, now)
		if err != nil {
			return gsp.Change{}, err
		}
		cert := offer.Cert
		row = rowOfKey(roll, owner.Address, cert, now, now)
		for _, a := range cert.Advice(now) {
			row.Advice = append(row.Advice, a.Cause+": "+a.Remedy)
		}
		if published, ok := roll.Certificate(owner.Address); ok && offer.Kind == registry.SameKey {
			row.Published = published.Published
		}
		return roll.Publish(offer, by, now), nil
	})
	return row, err
}

// addressOf returns the address that a person typed, whole or without the domain.
func addressOf(roll *registry.Snapshot, typed string) gsp.Address {
	address, err := gsp.ParseAddress(typed)
	if err != nil {
		local, _ := gsp.CanonicalLocal(typed)
		return roll.Address(local)
	}
	return roll.Home(address)
}

// ownerOf returns who has the address that a person typed.
func ownerOf(roll *registry.Snapshot, typed string) (registry.Owner, error) {
	owner, ok := roll.Owner(addressOf(roll, typed))
	if !ok {
		return registry.Owner{}, &gsp.Refusal{
			Reason: gsp.UnknownAccount,
			Cause:  fmt.Sprintf("%q is neither a Party's address nor that of an active account", typed),
			Remedy: "see them with: gsp party list, gsp account list",
		}
	}
	return owner, nil
}

func keyList(_ context.Context, o *Office, _ string, _ None) ([]KeyRow, error) {
	roll, now := o.Registry.Snapshot(), o.Now()
	rows := []KeyRow{}
	for _, c := range roll.Certificates() {
		rows = append(rows, rowOfKey(roll, c.Address, c.Cert, c.Published, now))
	}
	for _, c := range roll.Overlapping(now) {
		owner, _ := roll.Owner(c.Address)
		rows = append(rows, KeyRow{
			Address: c.Address.String(), Party: owner.Party, Fingerprint: c.Fingerprint, Published: c.Published,
			State: registry.ReplacedKey, Until: c.Withdrawn,
		})
	}
	for _, q := range roll.Requests() {
		if row := rowOfRequest(roll, q); !registry.Lapsed(q, now) {
			rows = append(rows, KeyRow{
				Address: row.Address, Party: row.Party, Fingerprint: row.Fingerprint, State: registry.WaitingKey, Until: row.Until,
			})
		}
	}
	slices.SortStableFunc(rows, func(a, b KeyRow) int { return strings.Compare(a.Address, b.Address) })
	return rows, nil
}

// rowOfKey is the line of a certificate that the directory has.
func rowOfKey(roll *registry.Snapshot, a gsp.Address, cert *pgpcert.Cert, published, now time.Time) KeyRow {
	owner, _ := roll.Owner(a)
	row := KeyRow{Address: a.String(), Party: owner.Party, Fingerprint: cert.Fingerprint(), Published: published, Expires: cert.Expires()}
	if party, ok := registry.ArchiveOf(a); ok {
		row.Party = party
	}
	row.State, row.Until = registry.StateOf(cert, now)
	return row
}
