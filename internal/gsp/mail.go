package gsp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/sealed"
)

// Type says what a mail is within its case: the values of GSP-Type.
type Type string

// The types of mail.
const (
	Request         Type = "request"
	Reply           Type = "reply"
	PartialReply    Type = "partial-reply"
	DenialReply     Type = "refusal" // the asked Party declines, with a reason inside
	Acknowledgement Type = "acknowledgement"
	FollowUp        Type = "follow-up"
	Notice          Type = "notice"
	Withdrawal      Type = "withdrawal"
)

// Types lists every Type.
var Types = []Type{Request, Reply, PartialReply, DenialReply, Acknowledgement, FollowUp, Notice, Withdrawal}

// ParseType returns the type of that name.
func ParseType(s string) (Type, bool) {
	t := Type(s)
	return t, slices.Contains(Types, t)
}

// Answers reports whether a mail of this type answers a request: it stops the
// clock of the average time to a reply (FCTC/MOP/3/5, para 24, item 7).
func (t Type) Answers() bool { return t == Reply || t == PartialReply || t == DenialReply }

// Acts reports whether a mail of this type shows that the asked Party has
// taken the request up, so that it is no longer "not actioned" (para 24, item 8).
func (t Type) Acts() bool { return t.Answers() || t == Acknowledgement }

// Urgency is how soon an answer is wanted.
type Urgency string

// The urgencies. The zero Urgency is routine.
const (
	Routine  Urgency = "routine"
	Urgent   Urgency = "urgent"
	Detained Urgency = "detained" // goods or persons are held
)

// Urgencies lists every Urgency.
var Urgencies = []Urgency{Routine, Urgent, Detained}

// CaseID numbers a case from first request to last reply: "2026-KE-7Q4M2",
// the year, the Party first asked, five characters of Crockford's base 32.
type CaseID string

// ErrCaseID reports a text that cannot be a case number.
var ErrCaseID = errors.New("not a case number")

// ParseCaseID reads a case number in either letter case.
func ParseCaseID(s string) (CaseID, error) {
	b := []byte(s)
	for i, c := range b {
		switch {
		case c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z':
		case 'a' <= c && c <= 'z':
			b[i] -= 'a' - 'A'
		default:
			return "", ErrCaseID
		}
	}
	// four digits, "-", two to eight letters, "-", five characters
	if len(b) < 13 || len(b) > 19 || b[4] != '-' || b[len(b)-6] != '-' {
		return "", ErrCaseID
	}
	return CaseID(b), nil
}

// NewCaseID makes the number of a case that asks party, from 25 random bits.
func NewCaseID(at time.Time, party PartyID, random uint32) CaseID {
	const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var tail [5]byte
	for i := range tail {
		tail[i] = crockford[random>>(5*i)&31]
	}
	id, _ := ParseCaseID(fmt.Sprintf("%04d-%s-%s", at.UTC().Year(), party, tail[:]))
	return id
}

// Case is one exchange between a requesting Party and those it asked.
type Case struct {
	ID        CaseID
	Requester PartyID
	Asked     []PartyID
	Opened    time.Time
	Since     time.Time // when the question was put that it waits for, at first Opened; the store sets it
	Marks     [32]byte  // MarksDigest of the request
	Waiting   []PartyID // those of Asked whose answer is still to come
}

// Pending reports whether an answer is still to come.
func (c Case) Pending() bool { return len(c.Waiting) > 0 }

// Takes reports whether p is one of the Parties of the case.
func (c Case) Takes(p PartyID) bool { return p == c.Requester || slices.Contains(c.Asked, p) }

// Submission is a mail as a door hands it in.
type Submission struct {
	Account    Account   // who is logged in
	Sender     Address   // MAIL FROM
	Recipients []Address // RCPT TO, registered, without doubles
	Raw        []byte    // CRLF lines, without the dot that ends DATA
	At         time.Time
}

// Keeping is a mail that a client wants to keep in one of its mailboxes
// (IMAP APPEND).
type Keeping struct {
	Account  Account
	Mailbox  MailboxID
	Flags    Flags
	Keywords []string
	Received time.Time // the internal date
	Raw      []byte
	At       time.Time
}

// Decision is where a mail goes and why. It can be computed again from the
// submission, the library of that version and the roll of that time.
type Decision struct {
	Parties []PartyID // whose mailboxes get it
	Marks   []Mark
	Pattern string         // id of the library entry that the last mark fits, "" without marks
	Library LibraryVersion // the version that was asked
	Reason  string         // one token: "address", "uim", "thread"
}

// Delivery is one mailbox that gets the mail of a Posting.
type Delivery struct {
	Mailbox  MailboxName
	Party    PartyID // whose reading of it is an event; "" for a mail that a client keeps
	Flags    Flags
	Keywords []string
	Received time.Time
}

// Posting is all that becomes true together when a mail is accepted. A store
// writes it in one transaction or not at all.
type Posting struct {
	Message    sealed.Message // the octets to store, once for all deliveries
	Summary    Summary        // of those octets
	Deliveries []Delivery
	Open       *Case     // the case that this mail opens, nil for none
	Settles    []PartyID // of the case of Event, whose answer is no longer waited for
	Asks       []PartyID // of the case of Event, whose answer is waited for from now on
	Once       Once
	Case       CaseID // whose mail it is where Event names none, so that it is kept as long
	Reserve    bool   // a notice of the gateway: may use the NoticeReserve of the owners
	Event      Event  // Event.Mail and Event.Repeats are filled in by the store
}

// Once keeps a posting from becoming true twice. A posting with the key of
// one that is stored changes nothing and gets the receipt of that one. The
// zero Once keeps nothing away.
type Once struct {
	// Key is two digests of 16 octets, of which the first should be OnceThread
	// of the mail's Message-ID: a store keeps what belongs to a Message-ID
	// together. Any key is as good otherwise.
	Key   [32]byte
	Until time.Time // after it the key is forgotten
}

// OnceThread is how the Once.Key of a mail with that Message-ID should begin.
func OnceThread(messageID string) [16]byte {
	sum := sha256.Sum256([]byte(messageID))
	return [16]byte(sum[:])
}

// Receipt proves that a Posting is stored and synced.
type Receipt struct {
	Event int64
	Mail  MailID
	Case  CaseID

	// Repeats is a pending case that the same Party opened with the same marks
	// for the same Parties, "" for none (FCTC/MOP/3/5, para 39).
	Repeats CaseID

	Earlier  bool        // of a posting stored before under the same Once
	Answered bool        // by a mail in the sender's own INBOX; the question is not stored
	Done     bool        // what was asked; there is no key to seal an answer for
	Placed   []Placement // one a delivery, in their order; none where Earlier
}

// Placement is where a delivery stands in its mailbox.
type Placement struct {
	Mailbox     MailboxID
	UIDValidity uint32
	UID         uint32
}

// Errors by which callers of a store decide.
var (
	ErrNotFound  = errors.New("not found")
	ErrExists    = errors.New("exists already")
	ErrCaseTaken = errors.New("case number taken") // choose another and post again
	ErrDamaged   = errors.New("stored octets do not match their digest")
	ErrTooMany   = errors.New("too many messages at once")

	ErrTooManyKeywords  = errors.New("too many keywords")
	ErrTooManyMailboxes = errors.New("too many mailboxes")
)
