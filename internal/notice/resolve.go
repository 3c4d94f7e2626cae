package notice

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wire"
)

const (
	maxInPlay      = 16 // candidates that are told of an ambiguous code
	maxSuggestions = 3
	maxKeys        = 32 // certificates that are attached, 64 KiB each at most
	maxTags        = 4  // marks that are also written as tags of a subject
)

// Resolved writes the answer of resolve@: what the library says of each claim,
// answers[i] of claims[i], and for each Party that can be asked its address, its
// key, and the line that asks it. It shows masks only, and codes that have the
// same mask and the same answer once.
func Resolved(roll *registry.Snapshot, l gsp.Language, claims []gsp.Claim, answers []pattern.Answer, at time.Time) Content {
	r := &resolved{writer: writer{texts: textsOf(l)}, roll: roll, at: at, claims: claims}
	if _, version := roll.Library(); version > 0 {
		r.line(r.Resolve.Intro, "version", fmt.Sprint(version))
	} else {
		r.line(r.Resolve.NoLibrary)
	}
	for _, g := range r.groups(answers) {
		r.line("")
		r.line(r.Resolve.Code, "numbers", numbers(g.members))
		if g.answer.Mask != "" {
			r.verbatim(g.answer.Mask)
		}
		r.b.WriteString(g.text)
	}
	for _, a := range r.asked {
		r.line("")
		r.ask(a)
	}
	r.line("")
	r.line(r.Resolve.Footer)
	c := r.content(r.Resolve.Subject)
	c.Attachments = append(r.keys, r.table(answers))
	return c
}

// resolved is an answer of resolve@ being written.
type resolved struct {
	writer
	roll   *registry.Snapshot
	at     time.Time
	claims []gsp.Claim
	asked  []*inquiry
	keys   []Attachment
}

// inquiry is a Party that can be asked, and about which marks.
type inquiry struct {
	authority
	marks []gsp.Claim // none where only the officer can say that the Party is meant
}

// group is claims that have the same mask and the same answer.
type group struct {
	answer  pattern.Answer
	members []int // places in the list of claims
	text    string
}

// groups writes the answers, each once.
func (r *resolved) groups(answers []pattern.Answer) []*group {
	var all []*group
	known := map[string]*group{}
	for i, a := range answers {
		text := r.answer(a, r.claims[i])
		g, ok := known[a.Mask+"\n"+text]
		if !ok {
			g = &group{answer: a, text: text}
			known[a.Mask+"\n"+text] = g
			all = append(all, g)
		}
		g.members = append(g.members, i)
	}
	return all
}

// answer writes what the library says of one code.
func (r *resolved) answer(a pattern.Answer, claim gsp.Claim) string {
	w := &writer{texts: r.texts}
	if a.Broken != "" {
		w.line(w.texts.Broken[a.Broken])
		return w.b.String()
	}
	w.line(w.Outcomes[a.Outcome])
	switch {
	case a.Outcome == pattern.Ambiguous:
		r.ambiguous(w, a, claim)
	case len(a.Candidates) > 0:
		r.recognised(w, a.Candidates[0], claim)
	}
	if a.Near != nil {
		fault := w.fill(w.Faults[a.Near.Fault], "from", strconv.Itoa(a.Near.From+1), "to", strconv.Itoa(a.Near.To))
		w.line(w.Resolve.Nearly, "title", a.Near.Entry.Title, "fault", fault)
	}
	for _, s := range a.Suggestions[:min(len(a.Suggestions), maxSuggestions)] {
		w.line(w.Resolve.Slip, "title", s.Entry.Title, "slip", w.Slips[s.Why])
	}
	return w.b.String()
}

func (r *resolved) recognised(w *writer, c pattern.Candidate, claim gsp.Claim) {
	w.line(w.Resolve.Recognised, "title", c.Entry.Title)
	if c.Entry.Routable() {
		name := called(r.roll, c.Entry.Party)
		if q, ok := r.inquiry(c.Entry.Party); ok {
			w.line(w.Resolve.Party, "party", name)
			q.add(markOf(c, claim))
		} else {
			w.line(w.Resolve.Unregistered, "party", name)
		}
	}
	w.line(w.Resolve.Evidence, "bits", bits(c), "entry", c.Entry.ID)
	if c.Weak {
		w.line(w.Resolve.Weak)
	}
	for _, d := range c.Doubts {
		w.line(w.texts.Doubts[d])
	}
	if c.Entry.Note != "" {
		w.verbatim(c.Entry.Note)
	}
}

// ambiguous lists what a code may be, each Party with the line that asks it.
func (r *resolved) ambiguous(w *writer, a pattern.Answer, claim gsp.Claim) {
	play := a.InPlay()
	for i, c := range play[:min(len(play), maxInPlay)] {
		rank := strconv.Itoa(i + 1)
		if !c.Entry.Routable() {
			w.line(w.Resolve.Nobody, "rank", rank, "title", c.Entry.Title, "bits", bits(c))
			continue
		}
		name := called(r.roll, c.Entry.Party)
		w.line(w.Resolve.Candidate, "rank", rank, "party", name, "title", c.Entry.Title, "bits", bits(c))
		if _, ok := r.inquiry(c.Entry.Party); !ok {
			w.line(w.Resolve.Unregistered, "party", name)
			continue
		}
		mark := markOf(c, claim)
		mark.Party = c.Entry.Party
		if header, err := wire.FormatClaims([]gsp.Claim{mark}); err == nil {
			w.verbatim("GSP-UIM: " + header)
		}
	}
	if more := len(play) - maxInPlay; more > 0 {
		w.line(w.Resolve.More, "count", strconv.Itoa(more))
	}
	var how []string
	for _, s := range a.Separators {
		how = append(how, w.texts.Separators[s])
	}
	if len(how) > 0 {
		w.line(w.Resolve.Apart, "how", strings.Join(how, "; "))
	}
}

// inquiry returns what is asked of a Party, false where it is not registered.
func (r *resolved) inquiry(id gsp.PartyID) (*inquiry, bool) {
	if i := slices.IndexFunc(r.asked, func(q *inquiry) bool { return q.Party == id }); i >= 0 {
		return r.asked[i], true
	}
	a, ok := authorityOf(r.roll, id, r.at)
	if !ok {
		return nil, false
	}
	q := &inquiry{authority: a}
	r.asked = append(r.asked, q)
	return q, true
}

// markOf is a claim with its mask in place of the code.
func markOf(c pattern.Candidate, claim gsp.Claim) gsp.Claim {
	mark := gsp.Claim{UIM: gsp.NewUIM(c.Mask), Count: claim.Count, Level: claim.Level}
	if mark.Level == gsp.LevelUnknown {
		mark.Level = c.Entry.Level
	}
	return mark
}

// add appends a mark, or raises the count of the same one.
func (q *inquiry) add(mark gsp.Claim) {
	for i := range q.marks {
		if m := &q.marks[i]; m.UIM == mark.UIM && m.Level == mark.Level {
			m.Count += mark.Count
			return
		}
	}
	q.marks = append(q.marks, mark)
}

// ask tells how a Party is asked.
func (r *resolved) ask(q *inquiry) {
	r.line(r.Resolve.Ask, "party", called(r.roll, q.Party), "address", q.Address)
	switch {
	case q.cert == nil:
		r.line(r.Resolve.NoKey)
	case len(r.keys) == maxKeys:
		r.line(r.Resolve.Key, "fingerprint", q.Fingerprint)
		r.line(r.Resolve.Directory)
	default:
		key := publicKey(q.cert)
		r.keys = append(r.keys, key)
		r.line(r.Resolve.Key, "fingerprint", q.Fingerprint)
		r.line(r.Resolve.Attached, "file", key.Name)
	}
	if len(q.marks) == 0 {
		return
	}
	header, err := wire.FormatClaims(q.marks)
	if err != nil {
		r.line(r.Resolve.TooMany)
		return
	}
	r.line(r.Resolve.Header)
	r.verbatim("GSP-UIM: " + header)
	if len(q.marks) <= maxTags {
		r.line(r.Resolve.Tag)
		r.verbatim(tags(q.marks))
	}
}

// tags returns marks as a subject carries them.
func tags(marks []gsp.Claim) string {
	var all []string
	for _, m := range marks {
		tag := "[uim " + m.UIM.Reveal()
		if m.Count > 1 {
			tag += " n=" + strconv.Itoa(m.Count)
		}
		if m.Level != gsp.LevelUnknown {
			tag += " level=" + string(m.Level)
		}
		all = append(all, tag+"]")
	}
	return strings.Join(all, " ")
}

// row is one code of the answer for programs.
type row struct {
	Code       int             `json:"code"` // its place in the question, from 1
	Outcome    pattern.Outcome `json:"outcome"`
	Reason     string          `json:"reason,omitzero"` // pattern.Answer.Reason
	Mask       string          `json:"mask,omitzero"`
	Candidates []choice        `json:"candidates,omitzero"` // of an ambiguous code the ones in play
}

// choice is what a code may be.
type choice struct {
	Entry     string     `json:"entry"`
	Class     string     `json:"class"`
	Bits      float64    `json:"bits"`
	Mask      string     `json:"mask"`
	Level     gsp.Level  `json:"level,omitzero"`
	Authority *authority `json:"authority,omitzero"` // where the Party is registered
}

// table is the answer for programs.
func (r *resolved) table(answers []pattern.Answer) Attachment {
	_, version := r.roll.Library()
	found := struct {
		Library gsp.LibraryVersion `json:"library"`
		Codes   []row              `json:"codes"`
	}{Library: version}
	for i, a := range answers {
		one := row{Code: i + 1, Outcome: a.Outcome, Reason: a.Reason(), Mask: a.Mask}
		play := a.InPlay()
		if a.Outcome != pattern.Ambiguous {
			play = a.Candidates[:min(len(a.Candidates), 1)]
		}
		for _, c := range play[:min(len(play), maxInPlay)] {
			may := choice{Entry: c.Entry.ID, Class: string(c.Entry.Class), Bits: c.Bits, Mask: c.Mask, Level: c.Entry.Level}
			if q, ok := r.inquiry(c.Entry.Party); ok && c.Entry.Routable() {
				may.Authority = &q.authority
			}
			one.Candidates = append(one.Candidates, may)
		}
		found.Codes = append(found.Codes, one)
	}
	text, _ := json.MarshalIndent(found, "", " ") // strings and numbers can always be written
	return Attachment{Name: "resolve.json", Type: "application/json", Body: append(text, '\n')}
}

func bits(c pattern.Candidate) string { return strconv.FormatFloat(c.Bits, 'f', 0, 64) }

// numbers writes places, counted from 1, with runs drawn together: "1-3, 7".
func numbers(places []int) string {
	var all []string
	for i := 0; i < len(places); {
		j := i
		for j+1 < len(places) && places[j+1] == places[j]+1 {
			j++
		}
		text := strconv.Itoa(places[i] + 1)
		if j > i {
			text += "-" + strconv.Itoa(places[j]+1)
		}
		all = append(all, text)
		i = j + 1
	}
	return strings.Join(all, ", ")
}
