package node

import (
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/registry"
)

// An administrator hears of each key of the Party that ends, the competent
// authority of the archive key, where nobody receives.
func TestAdministratorsHearOfKeysThatEnd(t *testing.T) {
	o := newOffice(t)
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "admin.ke", Party: "ke", Roles: []string{"administrator"}})
	o.publish("admin.ke", time.Now().Add(-time.Hour))
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "admin.fr", Party: "fr", Roles: []string{"administrator"}})
	o.publish("admin.fr", time.Now().Add(-time.Hour))
	ends := time.Now().Add(-keyring.Lifetime + 20*aDay)
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "ke2", Party: "ke"})
	o.publish("ke2", ends)
	archive, err := keyring.Generate("", mailbox("archive.ke"), ends)
	if err != nil {
		t.Fatal(err)
	}
	public, err := archive.Public()
	if err != nil {
		t.Fatal(err)
	}
	carryOut(o, admin.PartyArchive, admin.NewArchiveKey{ID: "ke", Bytes: public})
	for range 2 {
		o.tellAt(time.Now())
	}
	for to, want := range map[string][]string{
		"ke2":      {"The key of ke2@gsp.example expires on"},
		"ke":       {"The key of archive.ke@gsp.example expires on"},
		"admin.ke": {"The key of archive.ke@gsp.example expires on", "The key of ke2@gsp.example expires on"},
		"admin.fr": nil,
	} {
		got := o.notices(to)
		if len(got) != len(want) {
			t.Errorf("%s: got %q, want %q", to, got, want)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s: got %q, want %q", to, got[i], want[i])
			}
		}
	}
}

// A key on which nobody can be asked by mail is a line in the log once a day,
// without a name, and does not wait for ever.
func TestAKeyThatNobodyIsAskedAboutIsLogged(t *testing.T) {
	o := newOffice(t)
	key, err := keyring.Generate("", mailbox("ke1"), time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	o.former = append(o.former, key)
	o.toKeys("ke1", string(public))
	o.toKeys("ke1", "> "+strings.ReplaceAll(o.newest("ke1").Text, "\n", "\n> "))
	if got := o.newest("ke1").Subject; got != "Your key waits for approval" {
		t.Fatalf("got %q", got)
	}
	at := time.Now()
	for range 3 {
		if err := o.round(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.log.String(); strings.Count(got, "nobody can be asked by mail") != 1 || !strings.Contains(got, "party=ke") || strings.Contains(got, "ke1") {
		t.Errorf("log: got %q, want one line on ke without a name", got)
	}
	if err := o.round(t.Context(), at.Add(aDay)); err != nil || strings.Count(o.log.String(), "nobody can be asked by mail") != 2 {
		t.Errorf("a day later: got %q, %v, want another line", o.log.String(), err)
	}
	if err := o.round(t.Context(), at.Add(registry.ApprovalLasts)); err != nil {
		t.Fatal(err)
	}
	if got := o.newest("ke1").Subject; got != "Your key was not published in time" {
		t.Errorf("at the end: got %q, want that the owner is told", got)
	}
}

// toKeys mails a readable text to keys@.
func (o *office) toKeys(by, text string) {
	o.t.Helper()
	account, _ := o.registry.Snapshot().Account(by)
	raw := "From: " + mailbox(by).String() + "\r\n\r\n" + strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
	_, err := o.Core.router.Submit(o.t.Context(), gsp.Submission{
		Account: account, Sender: mailbox(by), Recipients: []gsp.Address{mailbox("keys")}, Raw: []byte(raw), At: time.Now(),
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// newest opens the newest mail in an INBOX.
func (o *office) newest(owner string) client.Opened {
	o.t.Helper()
	boxes, err := o.store.Mailboxes(o.t.Context(), owner)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, b := range boxes {
		if b.Name != gsp.Inbox(owner) {
			continue
		}
		delta, err := o.store.Since(o.t.Context(), b.ID, 0)
		if err != nil || len(delta.Changed) == 0 {
			o.t.Fatalf("mails of %s: got %d, %v, want one", owner, len(delta.Changed), err)
		}
		body, err := o.store.Body(o.t.Context(), delta.Changed[len(delta.Changed)-1].Mail)
		if err != nil {
			o.t.Fatal(err)
		}
		opened, err := client.Open(body, o.former, nil)
		if err != nil {
			o.t.Fatal(err)
		}
		return opened
	}
	o.t.Fatalf("%s has no INBOX", owner)
	return client.Opened{}
}
