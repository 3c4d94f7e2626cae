package pattern

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"gsp.example/gsp/internal/gsp"
)

// MaxFile is how many octets a library's text has at most.
const MaxFile = 32 << 20

// Limits of a library.
const (
	maxEntries = 50_000
	maxParts   = 2_000_000 // commas, full stops and ends of lines; 50,000 honest entries have half of it
	maxErrors  = 100       // that Parse reports
	maxMessage = 400       // characters of what Parse says is wrong
	maxToken   = 64        // characters of an id

	// maxVersion is what JSON's readers take for a whole number.
	maxVersion = 1<<53 - 1
)

// minRoom is how many codes the mask of a routable entry must fit, so that a
// mask names no single pack.
const minRoom = 1_000_000

// Error is something wrong with a library's text.
type Error struct {
	File  string
	Line  int    // from 1
	Entry string // id of the entry, "" where it is none's
	Msg   string
}

// Error returns file:line: entry: message.
func (e *Error) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d: entry %s: %s", e.File, e.Line, e.Entry, e.Msg)
}

// fileText is a library as TOML spells it.
type fileText struct {
	Name    string         `toml:"name"`
	Version int64          `toml:"version"`
	Issued  toml.LocalDate `toml:"issued"`
	Note    string         `toml:"note"`
	Entry   []entryText    `toml:"entry"`
}

type entryText struct {
	ID         string              `toml:"id"`
	Party      string              `toml:"party"`
	Members    []string            `toml:"members"`
	Class      string              `toml:"class"`
	Title      string              `toml:"title"`
	Note       string              `toml:"note"`
	Level      string              `toml:"level"`
	Categories []string            `toml:"categories"`
	Generation int                 `toml:"generation"`
	Evidence   string              `toml:"evidence"`
	Source     string              `toml:"source"`
	From       toml.LocalDate      `toml:"from"`
	Until      toml.LocalDate      `toml:"until"`
	Pattern    string              `toml:"pattern"`
	Weak       bool                `toml:"weak"`
	Hints      map[string][]string `toml:"hints"`
	Hosts      []string            `toml:"hosts"`
	Samples    []string            `toml:"samples"`
	Counter    []string            `toml:"counter"`
}

// Parse reads a library and checks it in full. The error joins one *Error for
// each thing that is wrong, in the order of the text; file is used for
// nothing but their position.
func Parse(file string, text []byte) (*Library, error) {
	r := &reader{file: file}
	l := r.read(text)
	if err := r.err(); err != nil {
		return nil, err
	}
	return l, nil
}

// decode reads the text without looking at what it says.
func (r *reader) decode(text []byte) (t fileText, ok bool) {
	switch {
	case len(text) > MaxFile:
		r.add(1, "", fmt.Sprintf("a library has at most %d octets", MaxFile))
		return t, false
	case parts(text) > maxParts: // each costs the reader of TOML memory, whatever it says
		r.add(1, "", fmt.Sprintf("a library has at most %d commas, full stops and lines", maxParts))
		return t, false
	case !r.walk(text):
		return t, false
	}
	if err := toml.Unmarshal(text, &t); err != nil {
		r.syntax(err)
		return t, false
	}
	return t, true
}

// parts counts what separates the parts of a text from each other.
func parts(text []byte) int {
	n := 0
	for _, separator := range []string{"\n", ",", "."} {
		n += bytes.Count(text, []byte(separator))
	}
	return n
}

// read reads a library. What it returns is good only if nothing is wrong.
func (r *reader) read(text []byte) *Library {
	t, ok := r.decode(text)
	if !ok {
		return nil
	}
	l := &Library{name: t.Name, version: gsp.LibraryVersion(t.Version), issued: date(t.Issued), note: t.Note}
	if t.Name == "" {
		r.add(1, "", "the library has no name")
	}
	if c, ok := unshowable(t.Name+t.Note, "\n"); ok {
		r.add(1, "", fmt.Sprintf("the name or the note of the library has a character that cannot be shown, %U", c))
	}
	if t.Version < 0 || t.Version > maxVersion {
		r.add(1, "", fmt.Sprintf("a version is a number from 1 to %d", int64(maxVersion)))
	}
	seen, all := make(map[string]int), tally{ofParty: make(map[gsp.PartyID]int)}
	for i := range t.Entry {
		e := r.entry(i, &t.Entry[i])
		if first, ok := seen[e.ID]; ok && e.ID != "" {
			r.at("id", 0, r.where(first)+" has an entry of this id already")
		}
		seen[e.ID] = e.Line
		if more := all.add(e); more != "" {
			r.at("pattern", 0, more)
			break
		}
		l.entries = append(l.entries, e)
	}
	if len(r.errors) > 0 {
		return nil
	}
	return build(l)
}

// reader collects what is wrong with a library.
type reader struct {
	file   string
	lines  []positions // of each entry
	ids    []string    // of each entry, as far as it states one
	now    positions   // of the entry being read
	id     string
	errors []*Error

	// origin returns where a line of a joined text comes from; nil for one
	// that is not joined.
	origin func(line int) (file string, of int)
}

// where names a line.
func (r *reader) where(line int) string {
	if r.origin == nil {
		return fmt.Sprintf("line %d", line)
	}
	file, of := r.origin(line)
	return fmt.Sprintf("%s:%d", file, of)
}

func (r *reader) add(line int, entry, msg string) {
	if len(r.errors) < maxErrors {
		r.errors = append(r.errors, &Error{r.file, line, short(entry, maxToken), short(msg, maxMessage)})
	}
}

// at adds an error at a key of the entry being read, or at a value of its
// list.
func (r *reader) at(key string, value int, msg string) {
	r.add(r.now.line(key, value), r.id, msg)
}

func (r *reader) err() error {
	slices.SortStableFunc(r.errors, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	all := make([]error, len(r.errors))
	for i, e := range r.errors {
		if r.origin != nil {
			e.File, e.Line = r.origin(e.Line)
		}
		all[i] = e
	}
	return errors.Join(all...)
}

// syntax adds the error of the TOML decoder.
func (r *reader) syntax(err error) {
	msg := strings.TrimPrefix(err.Error(), "toml: ")
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		r.add(1, "", msg)
		return
	}
	line, _ := decode.Position()
	if of, into, ok := strings.Cut(msg, " into "); ok && len(decode.Key()) > 0 { // it speaks of Go's types
		msg = fmt.Sprintf("%s cannot be a %s", quote(strings.Join(decode.Key(), ".")), of[strings.LastIndexByte(of, ' ')+1:])
		if want := wantTypes[into[strings.LastIndexByte(into, ' ')+1:]]; want != "" {
			msg += "; want " + want
		}
	}
	r.add(line, r.entryAt(line), msg)
}

// wantTypes says to people which values go into a field of a Go type.
var wantTypes = map[string]string{
	"int": "a whole number", "int64": "a whole number", "string": "a text in quotes", "bool": "true or false",
	"toml.LocalDate": "a day such as 2026-01-31", "[]string": "a list of texts, such as [\"a\", \"b\"]",
}

// begin notes which entry is being read.
func (r *reader) begin(i int, id string) {
	if r.now = nil; i < len(r.lines) {
		r.now = r.lines[i]
	}
	r.id = id
}

// entry checks one entry. What it returns is whole only if it added nothing.
func (r *reader) entry(i int, t *entryText) *Entry {
	r.begin(i, t.ID)
	e := &Entry{
		ID: t.ID, Class: Class(cmp.Or(t.Class, string(Routable))), Title: t.Title, Note: t.Note,
		Categories: t.Categories, Generation: t.Generation, Evidence: Evidence(t.Evidence), Source: t.Source,
		From: date(t.From), Until: date(t.Until), Pattern: t.Pattern, Weak: t.Weak, Hints: t.Hints, Hosts: t.Hosts,
		Samples: t.Samples, Counter: t.Counter, Line: r.now.line("", 0),
	}
	if !isToken(t.ID) {
		r.at("id", 0, "an entry needs an id of lower-case letters, digits and hyphens, at most 64")
	}
	r.party(e, t)
	if !slices.Contains(Classes, e.Class) {
		r.at("class", 0, fmt.Sprintf("class %s: want one of %v", quote(t.Class), Classes))
	}
	if e.Title == "" {
		r.at("title", 0, "an entry needs a title that says what the code is")
	}
	if !slices.Contains(EvidenceGrades, e.Evidence) {
		r.at("evidence", 0, fmt.Sprintf("evidence %s: want one of %v", quote(t.Evidence), EvidenceGrades))
	}
	var ok bool
	if e.Level, ok = gsp.ParseLevel(t.Level); !ok {
		r.at("level", 0, fmt.Sprintf("level %s: want one of %v", quote(t.Level), gsp.Levels))
	}
	if !e.From.IsZero() && !e.Until.IsZero() && e.Until.Before(e.From) {
		r.at("until", 0, "validity ends before it begins")
	}
	r.texts(e)
	r.pattern(e)
	return e
}

// texts refuses what a terminal would obey, since people are shown the texts
// of an entry as they stand, and tables have them in one line.
func (r *reader) texts(e *Entry) {
	for _, t := range []struct {
		key, besides string
		list         []string
	}{
		{"title", "", []string{e.Title}}, {"source", "", []string{e.Source}}, {"note", "\n", []string{e.Note}},
		{"categories", "", e.Categories}, {"samples", "\x1d", e.Samples}, {"counter", "\x1d", e.Counter}, // GS
	} {
		for i, text := range t.list {
			if c, ok := unshowable(text, t.besides); ok {
				r.at(t.key, i, fmt.Sprintf("%s has a character that cannot be shown, %U", t.key, c))
			}
		}
	}
}

// unshowable returns the first character of a text that is none to be seen,
// nor one of besides.
func unshowable(text, besides string) (c rune, ok bool) {
	for _, c := range text {
		if !unicode.IsGraphic(c) && !strings.ContainsRune(besides, c) {
			return c, true
		}
	}
	return 0, false
}

func (r *reader) party(e *Entry, t *entryText) {
	var err error
	switch {
	case e.Class == Routable && t.Party == "":
		r.at("party", 0, "a routable entry needs the Party that its codes are sent to")
	case e.Class != Routable && t.Party != "" && slices.Contains(Classes, e.Class):
		r.at("party", 0, fmt.Sprintf("codes of class %s are sent to no Party", e.Class))
	case t.Party != "":
		if e.Party, err = gsp.ParsePartyID(short(t.Party, maxToken)); err != nil {
			r.at("party", 0, err.Error())
		}
	}
	for i, m := range t.Members {
		id, err := gsp.ParsePartyID(short(m, maxToken))
		if err != nil {
			r.at("members", i, err.Error())
		}
		e.Members = append(e.Members, id)
	}
}

// pattern compiles the pattern of e and checks what depends on it.
func (r *reader) pattern(e *Entry) {
	if err := e.compile(); err != nil {
		r.at("pattern", 0, "pattern: "+err.Error())
		return
	}
	for name := range e.Hints {
		if !slices.ContainsFunc(e.variants, func(v *variant) bool { return v.names(name) }) {
			r.at("hints", 0, "the pattern has no element named "+quote(name))
		}
	}
	if e.Class == Routable {
		r.telling(e)
	}
	if i := slices.IndexFunc(e.Hosts, func(h string) bool { return h == "" || h != strings.ToLower(h) || strings.ContainsAny(h, "/: ") }); i >= 0 {
		r.at("hosts", i, fmt.Sprintf("host %s: want a name such as stamp.example, in small letters", quote(e.Hosts[i])))
	}
	r.samples(e)
}

// telling checks that the codes of a routable entry say enough and its masks
// not too much, for each way to fit.
func (r *reader) telling(e *Entry) {
	for i := range e.rows {
		w := &e.rows[i]
		if room := w.room(); room < math.Log2(minRoom)-1e-9 {
			r.at("pattern", 0, fmt.Sprintf("a mask of %d characters would fit about %.0f codes; "+
				"it must fit a million, so that it names no single pack", w.length(), math.Exp2(room)))
			return
		}
		if bits := w.total; bits < weakBits && !e.Weak {
			r.at("pattern", 0, fmt.Sprintf("codes of %d characters have %.0f bits of evidence and may well be of others; "+
				"below %d the entry needs weak = true", w.length(), bits, weakBits))
			return
		}
	}
}

// samples tries the samples and counter-samples of e.
func (r *reader) samples(e *Entry) {
	if len(e.Samples) == 0 {
		r.at("samples", 0, "an entry needs at least one sample")
	}
	for i, s := range e.Samples {
		if code, _, broken := normalise(s); broken != "" {
			r.at("samples", i, fmt.Sprintf("sample %d cannot be a UIM: %s", i+1, broken))
		} else if e.match(code) == nil {
			r.at("samples", i, fmt.Sprintf("sample %d does not match the pattern: %s", i+1, e.miss(code).describe()))
		} else if len(e.Hosts) > 0 && !slices.Contains(e.Hosts, host(code)) {
			r.at("samples", i, fmt.Sprintf("sample %d is no link to one of the hosts", i+1))
		}
	}
	for i, s := range e.Counter {
		if code, _, broken := normalise(s); broken == "" && e.match(code) != nil {
			r.at("counter", i, fmt.Sprintf("counter-sample %d matches the pattern", i+1))
		}
	}
}

func (v *variant) names(name string) bool {
	return slices.ContainsFunc(v.elems, func(e element) bool { return e.name == name })
}

// match returns the row of e that code fits with the most evidence, or nil.
// Of equals it is the one without an optional date.
func (e *Entry) match(code string) *row {
	var best *row
	most := math.Inf(-1)
	for i := range e.rows {
		if r := &e.rows[i]; r.fits(code) {
			if bits := r.evidence(code); bits > most {
				best, most = r, bits
			}
		}
	}
	return best
}

func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' && i > 0) {
			return false
		}
	}
	return s != "" && len(s) <= maxToken
}

// short cuts a text of the library for a message.
func short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s[:min(len(s), most*utf8.UTFMax)])[:most-1]) + "…"
}

// quote quotes a text of the library for a message.
func quote(s string) string { return strconv.Quote(short(s, maxToken)) }

func date(d toml.LocalDate) time.Time {
	if d == (toml.LocalDate{}) {
		return time.Time{}
	}
	return d.AsTime(time.UTC)
}
