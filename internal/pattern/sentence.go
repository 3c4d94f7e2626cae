package pattern

import (
	"fmt"
	"slices"
	"strings"
)

var brokenSentences = map[Broken]string{
	NoText:        "There is no code.",
	TooLong:       fmt.Sprintf("This text is longer than any code; a code has at most %d characters.", maxLength),
	Rounded:       "A spreadsheet has rounded this code and its digits are lost; format the column as text and enter the code again.",
	BadCharacters: "This text holds a character that no code has; scan or copy it again.",
}

// sentence says the outcome in one sentence for the officer. It does not hold
// the code or any part of it.
func sentence(a Answer) string {
	if a.Broken == "" && isAllHidden(a.Normal.Reveal()) {
		return "Every character of this code is hidden; show those at its beginning that name the issuer, or give the whole code."
	}
	switch a.Outcome {
	case Unknown:
		if a.Broken != "" {
			return brokenSentences[a.Broken]
		}
		return "No pattern in the library fits this code; check that it was copied whole, then ask the Secretariat."
	case NearlyMatches:
		return "No pattern fits this code; " + repaired(a) + "."
	case Ambiguous:
		return "Several patterns fit this code (" + parties(a.InPlay()) + "); " + a.lessLikely() + "choose by what else is printed on the pack."
	}
	s := a.Candidates[0].Entry.sentence
	if doubt := a.Candidates[0].doubt(); doubt != "" {
		s = strings.TrimSuffix(s, ".") + ", though " + doubt + "."
	}
	if a.Near != nil || len(a.Suggestions) > 0 {
		s = strings.TrimSuffix(s, ".") + "; but " + repaired(a) + "."
	}
	return s
}

// sentenceOf says what a code of e is, if nothing else fits it.
func sentenceOf(e *Entry) string {
	switch e.Class {
	case Routable:
		return fmt.Sprintf("This code is %s; the Party to ask is %s.", e.Title, strings.ToUpper(string(e.Party)))
	case NonParty:
		return fmt.Sprintf("This code is %s, which is not known to be a Party to the Protocol, so nobody can be asked here.", e.Title)
	case IndustryCode:
		return fmt.Sprintf("This code is %s: a mark of the tobacco industry's own and no UIM; look for another code on the pack.", e.Title)
	case ProductCode:
		return fmt.Sprintf("This code is %s: it names a kind of product and no Party; look for another code on the pack.", e.Title)
	}
	return fmt.Sprintf("This code is %s: it names a firm or its parcel and no Party; look for the codes of the packs.", e.Title)
}

// doubt says what speaks against a candidate, "" for nothing.
func (c Candidate) doubt() string {
	if len(c.Doubts) == 0 {
		return ""
	}
	return doubtText(c.Doubts[0], !c.Made.IsZero())
}

// doubtText says a doubt; dated means that the code bears a date.
func doubtText(d Doubt, dated bool) string {
	switch {
	case d == FutureDate:
		return "its date of manufacture is after the day of the seizure"
	case d == NotValidYet && !dated:
		return "such codes were not made yet on the day of the seizure"
	case d == NotValidYet:
		return "such codes were not made yet on the date it bears"
	case d == NotValidNow:
		return "such codes were no longer made on the date it bears"
	}
	return "such codes were no longer made on the day of the seizure"
}

// repaired says what a code would be but for a slip or a fault.
func repaired(a Answer) string {
	if len(a.Suggestions) > 0 {
		if len(a.Candidates) > 0 && a.Candidates[0].Entry == a.Suggestions[0].Entry {
			return slipTexts[a.Suggestions[0].Why] + ", it would be another code of that kind"
		}
		return fmt.Sprintf("%s, it would be %s", slipTexts[a.Suggestions[0].Why], a.Suggestions[0].Entry.Title)
	}
	return fmt.Sprintf("it is nearly %s: %s", a.Near.Entry.Title, a.Near.describe())
}

var slipTexts = map[Slip]string{
	ExtraText:     "one of its words alone",
	Punctuation:   "without the punctuation around it",
	Grouping:      "without the characters that group it",
	LookAlike:     "with other characters that look alike",
	WrongCase:     "in capital letters",
	WrongKeyboard: "typed on another keyboard layout",
	LostZeros:     "with the zeros that a spreadsheet takes off the front",
	WebEncoding:   "without the encoding of web pages",
	LostSeparator: "with a separator that a scanner may have lost",
	JoinedDate:    "without the sign before its date",
	Placeholder:   "with # for each hidden character",
}

// parties lists what is in play: Parties by their id, the rest by class.
func parties(found []Candidate) string {
	var names []string
	for _, c := range found {
		if name := c.name(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (c Candidate) name() string {
	if c.Entry.Routable() {
		return strings.ToUpper(string(c.Entry.Party))
	}
	return string(c.Entry.Class)
}

// lessLikely says why the second in play is ranked behind the first, where
// something does.
func (a Answer) lessLikely() string {
	first, second := a.Candidates[0], a.Candidates[1]
	if first.Bits-second.Bits < 1 || first.name() == second.name() {
		return ""
	}
	return fmt.Sprintf("%s is less likely: %s; ", second.name(), a.ExplainCandidate(1))
}
