package imapd

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// fetchBatch is how many messages are read and marked as seen at a time: a
// client that goes away in the middle has not read what it did not get.
const fetchBatch = 100

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
	var missing error
	for places := range slices.Chunk(v.resolve(set), fetchBatch) {
		if err := s.fetch(w, places, options, &missing); err != nil {
			return err
		}
	}
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

// fetch answers for a batch. It keeps in missing what went wrong with one
// message, which is not answered for.
func (s *session) fetch(w *imapserver.FetchWriter, places []int, options *imap.FetchOptions, missing *error) error {
	v := s.view
	if err := s.markSeen(places, options); err != nil {
		return s.reply("mark as seen", err)
	}
	var summaries map[uint32]gsp.Summary
	needBody := len(options.BodySection) > 0 || len(options.BinarySection) > 0
	needSummary := needBody || options.Envelope || options.BodyStructure != nil || len(options.BinarySectionSize) > 0
	if needSummary {
		var err error
		if summaries, err = s.summaries(v.uids(places), missing); err != nil {
			return s.reply("fetch", err)
		}
	}
	todo := make([]load, 0, len(places))
	for _, p := range places {
		m := v.messages[p]
		summary, ok := summaries[m.UID]
		if needSummary && !ok {
			if *missing == nil {
				*missing = gsp.ErrNotFound
			}
			continue
		}
		todo = append(todo, load{place: p, mail: m.Mail, summary: summary})
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	loads := s.readAhead(ctx, todo, needBody)
	for range todo {
		l := <-loads
		if l.err != nil {
			s.damaged(l.mail, l.err)
			*missing = l.err
			continue
		}
		out := w.CreateMessage(uint32(l.place + 1))
		if err := v.messages[l.place].write(out, options, l.summary, l.body); err != nil {
			return err
		}
	}
	return nil
}

// load is a message to answer for.
type load struct {
	place   int
	mail    gsp.MailID
	summary gsp.Summary
	body    []byte
	err     error
}

// readAhead reads bodies, each while the one before is written to the client.
func (s *session) readAhead(ctx context.Context, todo []load, body bool) <-chan load {
	if !body {
		loads := make(chan load, len(todo))
		for _, l := range todo {
			loads <- l
		}
		return loads
	}
	loads := make(chan load, 1)
	go func() {
		for _, l := range todo {
			l.body, l.err = s.body(ctx, l.mail, l.summary.Layout)
			select {
			case loads <- l:
			case <-ctx.Done():
				return
			}
		}
	}()
	return loads
}

// body reads a mail, which must be as long as its layout says: no section may
// reach beyond it, or each client that asks for it would lose its connection.
func (s *session) body(ctx context.Context, mail gsp.MailID, layout sealed.Layout) ([]byte, error) {
	body, err := s.Messages.Body(ctx, mail)
	if err == nil && (len(body) != layout.Size || layout.Header > len(body) ||
		!within(layout.Version, len(body)) || !within(layout.Sealed, len(body))) {
		err = gsp.ErrDamaged
	}
	return body, err
}

func within(p sealed.Part, size int) bool {
	return 0 <= p.Start && p.Start <= p.Body && p.Body <= p.End && p.End <= size
}

// markSeen sets \Seen on messages that a FETCH without PEEK reads, where the
// client may do that.
func (s *session) markSeen(places []int, options *imap.FetchOptions) error {
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
	for _, p := range places {
		if m := s.view.messages[p]; m.Flags&gsp.Seen == 0 && !m.gone {
			unseen = append(unseen, m.UID)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	seen := gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen}
	if err := s.Messages.SetFlags(s.ctx, s.view.id, unseen, seen); err != nil {
		return err
	}
	return s.refresh()
}

// summaries reads what was computed of messages. One that is damaged must not
// hide the others.
func (s *session) summaries(uids []uint32, missing *error) (map[uint32]gsp.Summary, error) {
	found, err := s.Messages.Summaries(s.ctx, s.view.id, uids)
	if !errors.Is(err, gsp.ErrDamaged) {
		return found, err
	}
	found = make(map[uint32]gsp.Summary, len(uids))
	for _, uid := range uids {
		one, err := s.Messages.Summaries(s.ctx, s.view.id, []uint32{uid})
		if errors.Is(err, gsp.ErrDamaged) {
			s.damaged(0, err)
			*missing = err
			continue
		}
		if err != nil {
			return nil, err
		}
		for uid, summary := range one {
			found[uid] = summary
		}
	}
	return found, nil
}

// damaged logs a mail that cannot be read; 0 where the error alone names it.
func (s *session) damaged(mail gsp.MailID, err error) {
	if errors.Is(err, gsp.ErrNotFound) {
		return // expunged meanwhile
	}
	attrs := []slog.Attr{slog.Int64("mailbox", int64(s.view.id)), slog.Any("error", err)}
	if mail != 0 {
		attrs = append(attrs, slog.Int64("mail", int64(mail)))
	}
	s.log().LogAttrs(s.ctx, slog.LevelError, "stored mail cannot be read", attrs...)
}

// write writes one FETCH response.
func (m *message) write(w *imapserver.FetchResponseWriter, options *imap.FetchOptions, summary gsp.Summary, body []byte) error {
	if options.UID {
		w.WriteUID(imap.UID(m.UID))
	}
	if options.Flags || m.changed && !m.gone {
		w.WriteFlags(flagNames(m.Flags, m.Keywords))
		m.changed = false
	}
	if options.InternalDate {
		w.WriteInternalDate(m.Received.UTC())
	}
	if options.RFC822Size {
		w.WriteRFC822Size(m.Size)
	}
	if options.Envelope {
		w.WriteEnvelope(envelope(summary.Envelope))
	}
	if options.BodyStructure != nil {
		w.WriteBodyStructure(structure(summary.Layout))
	}
	for _, item := range options.BodySection {
		octets := partial(section(body, summary.Layout, item), item.Partial)
		writeOctets(w.WriteBodySection(item, int64(len(octets))), octets)
	}
	for _, item := range options.BinarySection {
		octets := partial(binary(body, summary.Layout, item.Part), item.Partial)
		writeOctets(w.WriteBinarySection(item, int64(len(octets))), octets)
	}
	for _, item := range options.BinarySectionSize {
		w.WriteBinarySectionSize(item, binarySize(summary.Layout, item.Part))
	}
	return w.Close()
}
