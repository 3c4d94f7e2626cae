package gsp

import (
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/sealed"
)

// MailboxID numbers a mailbox for good; a number is never used again.
type MailboxID int64

// MailID numbers a stored mail.
type MailID int64

// ModSeq counts the changes of a mailbox (RFC 7162, section 3.1). It never
// goes back.
type ModSeq int64

// MailboxName is an owner and one of its mailboxes. The owner is the local
// part of a Party's or an account's address.
type MailboxName struct {
	Owner string
	Name  string // "INBOX", "Sent", "Cases/2026"; "/" parts levels
}

// Inbox returns the mailbox that owner's incoming mail goes to.
func Inbox(owner string) MailboxName { return MailboxName{owner, "INBOX"} }

// SpecialUse is a mailbox's purpose (RFC 6154), "" for none.
type SpecialUse string

// The special uses that each account has from the start.
const (
	UseSent    SpecialUse = `\Sent`
	UseDrafts  SpecialUse = `\Drafts`
	UseTrash   SpecialUse = `\Trash`
	UseArchive SpecialUse = `\Archive`
)

// StandardMailboxes are made for every account. A Party's role mailbox has
// INBOX and Archive only.
var StandardMailboxes = []struct {
	Name string
	Use  SpecialUse
}{{"INBOX", ""}, {"Sent", UseSent}, {"Drafts", UseDrafts}, {"Trash", UseTrash}, {"Archive", UseArchive}}

// Mailbox is a mailbox with its counters.
type Mailbox struct {
	ID          MailboxID
	Name        MailboxName
	Use         SpecialUse
	UIDValidity uint32
	UIDNext     uint32
	ModSeq      ModSeq
	Messages    int
	Unseen      int
	Deleted     int
	Size        int64 // octets of all messages
}

// Flags are the system flags of a message (RFC 9051, section 2.3.2).
type Flags uint8

// The system flags.
const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	Draft
)

// Item is one message in one mailbox.
type Item struct {
	UID      uint32
	ModSeq   ModSeq
	Mail     MailID
	Flags    Flags
	Keywords []string  // sorted
	Received time.Time // the internal date
	Size     int64     // octets
}

// Delta is what happened in a mailbox after a modification sequence.
type Delta struct {
	UIDNext  uint32
	ModSeq   ModSeq   // of the mailbox now
	Changed  []Item   // new or changed, by rising UID
	Vanished []uint32 // expunged, by rising UID
}

// Listing is which messages a mailbox has at one moment.
type Listing struct {
	UIDNext  uint32
	ModSeq   ModSeq   // of the mailbox then
	UIDs     []uint32 // rising
	Unseen   uint32   // the first UID without \Seen, 0 for none
	Keywords []string // of all messages, sorted
}

// FlagChange changes the flags of messages (RFC 9051, section 6.4.6).
type FlagChange struct {
	Mode     FlagMode
	Flags    Flags
	Keywords []string

	// By is the login that acts in a mailbox which several accounts share, ""
	// elsewhere. Where it is the first to set \Seen or \Answered, a keyword says
	// so, which no change with a login takes away.
	By string
}

// The keywords that name, in a shared mailbox, the login that was the first to
// read or to answer a message. They have no "$" before them: such are
// registered (RFC 5788).
const (
	ReadBy     = "ReadBy-"
	AnsweredBy = "AnsweredBy-"
)

// How many keywords there may be, apart from those two. Clients read all of a
// mailbox in one line.
const (
	MessageKeywords = 64  // on one message
	MailboxKeywords = 256 // different ones in one mailbox
)

// IsFirst reports whether a keyword names who was the first to do something.
func IsFirst(keyword string) bool {
	return strings.HasPrefix(keyword, ReadBy) || strings.HasPrefix(keyword, AnsweredBy)
}

// Apply returns a message with its flags changed.
func (c FlagChange) Apply(item Item) Item {
	before, asked := item, c.Keywords
	if c.By != "" {
		asked = slices.DeleteFunc(slices.Clone(asked), IsFirst)
	}
	switch c.Mode {
	case SetFlags:
		item.Flags, item.Keywords = c.Flags, slices.Clone(asked)
	case AddFlags:
		item.Flags |= c.Flags
		item.Keywords = slices.Concat(item.Keywords, asked)
	case RemoveFlags:
		item.Flags &^= c.Flags
		item.Keywords = slices.DeleteFunc(slices.Clone(item.Keywords), func(k string) bool { return slices.Contains(asked, k) })
	}
	if c.By != "" {
		item.Keywords = append(item.Keywords, firsts(before, item.Flags, c.By)...)
	}
	slices.Sort(item.Keywords)
	item.Keywords = slices.Compact(item.Keywords)
	return item
}

// firsts returns the keywords that say who was first: those that a message has
// and those that it gets now.
func firsts(before Item, now Flags, by string) (keywords []string) {
	for _, first := range []struct {
		flag   Flags
		prefix string
	}{{Seen, ReadBy}, {Answered, AnsweredBy}} {
		i := slices.IndexFunc(before.Keywords, func(k string) bool { return strings.HasPrefix(k, first.prefix) })
		switch {
		case i >= 0:
			keywords = append(keywords, before.Keywords[i])
		case now&^before.Flags&first.flag != 0:
			keywords = append(keywords, first.prefix+by)
		}
	}
	return keywords
}

// FlagMode is how a FlagChange applies.
type FlagMode uint8

// The modes of a FlagChange.
const (
	SetFlags FlagMode = iota
	AddFlags
	RemoveFlags
)

// Copied says which message became which (RFC 4315, section 3): From[i] of the
// source is To[i] of the destination, which has UIDValidity.
type Copied struct {
	UIDValidity uint32
	From, To    []uint32
}

// Summary is what IMAP tells of a mail without opening its body: computed
// once, when it is stored.
type Summary struct {
	Envelope Envelope
	Layout   sealed.Layout
}

// Envelope is IMAP's ENVELOPE (RFC 9051, section 7.5.2) of a rebuilt mail.
// Sender and Reply-To equal From, and no address has a display name.
type Envelope struct {
	Date      time.Time
	Subject   string
	From      Address
	To, Cc    []Address
	MessageID string   // with its angle brackets
	InReplyTo []string // with their angle brackets
}

// Rights are what an account may do with the mailboxes of one owner.
type Rights uint8

// The rights. An account has all of them on its own mailboxes.
const (
	MayRead   Rights = 1 << iota // select, fetch, search
	MayFlag                      // store flags; they are shared by all who see the mailbox
	MayInsert                    // append, copy into
	MayRemove                    // delete, expunge, move out
	MayManage                    // create, rename and delete mailboxes
	MayFile                      // move from one of the mailboxes to another: nothing is lost or doubled by it
)

// Shelf is one owner's mailboxes as an account sees them.
type Shelf struct {
	Owner  string
	Prefix string // "" for the account's own, "Authority/ke/" for a shared one
	Rights Rights
}
