package gsp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Room is how much the mailboxes of one owner hold, and how much they may. A
// message counts in each mailbox that shows it, so that an owner's sum is that
// of what its mailboxes are shown to have.
type Room struct {
	Owner    string    `json:"-"`
	Messages int       `json:"messages"`
	Octets   int64     `json:"octets"`          // of all messages
	Quota    int64     `json:"quota"`           // octets, 0 for no limit
	Own      bool      `json:"own,omitzero"`    // the quota was set for this owner
	Filled   time.Time `json:"filled,omitzero"` // since when its use is above the mark that is warned of, zero where it is not
}

// Above reports whether that many hundredths of the quota are used.
func (r Room) Above(percent int) bool {
	return r.Quota > 0 && r.Octets/int64(percent) >= r.Quota/100
}

// Quota is a limit that somebody set for one owner, in place of the configured
// one. It is never changed: of an owner's quotas the latest is in force.
type Quota struct {
	Owner  string    `json:"-"`
	Octets int64     `json:"octets"` // or one of the values below
	SetBy  string    `json:"set_by"` // who set it, as the command line knew them
	Set    time.Time `json:"set"`
}

// Values of Quota.Octets that are no number of octets.
const (
	ConfiguredQuota = 0  // what all have for whom nothing else was set
	NoQuota         = -1 // no limit
)

// NoticeReserve is how many octets beyond its quota an owner's mailboxes take
// from the gateway itself, so that what they are full can still be told: some
// hundred notices.
const NoticeReserve = 1 << 20

// FullError is the error of a store where mailboxes have no room for what was
// to be placed in them. Nothing was.
type FullError struct{ Owners []string }

// Error names no owner: it may be a person.
func (e *FullError) Error() string {
	if len(e.Owners) == 1 {
		return "a mailbox is full"
	}
	return fmt.Sprintf("%d mailboxes are full", len(e.Owners))
}

// IsFull returns the owners whose mailboxes were full, if that is the error.
func IsFull(err error) (owners []string, ok bool) {
	full, ok := errors.AsType[*FullError](err)
	if !ok {
		return nil, false
	}
	return full.Owners, true
}

// WithRoom returns those of some postings that go to none of the owners.
func WithRoom(postings []Posting, full []string) []Posting {
	return slices.DeleteFunc(slices.Clone(postings), func(p Posting) bool {
		return slices.ContainsFunc(p.Deliveries, func(d Delivery) bool { return slices.Contains(full, d.Mailbox.Owner) })
	})
}

// FullRefusal is what is said to an owner whose own mailboxes have no room for
// what it wants to keep in them.
func FullRefusal() *Refusal {
	return &Refusal{
		Reason: MailboxFull,
		Cause:  "your mailbox has no room for this",
		Remedy: "delete mails that you need no more, and empty the trash, or ask your Party's administrator for more room",
	}
}

// Octets writes a size for a person: "2.0 GiB", "640 KiB".
func Octets(n int64) string {
	units := []string{"octets", "KiB", "MiB", "GiB", "TiB"}
	size, i := float64(n), 0
	for ; size >= 1000 && i < len(units)-1; i++ {
		size /= 1024
	}
	if i == 0 {
		return fmt.Sprintf("%d %s", n, units[0])
	}
	digits := strings.TrimSuffix(fmt.Sprintf("%.1f", size), ".0")
	return digits + " " + units[i]
}
