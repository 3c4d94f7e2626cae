package admin

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// KeyOf names a key by its address.
type KeyOf struct {
	Address     string `json:"address"`              // with or without its domain
	Fingerprint string `json:"fingerprint,omitzero"` // the one that was compared, in any grouping; "" for whichever it is
}

// Verdict is a decision on a key that waits.
type Verdict struct {
	KeyOf
	By     string `json:"by,omitzero"`     // the account on whose word it is
	Reason string `json:"reason,omitzero"` // of a rejection; its owner is told
}

// WaitingKey is a certificate that waits for its publication.
type WaitingKey struct {
	Address     string         `json:"address"`
	Party       gsp.PartyID    `json:"party,omitzero"`
	Fingerprint string         `json:"fingerprint"`
	Words       []string       `json:"words"` // of the fingerprint
	HandedIn    time.Time      `json:"handed_in"`
	By          string         `json:"by"`              // the account that handed it in
	Proved      time.Time      `json:"proved,omitzero"` // zero while its owner has not shown that it is theirs
	Until       time.Time      `json:"until"`           // when it is given up
	Approvals   []gsp.Approval `json:"approvals"`
	Needs       int            `json:"needs"`    // approvals in all
	Deciders    []string       `json:"deciders"` // accounts that may decide on it, the Party's own first
	Current     string         `json:"current,omitzero"`
}

// DecidedKey is what became of a certificate that waited.
type DecidedKey struct {
	WaitingKey
	Published bool `json:"published"`
	Told      bool `json:"told"` // its owner got a mail
}

// KeyEntry is one line of the history of an address.
type KeyEntry struct {
	gsp.KeyRecord
	Answer string `json:"answer,omitzero"` // SHA-256 of what the directory answers from then on
}

// SheetKey is what a page tells by which people compare a key.
type SheetKey struct {
	Address     string   `json:"address"`
	PartyName   string   `json:"party_name,omitzero"`
	Name        string   `json:"name,omitzero"` // of the officer, or of who handed it in
	Fingerprint string   `json:"fingerprint"`
	Words       []string `json:"words"`

	Waiting  bool         `json:"waiting"`           // for a decision; else it is published
	Since    time.Time    `json:"since"`             // when it was handed in or published
	Replaces string       `json:"replaces,omitzero"` // fingerprint of the key that it would take the place of
	Writes   gsp.Language `json:"writes"`            // the language of the Party
}

// PartyKeysOf is the input of PartyKeys.
type PartyKeysOf struct {
	ID        string `json:"id"`
	Automatic bool   `json:"automatic"`
}

// KeyPending lists the certificates that wait, for one address or for all.
var KeyPending = Verb[KeyOf, []WaitingKey]{"key-pending", keyPending}

// KeyApprove approves a certificate that waits, on the word of an account that
// may decide on it. It is published with the last approval that it needs. That
// the account gave its word is for the user of the machine to make sure who
// enters it; the history names both.
var KeyApprove = Verb[Verdict, DecidedKey]{"key-approve", keyApprove}

// KeyReject gives a certificate up that waits, on the word of an account or of
// the user of the machine.
var KeyReject = Verb[Verdict, DecidedKey]{"key-reject", keyReject}

// KeyHistory tells all that was done with the certificates of an address.
var KeyHistory = Verb[KeyOf, []KeyEntry]{"key-history", keyHistory}

// KeyRevoke takes the key of an address out of use at once, on the word of an
// account or of the user of the machine.
var KeyRevoke = Verb[Verdict, KeyRow]{"key-revoke", keyRevoke}

// KeySheet tells what a page says by which people compare a key: the one that
// waits, or the published one where none does.
var KeySheet = Verb[KeyOf, SheetKey]{"key-sheet", keySheet}

// PartyKeys says whether a Party's officers need an approval of their keys.
// The Party's own key always does.
var PartyKeys = Verb[PartyKeysOf, gsp.Party]{"party-keys", partyKeys}

func keyPending(_ context.Context, o *Office, _ string, in KeyOf) ([]WaitingKey, error) {
	roll := o.Registry.Snapshot()
	rows := []WaitingKey{}
	if in.Address != "" {
		q, err := waiting(roll, in)
		if err != nil {
			return nil, err
		}
		return append(rows, rowOfRequest(roll, q)), nil
	}
	for _, q := range roll.Requests() {
		if registry.Lapsed(q, o.Now()) {
			continue // and is given up within the hour
		}
		rows = append(rows, rowOfRequest(roll, q))
	}
	return rows, nil
}

func rowOfRequest(roll *registry.Snapshot, q gsp.KeyRequest) WaitingKey {
	owner, _ := roll.Owner(q.Address)
	row := WaitingKey{
		Address: q.Address.String(), Party: owner.Party, Fingerprint: q.Fingerprint, Words: pgpcert.Words(q.Fingerprint),
		HandedIn: q.HandedIn, Proved: q.Confirmed, Until: q.Until, Approvals: append([]gsp.Approval{}, roll.Approvals(q)...),
		Needs: roll.ApprovalsNeeded(q), Deciders: []string{},
	}
	applicant, _ := roll.AccountByID(q.Account)
	row.By = applicant.Login
	if !q.Confirmed.IsZero() {
		row.Until = registry.ApprovalEnds(q)
	}
	for _, rank := range roll.Deciders(q) {
		for _, a := range rank {
			row.Deciders = append(row.Deciders, a.Login)
		}
	}
	if current, ok := roll.Certificate(q.Address); ok {
		row.Current = current.Fingerprint
	}
	return row
}

// waiting returns the certificate that a person named.
func waiting(roll *registry.Snapshot, in KeyOf) (gsp.KeyRequest, error) {
	owner, err := ownerOf(roll, in.Address)
	if err != nil {
		return gsp.KeyRequest{}, err
	}
	q, ok := roll.Request(owner.Address)
	if !ok {
		return gsp.KeyRequest{}, &gsp.Refusal{
			Reason: gsp.NoKeyWaits,
			Cause:  fmt.Sprintf("no key waits for %s", owner.Address),
			Remedy: "see those that wait with: gsp key pending",
		}
	}
	compared := strings.ToUpper(strings.Join(strings.Fields(in.Fingerprint), ""))
	if compared != "" && compared != q.Fingerprint {
		return gsp.KeyRequest{}, &gsp.Refusal{
			Reason: gsp.NoKeyWaits,
			Cause:  fmt.Sprintf("the key that waits for %s has another fingerprint, %s", owner.Address, q.Fingerprint),
			Remedy: "compare the fingerprint with its owner again; reject the key if it is not theirs",
		}
	}
	return q, nil
}

func keyApprove(ctx context.Context, o *Office, by string, in Verdict) (DecidedKey, error) {
	var out DecidedKey
	now := o.Now()
	change, err := o.update(ctx, func(roll *registry.Snapshot) (c gsp.Change, err error) {
		q, err := waiting(roll, in.KeyOf)
		if err != nil {
			return gsp.Change{}, err
		}
		d, err := decider(roll, in.By, by)
		if err != nil {
			return gsp.Change{}, err
		}
		out.WaitingKey = rowOfRequest(roll, q)
		if c, out.Published, err = roll.Approve(q, d, now); err != nil {
			return gsp.Change{}, err
		}
		out.Approvals = append(out.Approvals, gsp.Approval{By: c.History[0].By, Account: d.Account.ID, At: now})
		return c, nil
	})
	if err != nil {
		return DecidedKey{}, err
	}
	out.Told = told(change, out.WaitingKey)
	return out, nil
}

func keyReject(ctx context.Context, o *Office, by string, in Verdict) (DecidedKey, error) {
	var out DecidedKey
	now := o.Now()
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		q, err := waiting(roll, in.KeyOf)
		if err != nil {
			return gsp.Change{}, err
		}
		d := registry.Decider{Entered: by}
		if in.By != "" {
			if d, err = decider(roll, in.By, by); err != nil {
				return gsp.Change{}, err
			}
		}
		out.WaitingKey = rowOfRequest(roll, q)
		return roll.Reject(q, d, in.Reason, now)
	})
	if err != nil {
		return DecidedKey{}, err
	}
	out.Told = told(change, out.WaitingKey)
	return out, nil
}

// decider returns the account on whose word somebody at the machine acts.
func decider(roll *registry.Snapshot, login, by string) (registry.Decider, error) {
	if login == "" {
		return registry.Decider{}, &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  "a key is approved by an administrator of its Party or by the Secretariat, not by the user of this machine",
			Remedy: "name the account on whose word you act with --by, or let it answer the mail that asked",
		}
	}
	account, _, ok := roll.Login(login)
	if !ok {
		return registry.Decider{}, unknownAccount(login)
	}
	return registry.Decider{Account: account, Entered: by}, nil
}

// told reports whether a change comes with a mail to the owner of a certificate.
func told(c gsp.Change, k WaitingKey) bool {
	address, _ := gsp.ParseAddress(k.Address)
	return slices.ContainsFunc(c.Letters, func(p gsp.Posting) bool {
		return slices.ContainsFunc(p.Deliveries, func(d gsp.Delivery) bool { return d.Mailbox == gsp.Inbox(address.Local) })
	})
}

func keyHistory(ctx context.Context, o *Office, _ string, in KeyOf) ([]KeyEntry, error) {
	address := addressOf(o.Registry.Snapshot(), in.Address) // of whoever had it: history outlives accounts
	records, err := o.Registry.KeyHistory(ctx, address)
	if err != nil {
		return nil, err
	}
	rows := []KeyEntry{}
	for _, r := range records {
		row := KeyEntry{KeyRecord: r}
		if r.Answer != ([32]byte{}) {
			row.Answer = hex.EncodeToString(r.Answer[:])
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func keyRevoke(ctx context.Context, o *Office, by string, in Verdict) (KeyRow, error) {
	var row KeyRow
	now := o.Now()
	_, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		owner, err := ownerOf(roll, in.Address)
		if err != nil {
			return gsp.Change{}, err
		}
		d := registry.Decider{Entered: by}
		if in.By != "" {
			if d, err = decider(roll, in.By, by); err != nil {
				return gsp.Change{}, err
			}
		}
		c, err := roll.TakeOut(owner, d, now)
		if err != nil {
			return gsp.Change{}, err
		}
		cert, _ := roll.Cert(owner.Address)
		published, _ := roll.Certificate(owner.Address)
		row = rowOfKey(roll, owner.Address, cert, published.Published, now)
		row.State, row.Until = registry.RevokedKey, time.Time{}
		return c, nil
	})
	return row, err
}

func keySheet(_ context.Context, o *Office, _ string, in KeyOf) (SheetKey, error) {
	roll := o.Registry.Snapshot()
	owner, err := ownerOf(roll, in.Address)
	if err != nil {
		return SheetKey{}, err
	}
	sheet := SheetKey{Address: owner.Address.String(), Writes: roll.Language(roll.Address(string(owner.Party)))}
	party, _ := roll.Party(owner.Party)
	account, _ := roll.AccountByID(owner.Account)
	sheet.PartyName, sheet.Name = party.Name, account.Name
	published, known := roll.Certificate(owner.Address)
	if q, ok := roll.Request(owner.Address); ok {
		if applicant, known := roll.AccountByID(q.Account); known {
			sheet.Name = cmp.Or(applicant.Name, applicant.Login)
		}
		sheet.Fingerprint, sheet.Waiting, sheet.Since, sheet.Replaces = q.Fingerprint, true, q.HandedIn, published.Fingerprint
	} else if known {
		sheet.Fingerprint, sheet.Since = published.Fingerprint, published.Published
	} else {
		return SheetKey{}, &gsp.Refusal{
			Reason: gsp.NoKeyWaits,
			Cause:  fmt.Sprintf("%s has no key, and none waits", owner.Address),
			Remedy: "see those that wait with: gsp key pending",
		}
	}
	sheet.Words = pgpcert.Words(sheet.Fingerprint)
	return sheet, nil
}

// NewArchiveKey is the input of PartyArchive.
type NewArchiveKey struct {
	ID    string `json:"id"`
	Bytes []byte `json:"bytes,omitzero"` // an OpenPGP certificate for archive.<Party>@; none withdraws the one that is there
}

// PartyArchive registers the archive key of a Party, to which mail of its
// officers and to them may be sealed as well. The directory shows it to all.
var PartyArchive = Verb[NewArchiveKey, KeyRow]{"party-archive", partyArchive}

func partyArchive(ctx context.Context, o *Office, by string, in NewArchiveKey) (KeyRow, error) {
	now := o.Now()
	var row KeyRow
	_, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		party, err := knownParty(roll, in.ID)
		if err != nil {
			return gsp.Change{}, err
		}
		archive := roll.Archive(party.ID)
		row = KeyRow{Address: archive.Address.String(), Party: party.ID}
		if len(in.Bytes) == 0 {
			published, _ := roll.Certificate(archive.Address)
			row.Fingerprint, row.Published = published.Fingerprint, published.Published
			var c gsp.Change
			roll.Withdraw(&c, archive, by, now)
			return c, nil
		}
		offer, err := roll.Offer(archive, in.Bytes, now)
		if err != nil {
			return gsp.Change{}, err
		}
		row = rowOfKey(roll, archive.Address, offer.Cert, now, now)
		return roll.Publish(offer, by, now), nil
	})
	return row, err
}

func partyKeys(ctx context.Context, o *Office, by string, in PartyKeysOf) (gsp.Party, error) {
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		party, err := knownParty(roll, in.ID)
		if err != nil {
			return gsp.Change{}, err
		}
		act := gsp.ApprovedKeys
		if in.Automatic {
			act = gsp.AutomaticKeys
		}
		party.AutomaticKeys = in.Automatic
		return gsp.Change{
			Parties: []gsp.Party{party},
			History: []gsp.KeyRecord{{Address: roll.Address(string(party.ID)), At: o.Now(), Act: act, By: by}},
		}, nil
	})
	if err != nil {
		return gsp.Party{}, err
	}
	return change.Parties[0], nil
}
