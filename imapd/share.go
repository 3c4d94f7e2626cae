package imapd

import (
	"context"
	"sync"

	"gsp.example/gsp/internal/gsp"
)

// followers asks the store once for what many sessions want to know at the
// same moment: a mail for an authority wakes all who watch its mailbox, and
// most of them have read it up to the same change.
type followers struct {
	mu    sync.Mutex
	lines map[followed]*line
}

type followed struct {
	mailbox gsp.MailboxID
	since   gsp.ModSeq
}

// line is who waits for the answer to one question.
type line struct {
	asking chan struct{} // holds a value while the store is asked
	users  int           // those that will ask, and the one that does
	next   *answer       // for those who came after the store was asked, nil for none
}

type answer struct {
	done  chan struct{} // closed when the rest is set
	delta gsp.Delta
	err   error
}

// since returns what happened after a modification sequence, at which the next
// message was to get the UID next. It was read after the call began, and must
// not be changed, since others get the same.
func (f *followers) since(ctx context.Context, m Messages, id gsp.MailboxID, since gsp.ModSeq, next uint32) (gsp.Delta, error) {
	key := followed{id, since}
	f.mu.Lock()
	l := f.lines[key]
	if l == nil {
		if f.lines == nil {
			f.lines = make(map[followed]*line)
		}
		l = &line{asking: make(chan struct{}, 1)}
		f.lines[key] = l
	}
	if a := l.next; a != nil {
		f.mu.Unlock()
		<-a.done
		return a.delta, a.err
	}
	a := &answer{done: make(chan struct{})}
	l.next = a
	l.users++
	f.mu.Unlock()

	l.asking <- struct{}{}
	f.mu.Lock()
	l.next = nil // who comes now may want to know more
	f.mu.Unlock()
	// The session that asks may end; the others want their answer.
	a.delta, a.err = news(context.WithoutCancel(ctx), m, id, since, next)
	close(a.done)
	<-l.asking

	f.mu.Lock()
	defer f.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(f.lines, key)
	}
	return a.delta, a.err
}

// news is Messages.Since, but where messages came and nothing else happened it
// reads the counters of the mailbox alone and returns the UIDs alone: each that
// comes takes a UID and a modification sequence, and anything else takes a
// modification sequence and no UID.
func news(ctx context.Context, m Messages, id gsp.MailboxID, since gsp.ModSeq, next uint32) (gsp.Delta, error) {
	box, err := m.Mailbox(ctx, id)
	if err != nil {
		return gsp.Delta{}, err
	}
	came := box.UIDNext - next
	if box.ModSeq != since+gsp.ModSeq(came) {
		return m.Since(ctx, id, since)
	}
	delta := gsp.Delta{UIDNext: box.UIDNext, ModSeq: box.ModSeq, Changed: make([]gsp.Item, came)}
	for i := range delta.Changed {
		delta.Changed[i].UID = next + uint32(i)
	}
	return delta, nil
}
