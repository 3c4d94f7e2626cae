package registry

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// ApprovalLasts is how long a certificate waits for its approvals.
const ApprovalLasts = 30 * 24 * time.Hour

// Decider is on whose word a certificate is published or not.
type Decider struct {
	Account gsp.Account
	Entered string // who typed it at the gateway's machine, "" where the account wrote itself
}

// Prove notes that the code of a request came back. The certificate is
// published at once where it needs no approval.
func (s *Snapshot) Prove(q gsp.KeyRequest, now time.Time) (c gsp.Change, published bool, err error) {
	account, _ := s.AccountByID(q.Account)
	by := s.Address(account.Login).String()
	q.Nonce, q.Confirmed = [sha256.Size]byte{}, now
	c = record(gsp.Change{Requests: []gsp.KeyRequest{q}}, q.Address, gsp.ProvedKey, by, q.Fingerprint, now)
	if s.ApprovalsNeeded(q) > 0 {
		return c, false, nil
	}
	c, err = s.admit(c, q, by, now)
	return c, true, err
}

// ApprovalsNeeded returns how many people must approve a certificate before it
// is published: two for a Party's own, so that nobody alone puts a wrong one in
// its place; one for an officer's, or none where the Party said so. What was once
// withdrawn by hand is always approved.
func (s *Snapshot) ApprovalsNeeded(q gsp.KeyRequest) int {
	account, ok := s.logins[q.Address.Local]
	past, known := s.earlier(q.Address, q.Fingerprint)
	switch {
	case !ok:
		return 2
	case known && !past.Replaced || !s.parties[account.Party].AutomaticKeys:
		return 1
	}
	return 0
}

// Approvals returns those of a request that count: of accounts that may still
// decide on it.
func (s *Snapshot) Approvals(q gsp.KeyRequest) []gsp.Approval {
	return slices.DeleteFunc(slices.Clone(q.Approvals), func(a gsp.Approval) bool {
		return a.Account != 0 && s.MayDecide(s.accounts[a.Account], q) != nil
	})
}

// ApprovalEnds returns when a certificate that was proved waits no longer.
func ApprovalEnds(q gsp.KeyRequest) time.Time { return q.Confirmed.Add(ApprovalLasts) }

// Administers reports whether an account is a person who has the role of
// administrator for a Party: of the Party itself, or of its region.
func (s *Snapshot) Administers(a gsp.Account, id gsp.PartyID) bool {
	party, ok := s.parties[id]
	return ok && a.Kind == gsp.Officer && s.Allows(a.ID, gsp.Administrator) && (a.Party == id || a.Party == party.Parent)
}

// Administrators returns the persons who have the role of administrator of a
// Party, by login; of "" those of the Secretariat.
func (s *Snapshot) Administrators(id gsp.PartyID) []gsp.Account {
	role := gsp.Administrator
	if id == "" {
		role = gsp.Secretariat
	}
	var all []gsp.Account
	for account, roles := range s.roles {
		a := s.accounts[account]
		if slices.Contains(roles, role) && a.Active() && a.Kind == gsp.Officer && (id == "" || a.Party == id) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, byLogin)
	return all
}

func byLogin(a, b gsp.Account) int { return strings.Compare(a.Login, b.Login) }

// deciding is by what right an account decides.
func (s *Snapshot) deciding(a gsp.Account, q gsp.KeyRequest) gsp.Role {
	switch {
	case s.Administers(a, s.partyOf(q.Address)):
		return gsp.Administrator
	case a.Kind == gsp.Officer && s.Allows(a.ID, gsp.Secretariat):
		return gsp.Secretariat
	}
	return ""
}

// partyOf returns whose an address is, also where nobody receives there now.
func (s *Snapshot) partyOf(a gsp.Address) gsp.PartyID {
	if id, ok := ArchiveOf(a); ok {
		return id
	}
	if account, ok := s.logins[a.Local]; ok {
		return account.Party
	}
	if _, ok := s.parties[gsp.PartyID(a.Local)]; ok {
		return gsp.PartyID(a.Local)
	}
	return ""
}

// MayDecide asks whether an account may decide on a certificate that waits: a
// person who is administrator of the Party or of its region, or of the
// Secretariat, and neither handed the certificate in nor is its owner. The error
// is a *gsp.Refusal.
func (s *Snapshot) MayDecide(a gsp.Account, q gsp.KeyRequest) error {
	switch {
	case a.ID == q.Account || a.Login == q.Address.Local:
		return &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  fmt.Sprintf("%s handed in the key of %s, and nobody decides on a key of their own", a.Login, q.Address),
			Remedy: "let another administrator, or the Secretariat, decide",
		}
	case s.deciding(a, q) == "":
		return &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  fmt.Sprintf("%s is neither an administrator of that Party or its region nor of the Secretariat", a.Login),
			Remedy: "let an account decide that has the role; see them with: gsp account list",
		}
	}
	return nil
}

// Deciders returns the accounts that may decide on a certificate that waits and
// have not approved it: the Party's administrators, those of its region, and the
// Secretariat, in this order.
func (s *Snapshot) Deciders(q gsp.KeyRequest) (ranked [3][]gsp.Account) {
	party := s.partyOf(q.Address)
	for account := range s.roles {
		a := s.accounts[account]
		approved := slices.ContainsFunc(q.Approvals, func(p gsp.Approval) bool { return p.Account == a.ID })
		if approved || s.MayDecide(a, q) != nil {
			continue
		}
		rank := 0
		switch {
		case s.deciding(a, q) == gsp.Secretariat:
			rank = 2
		case a.Party != party:
			rank = 1
		}
		ranked[rank] = append(ranked[rank], a)
	}
	for _, accounts := range ranked {
		slices.SortFunc(accounts, byLogin)
	}
	return ranked
}

// Decidable returns the certificate on which an account decides by a code of
// that digest.
func (s *Snapshot) Decidable(by gsp.AccountID, digest [sha256.Size]byte, at time.Time) (gsp.KeyRequest, bool) {
	for _, q := range s.requests {
		if !q.Confirmed.IsZero() && at.Before(ApprovalEnds(q)) && slices.Contains(q.Codes, gsp.ApprovalCode{Account: by, Digest: digest}) {
			return q, true
		}
	}
	return gsp.KeyRequest{}, false
}

// Approve notes the approval of a certificate that waits, and publishes it with
// the last that it needs. The error is a *gsp.Refusal.
func (s *Snapshot) Approve(q gsp.KeyRequest, d Decider, now time.Time) (c gsp.Change, published bool, err error) {
	if q.Confirmed.IsZero() {
		return gsp.Change{}, false, &gsp.Refusal{
			Reason: gsp.NoKeyWaits,
			Cause:  fmt.Sprintf("the key of %s was handed in, and nobody has shown yet that it is theirs", q.Address),
			Remedy: "ask its owner to answer the mail with the code",
		}
	}
	if err := s.MayDecide(d.Account, q); err != nil {
		return gsp.Change{}, false, err
	}
	q.Approvals = s.Approvals(q)
	if err := s.another(d, q); err != nil {
		return gsp.Change{}, false, err
	}
	by := s.Called(d)
	q.Approvals = append(q.Approvals, gsp.Approval{By: by, Account: d.Account.ID, At: now})
	q.Codes = without(q.Codes, d.Account.ID)
	c = record(gsp.Change{Requests: []gsp.KeyRequest{q}}, q.Address, gsp.ApprovedKey, by, q.Fingerprint, now)
	if len(q.Approvals) < s.ApprovalsNeeded(q) {
		return c, false, nil
	}
	c, err = s.admit(c, q, by, now)
	return c, true, err
}

// another asks whether an approval would be another person's than those that a
// request has. Of two one at least is an administrator's, where the Party has
// one who may decide.
func (s *Snapshot) another(d Decider, q gsp.KeyRequest) error {
	administrator := func(a gsp.Account) bool { return s.deciding(a, q) == gsp.Administrator }
	for _, a := range q.Approvals {
		if a.Account == d.Account.ID {
			return &gsp.Refusal{
				Reason: gsp.ApprovedAlready,
				Cause:  fmt.Sprintf("%s has approved the key of %s already, and it needs %d people", d.Account.Login, q.Address, s.ApprovalsNeeded(q)),
				Remedy: "let a second administrator, or the Secretariat, approve it",
			}
		}
		first, known := s.accounts[a.Account]
		if known && !administrator(first) && !administrator(d.Account) && len(s.Deciders(q)[0])+len(s.Deciders(q)[1]) > 0 {
			return &gsp.Refusal{
				Reason: gsp.ApprovedAlready,
				Cause:  fmt.Sprintf("the Secretariat has approved the key of %s already", q.Address),
				Remedy: "let an administrator of that Party approve it",
			}
		}
	}
	return nil
}

// Called names a decider as the history does.
func (s *Snapshot) Called(d Decider) string {
	by := s.Address(d.Account.Login).String()
	if d.Account.ID == 0 {
		return d.Entered
	}
	if d.Entered != "" {
		by += ", entered by " + d.Entered
	}
	return by
}

func without(codes []gsp.ApprovalCode, id gsp.AccountID) []gsp.ApprovalCode {
	return slices.DeleteFunc(slices.Clone(codes), func(c gsp.ApprovalCode) bool { return c.Account == id })
}

// Reject gives a certificate up that waits. Word is what its owner is told
// beside it. Without an account it is on the word of who typed it. The error is
// a *gsp.Refusal.
func (s *Snapshot) Reject(q gsp.KeyRequest, d Decider, word string, now time.Time) (gsp.Change, error) {
	if d.Account.ID != 0 {
		if err := s.MayDecide(d.Account, q); err != nil {
			return gsp.Change{}, err
		}
	}
	q.Ended = now
	c := record(gsp.Change{Requests: []gsp.KeyRequest{q}}, q.Address, gsp.RejectedKey, s.Called(d), q.Fingerprint, now)
	c.History[0].Word = word
	return c, nil
}

// TakeOut takes the certificate of an address out of use, and gives up what waits
// for it: on the word of its owner or of who may decide on its keys, or, without
// an account, of who typed it. The error is a *gsp.Refusal.
func (s *Snapshot) TakeOut(o Owner, d Decider, now time.Time) (c gsp.Change, err error) {
	if d.Account.ID != 0 && d.Account.ID != o.Account {
		if err := s.MayDecide(d.Account, gsp.KeyRequest{Address: o.Address}); err != nil {
			return gsp.Change{}, err
		}
	}
	if _, ok := s.Certificate(o.Address); !ok {
		return gsp.Change{}, &gsp.Refusal{
			Reason: gsp.NoKey,
			Cause:  fmt.Sprintf("the directory has no key of %s", o.Address),
			Remedy: "see what it has with: gsp key list",
		}
	}
	s.Withdraw(&c, o, s.Called(d), now)
	return c, nil
}

// Lapsed reports whether a certificate has waited too long, for its owner's
// proof or for its approvals.
func Lapsed(q gsp.KeyRequest, at time.Time) bool {
	if q.Confirmed.IsZero() {
		return !at.Before(q.Until)
	}
	return !at.Before(ApprovalEnds(q))
}

// Lapse gives a certificate up that has waited too long.
func (s *Snapshot) Lapse(q gsp.KeyRequest, now time.Time) gsp.Change {
	q.Ended = now
	return record(gsp.Change{Requests: []gsp.KeyRequest{q}}, q.Address, gsp.LapsedKey, "gateway", q.Fingerprint, now)
}
