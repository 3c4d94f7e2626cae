package imapd

import (
	"bytes"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// windowSize is how many messages a window shows at most.
const windowSize = 512

// window shows something of some messages in a row, read together. It reads
// twice as far each time that it moves on to the very next message: a search
// that looks into few messages reads few, and one that looks into all is
// quick.
type window[T any] struct {
	from, to int // places
	by       map[uint32]T
}

// at returns what stands at a place, and whether there is something.
func (w *window[T]) at(q *query, place int, read func(uids []uint32) (map[uint32]T, error)) (T, bool) {
	known := &q.view.known
	if place < w.from || place >= w.to {
		size := 1
		if w.to > 0 && place == w.to {
			size = min(2*(w.to-w.from), windowSize)
		}
		w.from, w.to = place, min(place+size, known.n)
		uids := make([]uint32, 0, size)
		for p := w.from; p < w.to; p++ {
			uids = append(uids, known.at(p))
		}
		var err error
		if w.by, err = read(uids); err != nil {
			q.err = err
		}
	}
	found, ok := w.by[known.at(place)]
	return found, ok
}

// item makes a predicate on what stands in the mailbox.
func (q *query) item(f func(gsp.Item) bool) predicate {
	return func(p int) bool {
		item, ok := q.items.at(q, p, q.readItems)
		return ok && f(item)
	}
}

func (q *query) readItems(uids []uint32) (map[uint32]gsp.Item, error) {
	items, err := q.session.Messages.Items(q.session.ctx, q.view.id, uids)
	by := make(map[uint32]gsp.Item, len(items))
	for _, item := range items {
		by[item.UID] = item
	}
	return by, err
}

// sent returns the date that the header names.
func (q *query) sent(p int) (time.Time, bool) {
	summary, ok := q.summaries.at(q, p, func(uids []uint32) (map[uint32]gsp.Summary, error) {
		var damaged error // is in the log
		return q.session.summaries(q.session.ctx, q.view.id, uids, &damaged)
	})
	return summary.Envelope.Date, ok
}

// header returns the header of a mail, nil for one that is gone.
func (q *query) header(p int) []byte {
	header, _ := q.headers.at(q, p, q.readHeaders)
	return header
}

func (q *query) readHeaders(uids []uint32) (map[uint32][]byte, error) {
	items, err := q.session.Messages.Items(q.session.ctx, q.view.id, uids)
	if err != nil {
		return nil, err
	}
	headers := make(map[uint32][]byte, len(items))
	for part := range parts(items, func(item gsp.Item) int64 { return item.Size }) {
		mails := make([]gsp.MailID, len(part))
		for i, item := range part {
			mails[i] = item.Mail
		}
		var damaged error // is in the log
		bodies, err := q.session.bodies(q.session.ctx, q.view.id, mails, &damaged)
		if err != nil {
			return nil, err
		}
		for _, item := range part {
			body := bodies[item.Mail]
			if end := bytes.Index(body, []byte("\r\n\r\n")); end >= 0 {
				headers[item.UID] = bytes.Clone(body[:end+2])
			}
		}
	}
	return headers, nil
}
