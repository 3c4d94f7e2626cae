package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/store/sqlite"
)

func open(t *testing.T, folder string) *registry.Registry {
	t.Helper()
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// apply makes a change that depends on nothing.
func apply(t *testing.T, r *registry.Registry, c gsp.Change) gsp.Change {
	t.Helper()
	c, err := r.Update(t.Context(), func(*registry.Snapshot) (gsp.Change, error) { return c, nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

func TestRollSurvivesReopening(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	func() {
		store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		r, err := registry.Open(t.Context(), store, "gsp.example")
		if err != nil {
			t.Fatal(err)
		}
		apply(t, r, gsp.Change{Parties: []gsp.Party{
			{ID: "eu", Name: "European Union", Registered: now}, {ID: "fr", Name: "France", Parent: "eu", Registered: now},
		}})
		c := apply(t, r, gsp.Change{
			Accounts: []gsp.Account{{Login: "fr1", Party: "fr", Kind: gsp.Officer, Issued: now}},
			Grants:   []gsp.Grant{{Role: gsp.Replier, GivenBy: "test", Given: now}},
		})
		if c.Accounts[0].ID == 0 || c.Grants[0].ID == 0 || c.Grants[0].Account != c.Accounts[0].ID {
			t.Errorf("numbers: got account %d, grant %+v, want both numbered and joined", c.Accounts[0].ID, c.Grants[0])
		}
	}()
	s := open(t, folder).Snapshot()
	account, ok := s.Account("fr1")
	if !ok || account.Party != "fr" {
		t.Errorf("account after reopening: got %+v, want fr1 of fr", account)
	}
	if !s.Allows(account.ID, gsp.Replier) || s.Allows(account.ID, gsp.Requester) {
		t.Errorf("roles: got %v, want replier alone", s.Roles(account.ID))
	}
	shelves := s.Shelves(account.ID)
	if len(shelves) != 2 || shelves[1].Owner != "fr" || shelves[1].Prefix != "Authority/fr/" || shelves[1].Rights&gsp.MayRemove != 0 {
		t.Errorf("shelves: got %+v, want its own and the authority's without the right to remove", shelves)
	}
	if !s.Related("fr", "eu") || !s.Related("eu", "fr") || s.Related("", "eu") || s.Related("eu", "") {
		t.Error("Related: want fr and eu, and nobody else")
	}
}

func TestEndedRightsBiteAtOnce(t *testing.T) {
	r, now := open(t, t.TempDir()), time.Now()
	apply(t, r, gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya", Registered: now}}})
	c := apply(t, r, gsp.Change{
		Accounts: []gsp.Account{{Login: "ke1", Party: "ke", Kind: gsp.Officer, Issued: now}},
		Grants:   []gsp.Grant{{Role: gsp.Replier, GivenBy: "test", Given: now}},
	})
	account, grant := c.Accounts[0], c.Grants[0]
	before := r.Snapshot()

	grant.Ended, grant.EndedBy = now, "test"
	apply(t, r, gsp.Change{Grants: []gsp.Grant{grant}})
	if got := r.Snapshot().Shelves(account.ID); len(got) != 1 {
		t.Errorf("shelves after the grant ended: got %+v, want its own alone", got)
	}
	if got := r.Snapshot().Grants(); len(got) != 1 || got[0].EndedBy != "test" {
		t.Errorf("record of grants: got %+v, want the ended one kept", got)
	}
	account.Disabled = now
	apply(t, r, gsp.Change{Accounts: []gsp.Account{account}})
	s := r.Snapshot()
	if _, ok := s.Owner(address("ke1")); ok || s.Shelves(account.ID) != nil {
		t.Error("a disabled account still receives or reads")
	}
	if _, ok := before.Owner(address("ke1")); !ok || len(before.Shelves(account.ID)) != 2 {
		t.Error("an earlier snapshot changed")
	}
}

func TestUpdatesSeeEachOther(t *testing.T) {
	r, now := open(t, t.TempDir()), time.Now()
	exists := errors.New("exists")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = r.Update(t.Context(), func(s *registry.Snapshot) (gsp.Change, error) {
				if _, ok := s.Party("ke"); ok {
					return gsp.Change{}, exists
				}
				return gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya", Registered: now}}}, nil
			})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if err != exists {
			t.Errorf("got %v, want %v as it was returned", err, exists)
		}
	}
	if made != 1 {
		t.Errorf("got %d Parties made at once, want 1", made)
	}
}

// Published keys carry the domain, so a folder belongs to one.
func TestAFolderBelongsToOneDomain(t *testing.T) {
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyring.Generate("", address("ke"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := key.Cert()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, r, gsp.Change{
		Parties:      []gsp.Party{{ID: "ke", Name: "Kenya", Registered: time.Now()}},
		Certificates: []gsp.Certificate{{Address: address("ke"), Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: time.Now()}},
	})
	_, err = registry.Open(t.Context(), store, "other.example")
	refusal, ok := errors.AsType[*gsp.Refusal](err)
	if !ok || refusal.Reason != gsp.BrokenConfig || !strings.Contains(refusal.Remedy, "gsp.example") {
		t.Errorf("open for another domain: got %v, want %s that names the right one", err, gsp.BrokenConfig)
	}
}

// The operator and the Secretariat have mailboxes that the roles open.
func TestTheGatewaysOwnMail(t *testing.T) {
	r, now := open(t, t.TempDir()), time.Now()
	apply(t, r, gsp.Change{Parties: []gsp.Party{{ID: "ke", Name: "Kenya", Registered: now}}})
	for login, role := range map[string]gsp.Role{"ops": gsp.Operator, "desk": gsp.Secretariat, "officer": gsp.Requester} {
		apply(t, r, gsp.Change{
			Accounts: []gsp.Account{{Login: login, Party: "ke", Kind: gsp.Officer, Issued: now}},
			Grants:   []gsp.Grant{{Role: role, GivenBy: "test", Given: now}},
		})
	}
	s := r.Snapshot()
	for login, want := range map[string]string{"ops": "postmaster", "desk": "secretariat", "officer": ""} {
		account, _ := s.Account(login)
		shelves := s.Shelves(account.ID)[1:]
		if want == "" {
			if len(shelves) != 0 {
				t.Errorf("shelves of %s: got %+v, want its own alone", login, shelves)
			}
			continue
		}
		shelf := gsp.Shelf{Owner: want, Prefix: "Authority/" + want + "/", Rights: gsp.MayRead | gsp.MayFlag | gsp.MayFile}
		if len(shelves) != 1 || shelves[0] != shelf {
			t.Errorf("shelves of %s: got %+v, want %+v", login, shelves, shelf)
		}
	}
	for local, want := range map[string]string{"postmaster": "postmaster", "support": "secretariat", "secretariat": "secretariat"} {
		owner, ok := s.Owner(address(local))
		if !ok || owner.Party != "" || owner.Inbox() != gsp.Inbox(want) {
			t.Errorf("%s@ is %+v, %v with %v, want the inbox of %s", local, owner, ok, owner.Inbox(), want)
		}
	}
	for _, local := range []string{"route", "resolve", "library", "keys", "abuse"} {
		if owner, ok := s.Owner(address(local)); ok {
			t.Errorf("%s@ is %+v, want nobody", local, owner)
		}
	}
}

// Of certificates that are published no more the owners stay known, and no
// more of them than are worth it.
func TestWithdrawnKeysStayKnown(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint64
	for range 3 {
		key, err := keyring.Generate("", address("ke"), now)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := key.Cert()
		if err != nil {
			t.Fatal(err)
		}
		apply(t, r, gsp.Change{Certificates: []gsp.Certificate{{
			Address: address("ke"), Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: now,
		}}})
		ids = append(ids, cert.EncryptionKeys()[0].KeyID)
	}
	check := func(s *registry.Snapshot, when string) {
		t.Helper()
		for i, id := range ids {
			former, withdrawn := s.Former(sealed.SessionKey{KeyID: id})
			published := len(s.Identified(fmt.Sprintf("%016X", id))) == 1
			if withdrawn != (i < 2) || published == withdrawn || withdrawn && former.Owner != address("ke") {
				t.Errorf("%s: key %d is withdrawn: %v of %v, published: %v", when, i, withdrawn, former.Owner, published)
			}
		}
		if _, ok := s.Former(sealed.SessionKey{KeyID: 1}); ok {
			t.Errorf("%s: a key that never was is withdrawn", when)
		}
	}
	check(r.Snapshot(), "at once")
	again, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	check(again.Snapshot(), "after a restart")
}
