package node

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

// office is a gateway without doors whose herald has a clock of the test's own.
type office struct {
	*Core
	t      *testing.T
	config config.Config
	keys   map[string]*keyring.Key
	former []*keyring.Key
	log    bytes.Buffer
	*herald
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, keys: map[string]*keyring.Key{}, config: config.Default()}
	o.config.Data = filepath.Join(t.TempDir(), "data")
	o.open()
	t.Cleanup(func() { o.Core.Close() })
	carryOut(o, admin.LibraryImport, admin.NewLibrary{File: "library", Text: configs.Library})
	for id, name := range map[string]string{"fr": "France", "ke": "Kenya"} {
		carryOut(o, admin.PartyAdd, admin.NewParty{ID: id, Name: name})
		o.publish(id, time.Now().Add(-time.Hour))
		carryOut(o, admin.AccountAdd, admin.NewAccount{Login: id + "1", Party: id})
		o.publish(id+"1", time.Now().Add(-time.Hour))
	}
	return o
}

// open opens the data folder and makes a herald that knows nothing.
func (o *office) open() {
	core, err := Open(o.t.Context(), o.config, slog.New(slog.DiscardHandler))
	if err != nil {
		o.t.Fatal(err)
	}
	o.Core = core
	o.herald = core.herald(o.config, slog.New(slog.NewTextHandler(&o.log, nil)))
}

func (o *office) reopen() {
	if err := o.Core.Close(); err != nil {
		o.t.Fatal(err)
	}
	o.open()
}

func carryOut[In, Out any](o *office, v admin.Verb[In, Out], in In) Out {
	o.t.Helper()
	out, err := v.Do(o.t.Context(), o.Office, "test", in)
	if err != nil {
		o.t.Fatalf("%s: %v", v.Name, err)
	}
	return out
}

// publish makes a key at that time, which is valid for keyring.Lifetime.
func (o *office) publish(local string, made time.Time) {
	o.t.Helper()
	key, err := keyring.Generate(local, mailbox(local), made)
	if err != nil {
		o.t.Fatal(err)
	}
	o.keys[local] = key
	o.former = append(o.former, key)
	public, err := key.Public()
	if err != nil {
		o.t.Fatal(err)
	}
	carryOut(o, admin.KeyImport, admin.NewKey{Address: local, Bytes: public})
}

func mailbox(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

// send submits a sealed mail from an officer.
func (o *office) send(by, to string, d client.Draft) gsp.Receipt {
	o.t.Helper()
	receipt, err := o.try(by, to, d)
	if err != nil {
		o.t.Fatal(err)
	}
	return receipt
}

// try does as send, and may be refused.
func (o *office) try(by, to string, d client.Draft) (gsp.Receipt, error) {
	o.t.Helper()
	raw := o.compose(by, to, d)
	account, _ := o.registry.Snapshot().Account(by)
	return o.Core.router.Submit(o.t.Context(), gsp.Submission{
		Account: account, Sender: mailbox(by), Recipients: []gsp.Address{mailbox(to)}, Raw: raw, At: time.Now(),
	})
}

// compose makes a sealed mail of an officer.
func (o *office) compose(by, to string, d client.Draft) []byte {
	o.t.Helper()
	cert, err := o.keys[to].Cert()
	if err != nil {
		o.t.Fatal(err)
	}
	d.From, d.To, d.For, d.Signer = mailbox(by), []gsp.Address{mailbox(to)}, []*pgpcert.Cert{cert}, o.keys[by]
	raw, err := client.Compose(d)
	if err != nil {
		o.t.Fatal(err)
	}
	return raw
}

// tell makes two rounds, with a restart in between, as a crash would.
func (o *office) tellAt(at time.Time) {
	o.t.Helper()
	for range 2 {
		if err := o.round(o.t.Context(), at); err != nil {
			o.t.Fatal(err)
		}
		o.reopen()
	}
}

// notices returns the texts of the notices in an INBOX.
func (o *office) notices(owner string) (texts []string) {
	o.t.Helper()
	boxes, err := o.store.Mailboxes(o.t.Context(), owner)
	if err != nil {
		o.t.Fatal(err)
	}
	i := slices.IndexFunc(boxes, func(b gsp.Mailbox) bool { return b.Name == gsp.Inbox(owner) })
	delta, err := o.store.Since(o.t.Context(), boxes[i].ID, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, item := range delta.Changed {
		body, err := o.store.Body(o.t.Context(), item.Mail)
		if err != nil {
			o.t.Fatal(err)
		}
		opened, err := client.Open(body, o.former, nil)
		if err != nil {
			o.t.Fatal(err)
		}
		if opened.Outside.From == mailbox("postmaster") {
			texts = append(texts, opened.Subject+"\n"+opened.Text)
		}
	}
	return texts
}

// events counts the notices in the log.
func (o *office) events() (n int) {
	o.t.Helper()
	for e, err := range o.store.Events(o.t.Context(), 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e.Kind == gsp.NoticeSent {
			n++
		}
	}
	return n
}

const aDay = 24 * time.Hour

// A case without an answer is reported to both sides, once a step, whatever
// happens between the rounds, and no more once it is answered.
func TestACaseThatWaitsIsReportedOnceAStep(t *testing.T) {
	o := newOffice(t)
	request := o.send("fr1", "ke", client.Draft{MessageID: "<ask@client.example>"})
	opened := time.Now()
	for _, step := range []struct {
		days, want int // notices so far
	}{{0, 0}, {13, 0}, {15, 1}, {16, 1}, {27, 1}, {29, 2}, {85, 3}, {97, 3}, {99, 3}, {200, 3}} {
		o.tellAt(opened.Add(time.Duration(step.days) * aDay))
		if asker, asked := len(o.notices("fr")), len(o.notices("ke")); asker != step.want || asked != step.want || o.events() != 2*step.want {
			t.Errorf("after %d days: got %d and %d notices, %d events, want %d each and %d", step.days, asker, asked, o.events(), step.want, 2*step.want)
		}
	}
	asker, asked := o.notices("fr"), o.notices("ke")
	for text, want := range map[string]string{
		asker[0]: fmt.Sprintf("Case %s waits for an answer\nYour Party opened case %[1]s on %s.", request.Case, opened.UTC().Format(time.DateOnly)),
		asked[0]: fmt.Sprintf("FR (France) opened case %s on", request.Case),
		asked[1]: "comes in days: 14",
		asked[2]: "This is the last of these notices.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
	if got := len(o.notices("fr1")); got != 0 {
		t.Errorf("inbox of fr1: got %d notices, want none", got)
	}
}

func TestAnAnsweredCaseIsNotReported(t *testing.T) {
	o := newOffice(t)
	o.send("fr1", "ke", client.Draft{MessageID: "<ask@client.example>"})
	o.send("ke1", "fr1", client.Draft{InReplyTo: "<ask@client.example>"})
	o.tellAt(time.Now().Add(20 * aDay))
	if got := o.events(); got != 0 {
		t.Errorf("got %d notices, want none", got)
	}
}

// A follow-up with codes is a new question: the case waits again, and is reported
// from the first step on. One without is a word of thanks.
func TestAFollowUpWithCodesIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.send("fr1", "ke", client.Draft{MessageID: "<ask@client.example>"})
		time.Sleep(15 * aDay)
		o.tellAt(time.Now())
		o.send("ke1", "fr1", client.Draft{InReplyTo: "<ask@client.example>"})
		o.send("fr1", "ke", client.Draft{InReplyTo: "<ask@client.example>"})
		time.Sleep(20 * aDay)
		o.tellAt(time.Now())
		if got := o.events(); got != 2 {
			t.Errorf("after thanks: got %d notices, want the first two", got)
		}
		claim := gsp.Claim{UIM: gsp.NewUIM("KE7########"), Count: 3}
		o.send("fr1", "ke", client.Draft{InReplyTo: "<ask@client.example>", Claims: []gsp.Claim{claim}})
		for _, step := range []struct{ days, want int }{{13, 2}, {2, 4}, {14, 6}} {
			time.Sleep(time.Duration(step.days) * aDay)
			o.tellAt(time.Now())
			if got := o.events(); got != step.want {
				t.Errorf("after %d days more: got %d notices, want %d", step.days, got, step.want)
			}
		}
	})
}

func TestNoticesOfCasesCanBeSwitchedOff(t *testing.T) {
	o := newOffice(t)
	o.config.Notices.UnansweredDays = 0
	o.reopen()
	o.send("fr1", "ke", client.Draft{})
	o.tellAt(time.Now().Add(20 * aDay))
	if got := o.events(); got != 0 {
		t.Errorf("got %d notices, want none", got)
	}
}

// The owner of a key is told 60, 30 and 7 days before its end, once each, in
// the language of the account; a new key starts anew.
func TestAKeyThatEndsIsToldOnceAStep(t *testing.T) {
	o := newOffice(t)
	carryOut(o, admin.AccountLanguage, admin.AccountLanguageOf{Login: "fr1", Language: "ar"})
	made := time.Now().Add(-time.Hour)
	end := made.Add(keyring.Lifetime)
	o.publish("fr1", made)
	for _, step := range []struct {
		left, want int // days
	}{{100, 0}, {61, 0}, {60, 1}, {59, 1}, {31, 1}, {30, 2}, {8, 2}, {7, 3}, {1, 3}, {-1, 3}} {
		o.tellAt(end.Add(-time.Duration(step.left) * aDay))
		if got := len(o.notices("fr1")); got != step.want {
			t.Errorf("%d days before: got %d notices, want %d", step.left, got, step.want)
		}
	}
	texts := o.notices("fr1")
	if want := "تنتهي صلاحية مفتاحك في \u2068" + end.UTC().Format(time.DateOnly); !strings.Contains(texts[0], want) {
		t.Errorf("got\n%s\nwant %q in it", texts[0], want)
	}
	if got := o.notices("ke"); len(got) != 3 || !strings.Contains(got[0], "The key of your competent authority, ke@gsp.example, expires") {
		t.Errorf("notices of ke@: got %q, want three on the role key", got)
	}
}

// The owner of an account and the administrators of its Party are told 30, 7 and
// 1 days before it ends, once each; a later day starts anew.
func TestAnAccountThatEndsIsToldOnceAStep(t *testing.T) {
	o := newOffice(t)
	carryOut(o, admin.AccountAdd, admin.NewAccount{Login: "chief", Party: "ke", Roles: []string{"administrator"}, Language: "fr"})
	o.publish("chief", time.Now().Add(-time.Hour))
	until := gsp.DayOf(time.Now().Add(100 * aDay))
	carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: "ke1", Until: string(until)})
	end := until.End()
	for _, step := range []struct {
		left, want int // days
	}{{50, 0}, {31, 0}, {30, 1}, {29, 1}, {8, 1}, {7, 2}, {2, 2}, {1, 3}, {0, 3}, {-1, 3}} {
		o.tellAt(end.Add(-time.Duration(step.left) * aDay))
		if own, chief := len(o.notices("ke1")), len(o.notices("chief")); own != step.want || chief != step.want {
			t.Errorf("%d days before: got %d and %d notices, want %d each", step.left, own, chief, step.want)
		}
	}
	for text, want := range map[string]string{
		o.notices("ke1")[0]:   fmt.Sprintf("Your account ke1@gsp.example can be used to the end of %s (24:00 UTC).", until),
		o.notices("chief")[0]: "gsp account until ke1 YYYY-MM-DD",
		o.notices("chief")[1]: "Le compte ke1@gsp.example de votre Partie est utilisable",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
	if got := len(o.notices("fr1")); got != 0 {
		t.Errorf("another Party: got %d notices, want none", got)
	}
	carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: "ke1", Until: string(gsp.DayOf(end.Add(10 * aDay)))})
	o.tellAt(end)
	if got := len(o.notices("ke1")); got != 4 {
		t.Errorf("with a later day: got %d notices, want 4", got)
	}
	o.config.Notices.AccountDays = 0
	o.reopen()
	o.tellAt(end.Add(9 * aDay))
	if got := len(o.notices("ke1")); got != 4 {
		t.Errorf("switched off: got %d notices, want 4", got)
	}
}

// What cannot be sealed is told to the operator, once, and to nobody else.
func TestANoticeForNobodysKeyIsLogged(t *testing.T) {
	o := newOffice(t)
	request := o.send("fr1", "ke", client.Draft{})
	o.publish("fr", time.Now().Add(-keyring.Lifetime+10*aDay)) // ends in ten days
	before := o.events()                                       // fr@ is told of its new key
	at := time.Now().Add(15 * aDay)
	for range 3 {
		if err := o.round(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.log.String(); strings.Count(got, "notice cannot be sealed") != 1 || !strings.Contains(got, "reason=no-key party=fr") || !strings.Contains(got, string(request.Case)) {
		t.Errorf("log: got %q, want one line on fr and the case", got)
	}
	if got := o.events() - before; got != 1 { // to ke@
		t.Errorf("got %d notices, want 1", got)
	}
}

// The herald goes round by itself, and ends when the gateway does.
func TestTheHeraldGoesRoundByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.send("fr1", "ke", client.Draft{})
		ending, ended := make(chan struct{}), make(chan struct{})
		go func() {
			o.run(ending)
			close(ended)
		}()
		time.Sleep(14*aDay - time.Minute)
		synctest.Wait()
		if got := o.events(); got != 0 {
			t.Errorf("before 14 days: got %d notices, want none", got)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := o.events(); got != 2 {
			t.Errorf("after 14 days: got %d notices, want 2", got)
		}
		close(ending)
		<-ended
	})
}
