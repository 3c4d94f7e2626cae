package imapd

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
)

// view is a mailbox as one client knows it. The client numbers messages by
// what it was told, so numbers are resolved here and nowhere else; what
// happened since waits until it may be told. It holds no more of a message
// than its UID: the rest is read when it is asked for.
type view struct {
	id       gsp.MailboxID
	owner    string
	shared   bool   // several accounts see it
	name     string // as the client gave it
	readOnly bool

	modseq   gsp.ModSeq          // up to which the store was read
	uidNext  uint32              // UIDNEXT then
	known    uidList             // what the client knows
	fresh    []uint32            // what it does not know yet, rising
	gone     []uint32            // what it knows and is expunged, rising
	changed  map[uint32]gsp.Item // by UID, known ones whose flags were not told yet
	keywords []string            // of all messages, sorted
	news     bool                // there are keywords that were not told yet
	saved    uidList             // of SEARCH RETURN (SAVE)
}

// merge takes over what happened in the store.
func (v *view) merge(delta gsp.Delta) {
	for _, item := range delta.Changed {
		v.meet(item.Keywords)
		if v.known.has(item.UID) {
			v.wait(item)
		} else if _, known := slices.BinarySearch(v.fresh, item.UID); !known {
			v.fresh = append(v.fresh, item.UID)
		}
	}
	for _, uid := range delta.Vanished {
		delete(v.changed, uid)
		if v.known.has(uid) {
			v.gone = append(v.gone, uid)
		}
	}
	if len(delta.Vanished) > 0 {
		v.fresh = slices.DeleteFunc(v.fresh, func(uid uint32) bool {
			_, vanished := slices.BinarySearch(delta.Vanished, uid)
			return vanished
		})
	}
	slices.Sort(v.gone)
	v.modseq, v.uidNext = delta.ModSeq, delta.UIDNext
}

// meet notes keywords that the client may not know yet.
func (v *view) meet(keywords []string) {
	for _, keyword := range keywords {
		if i, known := slices.BinarySearch(v.keywords, keyword); !known {
			v.keywords, v.news = slices.Insert(v.keywords, i, keyword), true
		}
	}
}

// wait keeps a message whose flags are still to be told.
func (v *view) wait(item gsp.Item) {
	if v.changed == nil {
		v.changed = make(map[uint32]gsp.Item)
	}
	v.changed[item.UID] = item
}

// forget takes expunged messages away and returns the numbers that they had,
// the highest first: each is still right when those before it were told.
func (v *view) forget() (numbers []uint32) {
	for _, uid := range slices.Backward(v.gone) {
		numbers = append(numbers, uint32(v.known.place(uid)+1))
	}
	if len(numbers) > 0 {
		v.known, v.gone = v.known.without(v.gone), nil
	}
	return numbers
}

// learn lets the client know fresh messages and returns whether there are any.
// It waits while an expunge was not told: EXISTS must not overtake it.
func (v *view) learn() bool {
	if len(v.fresh) == 0 || len(v.gone) > 0 {
		return false
	}
	for _, uid := range v.fresh {
		v.known.add(uid)
	}
	v.fresh = nil
	return true
}

// told returns a message as the client is to be told now, and whether it has
// to be told of its flags anyway, which are taken as told then.
func (v *view) told(item gsp.Item) (gsp.Item, bool) {
	news, waiting := v.changed[item.UID]
	if waiting {
		delete(v.changed, item.UID)
		if news.ModSeq > item.ModSeq {
			item = news
		}
	}
	return item, waiting
}

// resolve returns the places, from 0 and rising, of the messages in a set. It
// passes over numbers and UIDs that the client does not know.
func (v *view) resolve(set imap.NumSet) []int {
	var places []int
	add := func(from, to int) { // to is the first that is not meant
		for i := max(from, 0); i < min(to, v.known.n); i++ {
			places = append(places, i)
		}
	}
	if v.known.n == 0 {
		return nil
	}
	switch set := set.(type) {
	case imap.SeqSet:
		for _, r := range set {
			from, to := bounds(r.Start, r.Stop, uint32(v.known.n))
			add(int(from)-1, int(to))
		}
	case imap.UIDSet:
		if imap.IsSearchRes(set) {
			for p := range v.saved.n {
				uid := v.saved.at(p)
				add(v.known.place(uid), v.known.place(uid+1))
			}
			break
		}
		for _, r := range set {
			from, to := bounds(uint32(r.Start), uint32(r.Stop), v.known.at(v.known.n-1))
			if to == ^uint32(0) {
				add(v.known.place(from), v.known.n)
			} else {
				add(v.known.place(from), v.known.place(to+1))
			}
		}
	}
	return slices.Compact(places) // "3,9:*" of three messages names the last twice
}

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
		uids[i] = v.known.at(p)
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

// few leaves out of keywords what is more than so many and those that name who
// was first. Messages and mailboxes of before there was a limit may have more,
// in lines that mail clients do not read to their end.
func few(keywords []string, limit int) []string {
	if len(keywords) <= limit {
		return keywords
	}
	n := 0
	return slices.DeleteFunc(slices.Clone(keywords), func(k string) bool {
		if gsp.IsFirst(k) {
			return false
		}
		n++
		return n > limit
	})
}

// messageFlags are those of a message.
func messageFlags(item gsp.Item) []imap.Flag {
	return flagNames(item.Flags, few(item.Keywords, gsp.MessageKeywords))
}

// flags are those of the mailbox's messages.
func (v *view) flags(system gsp.Flags) []imap.Flag {
	return flagNames(system, few(v.keywords, gsp.MailboxKeywords))
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
