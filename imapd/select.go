package imapd

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/gsp"
)

// Select opens a mailbox for the commands on messages.
func (s *session) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	p, box, err := s.find(name, gsp.MayRead)
	if err != nil {
		return nil, s.reply("select", err)
	}
	listing, err := s.Messages.Listing(s.ctx, box.ID)
	if err != nil {
		return nil, s.reply("select", err)
	}
	v := &view{
		id: box.ID, owner: p.name.Owner, shared: p.shelf.Prefix != "",
		name: p.shelf.Prefix + p.name.Name, readOnly: options.ReadOnly,
		modseq: listing.ModSeq, uidNext: listing.UIDNext, keywords: listing.Keywords,
	}
	for _, uid := range listing.UIDs {
		v.known.add(uid)
	}
	s.mu.Lock()
	s.view = v
	s.mu.Unlock()

	data := &imap.SelectData{
		Flags:          v.flags(allFlags),
		PermanentFlags: v.permanentFlags(p.shelf.Rights),
		NumMessages:    uint32(v.known.n),
		UIDNext:        imap.UID(listing.UIDNext),
		UIDValidity:    box.UIDValidity,
	}
	if listing.Unseen > 0 {
		data.FirstUnseenSeqNum = uint32(v.known.place(listing.Unseen) + 1)
	}
	if s.library.EnabledCaps().Has(imap.CapIMAP4rev2) {
		data.List = &imap.ListData{Delim: delimiter, Mailbox: v.name}
	}
	return data, nil
}

const allFlags = gsp.Seen | gsp.Answered | gsp.Flagged | gsp.Deleted | gsp.Draft

// permanentFlags are those that the client can change (RFC 9051, section
// 7.1). Without any of them clients do not even try.
func (v *view) permanentFlags(rights gsp.Rights) []imap.Flag {
	if v.readOnly || rights&gsp.MayFlag == 0 {
		return []imap.Flag{}
	}
	flags := allFlags
	if rights&gsp.MayRemove == 0 {
		flags &^= gsp.Deleted
	}
	if len(v.keywords) < gsp.MailboxKeywords { // or there is no place for a new one
		return append(v.flags(flags), imap.FlagWildcard)
	}
	return v.flags(flags)
}

// Unselect closes the mailbox.
func (s *session) Unselect() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = nil
	return nil
}

// Poll tells the client what happened since it last asked. Between the numbers
// of a running FETCH, STORE or SEARCH no message may go.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		s.shelves() // hangs up if the account is disabled
		return nil
	}
	if err := s.refresh(); err != nil {
		s.lost(err)
		return nil // the command itself was done
	}
	return s.view.tell(w, allowExpunge)
}

// refresh reads the store, if the account may still see the mailbox.
func (s *session) refresh() error {
	rights, err := s.rights(s.view.owner)
	if err != nil {
		return err
	}
	if rights&gsp.MayRead == 0 {
		return noMailbox
	}
	delta, err := s.following.since(s.ctx, s.Messages, s.view.id, s.view.modseq, s.view.uidNext)
	if err != nil {
		return err
	}
	s.view.merge(delta)
	return nil
}

// lost ends a session whose mailbox cannot be followed any more. IMAP has no
// other way to say that the selected mailbox is gone.
func (s *session) lost(err error) {
	known := []error{gsp.ErrNotFound, noMailbox, disabled, context.Canceled}
	if !slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }) {
		s.log().LogAttrs(s.ctx, slog.LevelError, "imap session lost its mailbox", append(s.who(), slog.Any("error", err))...)
	}
	s.conn.HangUp("the mailbox cannot be followed any more")
}

// tell writes expunges, then EXISTS, then flags.
func (v *view) tell(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if allowExpunge {
		for _, number := range v.forget() {
			if err := w.WriteExpunge(number); err != nil {
				return err
			}
		}
	}
	if v.learn() {
		if err := w.WriteNumMessages(uint32(v.known.n)); err != nil {
			return err
		}
	}
	if v.news {
		v.news = false
		if err := w.WriteMailboxFlags(v.flags(allFlags)); err != nil {
			return err
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(v.changed)) {
		item := v.changed[uid]
		if err := w.WriteMessageFlags(uint32(v.known.place(uid)+1), imap.UID(uid), messageFlags(item)); err != nil {
			return err
		}
	}
	v.changed = nil
	return nil
}

// tellKeywords tells the client of new keywords before it meets them on a
// message (RFC 9051, section 7.3.5), where the library has no words for it.
func (s *session) tellKeywords() {
	v := s.view
	if !v.news {
		return
	}
	v.news = false
	var b strings.Builder
	b.WriteString("* FLAGS (")
	for i, flag := range v.flags(allFlags) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(flag))
	}
	b.WriteByte(')')
	s.conn.Tell(b.String())
}

// Idle tells the client what happens until stop. It listens to the bell before
// it reads, so nothing falls between the two.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	var id gsp.MailboxID // 0 where none is open: its bell tells of rights alone
	s.mu.Lock()
	if s.view != nil {
		id = s.view.id
	}
	s.mu.Unlock()
	ring, end := s.Bells.Watch(id)
	defer end()
	rest := time.NewTimer(idleRest)
	defer rest.Stop()
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		rest.Reset(idleRest)
		select {
		case <-ring:
		case <-stop:
			return nil
		case <-s.ctx.Done():
			return nil
		}
		select {
		case <-rest.C:
		case <-stop:
			return nil
		case <-s.ctx.Done():
			return nil
		}
	}
}

// idleRest is the least time between two updates of a session in IDLE. A mail
// that comes alone is told at once, a burst of them together: whoever watches
// a busy mailbox would else ask the store as often as others write to it.
const idleRest = 10 * time.Millisecond

// opened returns the view, for a command that needs these rights. The caller
// holds s.mu.
func (s *session) opened(rights gsp.Rights) (*view, error) {
	v := s.view
	if v == nil {
		return nil, bad("no mailbox is open any more")
	}
	has, err := s.rights(v.owner)
	switch {
	case err != nil:
		return nil, err
	case has&gsp.MayRead == 0:
		return nil, noMailbox
	case has&rights != rights:
		return nil, notAllowed
	case v.readOnly && rights&(gsp.MayFlag|gsp.MayRemove|gsp.MayFile) != 0:
		return nil, readOnly
	}
	return v, nil
}
