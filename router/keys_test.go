package router_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wks"
)

// takesKeys gives keys@ a key, and Kenya an administrator with a key.
func takesKeys(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	key, err := wks.Generate(address("keys"), h.now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	h.Keys, h.Update = key, h.office.Registry.Update
	h.office.Registry.Announce = h.Announce
	_, err = h.Update(t.Context(), func(roll *registry.Snapshot) (gsp.Change, error) {
		return roll.Publish(registry.Offer{Owner: registry.Owner{Address: address("keys")}, Cert: key.Cert(), Kind: registry.NewKey}, "gateway", h.now), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run(h, admin.AccountAdd, admin.NewAccount{Login: "admin.ke", Party: "ke", Roles: []string{"administrator"}})
	h.publish("admin.ke")
	run(h, admin.AccountAdd, admin.NewAccount{Login: "ke2", Party: "ke"})
	return h
}

// approve enters an approval on the word of an account.
func approve(h *house, login, address, fingerprint string) (admin.DecidedKey, error) {
	return admin.KeyApprove.Do(h.t.Context(), h.office, "root", admin.Verdict{
		KeyOf: admin.KeyOf{Address: address, Fingerprint: fingerprint}, By: login,
	})
}

// public is the armoured certificate of a key.
func public(t *testing.T, k *keyring.Key) string {
	t.Helper()
	b, err := k.Public()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "\r\n")
}

// send mails a readable text to keys@.
func (h *house) send(by, body string) (gsp.Receipt, error) {
	h.mails++
	raw := "From: " + by + "@" + domain + "\r\nMessage-ID: <" + by + hex.EncodeToString([]byte{byte(h.mails)}) + "@client.example>\r\n\r\n" + body + "\r\n"
	return h.Submit(h.t.Context(), gsp.Submission{
		Account: h.account(by), Sender: address(by), Recipients: []gsp.Address{address("keys")}, Raw: []byte(raw), At: h.now,
	})
}

// opened opens the newest mail of an owner with a key.
func (h *house) opened(owner string, k *keyring.Key) client.Opened {
	h.t.Helper()
	mails := h.inbox(owner)
	if len(mails) == 0 {
		h.t.Fatalf("inbox of %s: got no mail", owner)
	}
	o, err := client.Open([]byte(mails[len(mails)-1]), []*keyring.Key{k}, nil)
	if err != nil {
		h.t.Fatalf("open the newest mail of %s: %v", owner, err)
	}
	return o
}

// handIn sends a key and answers the challenge by quoting it. It returns the
// subject of the last mail.
func (h *house) handIn(by, owner string, k *keyring.Key) string {
	h.t.Helper()
	if receipt, err := h.send(by, public(h.t, k)); err != nil || !receipt.Answered {
		h.t.Fatalf("hand in a key: %+v, %v", receipt, err)
	}
	challenge := h.opened(owner, k)
	if challenge.Subject != "Confirm your key" {
		h.t.Fatalf("subject: got %q, want a challenge", challenge.Subject)
	}
	if _, err := h.send(by, "> "+strings.ReplaceAll(challenge.Text, "\n", "\r\n> ")); err != nil {
		h.t.Fatalf("answer the challenge: %v", err)
	}
	return h.opened(owner, k).Subject
}

// acts are what was done with the keys of an address.
func (h *house) acts(local string) (acts []gsp.KeyAct) {
	h.t.Helper()
	for _, e := range run(h, admin.KeyHistory, admin.KeyOf{Address: local}) {
		acts = append(acts, e.Act)
	}
	return acts
}

func (h *house) fingerprint(local string) string {
	cert, ok := h.Roll().Certificate(address(local))
	if !ok {
		return ""
	}
	return cert.Fingerprint
}

// An officer mails a key, shows that it is his, and an administrator approves.
func TestAKeyIsHandedInByMail(t *testing.T) {
	h := takesKeys(t)
	k := h.makeKey("ke2")
	if subject := h.handIn("ke2", "ke2", k); subject != "Your key waits for approval" {
		t.Errorf("subject: got %q, want that it waits", subject)
	}
	if got := h.fingerprint("ke2"); got != "" {
		t.Errorf("published without an approval: %s", got)
	}
	told := h.newest("admin.ke")
	if told.Subject != "A key waits for approval: ke2@gsp.example" || !strings.Contains(told.Text, strings.Join(pgpcert.Words(k.Fingerprint()), " ")) {
		t.Errorf("the administrator is told %q\n%s", told.Subject, told.Text)
	}
	waiting := run(h, admin.KeyPending, admin.KeyOf{})
	if len(waiting) != 1 || waiting[0].Fingerprint != k.Fingerprint() || waiting[0].Needs != 1 || waiting[0].Proved.IsZero() {
		t.Fatalf("pending: got %+v, want the key", waiting)
	}
	if _, err := approve(h, "admin.ke", "ke2", "AA"); reason(err) != gsp.NoKeyWaits {
		t.Errorf("approve another fingerprint: got %v, want %s", err, gsp.NoKeyWaits)
	}
	if done, err := approve(h, "admin.ke", "ke2", strings.ToLower(k.Fingerprint()[:20])+" "+k.Fingerprint()[20:]); err != nil || !done.Published || !done.Told {
		t.Errorf("approve: got %+v, %v, want it published and told", done, err)
	}
	if subject := h.opened("ke2", k).Subject; subject != "Your key has been published" {
		t.Errorf("subject: got %q, want that it is published", subject)
	}
	if got := h.fingerprint("ke2"); got != k.Fingerprint() {
		t.Errorf("published: got %q, want %s", got, k.Fingerprint())
	}
	want := []gsp.KeyAct{gsp.HandedIn, gsp.ProvedKey, gsp.ApprovedKey, gsp.PublishedKey}
	if got := h.acts("ke2"); !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
	h.keys["ke2"] = k
	h.accepted(draft{by: "fr1", to: []string{"ke2"}})
}

// Who has the key before learns of a new one, whoever handed that in.
func TestTheFormerKeyIsTold(t *testing.T) {
	h := takesKeys(t)
	run(h, admin.PartyKeys, admin.PartyKeysOf{ID: "ke", Automatic: true})
	h.now = h.now.Add(time.Minute)
	k := h.makeKey("ke1")
	if subject := h.handIn("ke1", "ke1", k); subject != "Your key has been published" {
		t.Errorf("subject: got %q, want that it is published", subject)
	}
	mails := h.inbox("ke1")
	told, err := client.Open([]byte(mails[len(mails)-2]), []*keyring.Key{h.keys["ke1"]}, nil)
	if err != nil || told.Subject != "Another key was published for your address" || !strings.Contains(strings.ReplaceAll(told.Text, " ", ""), h.keys["ke1"].Fingerprint()) {
		t.Errorf("with the former key: got %q, %v, want that there is another", told.Subject, err)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	h := takesKeys(t)
	k := h.makeKey("ke2")
	if _, err := h.send("ke2", public(t, k)); err != nil {
		t.Fatal(err)
	}
	code := h.opened("ke2", k).Text
	if _, err := h.send("ke1", code); reason(err) != gsp.UnknownCode {
		t.Errorf("from another account: got %v, want %s", err, gsp.UnknownCode)
	}
	h.now = h.now.Add(registry.CodeLasts)
	if _, err := h.send("ke2", code); reason(err) != gsp.UnknownCode {
		t.Errorf("when it has ended: got %v, want %s", err, gsp.UnknownCode)
	}
	h.now = h.now.Add(-time.Second)
	if _, err := h.send("ke2", code); err != nil {
		t.Errorf("in time: %v", err)
	}
	if _, err := h.send("ke2", code); reason(err) != gsp.UnknownCode {
		t.Errorf("again: got %v, want %s", err, gsp.UnknownCode)
	}
	// Another key makes the code of the one before void, and gives that one up.
	if _, err := h.send("ke2", public(t, h.makeKey("ke2"))); err != nil {
		t.Fatal(err)
	}
	want := []gsp.KeyAct{gsp.HandedIn, gsp.ProvedKey, gsp.AbandonedKey, gsp.HandedIn}
	if got := h.acts("ke2"); !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
}

// A clock that is hours ahead makes keys that begin later. They are taken all the
// same, and what the gateway writes is sealed for them.
func TestKeyOfAClockAhead(t *testing.T) {
	h := takesKeys(t)
	key, err := keyring.Generate("ke2", address("ke2"), h.now.Add(3*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	h.handIn("ke2", "ke2", key)
	want := []gsp.KeyAct{gsp.HandedIn, gsp.ProvedKey}
	if got := h.acts("ke2"); !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
}

func TestKeysThatAreRefusedByMail(t *testing.T) {
	h := takesKeys(t)
	secret, err := h.makeKey("ke2").Armoured()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		by, body string
		want     gsp.Reason
	}{
		"of another address":     {"ke2", public(t, h.makeKey("ke1")), gsp.WrongKeyAddress},
		"of the Party":           {"ke2", public(t, h.makeKey("ke")), gsp.WrongKeyAddress},
		"private":                {"ke2", string(secret), gsp.PrivateKey},
		"damaged":                {"ke2", "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nAAAA\r\n-----END PGP PUBLIC KEY BLOCK-----", gsp.BrokenKey},
		"none":                   {"ke2", "hello", gsp.NoKeyAttached},
		"a code out of thin air": {"ke2", strings.Repeat("y", 32), gsp.UnknownCode},
	} {
		if _, err := h.send(test.by, test.body); reason(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if got := h.acts("ke2"); len(got) != 0 {
		t.Errorf("history: got %v, want nothing", got)
	}
}

// A private key anywhere in a mail is told, also beside a public one that could
// be published: it went over the network.
func TestAPrivateKeyBesideAPublicOne(t *testing.T) {
	h := takesKeys(t)
	key := h.makeKey("ke2")
	secret, err := key.Armoured()
	if err != nil {
		t.Fatal(err)
	}
	var mail strings.Builder
	mail.WriteString("From: ke2@" + domain + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	parts := []string{public(t, key)}
	for range 6 {
		parts = append(parts, public(t, h.makeKey("ke1")))
	}
	for _, part := range append(parts, string(secret)) {
		mail.WriteString("--b\r\nContent-Type: application/pgp-keys\r\n\r\n" + part + "\r\n")
	}
	_, err = h.Submit(t.Context(), gsp.Submission{
		Account: h.account("ke2"), Sender: address("ke2"), Recipients: []gsp.Address{address("keys")}, Raw: []byte(mail.String() + "--b--\r\n"), At: h.now,
	})
	if reason(err) != gsp.PrivateKey {
		t.Errorf("got %v, want %s", err, gsp.PrivateKey)
	}
	if got := h.acts("ke2"); len(got) != 0 {
		t.Errorf("history: got %v, want nothing", got)
	}
}

// A Party's own key needs two people; an officer's none where the Party says so.
func TestApprovals(t *testing.T) {
	h := takesKeys(t)
	ke := h.makeKey("ke")
	h.handIn("admin.ke", "admin.ke", ke)
	for _, login := range []string{"first", "second"} {
		run(h, admin.AccountAdd, admin.NewAccount{Login: login, Party: "ke", Roles: []string{"administrator"}})
	}
	for _, by := range []string{"first", "first", "second"} {
		out, err := approve(h, by, "ke", "")
		again := by == "first" && len(out.Approvals) == 0
		switch {
		case again && reason(err) != gsp.ApprovedAlready:
			t.Errorf("the same person again: got %v, want %s", err, gsp.ApprovedAlready)
		case !again && err != nil || out.Published != (by == "second"):
			t.Errorf("%s: got published %v, %v", by, out.Published, err)
		}
	}
	if got := h.fingerprint("ke"); got != ke.Fingerprint() {
		t.Errorf("published: got %s, want %s", got, ke.Fingerprint())
	}

	run(h, admin.PartyKeys, admin.PartyKeysOf{ID: "KE", Automatic: true})
	k := h.makeKey("ke2")
	if subject := h.handIn("ke2", "ke2", k); subject != "Your key has been published" || h.fingerprint("ke2") != k.Fingerprint() {
		t.Errorf("subject: got %q, want it published", subject)
	}
	if subject := h.handIn("admin.ke", "admin.ke", h.makeKey("ke")); subject != "Your key waits for approval" {
		t.Errorf("the Party's: got %q, want that it waits", subject)
	}
	// What was withdrawn by hand does not come back by itself.
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}})
	if subject := h.handIn("ke2", "ke2", k); subject != "Your key waits for approval" {
		t.Errorf("withdrawn before: got %q, want that it waits", subject)
	}
	run(h, admin.KeyReject, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}, Reason: "not yours"})
	if subject := h.opened("ke2", k).Subject; subject != "Your key was not approved" {
		t.Errorf("subject: got %q, want that it was rejected", subject)
	}
	if _, err := approve(h, "admin.ke", "ke2", ""); reason(err) != gsp.NoKeyWaits {
		t.Errorf("approve what was rejected: got %v, want %s", err, gsp.NoKeyWaits)
	}
}

// A key that was stolen before its approval is not published any more.
func TestAnOwnerRevokesAKeyThatWaits(t *testing.T) {
	h := takesKeys(t)
	entity, err := openpgp.NewEntity("", "", "ke2@"+domain, &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return h.now.Add(-time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := entity.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sendKey("ke2", b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := entity.RevokeKey(packet.KeyCompromised, "", nil); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := entity.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if receipt, err := h.sendKey("ke2", b.Bytes()); err != nil || !receipt.Done {
		t.Errorf("revoke: got %+v, %v, want it done without an answer", receipt, err)
	}
	if waiting := run(h, admin.KeyPending, admin.KeyOf{}); len(waiting) != 0 {
		t.Errorf("pending: got %+v, want none", waiting)
	}
	if got, want := h.acts("ke2"), []gsp.KeyAct{gsp.HandedIn, gsp.RevokedKey}; !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
}

// sendKey mails a binary certificate.
func (h *house) sendKey(by string, key []byte) (gsp.Receipt, error) {
	raw := "From: " + by + "@" + domain + "\r\nMIME-Version: 1.0\r\nContent-Type: application/pgp-keys\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(key)
	return h.Submit(h.t.Context(), gsp.Submission{
		Account: h.account(by), Sender: address(by), Recipients: []gsp.Address{address("keys")}, Raw: []byte(raw), At: h.now,
	})
}

// An owner revokes a key by mailing it, the published one or one before it. From
// then on nothing is sealed for it, not even in the days of an overlap.
func TestAnOwnerRevokesByMail(t *testing.T) {
	h := takesKeys(t)
	made := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return h.now.Add(-time.Hour) }}
	entity, err := openpgp.NewEntity("", "", "ke2@"+domain, made)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if err := entity.Serialize(&plain); err != nil {
		t.Fatal(err)
	}
	run(h, admin.KeyImport, admin.NewKey{Address: "ke2", Bytes: plain.Bytes()})
	first := h.fingerprint("ke2")
	var secret bytes.Buffer
	w, err := armor.Encode(&secret, openpgp.PrivateKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(entity.SerializePrivateWithoutSigning(w, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	if h.keys["first ke2"], err = keyring.ReadKey(secret.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := entity.RevokeKey(packet.KeyCompromised, "", made); err != nil {
		t.Fatal(err)
	}
	var revoked bytes.Buffer
	if err := entity.Serialize(&revoked); err != nil {
		t.Fatal(err)
	}
	h.publish("ke2") // in its place, so that the first may be used for some days
	former := draft{by: "fr1", to: []string{"ke2"}, sealed: []string{"fr1", "first ke2"}}
	h.accepted(former)
	receipt, err := h.sendKey("ke2", revoked.Bytes())
	if err != nil || !receipt.Answered {
		t.Fatalf("revoke a former key: %+v, %v", receipt, err)
	}
	if subject := h.newest("ke2").Subject; subject != "Your key has been revoked" {
		t.Errorf("subject: got %q, want that it is revoked", subject)
	}
	listed := h.Roll().Published(gsp.WKDHash("ke2"))
	if len(listed) != 2 || listed[0].Fingerprint != h.keys["ke2"].Fingerprint() || listed[1].Fingerprint != first || !listed[1].Cert.Revoked() {
		t.Errorf("published: got %d certificates, want the new one and the revoked one behind it", len(listed))
	}
	h.accepted(draft{by: "fr1", to: []string{"ke2"}})
	if _, err := h.submit(former); reason(err) != gsp.StaleKey {
		t.Errorf("sealed for the revoked one: got %v, want %s", err, gsp.StaleKey)
	}
	want := []gsp.KeyAct{gsp.PublishedKey, gsp.PublishedKey, gsp.RevokedKey}
	if got := h.acts("ke2"); !slices.Equal(got, want) {
		t.Errorf("history: got %v, want %v", got, want)
	}
}

// A Party may have what its officers write and get sealed for its archive too;
// nobody else's.
func TestArchiveKeys(t *testing.T) {
	h := newHouse(t)
	archive := func(party string) {
		t.Helper()
		h.keys["archive."+party] = h.makeKey("archive." + party)
		run(h, admin.PartyArchive, admin.NewArchiveKey{ID: party, Bytes: []byte(public(t, h.keys["archive."+party]))})
	}
	archive("ke")
	archive("gb")
	both := draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "archive.ke"}}
	h.accepted(both)
	h.accepted(draft{by: "ke1", to: []string{"fr"}, sealed: []string{"ke1", "fr", "archive.ke"}})
	for name, test := range map[string]struct {
		d    draft
		want gsp.Reason
	}{
		"of a Party that is not in the mail": {draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "archive.gb"}}, gsp.StrangeKey},
		"for the archive alone":              {draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "archive.ke"}}, gsp.CannotRead},
		"to the archive":                     {draft{by: "fr1", to: []string{"archive.ke"}, sealed: []string{"fr1", "archive.ke"}}, gsp.UnknownRecipient},
	} {
		if _, err := h.submit(test.d); reason(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if listed := h.Roll().Published(gsp.WKDHash("archive.ke")); len(listed) != 1 || listed[0].Fingerprint != h.keys["archive.ke"].Fingerprint() {
		t.Errorf("published: got %v, want the archive key", listed)
	}
	if _, err := admin.AccountAdd.Do(t.Context(), h.office, "root", admin.NewAccount{Login: "archive.fr", Party: "fr"}); reason(err) != gsp.BrokenName {
		t.Errorf("an account of that name: got %v, want %s", err, gsp.BrokenName)
	}
	run(h, admin.PartyArchive, admin.NewArchiveKey{ID: "ke"})
	if _, err := h.submit(both); reason(err) != gsp.StaleKey {
		t.Errorf("when it was taken away: got %v, want %s", err, gsp.StaleKey)
	}
}
