package notice

import (
	"embed"
	"strings"
	"sync"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/translation"
)

// The texts have one file a language. A name in braces is filled in.
//
//go:embed texts
var textFiles embed.FS

// texts is one language's file.
type texts struct {
	Resolve struct {
		Subject, Intro, NoLibrary, Code, Recognised, Party, Unregistered, Evidence, Weak,
		Candidate, Nobody, More, Apart, Nearly, Slip,
		Ask, Key, Attached, Directory, NoKey, Header, Tag, TooMany, Footer string
	}
	Outcomes   map[pattern.Outcome]string
	Doubts     map[pattern.Doubt]string
	Faults     map[pattern.Fault]string
	Slips      map[pattern.Slip]string
	Separators map[pattern.Separator]string
	Broken     map[pattern.Broken]string
	Library    struct {
		Subject, Version, Digest, Signed, Signer, Unsigned, None, Authorities, Authority, Keyless, Nobody,
		Keyring, KeyringSigned, Gateway string
	}
	Unanswered struct {
		Subject, Asker, AskerSteps, Asked, AskedSteps, Again, Last string
	}
	Key struct {
		Subject, Owner, Authority, Administrator, Fingerprint, Steps string
	}
	Account struct {
		Subject, Owner, OwnerSteps, Administrator, AdministratorSteps string
	}
	Removal struct {
		Subject, Intro, Folder, Closed, Cases, MoreCases, Other, Keep string
	}
	Room struct {
		FillingSubject, Filling, FullSubject, Full, Steps, SharedSteps string
	}
	Keys struct {
		Confirm, ConfirmSubject, Code, Until, Fingerprint, Words,
		Waiting, WaitingSubject, Published, PublishedSubject, Overlap, Renewed, RenewedSubject, Same, SameSubject,
		Revoked, RevokedSubject, Rejected, RejectedSubject, Replaced, ReplacedSubject,
		Lapsed, LapsedSubject, Withdrawn, WithdrawnSubject, Secret, SecretSubject,
		Pending, PendingSubject, HandedIn, Asked, Decide, Uncoded, Commands, VerdictSubject, ApprovedNow, ApprovedWaits, RejectedNow, WithdrawnNow, Reason,
		ToldSubject, ToldPublished, ToldRenewed, ToldRevoked, ToldWithdrawn, By, Check, Stop string
	}
	Closing string

	language gsp.Language
}

// textsOf returns the texts of a language; "" is English.
func textsOf(l gsp.Language) *texts {
	if t, ok := allTexts()[l]; ok {
		return t
	}
	return allTexts()[gsp.English]
}

var readTexts = translation.Once[texts](textFiles)

// allTexts has each language's texts, which know their language.
var allTexts = sync.OnceValue(func() map[gsp.Language]*texts {
	all := readTexts()
	for l, t := range all {
		t.language = l
	}
	return all
})

// Isolates (Unicode Standard Annex 9): what is filled into a text that runs
// from right to left keeps its own direction and does not disturb its
// neighbours.
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// fill puts values into a text, given as names and values in turn.
func (t *texts) fill(text string, pairs ...string) string {
	all := make([]string, 0, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		value := pairs[i+1]
		if t.language == gsp.Arabic {
			value = isolate + value + endIsolate
		}
		all = append(all, "{"+pairs[i]+"}", value)
	}
	return strings.NewReplacer(all...).Replace(text)
}

// writer collects the lines of a mail.
type writer struct {
	*texts
	b strings.Builder
}

// line writes a text with values filled in; "" writes an empty line.
func (w *writer) line(text string, pairs ...string) {
	w.b.WriteString(w.fill(text, pairs...))
	w.b.WriteByte('\n')
}

// verbatim writes a line that is to be copied.
func (w *writer) verbatim(line string) { w.b.WriteString(line + "\n") }

// content ends the mail.
func (w *writer) content(subject string) Content {
	w.line("")
	w.line(w.Closing)
	return Content{Language: w.language, Subject: subject, Text: w.b.String()}
}
