package sqlite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// Post writes p whole or not at all, and returns once it is synced. An error
// that is none of gsp's leaves open whether it was: the commit may have
// reached the disk although the disk said no.
func (s *Store) Post(ctx context.Context, p gsp.Posting) (gsp.Receipt, error) {
	if err := check(p); err != nil {
		return gsp.Receipt{}, fmt.Errorf("post: %w", err)
	}
	m := newMail(p)
	if m.size > s.options.InlineLimit {
		name, err := s.putFile(p.Message)
		if err != nil {
			return gsp.Receipt{}, fmt.Errorf("post: %w", err)
		}
		m.file, m.octets = name, nil
	}
	var receipt gsp.Receipt
	err := s.write(ctx, func(t *tx) (err error) {
		receipt, err = t.post(p, m)
		return err
	})
	if err == nil {
		if receipt.Earlier && m.file != "" {
			err = s.files.Remove(m.file) // the earlier posting has its own
		}
		return receipt, err
	}
	// After a failed commit the row may be there all the same, so the file
	// stays; the next start sweeps it if nothing refers to it.
	if m.file != "" && s.Err() == nil {
		err = errors.Join(err, s.files.Remove(m.file))
	}
	return gsp.Receipt{}, fmt.Errorf("post: %w", err)
}

// mail is a mail as it is written.
type mail struct {
	octets  []byte // nil where file holds them
	file    string
	size    int
	digest  [sha256.Size]byte
	summary []byte
	unread  string // the Parties whose reading is still to be an event, parted by spaces
}

// newMail returns the mail of a posting, with its octets in the database.
func newMail(p gsp.Posting) mail {
	octets := p.Message.Raw()
	var readers []string
	for _, d := range p.Deliveries {
		if d.Party != "" && !slices.Contains(readers, string(d.Party)) {
			readers = append(readers, string(d.Party))
		}
	}
	return mail{
		octets: octets, size: len(octets), digest: sha256.Sum256(octets), summary: encodeSummary(p.Summary),
		unread: strings.Join(readers, " "),
	}
}

// check refuses what would break a promise to a reader later.
func check(p gsp.Posting) error {
	switch {
	case p.Message.IsZero():
		return errors.New("no message that passed inspection")
	case p.Summary.Layout != p.Message.Layout():
		return errors.New("summary is of another message")
	case len(p.Deliveries) == 0:
		return errors.New("no delivery")
	}
	for _, d := range p.Deliveries {
		if err := checkKeywords(d.Keywords); err != nil {
			return err
		}
		if tooMany(nil, d.Keywords) {
			return gsp.ErrTooManyKeywords
		}
	}
	return nil
}

// putFile writes a large mail. A disk that cannot sync it fails the store.
func (s *Store) putFile(m sealed.Message) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	name, err := s.files.Put(m)
	if err == nil {
		return name, nil
	}
	err = fmt.Errorf("write mail file: %w", err)
	if errors.Is(err, syscall.EIO) {
		s.writer.fail(err)
	}
	return "", err
}

// post looks everything up before it changes anything, so that a posting that
// is not possible costs the others in its group nothing.
func (t *tx) post(p gsp.Posting, m mail) (gsp.Receipt, error) {
	e := p.Event
	if e.At.IsZero() {
		e.At = t.store.options.Now()
	}
	if p.Once.Key != [32]byte{} {
		if receipt, known, err := posted(t.row, p.Once.Key, e.At); known || err != nil {
			return receipt, err
		}
	}
	boxes := make([]*gsp.Mailbox, len(p.Deliveries))
	for i, d := range p.Deliveries {
		var err error
		if boxes[i], err = t.boxNamed(d.Mailbox); err != nil {
			return gsp.Receipt{}, err
		}
	}
	for i, d := range p.Deliveries {
		if len(d.Keywords) > 0 {
			if err := t.admit(boxes[i], d.Keywords); err != nil {
				return gsp.Receipt{}, err
			}
		}
	}
	if err := t.checkRoom(loads(p.Deliveries, m.size), reserve(p)); err != nil {
		return gsp.Receipt{}, err
	}
	if p.Open != nil {
		var err error
		if e.Repeats, err = t.repeated(*p.Open); err != nil {
			return gsp.Receipt{}, err
		}
		if err := t.openCase(*p.Open); err != nil {
			return gsp.Receipt{}, err
		}
		e.Case = p.Open.ID
	}
	if len(p.Settles)+len(p.Asks) > 0 {
		if err := t.settle(e.Case, p.Settles, p.Asks, e.At); err != nil {
			return gsp.Receipt{}, err
		}
	}
	if e.Kind == gsp.MailAccepted && e.Case != "" && p.Open == nil {
		if err := t.goOn(e.Case, e.At); err != nil {
			return gsp.Receipt{}, err
		}
	}
	id, err := t.insertMail(m)
	if err != nil {
		return gsp.Receipt{}, err
	}
	receipt := gsp.Receipt{Mail: id, Case: e.Case, Repeats: e.Repeats, Placed: make([]gsp.Placement, len(boxes))}
	for i, d := range p.Deliveries {
		item := gsp.Item{
			Mail: id, Flags: d.Flags, Keywords: d.Keywords, Received: d.Received, Size: int64(m.size),
		}
		uid, err := t.place(boxes[i], item, from(p, e, d.Party))
		if err != nil {
			return gsp.Receipt{}, err
		}
		receipt.Placed[i] = gsp.Placement{Mailbox: boxes[i].ID, UIDValidity: boxes[i].UIDValidity, UID: uid}
	}
	e.Mail = id
	if receipt.Event, err = t.record(e); err != nil {
		return gsp.Receipt{}, err
	}
	return receipt, t.follow(p.Summary.Envelope.MessageID, e.Case, p.Once, receipt.Event)
}

// loads is what deliveries place with their owners, one of whom may get several.
func loads(deliveries []gsp.Delivery, size int) []load {
	all := make([]load, 0, len(deliveries))
	for _, d := range deliveries {
		i := slices.IndexFunc(all, func(l load) bool { return l.owner == d.Mailbox.Owner })
		if i < 0 {
			i, all = len(all), append(all, load{owner: d.Mailbox.Owner})
		}
		all[i].octets += int64(size)
	}
	return all
}

// reserve is how many octets a posting may use beyond the quotas.
func reserve(p gsp.Posting) int64 {
	if p.Reserve {
		return gsp.NoticeReserve
	}
	return 0
}

func (t *tx) insertMail(m mail) (gsp.MailID, error) {
	id, err := t.insert(`INSERT INTO mail (size, sha256, summary, file, unread) VALUES (?, ?, ?, ?, ?)`,
		m.size, m.digest[:], m.summary, m.file, m.unread)
	if err == nil && m.file == "" {
		t.octets += m.size
		err = t.exec(`INSERT INTO body (mail, octets) VALUES (?, ?)`, id, m.octets)
	}
	return gsp.MailID(id), err
}

// origin is what only the store knows of a message.
type origin struct {
	reader gsp.PartyID // that reads the mail by reading it
	caseID gsp.CaseID  // that it belongs to, "" for none, noticeCase for a notice of none
}

// noticeCase stands for the case of a notice that belongs to none. It can be no
// case number.
const noticeCase = "-"

// from is the origin of a delivery of p with the event e.
func from(p gsp.Posting, e gsp.Event, reader gsp.PartyID) origin {
	o := origin{reader, cmp.Or(e.Case, p.Case)}
	if o.caseID == "" && p.Reserve {
		o.caseID = noticeCase
	}
	return o
}

// place puts a message at the end of a mailbox, with the next UID and a
// modification sequence of its own.
func (t *tx) place(box *gsp.Mailbox, item gsp.Item, from origin) (uid uint32, err error) {
	if box.UIDNext == 0 {
		return 0, fmt.Errorf("mailbox %d has used up its UIDs", box.ID)
	}
	t.change(box)
	uid = box.UIDNext
	box.UIDNext++ // to 0 after the last
	box.ModSeq++
	count(box, item, +1)
	return uid, t.exec(`INSERT INTO item (mailbox, uid, modseq, mail, flags, keywords, received, size, reader, case_file)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, box.ID, uid, box.ModSeq, item.Mail, item.Flags,
		joinKeywords(item.Keywords), millis(item.Received), item.Size, from.reader, from.caseID)
}

// count adds a message to the counters of its mailbox n times.
func count(box *gsp.Mailbox, item gsp.Item, n int) {
	box.Messages += n
	box.Size += int64(n) * item.Size
	if item.Flags&gsp.Seen == 0 {
		box.Unseen += n
	}
	if item.Flags&gsp.Deleted != 0 {
		box.Deleted += n
	}
}

// sweep removes the files that a crash left without a row.
func (s *Store) sweep(ctx context.Context) error {
	row, err := s.readers.PrepareContext(ctx, `SELECT count(*) FROM mail WHERE file = ? AND file <> ''`)
	if err != nil {
		return err
	}
	defer row.Close()
	_, err = s.files.Sweep(func(name string) (bool, error) {
		var n int
		err := row.QueryRowContext(ctx, name).Scan(&n)
		return n > 0, err
	})
	return err
}

func checkKeywords(keywords []string) error {
	for _, k := range keywords {
		if k == "" || strings.ContainsAny(k, " \r\n") {
			return fmt.Errorf("keyword %q: want an atom", k)
		}
	}
	return nil
}

func joinKeywords(keywords []string) string {
	if len(keywords) == 0 {
		return ""
	}
	sorted := slices.Clone(keywords)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), " ")
}

// millis is how a time is stored: 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
