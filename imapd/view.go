package imapd

import (
	"slices"
	"sort"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
)

// view is a mailbox as one client knows it. The client numbers messages by
// what it was told, so numbers are resolved here and nowhere else; what
// happened since waits until it may be told.
type view struct {
	id       gsp.MailboxID
	owner    string
	name     string // as the client gave it
	readOnly bool

	modseq   gsp.ModSeq // up to which the store was read
	messages []message  // that the client knows, by UID
	fresh    []message  // that it does not know yet, by UID
	keywords []string   // of all of them, sorted
	news     bool       // there are keywords that were not told yet
	saved    []uint32   // UIDs of SEARCH RETURN (SAVE)
}

// message is one that the client knows.
type message struct {
	gsp.Item
	gone    bool // expunged, not told yet
	changed bool // has flags that were not told yet
}

func (m message) sameFlags(item gsp.Item) bool {
	return m.Flags == item.Flags && slices.Equal(m.Keywords, item.Keywords)
}

// merge takes over what happened in the store.
func (v *view) merge(delta gsp.Delta) {
	for _, item := range delta.Changed {
		for _, keyword := range item.Keywords {
			if i, known := slices.BinarySearch(v.keywords, keyword); !known {
				v.keywords, v.news = slices.Insert(v.keywords, i, keyword), true
			}
		}
		if m := byUID(v.messages, item.UID); m != nil {
			m.changed = m.changed || !m.sameFlags(item)
			m.Item = item
		} else if m := byUID(v.fresh, item.UID); m != nil {
			m.Item = item
		} else {
			v.fresh = append(v.fresh, message{Item: item})
		}
	}
	for _, uid := range delta.Vanished {
		if m := byUID(v.messages, uid); m != nil {
			m.gone = true
		} else if m := byUID(v.fresh, uid); m != nil {
			m.gone = true
		}
	}
	v.fresh = slices.DeleteFunc(v.fresh, func(m message) bool { return m.gone })
	v.modseq = delta.ModSeq
}

// byUID returns the message of that UID, nil for none.
func byUID(messages []message, uid uint32) *message {
	if i := placeOf(uid, messages); i < len(messages) && messages[i].UID == uid {
		return &messages[i]
	}
	return nil
}

// placeOf returns where a UID stands or would stand.
func placeOf(uid uint32, messages []message) int {
	return sort.Search(len(messages), func(i int) bool { return messages[i].UID >= uid })
}

// forget takes expunged messages away and returns the numbers that they had,
// the highest first: each is still right when those before it were told.
func (v *view) forget() (numbers []uint32) {
	for i := len(v.messages) - 1; i >= 0; i-- {
		if v.messages[i].gone {
			numbers = append(numbers, uint32(i+1))
		}
	}
	if len(numbers) > 0 {
		v.messages = slices.DeleteFunc(v.messages, func(m message) bool { return m.gone })
	}
	return numbers
}

// learn lets the client know fresh messages and returns whether there are any.
// It waits while an expunge was not told: EXISTS must not overtake it.
func (v *view) learn() bool {
	if len(v.fresh) == 0 || slices.ContainsFunc(v.messages, func(m message) bool { return m.gone }) {
		return false
	}
	v.messages, v.fresh = append(v.messages, v.fresh...), nil
	return true
}

// resolve returns the places, from 0 and rising, of the messages in a set. It
// passes over numbers and UIDs that the client does not know.
func (v *view) resolve(set imap.NumSet) []int {
	var places []int
	add := func(from, to int) { // to is the first that is not meant
		for i := max(from, 0); i < min(to, len(v.messages)); i++ {
			places = append(places, i)
		}
	}
	last := len(v.messages)
	if last == 0 {
		return nil
	}
	switch set := set.(type) {
	case imap.SeqSet:
		for _, r := range set {
			from, to := bounds(r.Start, r.Stop, uint32(last))
			add(int(from)-1, int(to))
		}
	case imap.UIDSet:
		if imap.IsSearchRes(set) {
			for _, uid := range v.saved {
				add(v.place(uid), v.place(uid+1))
			}
			break
		}
		for _, r := range set {
			from, to := bounds(uint32(r.Start), uint32(r.Stop), v.messages[last-1].UID)
			if to == ^uint32(0) {
				add(v.place(from), last)
			} else {
				add(v.place(from), v.place(to+1))
			}
		}
	}
	return slices.Compact(places) // "3,9:*" of three messages names the last twice
}

// place is placeOf among the messages that the client knows.
func (v *view) place(uid uint32) int { return placeOf(uid, v.messages) }

// bounds puts the ends of a range in order; 0 stands for "*", the last.
func bounds(start, stop, last uint32) (from, to uint32) {
	if start == 0 {
		start = last
	}
	if stop == 0 {
		stop = last
	}
	return min(start, stop), max(start, stop)
}

// uids returns the UIDs at places.
func (v *view) uids(places []int) []uint32 {
	uids := make([]uint32, len(places))
	for i, p := range places {
		uids[i] = v.messages[p].UID
	}
	return uids
}

// systemFlags are the flags of RFC 9051, section 2.3.2, in the order of their
// bits.
var systemFlags = []struct {
	flag gsp.Flags
	name imap.Flag
}{
	{gsp.Seen, imap.FlagSeen},
	{gsp.Answered, imap.FlagAnswered},
	{gsp.Flagged, imap.FlagFlagged},
	{gsp.Deleted, imap.FlagDeleted},
	{gsp.Draft, imap.FlagDraft},
}

// systemFlag returns the flag of that name, 0 for none.
func systemFlag(name imap.Flag) gsp.Flags {
	for _, f := range systemFlags {
		if f.name == name {
			return f.flag
		}
	}
	return 0
}

func flagNames(flags gsp.Flags, keywords []string) []imap.Flag {
	names := make([]imap.Flag, 0, len(systemFlags)+len(keywords)+1)
	for _, f := range systemFlags {
		if flags&f.flag != 0 {
			names = append(names, f.name)
		}
	}
	for _, keyword := range keywords {
		names = append(names, imap.Flag(keyword))
	}
	return names
}

// Limits of keywords, which are stored with each message.
const (
	maxKeyword  = 64 // octets
	maxKeywords = 32 // in one command
)

// parseFlags tells system flags from keywords. \Recent is passed over: old
// clients copy it.
func parseFlags(names []imap.Flag) (flags gsp.Flags, keywords []string, err error) {
	for _, name := range names {
		system := systemFlag(name)
		switch {
		case system != 0:
			flags |= system
		case name == `\Recent`:
		case name == "" || name[0] == '\\':
			return 0, nil, bad("unknown system flag")
		case len(name) > maxKeyword || len(keywords) == maxKeywords:
			return 0, nil, no(imap.ResponseCodeLimit, "keywords are limited to 64 octets, and to 32 in a command")
		default:
			keywords = append(keywords, string(name))
		}
	}
	slices.Sort(keywords)
	return flags, slices.Compact(keywords), nil
}

// after returns the flags of an item after a change.
func after(item gsp.Item, change gsp.FlagChange) (gsp.Flags, []string) {
	switch change.Mode {
	case gsp.SetFlags:
		return change.Flags, change.Keywords
	case gsp.AddFlags:
		keywords := slices.Sorted(slices.Values(append(slices.Clone(item.Keywords), change.Keywords...)))
		return item.Flags | change.Flags, slices.Compact(keywords)
	}
	return item.Flags &^ change.Flags, slices.DeleteFunc(slices.Clone(item.Keywords), func(k string) bool {
		return slices.Contains(change.Keywords, k)
	})
}
