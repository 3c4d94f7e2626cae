package storetest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

func certificate(fingerprint string, published int) gsp.Certificate {
	return gsp.Certificate{
		Address:     gsp.Address{Local: "ke", Domain: "gsp.example"},
		Fingerprint: fingerprint, Bytes: random(300), Published: at(published),
	}
}

var registryTests = map[string]func(*testing.T, *bench){
	"round_trip": func(t *testing.T, b *bench) {
		c := b.apply(gsp.Change{
			Parties: []gsp.Party{
				{ID: "de", Name: "Deutschland", Parent: "eu", Language: gsp.Russian, Registered: at(10)},
				{ID: "eu", Name: "European Union", Registered: at(11), Withdrawn: at(12), AutomaticKeys: true},
			},
			Accounts: []gsp.Account{
				{Login: "zoll1.de", Party: "de", Kind: gsp.System, Name: "ATLAS", Language: gsp.French, Issued: at(13), Disabled: at(14)},
			},
			Grants: []gsp.Grant{
				{Role: gsp.Requester, GivenBy: "root", Given: at(15)},
				{Role: gsp.Replier, GivenBy: "root", Given: at(16), EndedBy: "other", Ended: at(17)},
			},
			Terms: []gsp.Term{
				{Until: "2027-06-30", SetBy: "root", Set: at(13)},
				{SetBy: "other", Set: at(14)},
			},
			Credentials: []gsp.Credential{{
				Account: 0, Salt: []byte{1, 2}, Iterations: 4096, StoredKey: []byte{3}, ServerKey: []byte{4}, Issued: at(18),
				Pins: [][32]byte{{1}, {2}},
			}},
			Certificates: []gsp.Certificate{certificate("AB12", 19)},
			Library:      &gsp.LibraryText{Version: 1, Text: []byte("[[pattern]]"), Published: at(20), Signature: []byte("signature")},
			Events:       []gsp.Event{{At: at(13), Kind: gsp.AccountIssued, Party: "de"}},
		})
		id := c.Accounts[0].ID
		if id == 0 || c.Grants[0].ID == 0 || c.Grants[1].ID <= c.Grants[0].ID {
			t.Fatalf("numbers of new rows: account %d, grants %d and %d", id, c.Grants[0].ID, c.Grants[1].ID)
		}
		if c.Grants[0].Account != id || c.Terms[0].Account != id || c.Events[0].Account != id || c.Credentials[0].Account != id {
			t.Errorf("grant, term, event, credential of account %d, %d, %d, %d, want %d",
				c.Grants[0].Account, c.Terms[0].Account, c.Events[0].Account, c.Credentials[0].Account, id)
		}
		b.reopen()
		got, err := b.Load(t.Context())
		b.must(err)
		for _, part := range []struct {
			name      string
			got, want any
		}{
			{"Parties", got.Parties[:2], c.Parties},
			{"accounts", got.Accounts[2:], c.Accounts},
			{"grants", got.Grants, c.Grants},
			{"terms", got.Terms, c.Terms},
			{"credentials", got.Credentials, c.Credentials},
			{"certificates", got.Certificates, c.Certificates},
			{"library", got.Library, *c.Library},
		} {
			if !reflect.DeepEqual(part.got, part.want) {
				t.Errorf("%s\n got %+v\nwant %+v", part.name, part.got, part.want)
			}
		}
		events := b.events()
		if last := events[len(events)-1]; last.ID != c.Events[0].ID || last.Account != id || last.Kind != gsp.AccountIssued {
			t.Errorf("event %+v, want that account %d was issued", last, id)
		}
	},

	"replaces_by_key": func(t *testing.T, b *bench) {
		b.apply(gsp.Change{Credentials: []gsp.Credential{{Account: 1, Salt: []byte("old")}}})
		b.apply(gsp.Change{Grants: []gsp.Grant{{Account: 1, Role: gsp.Requester, GivenBy: "root", Given: at(5)}}})
		grants := b.apply(gsp.Change{
			Parties:     []gsp.Party{{ID: "ke", Name: "Republic of Kenya", Language: gsp.Arabic, Registered: at(0), Withdrawn: at(6)}},
			Accounts:    []gsp.Account{{ID: 1, Login: "customs1.fr", Party: "fr", Kind: gsp.Officer, Language: gsp.Spanish, Disabled: at(7)}},
			Credentials: []gsp.Credential{{Account: 1, Salt: []byte("new"), Pins: [][32]byte{{3}}}},
			Grants:      []gsp.Grant{{ID: 1, Account: 9, Role: gsp.Operator, EndedBy: "other", Ended: at(8)}},
		}).Grants
		r, err := b.Load(t.Context())
		b.must(err)
		if got := r.Parties[1]; got.Name != "Republic of Kenya" || got.Language != gsp.Arabic || !got.Withdrawn.Equal(at(6)) {
			t.Errorf("Party %+v", got)
		}
		if got := r.Accounts[0]; got.Active() || got.Language != gsp.Spanish || len(r.Accounts) != 2 {
			t.Errorf("account %+v of %d", got, len(r.Accounts))
		}
		if got := r.Credentials; len(got) != 1 || string(got[0].Salt) != "new" || !slices.Equal(got[0].Pins, [][32]byte{{3}}) {
			t.Errorf("credentials %+v", got)
		}
		// A grant is on record for good: only its end may be added.
		want := gsp.Grant{ID: 1, Account: 1, Role: gsp.Requester, GivenBy: "root", Given: at(5), EndedBy: "other", Ended: at(8)}
		if got := r.Grants; len(got) != 1 || got[0] != want {
			t.Errorf("grants %+v (applied %+v), want %+v", got, grants, want)
		}
		if got := len(b.names("ke")); got != 2 {
			t.Errorf("a changed Party has %d mailboxes, want 2", got)
		}
	},

	"a_name_has_one_owner": func(t *testing.T, b *bench) {
		for _, c := range []gsp.Change{
			{Accounts: []gsp.Account{{Login: "customs1.ke", Party: "ke"}}},
			{Accounts: []gsp.Account{{Login: "ke", Party: "ke"}}},
			{Parties: []gsp.Party{{ID: "customs1.ke"}}},
		} {
			c.Events = []gsp.Event{{Kind: gsp.AccountIssued}}
			if _, err := b.Apply(t.Context(), c); !errors.Is(err, gsp.ErrExists) {
				t.Errorf("%+v: %v, want ErrExists", c, err)
			}
		}
		if n := len(b.events()); n != 0 {
			t.Errorf("%d events of changes that failed", n)
		}
		if _, err := b.Apply(t.Context(), gsp.Change{Accounts: []gsp.Account{{ID: 99, Login: "x"}}}); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("unknown account: %v, want ErrNotFound", err)
		}
		if _, err := b.Apply(t.Context(), gsp.Change{Accounts: []gsp.Account{{ID: 1, Login: "renamed"}}}); err == nil {
			t.Error("a login was changed")
		}
		two := gsp.Change{Accounts: []gsp.Account{{Login: "a", Party: "ke"}, {Login: "b", Party: "ke"}}}
		if _, err := b.Apply(t.Context(), two); err == nil || len(b.names("a")) != 0 {
			t.Errorf("two new accounts at once: %v, and the first has mailboxes %q", err, b.names("a"))
		}
	},

	"one_certificate_an_address": func(t *testing.T, b *bench) {
		first, second := certificate("AAAA", 10), certificate("BBBB", 20)
		b.apply(gsp.Change{Certificates: []gsp.Certificate{first}})
		b.apply(gsp.Change{Certificates: []gsp.Certificate{second}})
		r, err := b.Load(t.Context())
		b.must(err)
		if !reflect.DeepEqual(r.Certificates, []gsp.Certificate{second}) {
			t.Errorf("published %+v, want the second", r.Certificates)
		}
		first.Withdrawn, first.Replaced = at(20), true
		if !reflect.DeepEqual(r.Withdrawn, []gsp.Certificate{first}) {
			t.Errorf("withdrawn %+v, want the first", r.Withdrawn)
		}
		first.Withdrawn = at(30)
		if _, err := b.Apply(t.Context(), gsp.Change{Certificates: []gsp.Certificate{first}}); !errors.Is(err, gsp.ErrNotFound) {
			t.Errorf("withdraw what is not published: %v, want ErrNotFound", err)
		}
		second.Withdrawn = at(30)
		b.apply(gsp.Change{Certificates: []gsp.Certificate{second}})
		if r, err := b.Load(t.Context()); err != nil || len(r.Certificates) != 0 || len(r.Withdrawn) != 2 ||
			!reflect.DeepEqual(r.Withdrawn[0], second) {
			t.Errorf("after the withdrawal %+v are published and %+v withdrawn, %v, want the second before the first", r.Certificates, r.Withdrawn, err)
		}
	},

	"a_certificate_of_version_6_beside_it": func(t *testing.T, b *bench) {
		usual, beside, next := certificate(strings.Repeat("A", 40), 10), certificate(strings.Repeat("B", 64), 20), certificate(strings.Repeat("C", 64), 30)
		for _, c := range []gsp.Certificate{usual, beside, next} {
			b.apply(gsp.Change{Certificates: []gsp.Certificate{c}})
		}
		r, err := b.Load(t.Context())
		b.must(err)
		if !reflect.DeepEqual(r.Certificates, []gsp.Certificate{usual, next}) {
			t.Errorf("published %+v, want one of each version", r.Certificates)
		}
		beside.Withdrawn, beside.Replaced = at(30), true
		if !reflect.DeepEqual(r.Withdrawn, []gsp.Certificate{beside}) {
			t.Errorf("withdrawn %+v, want the first of version 6", r.Withdrawn)
		}
	},

	"the_newest_library_is_in_force": func(t *testing.T, b *bench) {
		if r, err := b.Load(t.Context()); err != nil || r.Library.Version != 0 {
			t.Errorf("library of a new store %+v, %v", r.Library, err)
		}
		for v := range gsp.LibraryVersion(3) {
			b.apply(gsp.Change{Library: &gsp.LibraryText{Version: v + 1, Text: []byte{byte(v)}, Published: at(int(v))}})
		}
		if r, err := b.Load(t.Context()); err != nil || r.Library.Version != 3 || r.Library.Text[0] != 2 {
			t.Errorf("library in force %+v, %v, want version 3", r.Library, err)
		}
		all, err := b.Libraries(t.Context())
		if err != nil || len(all) != 3 || all[0].Version != 3 || all[2].Version != 1 {
			t.Errorf("all versions %+v, %v, want 3, 2, 1", all, err)
		}
		if _, err := b.Apply(t.Context(), gsp.Change{Library: &gsp.LibraryText{Version: 2}}); !errors.Is(err, gsp.ErrExists) {
			t.Errorf("publish version 2 again: %v, want ErrExists", err)
		}
	},
}
