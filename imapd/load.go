package imapd

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// fetch reads what one FETCH answers with. It runs beside the session, so it
// knows the messages by UID and looks at no view.
type fetch struct {
	session *session
	ctx     context.Context // ends with the command
	mailbox gsp.MailboxID
	uids    []uint32 // rising
	options *imap.FetchOptions

	item, summary, body bool // what is needed of a message

	missing error // what went wrong with messages that are not answered for
}

// load is a message to answer for.
type load struct {
	item    gsp.Item // UID alone where no more is needed
	summary gsp.Summary
	body    []byte
}

// batch is what was read at a time, or why no more could be read.
type batch struct {
	loads []load
	err   error
}

// ahead reads batches, each while the one before is written to the client.
func (f *fetch) ahead() iter.Seq[batch] {
	return func(yield func(batch) bool) {
		batches := make(chan batch, 1)
		go func() {
			defer close(batches)
			for b := range f.read() {
				select {
				case batches <- b:
				case <-f.ctx.Done():
					return
				}
			}
		}()
		for b := range batches {
			if !yield(b) {
				return
			}
		}
	}
}

// read reads batches one after the other, up to the first that cannot be read.
func (f *fetch) read() iter.Seq[batch] {
	return func(yield func(batch) bool) {
		for uids := range slices.Chunk(f.uids, fetchBatch) {
			loads, err := f.facts(uids)
			if err != nil {
				yield(batch{err: err})
				return
			}
			if !f.body {
				if !yield(batch{loads: loads}) {
					return
				}
				continue
			}
			for part := range parts(loads, func(l load) int64 { return l.item.Size }) {
				whole, err := f.bodies(part)
				if !yield(batch{whole, err}) || err != nil {
					return
				}
			}
		}
	}
}

// parts cuts messages into pieces whose octets may be in memory at once.
func parts[T any](messages []T, size func(T) int64) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		start, octets := 0, int64(0)
		for i, m := range messages {
			if octets += size(m); i > start && octets > fetchOctets {
				if !yield(messages[start:i]) {
					return
				}
				start, octets = i, size(m)
			}
		}
		if start < len(messages) {
			yield(messages[start:])
		}
	}
}

// facts reads all but the octets of messages. Those that are not there any
// more are left out.
func (f *fetch) facts(uids []uint32) ([]load, error) {
	loads := make([]load, 0, len(uids))
	if f.item {
		items, err := f.session.Messages.Items(f.ctx, f.mailbox, uids)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			loads = append(loads, load{item: item})
		}
	} else {
		for _, uid := range uids {
			loads = append(loads, load{item: gsp.Item{UID: uid}})
		}
	}
	if f.summary {
		summaries, err := f.session.summaries(f.ctx, f.mailbox, uids, &f.missing)
		if err != nil {
			return nil, err
		}
		loads = slices.DeleteFunc(loads, func(l load) bool { _, ok := summaries[l.item.UID]; return !ok })
		for i := range loads {
			loads[i].summary = summaries[loads[i].item.UID]
		}
	}
	if len(loads) < len(uids) && f.missing == nil {
		f.missing = gsp.ErrNotFound
	}
	return loads, nil
}

// bodies reads the octets of messages and returns those that have them. A mail
// must be as long as its layout says: no section may reach beyond it, or each
// client that asks for it would lose its connection.
func (f *fetch) bodies(loads []load) ([]load, error) {
	mails := make([]gsp.MailID, len(loads))
	for i, l := range loads {
		mails[i] = l.item.Mail
	}
	bodies, err := f.session.bodies(f.ctx, f.mailbox, mails, &f.missing)
	if err != nil {
		return nil, err
	}
	whole := loads[:0]
	for _, l := range loads {
		body, ok := bodies[l.item.Mail]
		switch layout := l.summary.Layout; {
		case !ok:
			if f.missing == nil {
				f.missing = gsp.ErrNotFound
			}
		case len(body) != layout.Size || layout.Header > len(body) ||
			!within(layout.Version, len(body)) || !within(layout.Sealed, len(body)):
			f.missing = gsp.ErrDamaged
			f.session.damaged(f.mailbox, l.item.Mail, gsp.ErrDamaged)
		default:
			l.body = body
			whole = append(whole, l)
		}
	}
	return whole, nil
}

func within(p sealed.Part, size int) bool {
	return 0 <= p.Start && p.Start <= p.Body && p.Body <= p.End && p.End <= size
}

// bodies reads octets. A mail that is damaged must not hide the others.
func (s *session) bodies(ctx context.Context, box gsp.MailboxID, mails []gsp.MailID, missing *error) (map[gsp.MailID][]byte, error) {
	found, err := s.Messages.Bodies(ctx, mails)
	if !errors.Is(err, gsp.ErrDamaged) {
		return found, err
	}
	found = make(map[gsp.MailID][]byte, len(mails))
	for _, mail := range mails {
		one, err := s.Messages.Bodies(ctx, []gsp.MailID{mail})
		if errors.Is(err, gsp.ErrDamaged) {
			s.damaged(box, mail, err)
			*missing = err
			continue
		}
		if err != nil {
			return nil, err
		}
		if body, ok := one[mail]; ok {
			found[mail] = body
		}
	}
	return found, nil
}

// summaries reads what was computed of messages. One that is damaged must not
// hide the others.
func (s *session) summaries(ctx context.Context, box gsp.MailboxID, uids []uint32, missing *error) (map[uint32]gsp.Summary, error) {
	found, err := s.Messages.Summaries(ctx, box, uids)
	if !errors.Is(err, gsp.ErrDamaged) {
		return found, err
	}
	found = make(map[uint32]gsp.Summary, len(uids))
	for _, uid := range uids {
		one, err := s.Messages.Summaries(ctx, box, []uint32{uid})
		if errors.Is(err, gsp.ErrDamaged) {
			s.damaged(box, 0, err)
			*missing = err
			continue
		}
		if err != nil {
			return nil, err
		}
		if summary, ok := one[uid]; ok {
			found[uid] = summary
		}
	}
	return found, nil
}

// damaged logs a mail that cannot be read; 0 where the error alone names it.
func (s *session) damaged(box gsp.MailboxID, mail gsp.MailID, err error) {
	attrs := []slog.Attr{slog.Int64("mailbox", int64(box)), slog.Any("error", err)}
	if mail != 0 {
		attrs = append(attrs, slog.Int64("mail", int64(mail)))
	}
	s.log().LogAttrs(s.ctx, slog.LevelError, "stored mail cannot be read", attrs...)
}
