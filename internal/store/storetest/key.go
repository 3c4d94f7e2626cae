package storetest

import (
	"errors"
	"reflect"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

func request(local, fingerprint string) gsp.KeyRequest {
	return gsp.KeyRequest{
		Address: gsp.Address{Local: local, Domain: "gsp.example"}, Fingerprint: fingerprint, Bytes: random(300),
		Account: 1, HandedIn: at(30), Nonce: [32]byte{1, 31: 2}, Until: at(40),
	}
}

var keyTests = map[string]func(*testing.T, *bench){
	"one_request_an_address": func(t *testing.T, b *bench) {
		first, second, other := request("customs1.fr", "AAAA"), request("customs1.fr", "BBBB"), request("ke", "CCCC")
		other.Nonce, other.Until = [32]byte{}, at(40)
		other.Confirmed = at(35)
		other.Approvals = []gsp.Approval{{By: "root", At: at(36)}, {By: "\"second\"", At: at(37)}}
		other.Codes = []gsp.ApprovalCode{{Account: 7, Digest: [32]byte{3, 31: 4}}, {Account: 1 << 40, Digest: [32]byte{5}}}
		b.apply(gsp.Change{Requests: []gsp.KeyRequest{first, other}})
		b.apply(gsp.Change{Requests: []gsp.KeyRequest{second}})
		b.reopen()
		r, err := b.Load(t.Context())
		b.must(err)
		if want := []gsp.KeyRequest{second, other}; !reflect.DeepEqual(r.Requests, want) {
			t.Errorf("requests\n got %+v\nwant %+v", r.Requests, want)
		}
		second.Ended = at(50)
		b.apply(gsp.Change{Requests: []gsp.KeyRequest{second}})
		if r, err := b.Load(t.Context()); err != nil || len(r.Requests) != 1 || r.Requests[0].Address != other.Address {
			t.Errorf("after one has ended: got %+v, %v, want the other", r.Requests, err)
		}
	},

	"history_is_added_to": func(t *testing.T, b *bench) {
		ke := gsp.Address{Local: "ke", Domain: "gsp.example"}
		var want []gsp.KeyRecord
		for i, act := range gsp.KeyActs {
			record := gsp.KeyRecord{Address: ke, At: at(i), Act: act, By: "root", Fingerprint: "AAAA", Answer: [32]byte{byte(i)}}
			elsewhere := record
			elsewhere.Address.Local = "fr"
			applied := b.apply(gsp.Change{History: []gsp.KeyRecord{record, elsewhere}})
			record.ID = applied.History[0].ID
			want = append(want, record)
		}
		b.reopen()
		got, err := b.KeyHistory(t.Context(), ke)
		b.must(err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("history\n got %+v\nwant %+v", got, want)
		}
		for i := range got[1:] {
			if got[i+1].ID <= got[i].ID {
				t.Errorf("record %d has the number %d behind %d", i+1, got[i+1].ID, got[i].ID)
			}
		}
		if got, err := b.KeyHistory(t.Context(), gsp.Address{Local: "ke", Domain: "other.example"}); err != nil || len(got) != 0 {
			t.Errorf("of another domain: got %+v, %v, want none", got, err)
		}
	},

	"an_earlier_certificate_is_revoked": func(t *testing.T, b *bench) {
		first, second := certificate("AAAA", 10), certificate("BBBB", 20)
		b.apply(gsp.Change{Certificates: []gsp.Certificate{first}})
		b.apply(gsp.Change{Certificates: []gsp.Certificate{second}})
		revoked := certificate("AAAA", 30)
		revoked.Withdrawn = revoked.Published
		b.apply(gsp.Change{Certificates: []gsp.Certificate{revoked}})
		r, err := b.Load(t.Context())
		b.must(err)
		first.Withdrawn, first.Replaced = at(20), true
		if !reflect.DeepEqual(r.Certificates, []gsp.Certificate{second}) || !reflect.DeepEqual(r.Withdrawn, []gsp.Certificate{revoked, first}) {
			t.Errorf("published %+v, withdrawn %+v, want the second, and the revoked one before the first", r.Certificates, r.Withdrawn)
		}
	},

	// A change and the mails that tell of it are true together or not at all.
	"a_change_comes_with_its_letters": func(t *testing.T, b *bench) {
		b.bells()
		told, nobody := posting(t, 1000), posting(t, 1000, gsp.Inbox("nobody"))
		told.Once = gsp.Once{Key: [32]byte{1}, Until: at(1000)}
		record := gsp.KeyRecord{Address: gsp.Address{Local: "ke", Domain: "gsp.example"}, At: at(1), Act: gsp.PublishedKey}
		c := gsp.Change{
			Certificates: []gsp.Certificate{certificate("AAAA", 10)}, History: []gsp.KeyRecord{record},
			Letters: []gsp.Posting{told, nobody},
		}
		if _, err := b.Apply(t.Context(), c); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("a letter for nobody: got %v, want ErrNotFound", err)
		}
		nothing := posting(t, 1000)
		nothing.Message = sealed.Message{}
		if _, err := b.Apply(t.Context(), gsp.Change{Certificates: c.Certificates, Letters: []gsp.Posting{nothing}}); err == nil {
			t.Error("a letter that was not inspected: got no error")
		}
		r, err := b.Load(t.Context())
		b.must(err)
		history, err := b.KeyHistory(t.Context(), record.Address)
		b.must(err)
		if inbox := b.mailbox(gsp.Inbox("ke")); len(r.Certificates)+len(history)+inbox.Messages+len(b.events())+len(b.bells()) != 0 {
			t.Errorf("after changes that failed: got %d certificates, %d lines, %d mails, want none", len(r.Certificates), len(history), inbox.Messages)
		}
		c.Letters = []gsp.Posting{told, told, posting(t, 300<<10, gsp.Inbox("ke"), gsp.Inbox("fr"))} // one of them twice
		b.apply(c)
		b.reopen()
		r, err = b.Load(t.Context())
		b.must(err)
		if ke, fr := b.mailbox(gsp.Inbox("ke")).Messages, b.mailbox(gsp.Inbox("fr")).Messages; len(r.Certificates) != 1 || ke != 2 || fr != 1 {
			t.Errorf("got %d certificates, %d and %d mails, want 1, 2 and 1", len(r.Certificates), ke, fr)
		}
		if got := len(b.bells()); got != 2 {
			t.Errorf("got %d bells, want those of two mailboxes", got)
		}
	},
}
