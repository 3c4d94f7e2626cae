package router_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// joins adds an officer with a key to a Party.
func (h *house) joins(login, party, role string) {
	h.t.Helper()
	run(h, admin.AccountAdd, admin.NewAccount{Login: login, Party: party, Roles: []string{role}})
	h.publish(login)
}

// answer writes to keys@ above the quoted text of a mail, sealed.
func (h *house) answer(by, text string, asked client.Opened, header ...string) (gsp.Receipt, error) {
	h.t.Helper()
	quoted := text + "\n\nOn Monday, keys wrote:\n> " + strings.ReplaceAll(asked.Text, "\n", "\n> ")
	raw, err := client.Compose(client.Draft{
		From: address(by), To: []gsp.Address{address("keys")}, Date: h.now, Subject: "Re: " + asked.Subject, Text: quoted,
		For: []*pgpcert.Cert{h.Keys.Cert()}, Signer: h.keys[by],
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, line := range header {
		raw = append([]byte(line+"\r\n"), raw...)
	}
	return h.Submit(h.t.Context(), gsp.Submission{
		Account: h.account(by), Sender: address(by), Recipients: []gsp.Address{address("keys")}, Raw: raw, At: h.now,
	})
}

// subjects are those of the mails of an owner that one of some keys opens.
func (h *house) subjects(owner string, keys ...*keyring.Key) (subjects []string) {
	h.t.Helper()
	for _, raw := range h.inbox(owner) {
		if o, err := client.Open([]byte(raw), slices.DeleteFunc(append(keys, h.keys[owner]), func(k *keyring.Key) bool { return k == nil }), nil); err == nil {
			subjects = append(subjects, o.Subject)
		}
	}
	return subjects
}

const (
	waits   = "A key waits for approval: ke2@gsp.example"
	changed = "The key for ke2@gsp.example has changed"
)

// An administrator answers the mail about a key that waits. The code in it works
// once, for that account, and says nothing without a word.
func TestAnAdministratorApprovesByMail(t *testing.T) {
	h := takesKeys(t)
	h.joins("second.ke", "ke", "administrator")
	h.joins("admin.fr", "fr", "administrator")
	run(h, admin.AccountLanguage, admin.AccountLanguageOf{Login: "second.ke", Language: "fr"})
	k := h.makeKey("ke2")
	h.handIn("ke2", "ke2", k)
	asked := h.newest("admin.ke")
	if asked.Subject != waits || asked.Outside.From != address("keys") || !strings.Contains(asked.Text, "Handed in by: ke2@gsp.example\n") {
		t.Fatalf("asked: got %q from %s\n%s", asked.Subject, asked.Outside.From, asked.Text)
	}
	if got := h.newest("second.ke").Subject; got != "Une clé attend d’être approuvée : ke2@gsp.example" {
		t.Errorf("the second administrator is asked %q", got)
	}
	if got := h.subjects("admin.fr"); slices.Contains(got, waits) {
		t.Errorf("another Party's administrator: got %q", got)
	}
	for name, test := range map[string]struct {
		by, text, header string
		want             gsp.Reason
	}{
		"with another's code":    {"second.ke", "approve", "", gsp.UnknownCode},
		"by the applicant":       {"ke1", "approve", "", gsp.UnknownCode},
		"without a word":         {"admin.ke", "", "", gsp.NoDecision},
		"with something else":    {"admin.ke", "Approved by me.", "", gsp.NoDecision},
		"in the second sentence": {"admin.ke", "Hello, approve", "", gsp.NoDecision},
		"to take it out of use":  {"admin.ke", "revoke ke2", "", gsp.NoDecision},
		"by a program":           {"admin.ke", "approve", "Auto-Submitted: auto-replied", gsp.Automatic},
	} {
		if _, err := h.answer(test.by, test.text, asked, slices.DeleteFunc([]string{test.header}, func(s string) bool { return s == "" })...); reason(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if _, err := h.send("admin.ke", "approve\r\n\r\n> "+strings.ReplaceAll(asked.Text, "\n", "\r\n> ")); reason(err) != gsp.NotSealed {
		t.Errorf("in clear: got %v, want %s", err, gsp.NotSealed)
	}
	if got := h.fingerprint("ke2"); got != "" {
		t.Fatalf("published by mails that were refused: %s", got)
	}
	if receipt, err := h.answer("admin.ke", "APPROVE.", asked); err != nil || !receipt.Answered {
		t.Fatalf("approve: got %+v, %v", receipt, err)
	}
	if got := h.newest("admin.ke"); got.Subject != "You have decided on a key: ke2@gsp.example" || !strings.Contains(got.Text, "You have approved the key") {
		t.Errorf("answer: got %q\n%s", got.Subject, got.Text)
	}
	if got := h.opened("ke2", k).Subject; got != "Your key has been published" || h.fingerprint("ke2") != k.Fingerprint() {
		t.Errorf("the owner is told %q", got)
	}
	if got := h.newest("second.ke"); got.Subject != "La clé de ke2@gsp.example a changé" || !strings.Contains(got.Text, "Fait par : admin.ke@gsp.example") {
		t.Errorf("the second administrator: got %q\n%s", got.Subject, got.Text)
	}
	if got := h.subjects("admin.ke"); slices.Contains(got, changed) {
		t.Errorf("who approved is told what he did: %q", got)
	}
	if _, err := h.answer("admin.ke", "approve", asked); reason(err) != gsp.UnknownCode {
		t.Errorf("again: got %v, want %s", err, gsp.UnknownCode)
	}
	history := run(h, admin.KeyHistory, admin.KeyOf{Address: "ke2"})
	if got := history[len(history)-2]; got.Act != gsp.ApprovedKey || got.By != "admin.ke@gsp.example" {
		t.Errorf("history: got %s by %s", got.Act, got.By)
	}
}

// The owner hears why, and the reason is kept nowhere.
func TestAnAdministratorRejectsByMail(t *testing.T) {
	h := takesKeys(t)
	k := h.makeKey("ke2")
	h.handIn("ke2", "ke2", k)
	asked := h.newest("admin.ke")
	if _, err := h.answer("admin.ke", "Reject: the words\nwere others.", asked); err != nil {
		t.Fatal(err)
	}
	if got := h.opened("ke2", k); got.Subject != "Your key was not approved" || !strings.Contains(got.Text, "Reason given: the words were others.") {
		t.Errorf("the owner is told %q\n%s", got.Subject, got.Text)
	}
	if got, want := h.acts("ke2"), []gsp.KeyAct{gsp.HandedIn, gsp.ProvedKey, gsp.RejectedKey}; !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
	// Handed in again it is another request, for which the old code is void.
	h.handIn("ke2", "ke2", k)
	if _, err := h.answer("admin.ke", "approve", asked); reason(err) != gsp.UnknownCode {
		t.Errorf("with the code of the first request: got %v, want %s", err, gsp.UnknownCode)
	}
}

// A Party's own key needs two people: administrators, or one and the
// Secretariat. Who has the role no more does not count.
func TestWhoApprovesAPartysKey(t *testing.T) {
	h := takesKeys(t)
	h.joins("second.ke", "ke", "administrator")
	h.joins("third.ke", "ke", "administrator")
	run(h, admin.AccountAdd, admin.NewAccount{Login: "program.ke", Party: "ke", Kind: "system", Roles: []string{"administrator"}})
	h.joins("sec1", "gb", "secretariat")
	h.joins("sec2", "gb", "secretariat")
	ke := h.makeKey("ke")
	h.handIn("admin.ke", "admin.ke", ke)
	if got := h.subjects("sec1"); len(got) != 0 {
		t.Errorf("the Secretariat is asked although three administrators can be: %q", got)
	}
	if _, err := approve(h, "admin.ke", "ke", ""); reason(err) != gsp.NotAllowed {
		t.Errorf("who handed it in: got %v, want %s", err, gsp.NotAllowed)
	}
	if _, err := approve(h, "program.ke", "ke", ""); reason(err) != gsp.NotAllowed {
		t.Errorf("a program: got %v, want %s", err, gsp.NotAllowed)
	}
	if out, err := approve(h, "sec1", "ke", ""); err != nil || out.Published {
		t.Errorf("the Secretariat first: got %+v, %v", out, err)
	}
	if _, err := approve(h, "sec2", "ke", ""); reason(err) != gsp.ApprovedAlready {
		t.Errorf("the Secretariat again: got %v, want %s", err, gsp.ApprovedAlready)
	}
	run(h, admin.AccountDisable, admin.AccountLogin{Login: "sec1"})
	first := h.newest("second.ke")
	if out, err := approve(h, "second.ke", "ke", ""); err != nil || out.Published {
		t.Errorf("after the first approval went with its account: got %+v, %v", out, err)
	}
	if _, err := h.answer("second.ke", "reject", first); reason(err) != gsp.UnknownCode {
		t.Errorf("the code of who has decided: got %v, want %s", err, gsp.UnknownCode)
	}
	asked := h.newest("third.ke")
	if _, err := h.answer("third.ke", "approve", asked); err != nil || h.fingerprint("ke") != ke.Fingerprint() {
		t.Errorf("two administrators: got %v, published %s, want %s", err, h.fingerprint("ke"), ke.Fingerprint())
	}
	history := run(h, admin.KeyHistory, admin.KeyOf{Address: "ke"})
	if got := history[len(history)-3].By; got != "second.ke@gsp.example, entered by root" {
		t.Errorf("history: got %q", got)
	}
}

// A region's administrators may decide for its members, and are asked where
// these have none; then the Secretariat.
func TestWhoIsAskedWithoutAdministrators(t *testing.T) {
	h := takesKeys(t)
	h.joins("fr2", "fr", "requester")
	h.joins("sec1", "gb", "secretariat")
	h.joins("robot", "eu", "requester")
	k := h.makeKey("fr2")
	asks := "A key waits for approval: fr2@gsp.example"
	h.handIn("fr2", "fr2", k)
	if got := h.newest("sec1").Subject; got != asks {
		t.Errorf("without administrators: the Secretariat is asked %q", got)
	}
	// The region gets one, who is asked at the next round.
	h.joins("admin.eu", "eu", "administrator")
	tended := func() []gsp.PartyID {
		t.Helper()
		unasked, err := h.TendKeys(t.Context(), h.now)
		if err != nil {
			t.Fatal(err)
		}
		return unasked
	}
	if unasked := tended(); len(unasked) != 0 {
		t.Errorf("unasked: got %v, want none", unasked)
	}
	if _, err := h.answer("admin.eu", "approve", h.newest("admin.eu")); err != nil || h.fingerprint("fr2") != k.Fingerprint() {
		t.Errorf("the region approves: %v", err)
	}
	// Nobody is left who could be asked.
	for _, login := range []string{"admin.eu", "sec1"} {
		run(h, admin.AccountDisable, admin.AccountLogin{Login: login})
	}
	other := h.makeKey("fr2")
	h.handIn("fr2", "fr2", other)
	if unasked := tended(); !slices.Equal(unasked, []gsp.PartyID{"fr"}) {
		t.Errorf("unasked: got %v, want fr", unasked)
	}
	h.publish("support")
	tended()
	told, err := client.Open([]byte(h.inbox("secretariat")[0]), []*keyring.Key{h.keys["support"]}, nil)
	if err != nil || told.Subject != asks || strings.Contains(told.Text, "Code:") {
		t.Errorf("support@ is told %q, %v\n%s", told.Subject, err, told.Text)
	}
}

// Who may decide is asked again, and what nobody decides on ends.
func TestAKeyDoesNotWaitForEver(t *testing.T) {
	h := takesKeys(t)
	k := h.makeKey("ke2")
	h.handIn("ke2", "ke2", k)
	proved := h.now
	for _, step := range []struct{ days, want int }{{0, 1}, {2, 1}, {3, 2}, {9, 2}, {10, 3}, {24, 4}, {29, 4}} {
		h.now = proved.Add(time.Duration(step.days) * 24 * time.Hour)
		for range 2 {
			if _, err := h.TendKeys(t.Context(), h.now); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(h.subjects("admin.ke")); got != step.want {
			t.Errorf("after %d days: the administrator got %d mails, want %d", step.days, got, step.want)
		}
	}
	first, err := client.Open([]byte(h.inbox("admin.ke")[0]), []*keyring.Key{h.keys["admin.ke"]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.answer("admin.ke", "maybe", first); reason(err) != gsp.NoDecision {
		t.Errorf("the first code: got %v, want it known still", err)
	}
	h.now = proved.Add(registry.ApprovalLasts)
	if _, err := h.answer("admin.ke", "approve", first); reason(err) != gsp.UnknownCode {
		t.Errorf("after the end: got %v, want %s", err, gsp.UnknownCode)
	}
	if _, err := h.TendKeys(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	if got := h.opened("ke2", k).Subject; got != "Your key was not published in time" {
		t.Errorf("the owner is told %q", got)
	}
	// One that is never proved ends as well.
	if _, err := h.send("ke2", public(t, h.makeKey("ke2"))); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(registry.CodeLasts)
	if _, err := h.TendKeys(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	want := []gsp.KeyAct{gsp.HandedIn, gsp.ProvedKey, gsp.LapsedKey, gsp.HandedIn, gsp.LapsedKey}
	if got := h.acts("ke2"); !slices.Equal(got, want) || len(run(h, admin.KeyPending, admin.KeyOf{})) != 0 {
		t.Errorf("history: got %v, want %v", got, want)
	}
}

// Whoever changes a key at the machine is seen by its owner and by the
// administrators.
func TestNobodyChangesAKeyUnseen(t *testing.T) {
	h := takesKeys(t)
	first := h.keys["ke1"]
	count := func() int { return len(h.inbox("admin.ke")) }
	before := count()
	h.now = h.now.Add(time.Minute)
	h.publish("ke1") // by somebody else
	told, err := client.Open([]byte(h.inbox("ke1")[0]), []*keyring.Key{first}, nil)
	if err != nil || told.Subject != "Another key was published for your address" {
		t.Errorf("under the former key: got %q, %v", told.Subject, err)
	}
	if got := h.newest("ke1"); got.Subject != "Your key has been published" || !strings.Contains(got.Text, "Done by: test") {
		t.Errorf("under the new key: got %q\n%s", got.Subject, got.Text)
	}
	if got := h.newest("admin.ke"); got.Subject != "The key for ke1@gsp.example has changed" || !strings.Contains(strings.ReplaceAll(got.Text, " ", ""), h.keys["ke1"].Fingerprint()) || count() != before+1 {
		t.Errorf("the administrator: got %q, %d mails\n%s", got.Subject, count()-before, got.Text)
	}
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke1"}})
	if got := h.newest("ke1").Subject; got != "Your key was taken out of use" {
		t.Errorf("after revoke: got %q", got)
	}
	if got := h.newest("admin.ke").Text; !strings.Contains(got, "The directory has this key for ke1@gsp.example no more") {
		t.Errorf("after revoke: the administrator got\n%s", got)
	}
	// An archive key, where nobody receives, is told to the competent authority.
	archive := h.makeKey("archive.ke")
	run(h, admin.PartyArchive, admin.NewArchiveKey{ID: "ke", Bytes: []byte(public(t, archive))})
	run(h, admin.PartyArchive, admin.NewArchiveKey{ID: "ke"})
	for _, to := range []string{"ke", "admin.ke"} {
		if got := h.newest(to); got.Subject != "The key for archive.ke@gsp.example has changed" || !strings.Contains(got.Text, "no more") {
			t.Errorf("%s: got %q\n%s", to, got.Subject, got.Text)
		}
	}
	// An account that ends: its administrators alone.
	h.publish("ke1")
	before = len(h.inbox("ke1"))
	run(h, admin.AccountDisable, admin.AccountLogin{Login: "ke1"})
	if got := h.newest("admin.ke"); !strings.Contains(got.Text, "The directory has this key for ke1@gsp.example no more") || len(h.inbox("ke1")) != before {
		t.Errorf("after disable: the administrator got\n%s\nand the account %d mails", got.Text, len(h.inbox("ke1"))-before)
	}
	run(h, admin.PartyWithdraw, admin.PartyID{ID: "ke"}) // of which nobody is left to hear
}

// An answer that did not reach its client is not given twice, and a private key
// that was sent is told to its owner in his language.
func TestAMailToKeysIsAnsweredOnce(t *testing.T) {
	h := takesKeys(t)
	k := h.makeKey("ke2")
	raw := []byte("From: ke2@" + domain + "\r\nMessage-ID: <once@client.example>\r\n\r\n" + public(t, k))
	submission := gsp.Submission{
		Account: h.account("ke2"), Sender: address("ke2"), Recipients: []gsp.Address{address("keys")}, Raw: raw, At: h.now,
	}
	var all sync.WaitGroup
	for range 8 { // a client that hears no answer tries again, also at the same moment
		all.Go(func() {
			if receipt, err := h.Submit(t.Context(), submission); err != nil || !receipt.Answered {
				t.Errorf("got %+v, %v, want it answered", receipt, err)
			}
		})
	}
	all.Wait()
	if got := len(h.inbox("ke2")); got != 1 {
		t.Errorf("got %d challenges, want 1", got)
	}
	if got := h.acts("ke2"); len(got) != 1 {
		t.Errorf("history: got %v, want one line", got)
	}
	run(h, admin.AccountLanguage, admin.AccountLanguageOf{Login: "ke1", Language: "es"})
	secret, err := h.keys["ke1"].Armoured()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := h.send("ke1", string(secret)); reason(err) != gsp.PrivateKey {
			t.Errorf("a private key: got %v, want %s", err, gsp.PrivateKey)
		}
	}
	if got := h.subjects("ke1"); !slices.Equal(got, []string{"Usted ha enviado su clave privada"}) {
		t.Errorf("told: got %q, want once that it is no secret any more", got)
	}
}

// An administrator takes a key out of use by a signed mail: a password alone
// does not, nor does somebody else's word.
func TestAnAdministratorTakesAKeyOutOfUse(t *testing.T) {
	h := takesKeys(t)
	h.joins("admin.fr", "fr", "administrator")
	h.now = h.now.Add(time.Minute)
	h.publish("ke1") // which the administrator did not expect
	told := h.newest("admin.ke")
	if !strings.Contains(told.Text, "revoke ke1@gsp.example") {
		t.Errorf("the administrator is told\n%s\nwant how to stop it", told.Text)
	}
	own := h.keys["admin.ke"]
	for name, test := range map[string]struct {
		by, signer, text string
		want             gsp.Reason
	}{
		"signed by another":         {"admin.ke", "ke1", "revoke ke1@gsp.example", gsp.NotAllowed},
		"another Party's":           {"admin.fr", "admin.fr", "revoke ke1@gsp.example", gsp.NotAllowed},
		"an officer, another's":     {"ke1", "ke1", "revoke ke@gsp.example", gsp.NotAllowed},
		"whose":                     {"admin.ke", "admin.ke", "Revoke.", gsp.NoDecision},
		"nobody's":                  {"admin.ke", "admin.ke", "revoke nobody", gsp.UnknownAccount},
		"of another domain":         {"admin.ke", "admin.ke", "revoke ke1@other.example", gsp.UnknownAccount},
		"of one without a key":      {"admin.ke", "admin.ke", "revoke ke2", gsp.NoKey},
		"of a Party's lost archive": {"admin.ke", "admin.ke", "revoke archive.ke@gsp.example", gsp.NoKey},
	} {
		before := h.keys[test.by]
		h.keys[test.by] = h.keys[test.signer]
		if _, err := h.answer(test.by, test.text, told); reason(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
		h.keys[test.by] = before
	}
	if _, err := h.send("admin.ke", "revoke ke1@gsp.example"); reason(err) != gsp.NotAllowed {
		t.Errorf("in clear: got %v, want %s", err, gsp.NotAllowed)
	}
	if h.fingerprint("ke1") == "" {
		t.Fatal("taken out of use by mails that were refused")
	}
	h.keys["admin.ke"] = own
	if _, err := h.answer("admin.ke", "Revoke <ke1@gsp.example>, her laptop is gone.", told); err != nil {
		t.Fatal(err)
	}
	if got := h.newest("admin.ke"); h.fingerprint("ke1") != "" || !strings.Contains(got.Text, "You have taken the key for ke1@gsp.example out of use.") {
		t.Errorf("published %q, answered\n%s", h.fingerprint("ke1"), got.Text)
	}
	if got := h.newest("ke1"); got.Subject != "Your key was taken out of use" || !strings.Contains(got.Text, "Done by: admin.ke@gsp.example") {
		t.Errorf("the owner is told %q\n%s", got.Subject, got.Text)
	}
	// An owner may, too, and so may the Secretariat.
	if _, err := h.answer("fr1", "revoke fr1", h.newest("admin.ke")); err != nil || h.fingerprint("fr1") != "" {
		t.Errorf("an owner: got %v", err)
	}
	h.joins("sec1", "gb", "secretariat")
	if _, err := h.answer("sec1", "revoke ke", told); err != nil || h.fingerprint("ke") != "" {
		t.Errorf("the Secretariat: got %v", err)
	}
}

// Whoever has an administrator's password finds the mail among those that he sent,
// and sends it again when the officer has a new key.
func TestAMailTakesNoLaterKeyOutOfUse(t *testing.T) {
	h := takesKeys(t)
	raw, err := client.Compose(client.Draft{
		From: address("admin.ke"), To: []gsp.Address{address("keys")}, Date: h.now, Subject: "ke1", Text: "revoke ke1",
		For: []*pgpcert.Cert{h.Keys.Cert()}, Signer: h.keys["admin.ke"],
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func() error {
		_, err := h.Submit(t.Context(), gsp.Submission{
			Account: h.account("admin.ke"), Sender: address("admin.ke"), Recipients: []gsp.Address{address("keys")}, Raw: raw, At: h.now,
		})
		return err
	}
	if err := send(); err != nil || h.fingerprint("ke1") != "" {
		t.Fatalf("revoke: got %v, published %q", err, h.fingerprint("ke1"))
	}
	h.now = h.now.Add(30 * 24 * time.Hour)
	h.publish("ke1")
	if err := send(); reason(err) != gsp.NotAllowed || h.fingerprint("ke1") == "" {
		t.Errorf("sent again for another key: got %v, published %q, want %s", err, h.fingerprint("ke1"), gsp.NotAllowed)
	}
}

// The address may be written with another name of the domain, as anywhere else.
func TestAnAliasNamesTheKeyThatIsTakenOutOfUse(t *testing.T) {
	h := takesKeys(t)
	who, err := registry.OpenWithOverlap(t.Context(), h.store, domain, registry.Overlap, "old.example")
	if err != nil {
		t.Fatal(err)
	}
	h.office.Registry, h.Roll, h.Update = who, who.Snapshot, who.Update
	raw, err := client.Compose(client.Draft{
		From: address("ke1"), To: []gsp.Address{address("keys")}, Date: h.now, Subject: "lost", Text: "revoke ke1@old.example",
		For: []*pgpcert.Cert{h.Keys.Cert()}, Signer: h.keys["ke1"],
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Submit(t.Context(), gsp.Submission{
		Account: h.account("ke1"), Sender: address("ke1"), Recipients: []gsp.Address{address("keys")}, Raw: raw, At: h.now,
	})
	if err != nil || h.fingerprint("ke1") != "" {
		t.Errorf("got %v, published %q, want none", err, h.fingerprint("ke1"))
	}
}

// The clock of who signs may be ahead of ours.
func TestASignatureOfAFastClockCounts(t *testing.T) {
	h := takesKeys(t)
	h.now = h.now.Add(-5 * time.Minute)
	if _, err := h.answer("ke1", "revoke ke1", client.Opened{}); err != nil || h.fingerprint("ke1") != "" {
		t.Errorf("signed five minutes from now: got %v, published %q, want none", err, h.fingerprint("ke1"))
	}
}
