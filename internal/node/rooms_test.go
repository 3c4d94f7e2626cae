package node

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
)

// room leaves an owner's mailboxes room for that many octets.
func (o *office) room(owner string, octets int64) {
	o.t.Helper()
	room, err := o.store.Room(o.t.Context(), owner)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.SetQuota(o.t.Context(), gsp.Quota{Owner: owner, Octets: room.Octets + octets, SetBy: "test", Set: time.Now()}); err != nil {
		o.t.Fatal(err)
	}
}

// file is an attachment that does not grow smaller.
func file(t *testing.T, octets int) []client.Attachment {
	t.Helper()
	b := make([]byte, octets)
	rand.Read(b) // never fails
	return []client.Attachment{{Name: "x.bin", Type: "application/octet-stream", Body: b}}
}

// subjects returns the subjects of the notices in an INBOX.
func (o *office) subjects(owner string) (all []string) {
	o.t.Helper()
	for _, text := range o.notices(owner) {
		subject, _, _ := strings.Cut(text, "\n")
		all = append(all, subject)
	}
	return all
}

// empty deletes what is in an INBOX.
func (o *office) empty(owner string) {
	o.t.Helper()
	box := o.inbox(owner)
	l, err := o.store.Listing(o.t.Context(), box)
	if err == nil {
		err = o.store.Expunge(o.t.Context(), box, l.UIDs)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) inbox(owner string) gsp.MailboxID {
	o.t.Helper()
	boxes, err := o.store.Mailboxes(o.t.Context(), owner)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, b := range boxes {
		if b.Name == gsp.Inbox(owner) {
			return b.ID
		}
	}
	o.t.Fatalf("%s has no INBOX", owner)
	return 0
}

func (o *office) want(owner string, subjects ...string) {
	o.t.Helper()
	if got := o.subjects(owner); strings.Join(got, "|") != strings.Join(subjects, "|") {
		o.t.Errorf("%s: got %q, want %q", owner, got, subjects)
	}
}

// An owner is warned once when its mailboxes fill up, and again only after
// they were below the mark.
func TestAMailboxThatFillsUpIsToldOnce(t *testing.T) {
	o := newOffice(t)
	const filling = "The mailbox ke1@gsp.example is filling up"
	at := time.Now()
	o.room("ke1", 1<<20)
	o.send("fr1", "ke1", client.Draft{Attachments: file(t, 100_000)})
	o.tellAt(at)
	o.want("ke1")
	o.send("fr1", "ke1", client.Draft{Attachments: file(t, 400_000)})
	for range 3 {
		o.tellAt(at)
		at = at.Add(aDay)
	}
	o.want("ke1", filling)
	if got := o.notices("ke1")[0]; !strings.Contains(got, "The mailbox ke1@gsp.example holds ") || !strings.Contains(got, " and may hold 1 MiB.") {
		t.Errorf("got\n%s\nwant how much it holds and may", got)
	}
	o.empty("ke1")
	o.tellAt(at)
	o.want("ke1")
	o.send("fr1", "ke1", client.Draft{Attachments: file(t, 500_000)})
	o.tellAt(at.Add(time.Hour))
	o.want("ke1", filling)
}

// What fills a competent authority's mailbox is told to its Party's
// administrators, each in the own language, and to the operator too: nobody can
// delete there.
func TestAnAuthoritysMailboxIsToldToItsAdministrators(t *testing.T) {
	o := newOffice(t)
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "chief.ke", Party: "ke", Roles: []string{"administrator"}, Language: "fr"})
	o.publish("chief.ke", time.Now().Add(-time.Hour))
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "chief.fr", Party: "fr", Roles: []string{"administrator"}})
	o.publish("chief.fr", time.Now().Add(-time.Hour))
	o.publish("postmaster", time.Now().Add(-time.Hour))
	o.room("ke", 1<<20)
	o.send("fr1", "ke", client.Draft{Attachments: file(t, 500_000)})
	o.tellAt(time.Now())
	o.want("ke", "The mailbox ke@gsp.example is filling up")
	o.want("chief.ke", "La boîte aux lettres ke@gsp.example se remplit")
	o.want("postmaster", "The mailbox ke@gsp.example is filling up")
	o.want("chief.fr")
	o.want("ke1")
	if got := o.notices("ke")[0]; !strings.Contains(got, "Nobody can delete from this mailbox. Whoever runs the gateway can give it more room: gsp party quota ke") {
		t.Errorf("got\n%s\nwant who can make room", got)
	}
}

// A refused mail is told to the owner at once, and once a fill-up.
func TestAFullMailboxIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		ending, ended := make(chan struct{}), make(chan struct{})
		go func() {
			o.run(ending)
			close(ended)
		}()
		o.send("fr1", "ke1", client.Draft{Attachments: file(t, 100_000)})
		o.room("ke1", 1000) // less than is there would be told by the next minute as well
		for range 3 {
			_, err := o.try("fr1", "ke1", client.Draft{})
			refusal, ok := errors.AsType[*gsp.Refusal](err)
			if !ok || refusal.Reason != gsp.MailboxFull || refusal.Cause != "the mailbox of ke1@gsp.example has no room for this mail, so nobody got it" {
				t.Fatalf("got %v, want mailbox-full", err)
			}
		}
		synctest.Wait()
		o.want("ke1", "The mailbox ke1@gsp.example is filling up", "The mailbox ke1@gsp.example is full")
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if _, err := o.try("fr1", "ke1", client.Draft{}); err == nil {
			t.Error("a mail was accepted, want it refused")
		}
		synctest.Wait()
		o.want("ke1", "The mailbox ke1@gsp.example is filling up", "The mailbox ke1@gsp.example is full")
		o.empty("ke1")
		o.send("fr1", "ke1", client.Draft{})
		close(ending)
		<-ended
	})
}

// Nobody without a key, and nobody who cannot receive any more, is told; the
// log says of the first.
func TestAFullMailboxWithoutAKey(t *testing.T) {
	o := newOffice(t)
	o.send("fr1", "ke1", client.Draft{Attachments: file(t, 10_000)})
	o.room("ke1", 100)
	o.publish("ke1", time.Now().Add(-keyring.Lifetime+aDay)) // ends tomorrow
	at := time.Now().Add(2 * aDay)
	for range 2 {
		if err := o.round(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.log.String(); strings.Count(got, "notice cannot be sealed") != 1 {
		t.Errorf("log: got %q, want one line", got)
	}
	carryOut(o, admin.AccountDisable, admin.AccountLogin{Login: "ke1"})
	o.log.Reset()
	if err := o.round(t.Context(), at); err != nil || o.log.Len() > 0 {
		t.Errorf("a disabled account: got %v, log %q, want nothing", err, o.log.String())
	}
}
