package storetest

import (
	"reflect"
	"testing"

	"gsp.example/gsp/internal/gsp"
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
}
