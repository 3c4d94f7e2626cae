package pgpcert_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// userIDs are those of an answer, which any client must be able to read.
func userIDs(t *testing.T, b []byte) (ids []string) {
	t.Helper()
	entities, err := openpgp.ReadKeyRing(bytes.NewReader(b))
	if err != nil || len(entities) != 1 {
		t.Fatalf("got %v, %v, want one certificate", entities, err)
	}
	for id := range entities[0].Identities {
		ids = append(ids, id)
	}
	return ids
}

// Each domain's directory answers with the user ID of that domain and no other.
func TestForAnAlias(t *testing.T) {
	e := entity(t)
	alone := public(t, e)
	for i, id := range []string{
		"Kenya <ke@old.example>", "ke@gsp.example.org", "Kenya <de@old.example>", "ke@older.example", "ke@other.example",
	} {
		addUserID(t, e, id, now.Add(time.Duration(i-30)*time.Minute))
	}
	aliases := []string{"old.example", "older.example", "unused.example"}
	c, err := pgpcert.Read(public(t, e), ke, now, aliases...)
	if err != nil {
		t.Fatal(err)
	}
	if got := userIDs(t, c.Bytes()); len(got) != 3 {
		t.Errorf("kept: got %q, want those of the domain and two aliases", got)
	}
	if c.UserID() != "Kenya <ke@gsp.example>" || c.Address() != ke {
		t.Errorf("got %q of %v", c.UserID(), c.Address())
	}
	again, err := pgpcert.Load(gsp.Certificate{Address: ke, Fingerprint: c.Fingerprint(), Bytes: c.Bytes()}, aliases...)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := again.Merge(public(t, e), now)
	if err != nil || merged != again {
		t.Errorf("merged with itself: got %v, %v, want the same", merged, err)
	}
	// gpg-wks-client hands in what one address needs.
	if merged, err := again.Merge(alone, now); err != nil || merged != again {
		t.Errorf("merged with a copy for the address alone: got %v, %v, want the same", merged, err)
	}
	at := c.For("old.example")
	if merged, err := again.Merge(at, now); err != nil || merged != again {
		t.Errorf("merged with a copy for an alias alone: got %v, %v, want the same", merged, err)
	}
	if _, err := c.Merge(otherNames(t, e), now); err == nil || !strings.Contains(err.Error(), "no user ID with the address ke@gsp.example") {
		t.Errorf("merged with a copy for other addresses: got %v, want what it lacks", err)
	}
	if _, err := pgpcert.Read(at, ke, now, aliases...); err == nil || !strings.Contains(err.Error(), "for another name of the domain") {
		t.Errorf("a copy for an alias alone comes first: got %v, want what it lacks", err)
	}
	if older, err := pgpcert.Read(alone, ke, now, aliases...); err != nil {
		t.Error(err)
	} else if later, err := older.Merge(public(t, e), now); err != nil || !bytes.Equal(later.Bytes(), c.Bytes()) {
		t.Errorf("merged into a copy for the address alone: got %v, %v, want all user IDs", later, err)
	}
	for _, c := range []*pgpcert.Cert{c, again} {
		for domain, want := range map[string]string{
			"gsp.example": "Kenya <ke@gsp.example>", "old.example": "Kenya <ke@old.example>", "older.example": "ke@older.example",
		} {
			if got := userIDs(t, c.For(domain)); len(got) != 1 || got[0] != want {
				t.Errorf("%s: got %q, want %q", domain, got, want)
			}
		}
		for _, domain := range []string{"unused.example", "other.example", ""} {
			if got := c.For(domain); got != nil {
				t.Errorf("%q: got %d octets, want none", domain, len(got))
			}
		}
	}
	// Without its alias the certificate is what it always was there.
	fewer, err := pgpcert.Load(gsp.Certificate{Address: ke, Bytes: c.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fewer.For("gsp.example"), c.For("gsp.example")) || fewer.For("old.example") != nil {
		t.Error("an alias that is none any more is answered")
	}
}

// otherNames are the public key with the user IDs that are nobody's here.
func otherNames(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	all := e.Identities
	defer func() { e.Identities = all }()
	e.Identities = map[string]*openpgp.Identity{"ke@other.example": all["ke@other.example"]}
	return public(t, e)
}

// A certificate without another user ID is served as it is, and not copied.
func TestForTheDomainAlone(t *testing.T) {
	c := accepted(t, public(t, entity(t)))
	if !bytes.Equal(c.For("gsp.example"), c.Bytes()) || c.For("old.example") != nil {
		t.Errorf("got %d octets, want those of the certificate", len(c.For("gsp.example")))
	}
	alone := entityFor(t, "ke@old.example")
	_, err := pgpcert.Read(public(t, alone), ke, now, "old.example")
	if err == nil || !strings.Contains(err.Error(), "ke@gsp.example") {
		t.Errorf("of an alias only: got %v, want a refusal that names the address", err)
	}
}
