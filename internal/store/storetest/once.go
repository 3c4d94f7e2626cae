package storetest

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// onceKey is the key of the n-th posting of a test.
func onceKey(n int) (key [32]byte) {
	copy(key[:], fmt.Sprintf("key %d", n))
	return key
}

// count returns the mails in the inbox of ke and all events.
func (b *bench) count() (mails, events int) {
	b.t.Helper()
	return b.mailbox(gsp.Inbox("ke")).Messages, len(b.events())
}

var onceTests = map[string]func(*testing.T, *bench){
	"a_second_posting_gets_the_receipt_of_the_first": func(t *testing.T, b *bench) {
		for _, size := range []int{1000, 300 << 10} {
			p := opening(t, gsp.CaseID(fmt.Sprintf("2026-KE-%05d", size)), 2, 1, "ke")
			p.Once = gsp.Once{Key: onceKey(size), Until: at(1000)}
			first := b.post(p)
			mails, events := b.count()

			again := opening(t, gsp.CaseID(fmt.Sprintf("2026-GB-%05d", size)), 3, 1, "ke")
			again.Once, again.Event.At = p.Once, at(1000)
			want := gsp.Receipt{Event: first.Event, Mail: first.Mail, Case: first.Case, Repeats: first.Repeats, Earlier: true}
			b.bells()
			if got := b.post(again); !reflect.DeepEqual(got, want) {
				t.Errorf("second posting: got %+v, want %+v", got, want)
			}
			if rung := b.bells(); len(rung) != 0 {
				t.Errorf("the second posting rang %v", rung)
			}
			if m, e := b.count(); m != mails || e != events {
				t.Errorf("the second posting left %d mails and %d events, want %d and %d", m, e, mails, events)
			}
			if got, err := b.Cases(t.Context(), "fr", again.Open.ID, nil); err != nil || len(got) > 0 {
				t.Errorf("the second posting opened %+v, %v", got, err)
			}
			b.reopen()
			for ms, known := range map[int]bool{1000: true, 1001: false} {
				got, ok, err := b.Posted(t.Context(), p.Once.Key, at(ms))
				if err != nil || ok != known || known && !reflect.DeepEqual(got, want) {
					t.Errorf("posted, asked at %d: got %+v, %v, %v, want %v", ms, got, ok, err, known)
				}
			}
		}
		if _, ok, err := b.Posted(t.Context(), onceKey(99), at(1)); ok || err != nil {
			t.Errorf("a key that was never posted: %v, %v", ok, err)
		}
	},

	"a_key_past_its_time_is_new": func(t *testing.T, b *bench) {
		p := posting(t, 1000)
		p.Once = gsp.Once{Key: onceKey(1), Until: at(10)}
		first := b.post(p)
		q := posting(t, 1000)
		q.Once, q.Event.At = gsp.Once{Key: onceKey(1), Until: at(30)}, at(11)
		second := b.post(q)
		if second.Earlier || second.Mail == first.Mail {
			t.Errorf("posted under a forgotten key: %+v, want a new mail", second)
		}
		q.Event.At = at(30)
		if r := b.post(q); !r.Earlier || r.Mail != second.Mail {
			t.Errorf("posted again: %+v, want the receipt of %+v", r, second)
		}
	},

	"no_key_keeps_nothing_away": func(t *testing.T, b *bench) {
		p := posting(t, 1000)
		if first, second := b.post(p), b.post(p); second.Earlier || second.Mail == first.Mail {
			t.Errorf("posted twice without a key: %+v, %+v, want two mails", first, second)
		}
	},

	// A client that lost patience sends again while the first is on its way.
	"at_the_same_time": func(t *testing.T, b *bench) {
		const keys, posters = 20, 8
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			mails = map[int]map[gsp.MailID]bool{}
			fresh int
		)
		for range posters {
			wg.Go(func() {
				for n := range keys {
					p := posting(t, 1000)
					p.Once = gsp.Once{Key: onceKey(n), Until: at(1000)}
					r, err := b.Post(t.Context(), p)
					if err != nil {
						t.Errorf("post: %v", err)
						return
					}
					mu.Lock()
					if mails[n] == nil {
						mails[n] = map[gsp.MailID]bool{}
					}
					mails[n][r.Mail] = true
					if !r.Earlier {
						fresh++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for n, ids := range mails {
			if len(ids) != 1 {
				t.Errorf("key %d: mails %v, want one", n, ids)
			}
		}
		if got, _ := b.count(); fresh != keys || got != keys {
			t.Errorf("%d fresh receipts and %d mails, want %d", fresh, got, keys)
		}
	},

	// A key begins with the Message-ID of its mail or with something else; the
	// case of a mail is found by it in either case.
	"a_key_and_a_thread_do_not_mix": func(t *testing.T, b *bench) {
		own, other := opening(t, "2026-KE-00001", 2, 0, "ke"), opening(t, "2026-KE-00002", 3, 0, "ke")
		thread := gsp.OnceThread(own.Summary.Envelope.MessageID)
		copy(own.Once.Key[:], thread[:])
		own.Once.Key[31], other.Once.Key = 1, onceKey(2)
		own.Once.Until, other.Once.Until = at(100), at(100)
		for _, p := range []gsp.Posting{own, other} {
			first := b.post(p)
			if again, known, err := b.Posted(t.Context(), p.Once.Key, at(3)); err != nil || !known || again.Event != first.Event {
				t.Errorf("posted: %+v, %v, %v, want event %d", again, known, err, first.Event)
			}
			cases, err := b.Cases(t.Context(), "fr", "", []string{p.Summary.Envelope.MessageID})
			if err != nil || len(cases) != 1 || cases[0].ID != p.Open.ID {
				t.Errorf("cases of the thread: %+v, %v, want %s", cases, err, p.Open.ID)
			}
		}
		// The same Message-ID in the same case with another key, without a case,
		// and without a key: each is known by its own.
		follow := posting(t, 1000)
		follow.Summary.Envelope.MessageID = own.Summary.Envelope.MessageID
		follow.Event.Case, follow.Once = own.Open.ID, own.Once
		follow.Once.Key[31] = 2
		notice := follow
		notice.Event.Case, notice.Once.Key[31] = "", 3
		for _, p := range []gsp.Posting{follow, notice} {
			if r := b.post(p); r.Earlier {
				t.Errorf("another key of the same Message-ID: %+v, want a new mail", r)
			}
		}
		follow.Once = gsp.Once{}
		b.post(follow)
		cases, err := b.Cases(t.Context(), "fr", "", []string{own.Summary.Envelope.MessageID})
		if err != nil || len(cases) != 1 || cases[0].ID != own.Open.ID {
			t.Errorf("cases of the thread: %+v, %v, want %s once", cases, err, own.Open.ID)
		}
	},
}
