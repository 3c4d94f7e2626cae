package imapd

import (
	"context"
	"errors"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/gsp"
)

// How much is read at a time: a client that goes away in the middle costs no
// more, and what is read is read while the client takes what was read before.
const (
	fetchBatch  = 128       // messages
	fetchOctets = 256 << 10 // of their octets; one message may be longer
)

// Fetch answers with data of messages, all of it from what was computed when
// they were stored.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.opened(gsp.MayRead)
	if err != nil {
		return s.reply("fetch", err)
	}
	if err := checkPartials(options); err != nil {
		return err
	}
	if options.Flags {
		if err := s.refresh(); err != nil { // or Poll would tell the same flags again
			return s.reply("fetch", err)
		}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	f := &fetch{session: s, ctx: ctx, mailbox: v.id, uids: v.uids(v.resolve(set)), options: options}
	f.body = len(options.BodySection) > 0 || len(options.BinarySection) > 0
	f.summary = f.body || options.Envelope || options.BodyStructure != nil || len(options.BinarySectionSize) > 0
	f.item = f.body || options.Flags || options.InternalDate || options.RFC822Size
	for batch := range f.ahead() {
		if batch.err != nil {
			return s.reply("fetch", batch.err)
		}
		if err := s.answer(w, batch.loads, options); err != nil {
			return err
		}
	}
	missing := f.missing
	if _, byUID := set.(imap.UIDSet); byUID && errors.Is(missing, gsp.ErrNotFound) {
		missing = nil // a UID that is not there is no error (RFC 9051, section 6.4.9)
	}
	switch {
	case missing == nil:
		return nil
	case errors.Is(missing, gsp.ErrNotFound):
		return no("EXPUNGEISSUED", "some of the messages are gone") // RFC 5530
	case errors.Is(missing, gsp.ErrDamaged):
		return no(imap.ResponseCodeCorruption, "some of the messages are damaged. Tell the operator.")
	}
	return s.reply("fetch", missing)
}

// checkPartials refuses offsets that the response cannot name: the library
// writes 32 bits of them.
func checkPartials(options *imap.FetchOptions) error {
	tooFar := func(p *imap.SectionPartial) bool { return p != nil && p.Offset > 1<<32-1 }
	for _, item := range options.BodySection {
		if tooFar(item.Partial) {
			return bad("offset beyond 32 bits")
		}
	}
	for _, item := range options.BinarySection {
		if tooFar(item.Partial) {
			return bad("offset beyond 32 bits")
		}
	}
	return nil
}

// answer writes the responses for a batch.
func (s *session) answer(w *imapserver.FetchWriter, loads []load, options *imap.FetchOptions) error {
	if err := s.markSeen(loads, options); err != nil {
		return s.reply("mark as seen", err)
	}
	for i := range loads {
		s.view.meet(loads[i].item.Keywords) // read after the view was refreshed
	}
	s.tellKeywords()
	for i := range loads {
		l := &loads[i]
		out := w.CreateMessage(uint32(s.view.known.place(l.item.UID) + 1))
		if err := s.view.write(out, options, l); err != nil {
			return err
		}
	}
	return nil
}

// markSeen sets \Seen on messages that a FETCH without PEEK reads, where the
// client may do that.
func (s *session) markSeen(loads []load, options *imap.FetchOptions) error {
	reads := slices.ContainsFunc(options.BodySection, func(i *imap.FetchItemBodySection) bool { return !i.Peek }) ||
		slices.ContainsFunc(options.BinarySection, func(i *imap.FetchItemBinarySection) bool { return !i.Peek })
	if !reads || s.view.readOnly {
		return nil
	}
	rights, err := s.rights(s.view.owner)
	if err != nil || rights&gsp.MayFlag == 0 {
		return err
	}
	var unseen []uint32
	for _, l := range loads {
		if l.item.Flags&gsp.Seen == 0 {
			unseen = append(unseen, l.item.UID)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	seen := gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen, By: s.actor()}
	if err := s.Messages.SetFlags(s.ctx, s.view.id, unseen, seen); err != nil {
		return err
	}
	return s.refresh()
}

// write writes one FETCH response.
func (v *view) write(w *imapserver.FetchResponseWriter, options *imap.FetchOptions, l *load) error {
	item, news := v.told(l.item)
	if options.UID {
		w.WriteUID(imap.UID(item.UID))
	}
	if options.Flags || news {
		w.WriteFlags(messageFlags(item))
	}
	if options.InternalDate {
		w.WriteInternalDate(item.Received.UTC())
	}
	if options.RFC822Size {
		w.WriteRFC822Size(item.Size)
	}
	if options.Envelope {
		w.WriteEnvelope(envelope(l.summary.Envelope))
	}
	if options.BodyStructure != nil {
		w.WriteBodyStructure(structure(l.summary.Layout))
	}
	for _, item := range options.BodySection {
		octets := partial(section(l.body, l.summary.Layout, item), item.Partial)
		writeOctets(w.WriteBodySection(item, int64(len(octets))), octets)
	}
	for _, item := range options.BinarySection {
		octets := partial(binary(l.body, l.summary.Layout, item.Part), item.Partial)
		writeOctets(w.WriteBinarySection(item, int64(len(octets))), octets)
	}
	for _, item := range options.BinarySectionSize {
		w.WriteBinarySectionSize(item, binarySize(l.summary.Layout, item.Part))
	}
	return w.Close()
}
