package pattern

import (
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Class says what a code is that an entry recognises.
type Class string

// The classes. Only codes of a routable entry are sent to a Party.
const (
	Routable     Class = "routable"
	NonParty     Class = "non-party"     // a UIM of a State that is not Party to the Protocol
	IndustryCode Class = "industry-code" // a mark of the tobacco industry's own
	ProductCode  Class = "product-code"  // names a kind of product, not an item of a system
	OperatorCode Class = "operator-code" // names a firm, a facility, a machine or its parcel
)

// Classes lists every Class.
var Classes = []Class{Routable, NonParty, IndustryCode, ProductCode, OperatorCode}

// Evidence says how well an entry is founded.
type Evidence string

// The grades of evidence.
const (
	Verified   Evidence = "verified"   // read in an official or primary source
	Secondary  Evidence = "secondary"  // read in the press, with a vendor or in software
	Unverified Evidence = "unverified" // believed, not checked
	Synthetic  Evidence = "synthetic"  // invented, for training and demonstration
)

// EvidenceGrades lists every Evidence, best first.
var EvidenceGrades = []Evidence{Verified, Secondary, Unverified, Synthetic}

// Entry is one pattern of a library and what is known about it. It must not
// be changed.
type Entry struct {
	ID         string // lower-case letters, digits and hyphens, unique in the library
	Party      gsp.PartyID
	Members    []gsp.PartyID // the members of a regional Party that share the code
	Class      Class
	Title      string // what the code is, with its article: "a tax stamp of Kenya"
	Note       string // for officers: what else to know or do
	Level      gsp.Level
	Categories []string // of products: "cigarettes"
	Generation int      // of the Party's marking, from 1; 0 where there is one only
	Evidence   Evidence
	Source     string    // where the pattern comes from
	From       time.Time // first day that such codes were made, zero for unknown
	Until      time.Time // last day, zero while they are made
	Pattern    string
	Weak       bool                // accepted although its codes have little evidence and may be others'
	Hints      map[string][]string // of an element, the beginnings that make this entry likelier
	Hosts      []string            // of a code that is a link: the host names
	Samples    []string            // codes that fit
	Counter    []string            // codes that must not
	Line       int                 // of the library's text

	place    int    // in the library
	sentence string // for the officer whose code it is
	variants []*variant
	rows     []row
}

// Routable reports whether codes of the entry are sent to its Party.
func (e *Entry) Routable() bool { return e.Class == Routable }

// day is the resolution of validity.
const day = 24 * time.Hour

// validAt reports whether codes of the entry were made on that day, or may
// have been: what is not known is no bar.
func (e *Entry) validAt(made time.Time) bool {
	return made.IsZero() || !made.Before(e.From) && (e.Until.IsZero() || made.Before(e.Until.Add(day)))
}

// Library is one version of all patterns. It does not change.
type Library struct {
	name    string
	version gsp.LibraryVersion
	issued  time.Time
	note    string
	entries []*Entry
	byID    map[string]*Entry
	engine  *engine
}

// Empty returns a library that knows no pattern.
func Empty() *Library { return build(&Library{name: "empty"}) }

// build fills the indexes from l.entries.
func build(l *Library) *Library {
	l.byID = make(map[string]*Entry, len(l.entries))
	for i, e := range l.entries {
		e.place, e.sentence = i, sentenceOf(e)
		l.byID[e.ID] = e
	}
	l.engine = newEngine(l.entries)
	return l
}

// Name returns the library's name.
func (l *Library) Name() string { return l.name }

// Version returns the number that the library itself states, 0 for none. The
// gateway numbers what it publishes; the file carries the number to those who
// read it elsewhere.
func (l *Library) Version() gsp.LibraryVersion { return l.version }

// Issued returns the day the library was issued.
func (l *Library) Issued() time.Time { return l.issued }

// Note returns the remark at the head of the library.
func (l *Library) Note() string { return l.note }

// Entries returns all entries in the order of the text.
func (l *Library) Entries() []*Entry { return slices.Clone(l.entries) }

// Entry returns the entry of that id, or nil.
func (l *Library) Entry(id string) *Entry { return l.byID[id] }

// Parties returns the Parties that codes can be sent to, sorted.
func (l *Library) Parties() []gsp.PartyID {
	var ids []gsp.PartyID
	for _, e := range l.entries {
		if e.Routable() {
			ids = append(ids, e.Party)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
