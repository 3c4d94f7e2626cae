package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	Published   time.Time   `json:"published"`
	Expires     time.Time   `json:"expires,omitzero"`
	Advice      []string    `json:"advice,omitzero"`
}

// KeyImport publishes a certificate for the address of a Party, of an account,
// of the operator (postmaster@) or of the Secretariat (secretariat@,
// support@). A later copy of the one published before, or its revocation, is
// merged with it; another one takes its place. Once the Secretariat has a key,
// libraries need its signature.
var KeyImport = Verb[NewKey, KeyRow]{"key-import", keyImport}

// KeyList lists what the directory publishes.
var KeyList = Verb[None, []KeyRow]{"key-list", keyList}

func keyImport(ctx context.Context, o *Office, _ string, in NewKey) (KeyRow, error) {
	now := o.Now()
	var row KeyRow
	_, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		owner, err := ownerOf(roll, in.Address)
		if err != nil {
			return gsp.Change{}, err
		}
		cert, err := read(roll, owner.Address, in.Bytes, now)
		if err != nil {
			return gsp.Change{}, err
		}
		if other, ok := roll.Sharing(cert); ok {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.KeyInUse,
				Cause:  fmt.Sprintf("a key of this certificate belongs to %s already", other),
				Remedy: "make a key of its own for each address",
			}
		}
		row = KeyRow{
			Address: owner.Address.String(), Party: owner.Party,
			Fingerprint: cert.Fingerprint(), Published: now, Expires: cert.Expires(),
		}
		for _, a := range cert.Advice(now) {
			row.Advice = append(row.Advice, a.Cause+": "+a.Remedy)
		}
		if published, _ := roll.Certificate(owner.Address); bytes.Equal(published.Bytes, cert.Bytes()) {
			row.Published = published.Published
			return gsp.Change{}, nil
		}
		return gsp.Change{
			Certificates: []gsp.Certificate{{
				Address: owner.Address, Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: now,
			}},
			Events: []gsp.Event{{At: now, Kind: gsp.KeyPublished, Party: owner.Party, Account: owner.Account}},
		}, nil
	})
	return row, err
}

// ownerOf returns who has the address that a person typed.
func ownerOf(roll *registry.Snapshot, typed string) (registry.Owner, error) {
	address, err := gsp.ParseAddress(typed)
	if err != nil {
		local, _ := gsp.CanonicalLocal(typed)
		address = roll.Address(local)
	}
	owner, ok := roll.Owner(address)
	if !ok {
		return registry.Owner{}, &gsp.Refusal{
			Reason: gsp.UnknownAccount,
			Cause:  fmt.Sprintf("%q is neither a Party's address nor that of an active account", typed),
			Remedy: "see them with: gsp party list, gsp account list",
		}
	}
	return owner, nil
}

// read reads a certificate for an address: as a later copy of the published
// one, or as a new one.
func read(roll *registry.Snapshot, address gsp.Address, b []byte, now time.Time) (*pgpcert.Cert, error) {
	if published, ok := roll.Cert(address); ok {
		cert, err := published.Merge(b, now)
		if !errors.Is(err, pgpcert.ErrOtherKey) {
			return cert, err
		}
	}
	return pgpcert.Read(b, address, now)
}

func keyList(_ context.Context, o *Office, _ string, _ None) ([]KeyRow, error) {
	roll := o.Registry.Snapshot()
	rows := []KeyRow{}
	for _, c := range roll.Certificates() {
		cert, _ := roll.Cert(c.Address)
		owner, _ := roll.Owner(c.Address)
		rows = append(rows, KeyRow{
			Address: c.Address.String(), Party: owner.Party,
			Fingerprint: c.Fingerprint, Published: c.Published, Expires: cert.Expires(),
		})
	}
	return rows, nil
}
