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

// since returns what happened after a modification sequence. It was read after
// the call began, and must not be changed, since others get the same.
func (f *followers) since(ctx context.Context, m Messages, id gsp.MailboxID, since gsp.ModSeq) (gsp.Delta, error) {
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
	a.delta, a.err = m.Since(context.WithoutCancel(ctx), id, since)
	close(a.done)
	<-l.asking

	f.mu.Lock()
	defer f.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(f.lines, key)
	}
	return a.delta, a.err
}
