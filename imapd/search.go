package imapd

import (
	"bytes"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/gsp"
)

// maxSearchKeys bounds how many keys one SEARCH has: each is tried on every
// message.
const maxSearchKeys = 500

// Search finds messages (RFC 9051, section 6.4.4; RFC 4731; RFC 5182). What is
// sealed cannot be searched here: BODY matches nothing, TEXT the header.
func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, options *imap.SearchOptions) (*imap.SearchData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.opened(gsp.MayRead)
	if err != nil {
		return nil, s.reply("search", err)
	}
	if keys(criteria) > maxSearchKeys {
		return nil, s.reply("search", tooLarge)
	}
	q := &query{session: s, view: v}
	matches := q.all(criteria)
	var found []int
	for i := range v.messages {
		if matches(i) {
			found = append(found, i)
		}
		if q.err != nil {
			if options.ReturnSave {
				v.saved = nil // RFC 5182, section 2.1
			}
			return nil, s.reply("search", q.err)
		}
	}
	if options.ReturnSave {
		v.saved = v.uids(saved(found, options))
	}
	return result(v, kind, found), nil
}

// saved is what SAVE keeps: with MIN or MAX alone only those (RFC 5182,
// section 2.4). The library cannot tell SAVE alone from SAVE with ALL; for
// both it is everything.
func saved(found []int, options *imap.SearchOptions) []int {
	if options.ReturnAll || options.ReturnCount || len(found) == 0 {
		return found
	}
	var ends []int
	if options.ReturnMin {
		ends = append(ends, found[0])
	}
	if last := found[len(found)-1]; options.ReturnMax && (len(ends) == 0 || ends[0] != last) {
		ends = append(ends, last)
	}
	return ends
}

func result(v *view, kind imapserver.NumKind, found []int) *imap.SearchData {
	data := &imap.SearchData{Count: uint32(len(found))}
	number := func(p int) uint32 { return uint32(p + 1) }
	var numbers imap.SeqSet
	var uids imap.UIDSet
	data.All = numbers // never nil: the library looks at its type
	if kind == imapserver.NumKindUID {
		number = func(p int) uint32 { return v.messages[p].UID }
		data.All = uids
	}
	for _, p := range found {
		if kind == imapserver.NumKindUID {
			uids.AddNum(imap.UID(number(p)))
			data.All = uids
		} else {
			numbers.AddNum(number(p))
			data.All = numbers
		}
	}
	if len(found) > 0 {
		data.Min, data.Max = number(found[0]), number(found[len(found)-1])
	}
	return data
}

// query is one SEARCH.
type query struct {
	session *session
	view    *view
	err     error

	uid  uint32 // of the last mail that a key looked into
	head []byte // its header
}

// keys counts the keys of a search, with those in its lists.
func keys(c *imap.SearchCriteria) int {
	n := 1 + len(c.SeqNum) + len(c.UID) + len(c.Header) + len(c.Body) + len(c.Text) + len(c.Flag) + len(c.NotFlag)
	for i := range c.Not {
		n += keys(&c.Not[i])
	}
	for i := range c.Or {
		n += keys(&c.Or[i][0]) + keys(&c.Or[i][1])
	}
	return n
}

// predicate reports whether the message at a place is meant.
type predicate func(place int) bool

// all makes a predicate of which every key must hold, the cheap ones first.
func (q *query) all(c *imap.SearchCriteria) predicate {
	var keys []predicate
	add := func(p predicate) { keys = append(keys, p) }
	item := func(f func(m *message) bool) {
		add(func(p int) bool { return f(&q.view.messages[p]) })
	}
	for _, set := range c.SeqNum {
		add(q.in(set))
	}
	for _, set := range c.UID {
		add(q.in(set))
	}
	for _, flag := range c.Flag {
		item(hasFlag(flag))
	}
	for _, flag := range c.NotFlag {
		has := hasFlag(flag)
		item(func(m *message) bool { return !has(m) })
	}
	if c.Larger > 0 {
		item(func(m *message) bool { return m.Size > c.Larger })
	}
	if c.Smaller > 0 {
		item(func(m *message) bool { return m.Size < c.Smaller })
	}
	if !c.Since.IsZero() {
		item(func(m *message) bool { return !m.Received.Before(c.Since) })
	}
	if !c.Before.IsZero() {
		item(func(m *message) bool { return m.Received.Before(c.Before) })
	}
	for i := range c.Not {
		not := q.all(&c.Not[i])
		add(func(p int) bool { return !not(p) })
	}
	for i := range c.Or {
		a, b := q.all(&c.Or[i][0]), q.all(&c.Or[i][1])
		add(func(p int) bool { return a(p) || b(p) })
	}
	if len(c.Body) > 0 {
		add(func(int) bool { return false })
	}
	keys = append(keys, q.inHeader(c)...)
	return func(p int) bool {
		for _, key := range keys {
			if !key(p) {
				return false
			}
		}
		return true
	}
}

// inHeader makes the predicates that read the header of a mail.
func (q *query) inHeader(c *imap.SearchCriteria) (keys []predicate) {
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		keys = append(keys, func(p int) bool {
			sent, ok := q.sent(p)
			return ok && !sent.Before(c.SentSince) && (c.SentBefore.IsZero() || sent.Before(c.SentBefore))
		})
	}
	for _, h := range c.Header {
		keys = append(keys, func(p int) (found bool) {
			eachField(q.header(p), func(name, field []byte) {
				if strings.EqualFold(string(name), h.Key) {
					_, value, _ := bytes.Cut(field, []byte(":"))
					found = found || contains(unfold(value), h.Value)
				}
			})
			return found
		})
	}
	for _, text := range c.Text {
		keys = append(keys, func(p int) bool { return contains(unfold(q.header(p)), text) })
	}
	return keys
}

func (q *query) in(set imap.NumSet) predicate {
	member := make([]bool, len(q.view.messages))
	for _, p := range q.view.resolve(set) {
		member[p] = true
	}
	return func(p int) bool { return member[p] }
}

func hasFlag(name imap.Flag) func(*message) bool {
	if flag := systemFlag(name); flag != 0 {
		return func(m *message) bool { return m.Flags&flag != 0 }
	}
	return func(m *message) bool { // \Recent too: nothing ever has it
		for _, keyword := range m.Keywords {
			if strings.EqualFold(keyword, string(name)) {
				return true
			}
		}
		return false
	}
}

// header returns the header of a mail, nil for one that is gone.
func (q *query) header(p int) []byte {
	m := &q.view.messages[p]
	if m.UID == q.uid {
		return q.head
	}
	body, err := q.session.Messages.Body(q.session.ctx, m.Mail)
	if err != nil {
		q.session.damaged(m.Mail, err)
	}
	q.uid, q.head = m.UID, nil
	if end := bytes.Index(body, []byte("\r\n\r\n")); end >= 0 {
		q.head = body[:end+2]
	}
	return q.head
}

// sent returns the date that the header names, without its time.
func (q *query) sent(p int) (time.Time, bool) {
	uid := q.view.messages[p].UID
	var missing error
	found, err := q.session.summaries([]uint32{uid}, &missing)
	if err != nil {
		q.err = err
	}
	summary, ok := found[uid]
	return summary.Envelope.Date, ok
}

func unfold(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "") }

// contains is the comparison of SEARCH: a part of the text, in either case.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
