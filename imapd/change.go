package imapd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/allowance"
	"gsp.example/gsp/internal/gsp"
)

// Append takes a mail that the client wants to keep: a draft or a sent copy.
// It passes the same rules as a mail that is sent.
func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	_, box, err := s.find(name, gsp.MayRead|gsp.MayInsert)
	if err != nil {
		return nil, s.tryCreate("append", err)
	}
	flags, keywords, err := parseFlags(options.Flags)
	if err != nil {
		return nil, err
	}
	keywords = slices.DeleteFunc(keywords, gsp.IsFirst) // nobody was, yet
	now := time.Now()
	if refusal := s.appends.Take(s.account.ID, 1, now); refusal != nil {
		s.logRefusal("mail refused", refusal)
		return nil, s.reply("append", refusal)
	}
	place := s.room.Enter(s.account.ID)
	defer place.Leave()
	raw, err := s.readMail(place, r)
	if err != nil {
		s.logRefusal("mail refused", err)
		return nil, s.reply("append", err)
	}
	received := options.Time
	if received.IsZero() {
		received = now
	}
	receipt, err := s.Keeper.Keep(s.ctx, gsp.Keeping{
		Account:  s.account,
		Mailbox:  box.ID,
		Flags:    flags,
		Keywords: keywords,
		Received: received.UTC(),
		Raw:      raw,
		At:       now.UTC(),
	})
	if err != nil {
		s.logRefusal("mail refused", err)
		return nil, s.tryCreate("append", keepable(err))
	}
	if len(receipt.Placed) != 1 {
		return nil, nil
	}
	placed := receipt.Placed[0]
	return &imap.AppendData{UID: imap.UID(placed.UID), UIDValidity: placed.UIDValidity}, nil
}

// readMail reads a mail that is not longer than AppendLimit, since the library
// has looked, once there is room for it.
func (s *session) readMail(place *allowance.Place, r imap.LiteralReader) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, cmp.Or(s.RoomWait, 20*time.Second))
	defer cancel()
	if !place.Wait(ctx, max(r.Size(), 1)) {
		return nil, noRoom
	}
	raw := make([]byte, r.Size())
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, interrupted
	}
	return raw, nil
}

// keepable says of a mail that is not encrypted what to do about all that the
// client wants to keep: nobody sends a draft again.
func keepable(err error) error {
	var refusal *gsp.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != gsp.NotSealed {
		return err
	}
	kept := *refusal
	kept.Remedy = "in the settings of your account turn on OpenPGP encryption, for drafts and copies too, or have them kept on this computer"
	return &kept
}

// Store changes flags. The client is told those of the messages it named,
// unless it wants silence and they are what it expects.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, change *imap.StoreFlags, _ *imap.StoreOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.opened(gsp.MayFlag)
	if err != nil {
		return s.reply("store", err)
	}
	todo, err := s.flagChange(change)
	if err != nil {
		return s.reply("store", err)
	}
	for uids := range slices.Chunk(v.uids(v.resolve(set)), storeBatch) {
		if err := s.storeSome(w, uids, todo, change.Silent); err != nil {
			return err
		}
	}
	return nil
}

// storeBatch is how many messages STORE changes at a time: what it knows of
// them is in memory.
const storeBatch = 1000

func (s *session) storeSome(w *imapserver.FetchWriter, uids []uint32, todo gsp.FlagChange, silent bool) error {
	// Flags that others changed go out by Poll, and new keywords before them.
	if err := s.refresh(); err != nil {
		return s.reply("store", err)
	}
	v := s.view
	since, waits := v.modseq, make(map[uint32]bool)
	for _, uid := range uids {
		_, waits[uid] = v.changed[uid]
	}
	before, err := s.Messages.Items(s.ctx, v.id, uids)
	if err != nil {
		return s.reply("store", err)
	}
	if err := s.Messages.SetFlags(s.ctx, v.id, uids, todo); err != nil {
		return s.reply("store", err)
	}
	if err := s.refresh(); err != nil {
		return s.reply("store", err)
	}
	for _, item := range before {
		v.meet(item.Keywords) // those of a message that just came are not known yet
	}
	s.tellKeywords()
	asked := todo
	asked.By = "" // who is named as the first, the client does not expect
	for _, item := range before {
		if _, gone := slices.BinarySearch(v.gone, item.UID); gone {
			continue
		}
		expected, unexpected := asked.Apply(item), item.ModSeq > since || waits[item.UID]
		if now, changed := v.changed[item.UID]; changed {
			item = now
		}
		if silent {
			delete(v.changed, item.UID)
			if unexpected || item.Flags != expected.Flags || !slices.Equal(item.Keywords, expected.Keywords) {
				v.wait(item)
			}
			continue
		}
		out := w.CreateMessage(uint32(v.known.place(item.UID) + 1))
		out.WriteUID(imap.UID(item.UID))
		out.WriteFlags(messageFlags(item))
		if err := out.Close(); err != nil {
			return err
		}
		delete(v.changed, item.UID)
	}
	return nil
}

// actor returns who is named as the first to read or to answer a message of
// the open mailbox: nobody in one that is the account's own.
func (s *session) actor() string {
	if s.view.shared {
		return s.account.Login
	}
	return ""
}

// flagChange says what a STORE changes. Who may not remove messages cannot
// mark them for it either (RFC 4314, section 4).
func (s *session) flagChange(change *imap.StoreFlags) (gsp.FlagChange, error) {
	flags, keywords, err := parseFlags(change.Flags)
	if err != nil {
		return gsp.FlagChange{}, err
	}
	todo := gsp.FlagChange{Mode: gsp.SetFlags, Flags: flags, Keywords: keywords, By: s.actor()}
	switch change.Op {
	case imap.StoreFlagsAdd:
		todo.Mode = gsp.AddFlags
	case imap.StoreFlagsDel:
		todo.Mode = gsp.RemoveFlags
	}
	if todo.Mode != gsp.RemoveFlags { // no limit holds for them, so no client writes them
		todo.Keywords = slices.DeleteFunc(todo.Keywords, gsp.IsFirst)
	}
	rights, err := s.rights(s.view.owner)
	if err != nil {
		return gsp.FlagChange{}, err
	}
	if rights&gsp.MayRemove == 0 && flags&gsp.Deleted != 0 {
		return gsp.FlagChange{}, notAllowed
	}
	return todo, nil
}

// Expunge removes the messages with \Deleted that the client knows. Poll tells
// it their numbers.
func (s *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.opened(gsp.MayRemove)
	if err != nil {
		// The library calls for CLOSE as well, with a writer that is empty: CLOSE
		// of a mailbox that may not be changed removes nothing and is no error.
		if *w == (imapserver.ExpungeWriter{}) {
			return nil
		}
		return s.reply("expunge", err)
	}
	if err := s.refresh(); err != nil {
		return s.reply("expunge", err)
	}
	every := imap.UIDSet{{Start: 1, Stop: 0}}
	if uids == nil {
		uids = &every
	}
	deleted, err := s.Messages.Flagged(s.ctx, v.id, gsp.Deleted, gsp.Deleted)
	if err != nil {
		return s.reply("expunge", err)
	}
	named := v.uids(v.resolve(*uids))
	doomed := slices.DeleteFunc(deleted, func(uid uint32) bool {
		_, known := slices.BinarySearch(named, uid)
		return !known
	})
	if len(doomed) == 0 {
		return nil
	}
	return s.reply("expunge", s.Messages.Expunge(s.ctx, v.id, doomed))
}

// Copy copies messages into another mailbox.
func (s *session) Copy(set imap.NumSet, name string) (*imap.CopyData, error) {
	copied, err := s.transfer(set, name, gsp.MayRead, s.Messages.Copy)
	return copyData(copied), s.tryCreate("copy", err)
}

// Move moves messages into another mailbox (RFC 6851). Poll tells the client
// that they are gone from this one.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, name string) error {
	copied, err := s.transfer(set, name, gsp.MayRemove, s.Messages.Move)
	if data := copyData(copied); data != nil { // some may have moved before an error
		if err := w.WriteCopyData(data); err != nil {
			return err
		}
	}
	return s.tryCreate("move", err)
}

type transferFunc func(ctx context.Context, from, to gsp.MailboxID, uids []uint32) (gsp.Copied, error)

func (s *session) transfer(set imap.NumSet, name string, rights gsp.Rights, do transferFunc) (gsp.Copied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	into := gsp.MayRead | gsp.MayInsert
	if rights == gsp.MayRemove && s.files(name) {
		rights, into = gsp.MayFile, gsp.MayRead|gsp.MayFile
	}
	v, err := s.opened(rights)
	if err != nil {
		return gsp.Copied{}, err
	}
	_, to, err := s.find(name, into)
	if err != nil {
		return gsp.Copied{}, err
	}
	places := v.resolve(set)
	if len(places) == 0 {
		return gsp.Copied{}, nil
	}
	return do(s.ctx, v.id, to.ID, v.uids(places))
}

// files reports whether a mailbox is one to which who may file can move what is
// in the open one.
func (s *session) files(name string) bool {
	p, err := s.locate(name)
	return err == nil && s.view != nil && p.name.Owner == s.view.owner && p.shelf.Rights&gsp.MayFile != 0
}

// copyData is nil where nothing was copied: beta.8 breaks its response line
// over empty sets.
func copyData(copied gsp.Copied) *imap.CopyData {
	if len(copied.From) == 0 {
		return nil
	}
	data := &imap.CopyData{UIDValidity: copied.UIDValidity}
	for i := range copied.From {
		data.SourceUIDs.AddNum(imap.UID(copied.From[i]))
		data.DestUIDs.AddNum(imap.UID(copied.To[i]))
	}
	return data
}
