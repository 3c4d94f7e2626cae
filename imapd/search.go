package imapd

import (
	"bytes"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/gsp"
)

// maxSearchKeys bounds how many keys one SEARCH has: each is tried on every
// message.
const maxSearchKeys = 500

// maxSearchWork bounds its keys times the messages of the mailbox, each of
// which takes memory and time: all keys on 100,000 messages.
const maxSearchWork = 50_000_000

// Search finds messages (RFC 9051, section 6.4.4; RFC 4731; RFC 5182). What is
// sealed cannot be searched here: BODY matches nothing, TEXT the header.
func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, options *imap.SearchOptions) (*imap.SearchData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.opened(gsp.MayRead)
	if err != nil {
		return nil, s.reply("search", err)
	}
	if n := keys(criteria); n > maxSearchKeys || n*v.known.n > maxSearchWork {
		return nil, s.reply("search", tooLarge)
	}
	q := &query{session: s, view: v}
	matches := q.all(criteria)
	var found []int
	for p := range v.known.n {
		if p%1024 == 0 && q.err == nil {
			q.err = s.ctx.Err()
		}
		if q.err == nil && matches(p) {
			found = append(found, p)
		}
	}
	if options.ReturnSave {
		v.saved = uidList{} // and nothing after an error (RFC 5182, section 2.1)
	}
	if q.err != nil {
		return nil, s.reply("search", q.err)
	}
	if options.ReturnSave {
		for _, p := range saved(found, options) {
			v.saved.add(v.known.at(p))
		}
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
		number = func(p int) uint32 { return v.known.at(p) }
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

	items     window[gsp.Item]
	summaries window[gsp.Summary]
	headers   window[[]byte]

	folded string // the text of a header as it is compared
	of     int    // its place, counted from 1
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
	for _, set := range c.SeqNum {
		add(q.in(set))
	}
	for _, set := range c.UID {
		add(q.in(set))
	}
	keys = append(keys, q.flags(c)...)
	if c.Larger > 0 {
		add(q.item(func(m gsp.Item) bool { return m.Size > c.Larger }))
	}
	if c.Smaller > 0 {
		add(q.item(func(m gsp.Item) bool { return m.Size < c.Smaller }))
	}
	if !c.Since.IsZero() {
		add(q.item(func(m gsp.Item) bool { return !m.Received.Before(c.Since) }))
	}
	if !c.Before.IsZero() {
		add(q.item(func(m gsp.Item) bool { return m.Received.Before(c.Before) }))
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

// flags makes the predicates on flags and keywords. The store finds all
// messages with some flags at once, which is quick also in a large mailbox.
func (q *query) flags(c *imap.SearchCriteria) (keys []predicate) {
	var with, without gsp.Flags
	sort := func(names []imap.Flag, flags *gsp.Flags, has bool) {
		for _, name := range names {
			if flag := systemFlag(name); flag != 0 {
				*flags |= flag
				continue
			}
			keys = append(keys, q.item(func(m gsp.Item) bool { return hasKeyword(m, name) == has }))
		}
	}
	sort(c.Flag, &with, true)
	sort(c.NotFlag, &without, false)
	switch {
	case with&without != 0:
		return []predicate{func(int) bool { return false }}
	case with|without == 0:
		return keys
	}
	uids, err := q.session.Messages.Flagged(q.session.ctx, q.view.id, with|without, with)
	if err != nil {
		q.err = err
	}
	flagged := q.member(func(add func(place int)) {
		for _, uid := range uids {
			if p := q.view.known.place(uid); p < q.view.known.n && q.view.known.at(p) == uid {
				add(p)
			}
		}
	})
	return append([]predicate{flagged}, keys...)
}

func hasKeyword(m gsp.Item, name imap.Flag) bool { // \Recent too: nothing ever has it
	return slices.ContainsFunc(m.Keywords, func(k string) bool { return strings.EqualFold(k, string(name)) })
}

// in makes the predicate of a set of numbers or UIDs.
func (q *query) in(set imap.NumSet) predicate {
	return q.member(func(add func(int)) {
		for _, p := range q.view.resolve(set) {
			add(p)
		}
	})
}

// member makes the predicate of the places that each adds.
func (q *query) member(each func(add func(place int))) predicate {
	member := make([]bool, q.view.known.n)
	each(func(p int) { member[p] = true })
	return func(p int) bool { return member[p] }
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
		text = strings.ToLower(text)
		keys = append(keys, func(p int) bool { return strings.Contains(q.text(p), text) })
	}
	return keys
}

// text is what TEXT is looked for in, once for all keys: a SEARCH may have
// hundreds of them.
func (q *query) text(p int) string {
	if q.of != p+1 {
		q.folded, q.of = strings.ToLower(unfold(q.header(p))), p+1
	}
	return q.folded
}

func unfold(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "") }

// contains is the comparison of SEARCH: a part of the text, in either case.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
