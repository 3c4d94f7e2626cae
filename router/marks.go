package router

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/registry"
)

// mark is a claim that was recognised.
type mark struct {
	gsp.Mark
	party   gsp.PartyID
	pattern string // id of the library entry
}

// maxCodes is how many codes the marks of a mail may stand for, more than are
// made in a year of any State.
const maxCodes = 1_000_000_000

// readMarks recognises the claims of a header. Where patterns of several
// Parties fit, the sender's own choice settles it, or else the address.
func readMarks(roll *registry.Snapshot, library *pattern.Library, claims []gsp.Claim, addressed []gsp.PartyID, at time.Time) ([]mark, error) {
	marks := make([]mark, 0, len(claims))
	codes := 0
	for i, claim := range claims {
		if codes += claim.Count; codes > maxCodes {
			return nil, &gsp.Refusal{
				Reason: gsp.TooManyUIMs,
				Cause:  fmt.Sprintf("the marks of this mail stand for more than %d codes", maxCodes),
				Remedy: "correct the counts n= in the header",
			}
		}
		answer := library.Route(claim.UIM, at)
		candidate, err := settle(roll, answer, claim, addressed, i+1)
		if err != nil {
			return nil, err
		}
		entry := candidate.Entry
		level := claim.Level
		if level == gsp.LevelUnknown {
			level = entry.Level
		}
		marks = append(marks, mark{
			Mark:    gsp.Mark{Mask: candidate.Mask, Count: claim.Count, Level: level},
			party:   entry.Party,
			pattern: entry.ID,
		})
	}
	return marks, nil
}

// notRouted says, for an outcome that names no Party, why, after "UIM n of this
// mail" and the kind of code where it is known, and what to do.
var notRouted = map[pattern.Outcome]struct {
	reason        gsp.Reason
	cause, remedy string
}{
	pattern.IsNonParty: {gsp.NonParty, "is %s, which is not known to be a Party to the Protocol",
		"ask the Secretariat whether another channel to that State exists"},
	pattern.IsProduct: {gsp.NotAUIM, "is %s, which names a kind of product and no Party",
		"look for a further code on the pack or the carton and send that one"},
	pattern.IsIndustry: {gsp.NotAUIM, "is %s, a mark of the tobacco industry's own and no UIM",
		"look for a further code on the pack or the carton and send that one"},
	pattern.IsOperator: {gsp.NotAUIM, "is %s, which names a firm or its parcel and no Party",
		"send the codes of the packs inside; if you masked the code, keep as many # as it has characters"},
	pattern.NearlyMatches: {gsp.UnknownUIM, "fits no pattern of the library, though it is nearly %s",
		"compare the code with the pack; a mask has as many # as the code has characters"},
	pattern.Unknown: {gsp.UnknownUIM, "fits no pattern of the library",
		"compare the code with the pack, or write to the Party you suspect with the code in the sealed text only"},
}

// settle picks the one candidate that a claim means. n counts the claims of
// the mail from 1, to name one without showing it.
func settle(roll *registry.Snapshot, answer pattern.Answer, claim gsp.Claim, addressed []gsp.PartyID, n int) (pattern.Candidate, error) {
	switch answer.Outcome {
	case pattern.Unique:
		if c := answer.Candidates[0]; claim.Party == "" || roll.Related(c.Entry.Party, claim.Party) {
			return c, nil
		}
		return pattern.Candidate{}, otherChoice(roll, answer.Candidates[0].Entry.Party, claim.Party, n)
	case pattern.Ambiguous:
		return settleAmbiguous(roll, answer, claim, addressed, n)
	}
	no := notRouted[answer.Outcome]
	cause := no.cause
	switch {
	case len(answer.Candidates) > 0:
		cause = fmt.Sprintf(cause, answer.Candidates[0].Entry.Title)
	case answer.Near != nil:
		cause = fmt.Sprintf(cause, answer.Near.Entry.Title)
	case len(answer.Suggestions) > 0:
		cause = fmt.Sprintf(cause, answer.Suggestions[0].Entry.Title)
	}
	return pattern.Candidate{}, &gsp.Refusal{
		Reason: no.reason, Cause: fmt.Sprintf("UIM %d of this mail %s", n, cause), Remedy: no.remedy,
	}
}

func settleAmbiguous(roll *registry.Snapshot, answer pattern.Answer, claim gsp.Claim, addressed []gsp.PartyID, n int) (pattern.Candidate, error) {
	// The Party itself before the region that it belongs to.
	same := func(a, b gsp.PartyID) bool { return a == b }
	if claim.Party != "" {
		addressed = []gsp.PartyID{claim.Party}
	}
	for _, wanted := range addressed {
		for _, fits := range []func(a, b gsp.PartyID) bool{same, roll.Related} {
			for _, c := range answer.Candidates {
				if c.Entry.Routable() && fits(c.Entry.Party, wanted) {
					return c, nil
				}
			}
		}
	}
	var parties []string
	for _, c := range answer.Candidates {
		_, ok := roll.Authority(c.Entry.Party)
		if p := string(c.Entry.Party); ok && c.Entry.Routable() && !slices.Contains(parties, p) {
			parties = append(parties, p)
		}
	}
	if len(parties) == 0 {
		return pattern.Candidate{}, unregistered(n, answer.Candidates[0].Entry.Party)
	}
	return pattern.Candidate{}, &gsp.Refusal{
		Reason: gsp.AmbiguousUIM,
		Cause:  fmt.Sprintf("UIM %d of this mail fits the patterns of several Parties, likeliest first: %s", n, strings.ToUpper(strings.Join(parties, ", "))),
		Remedy: fmt.Sprintf("choose one, by writing to %s or by adding party=%s to the UIM", roll.Address(parties[0]), parties[0]),
	}
}

// otherChoice is the refusal of the n-th UIM, for which the sender chose a Party
// that cannot have issued it: one of the two was mistyped.
func otherChoice(roll *registry.Snapshot, issuer, chosen gsp.PartyID, n int) error {
	return &gsp.Refusal{
		Reason: gsp.UIMMismatch,
		Cause:  fmt.Sprintf("UIM %d of this mail belongs to %s, and its party= names %s", n, party(roll, issuer), strings.ToUpper(string(chosen))),
		Remedy: fmt.Sprintf("compare the code with the pack, and leave party= out or write party=%s", issuer),
	}
}

// routeByMarks adds the competent authorities that the marks name to those
// that the sender addressed.
func routeByMarks(roll *registry.Snapshot, owners []registry.Owner, marks []mark) ([]registry.Owner, error) {
	if len(marks) == 0 {
		return nil, &gsp.Refusal{
			Reason: gsp.NoUIM,
			Cause:  fmt.Sprintf("%s finds the Party from the header GSP-UIM, and this mail has none", roll.Address(registry.RouteLocal)),
			Remedy: "write the UIM or its mask into GSP-UIM or as [uim ...] into the subject, or write to the Party's own address",
		}
	}
	for i, m := range marks {
		owner, ok := roll.Authority(m.party)
		if !ok {
			return nil, unregistered(i+1, m.party)
		}
		if !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return owners, nil
}

// unregistered is the refusal of the n-th UIM, whose Party nobody can write to.
func unregistered(n int, party gsp.PartyID) error {
	return &gsp.Refusal{
		Reason: gsp.NonParty,
		Cause:  fmt.Sprintf("UIM %d of this mail belongs to %s, which is not registered at this gateway", n, strings.ToUpper(string(party))),
		Remedy: "ask the Secretariat whether another channel to that State exists",
	}
}

// checkAddress compares the Parties that a request is addressed to with those
// that its marks name.
func checkAddress(roll *registry.Snapshot, addressed []gsp.PartyID, marks []mark) error {
	for i, m := range marks {
		named := func(p gsp.PartyID) bool { return roll.Related(m.party, p) }
		if !slices.ContainsFunc(addressed, named) {
			authority, ok := roll.Authority(m.party)
			if !ok {
				return unregistered(i+1, m.party)
			}
			right := authority.Address
			return &gsp.Refusal{
				Reason: gsp.UIMMismatch,
				Cause:  fmt.Sprintf("UIM %d of this mail belongs to %s, and the mail asks %s", i+1, party(roll, m.party), names(roll, addressed)),
				Remedy: fmt.Sprintf("send it to %s%s", right, fingerprint(roll, right)),
			}
		}
	}
	return nil
}

// party names a Party for a person: "KE (Kenya)".
func party(roll *registry.Snapshot, id gsp.PartyID) string {
	p, _ := roll.Party(id)
	return fmt.Sprintf("%s (%s)", strings.ToUpper(string(id)), p.Name)
}

// checkMasked refuses a header that shows more than the masks.
func checkMasked(claims []gsp.Claim, marks []mark) error {
	for i, c := range claims {
		if c.UIM.Reveal() != marks[i].Mask {
			return unmasked(i+1, marks[i].Mask)
		}
	}
	return nil
}

// maskable returns the marks of those claims that the library can mask. A
// kept mail goes nowhere, so a claim that cannot be masked is left out.
func maskable(roll *registry.Snapshot, claims []gsp.Claim, at time.Time) []gsp.Mark {
	library, _ := roll.Library()
	var marks []gsp.Mark
	for _, c := range claims {
		answer := library.Route(c.UIM, at)
		if len(answer.Candidates) > 0 && answer.Candidates[0].Mask != "" && count(marks)+c.Count <= maxCodes {
			marks = add(marks, gsp.Mark{Mask: answer.Candidates[0].Mask, Count: c.Count, Level: c.Level})
		}
	}
	return marks
}

// add appends a mark, or raises the count of the same mark: 900 packs of one
// issuer are one mark.
func add(marks []gsp.Mark, m gsp.Mark) []gsp.Mark {
	for i := range marks {
		if marks[i].Mask == m.Mask && marks[i].Level == m.Level {
			marks[i].Count += m.Count
			return marks
		}
	}
	return append(marks, m)
}
