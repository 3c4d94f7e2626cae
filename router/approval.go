package router

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wks"
)

// decideKey takes the decision of an account on a certificate that waits, by a
// code that was sealed for that account. The code and the login say who decides;
// the seal keeps a reason from being read on the way.
func (r *Router) decideKey(ctx context.Context, e errand, digest [32]byte, mail wks.Mail) (gsp.Receipt, error) {
	switch {
	case !mail.Sealed:
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.NotSealed,
			Cause:  "this mail decides on a key, and it is not encrypted",
			Remedy: fmt.Sprintf("encrypt it for %s, whose key is %s, and send it again", e.Recipients[0], r.Keys.Cert().Fingerprint()),
		}
	case mail.Decision.Verdict != wks.Approve && mail.Decision.Verdict != wks.Reject:
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.NoDecision,
			Cause:  "this mail has the code of a key that waits, and does not begin with approve or reject",
			Remedy: "write approve or reject as the first word above the quoted text, and a reason behind it if you like",
		}
	}
	return r.change(ctx, e, func(roll *registry.Snapshot, full []string) (gsp.Change, error) {
		q, ok := roll.Decidable(e.Account.ID, digest, e.At)
		if !ok {
			return gsp.Change{}, unknownCode() // it came back twice at the same moment
		}
		var (
			c         gsp.Change
			published bool
			err       error
			approved  = mail.Decision.Verdict == wks.Approve
		)
		if approved {
			c, published, err = roll.Approve(q, registry.Decider{Account: e.Account}, e.At)
		} else {
			c, err = roll.Reject(q, registry.Decider{Account: e.Account}, mail.Decision.Reason, e.At)
		}
		if err != nil {
			return gsp.Change{}, err
		}
		verdict := notice.RejectedByYou
		switch {
		case published:
			verdict = notice.ApprovedLast
		case approved:
			verdict = notice.Approved
		}
		answer, err := r.reply(roll, e, notice.KeyVerdict(roll.Language(e.Sender), q.Address, q.Fingerprint, verdict))
		c.Letters = gsp.WithRoom([]gsp.Posting{answer}, full)
		return c, err
	})
}

// slowClock is how far the clock of who signs may be behind.
const slowClock = 10 * time.Minute

// takeOut takes the key of an address out of use, at once, for its owner or who
// may decide on the keys of its Party. No code was sealed for him, so he signs:
// a password alone must not keep officers from being written to. Nor must it with
// his own mail of another day, which stands in his sent mails: it counts for the
// key that he wrote of, and for none that came later.
func (r *Router) takeOut(ctx context.Context, e errand, mail wks.Mail) (gsp.Receipt, error) {
	typed, _, _ := strings.Cut(mail.Decision.Reason, " ")
	typed = strings.Trim(typed, "<>.,:;")
	switch {
	case !mail.Sealed || mail.Signed.IsZero():
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  "this mail takes a key out of use, and is not both encrypted and signed by the key that the directory has of you",
			Remedy: "turn on encryption and the digital signature, and send it again; in haste, call the operator, who does it with: gsp key revoke",
		}
	case typed == "":
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.NoDecision,
			Cause:  "this mail does not say whose key is to be taken out of use",
			Remedy: "write revoke and the whole address, such as revoke customs1.ke@" + r.Roll().Domain(),
		}
	}
	return r.change(ctx, e, func(roll *registry.Snapshot, full []string) (gsp.Change, error) {
		owner, ok := ownerOf(roll, typed)
		if !ok {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.UnknownAccount,
				Cause:  "the address behind the word revoke is not in use",
				Remedy: "write the whole address as it stands in the directory",
			}
		}
		published, _ := roll.Certificate(owner.Address)
		if mail.Signed.Before(published.Published.Add(-slowClock)) {
			return gsp.Change{}, &gsp.Refusal{
				Reason: gsp.NotAllowed,
				Cause:  "this mail was signed before the key was published that it would take out of use",
				Remedy: "look at the clock of your computer, write the mail anew, and do not send the old one again",
			}
		}
		c, err := roll.TakeOut(owner, registry.Decider{Account: e.Account}, e.At)
		if err != nil {
			return gsp.Change{}, err
		}
		answer, err := r.reply(roll, e, notice.KeyVerdict(roll.Language(e.Sender), owner.Address, published.Fingerprint, notice.TakenOut))
		c.Letters = gsp.WithRoom([]gsp.Posting{answer}, full)
		return c, err
	})
}

// ownerOf returns whose an address is that a person wrote, with or without its
// domain; also that of an archive key.
func ownerOf(roll *registry.Snapshot, typed string) (registry.Owner, bool) {
	address, err := gsp.ParseAddress(typed)
	if err != nil {
		local, _ := gsp.CanonicalLocal(typed)
		address = roll.Address(local)
	}
	address = roll.Home(address)
	if party, ok := registry.ArchiveOf(address); ok && address.Domain == roll.Domain() {
		_, registered := roll.Authority(party)
		return roll.Archive(party), registered
	}
	return roll.Owner(address)
}

// ask returns the mails to those who may decide on a certificate that waits and
// were not asked yet at this step, each with a code of his own that it adds to
// the request. Those without room are asked once they have it.
func (r *Router) ask(ctx context.Context, roll *registry.Snapshot, q *gsp.KeyRequest, full []string, at time.Time) ([]gsp.Posting, error) {
	due, err := r.due(ctx, roll, *q, at)
	if err != nil {
		return nil, err
	}
	var letters []gsp.Posting
	for _, to := range due {
		code := ""
		account, ok := roll.Account(to.Local)
		if ok {
			if code, err = wks.NewCode(r.Random); err != nil {
				return nil, err
			}
		}
		letter, err := noticed(roll, notice.KeyPending(roll, *q, to, code, notice.PendingStep(*q, at)), at)
		if refused(err) {
			continue // nothing can be sealed for him after all, which is no fault of who handed it in
		}
		if err != nil {
			return nil, err
		}
		if len(gsp.WithRoom([]gsp.Posting{letter}, full)) == 0 {
			continue
		}
		letters = append(letters, letter)
		if ok {
			q.Codes = append(q.Codes, gsp.ApprovalCode{Account: account.ID, Digest: wks.Digest(code)})
		}
	}
	return letters, nil
}

// due returns who is asked about a certificate that waits, or told that nobody
// can be asked, and was not at this step.
func (r *Router) due(ctx context.Context, roll *registry.Snapshot, q gsp.KeyRequest, at time.Time) ([]gsp.Address, error) {
	var all []gsp.Address
	for _, a := range asked(roll, q, at) {
		all = append(all, roll.Address(a.Login))
	}
	if support := roll.Address(registry.SupportLocal); len(all) == 0 && roll.Sealable(support, at) {
		all = append(all, support)
	}
	var due []gsp.Address
	for _, to := range all {
		n := notice.KeyPending(roll, q, to, "", notice.PendingStep(q, at))
		_, known, err := r.Store.Posted(ctx, n.Key, at)
		if err != nil {
			return nil, fmt.Errorf("look for an earlier notice: %w", err)
		}
		if !known {
			due = append(due, to)
		}
	}
	return due, nil
}

// asked returns the accounts that are asked to decide on a certificate that
// waits: those with a key to seal for. Administrators come first, those of the
// region and then the Secretariat where too few of those before have one.
func asked(roll *registry.Snapshot, q gsp.KeyRequest, at time.Time) []gsp.Account {
	missing := roll.ApprovalsNeeded(q) - len(roll.Approvals(q))
	var all []gsp.Account
	for _, rank := range roll.Deciders(q) {
		if len(all) >= missing {
			break
		}
		for _, a := range rank {
			if roll.Sealable(roll.Address(a.Login), at) {
				all = append(all, a)
			}
		}
	}
	return all
}

// TendKeys ends the certificates that have waited too long, and asks again those
// who may decide on the others. It returns the Parties, one for each certificate
// that waits and on which nobody can be asked by mail.
func (r *Router) TendKeys(ctx context.Context, at time.Time) (unasked []gsp.PartyID, err error) {
	for _, q := range r.Roll().Requests() {
		lapsed, roll := registry.Lapsed(q, at), r.Roll()
		if !lapsed && q.Confirmed.IsZero() {
			continue // its owner has the word
		}
		if !lapsed {
			if len(asked(roll, q, at)) == 0 {
				owner, _ := roll.Owner(q.Address)
				unasked = append(unasked, owner.Party)
			}
			// Most often there is nothing to do, and a change costs a new snapshot.
			if due, err := r.due(ctx, roll, q, at); err != nil {
				return nil, err
			} else if len(due) == 0 {
				continue
			}
		}
		if err := r.tendKey(ctx, q.Address, at); err != nil {
			return nil, fmt.Errorf("tend the key of %s: %w", q.Address, err)
		}
	}
	return unasked, nil
}

func (r *Router) tendKey(ctx context.Context, a gsp.Address, at time.Time) error {
	return r.update(ctx, func(roll *registry.Snapshot, full []string) (c gsp.Change, err error) {
		q, ok := roll.Request(a)
		switch {
		case !ok: // decided meanwhile
			return gsp.Change{}, nil
		case registry.Lapsed(q, at):
			return roll.Lapse(q, at), nil
		case q.Confirmed.IsZero(): // handed in anew meanwhile
			return gsp.Change{}, nil
		}
		if c.Letters, err = r.ask(ctx, roll, &q, full, at); err != nil || len(c.Letters) == 0 {
			return gsp.Change{}, err
		}
		c.Requests = []gsp.KeyRequest{q}
		return c, nil
	})
}
