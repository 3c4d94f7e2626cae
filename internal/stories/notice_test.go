package stories_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

// mails opens all mails of an officer's INBOX as they come over IMAP.
func (w *world) mails(ctx context.Context, t *testing.T, login string) (opened []client.Opened) {
	t.Helper()
	box, err := client.OpenMailbox(ctx, w.login(login, w.gateway.IMAP), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	uids, err := box.UIDs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range uids {
		raw, err := box.Fetch(ctx, uid)
		if err != nil {
			t.Fatal(err)
		}
		o, err := client.Open(raw, []*keyring.Key{w.keys[login]}, nil)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, o)
	}
	return opened
}

// newWorld starts a gateway with an officer in France.
func newWorld(ctx context.Context, t *testing.T, aliases ...string) *world {
	t.Helper()
	w := &world{folder: t.TempDir()}
	t.Cleanup(func() { w.stop(t) })
	for _, do := range []func() (string, error){
		func() (string, error) { return w.start(ctx, aliases) },
		func() (string, error) { return w.party(ctx, []string{"fr", "France"}) },
		func() (string, error) { return w.party(ctx, []string{"ke", "Kenya"}) },
		func() (string, error) { return w.officer(ctx, []string{"fr1", "fr"}) },
	} {
		if _, err := do(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// The key that comes with an answer is the one that the directory publishes,
// and a request can be sealed for it.
func TestTheKeyOfAnAnswerIsTheDirectorys(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := newWorld(ctx, t)
	question := "From: fr1@gsp.example\r\nMessage-ID: <question@client.example>\r\nX-GSP-UIM: \"KE7########\";n=2\r\n\r\n"
	if _, err := w.send(ctx, "fr1", []gsp.Address{address("resolve")}, []byte(question)); err != nil {
		t.Fatal(err)
	}
	mails := w.mails(ctx, t, "fr1")
	if len(mails) != 1 {
		t.Fatalf("got %d mails, want the answer", len(mails))
	}
	i := slices.IndexFunc(mails[0].Attachments, func(a client.Attachment) bool { return a.Type == "application/pgp-keys" })
	if i < 0 {
		t.Fatalf("got attachments %v, want a key", mails[0].Attachments)
	}
	got, err := pgpcert.Read(mails[0].Attachments[i].Body, address("ke"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want, err := w.fetch(ctx, "ke")
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint() != want.Fingerprint() || !strings.Contains(mails[0].Text, want.Fingerprint()) {
		t.Errorf("got key %s, want %s, also in the text", got, want)
	}
}

// An officer whose key ends in three weeks finds a notice at the next start of
// the gateway, and no second one at the start after.
func TestAKeyThatEndsIsToldAtTheStart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := newWorld(ctx, t)
	for _, login := range []string{"fr2", "fr3"} { // the herald comes to fr2 first
		issued, err := carryOut(ctx, w, admin.AccountAdd, admin.NewAccount{Login: login, Party: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		w.passwords[login] = issued.Password
		w.parties[login] = "fr"
		w.endingKey(ctx, t, login)
		if _, err := w.restart(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.firstMail(ctx, t, login); !strings.HasPrefix(got.Subject, "The key of "+login+"@gsp.example expires on ") || got.Outside.From != address("postmaster") {
			t.Errorf("got %q from %s, want a notice from postmaster@", got.Subject, got.Outside.From)
		}
	}
	if got := len(w.mails(ctx, t, "fr2")); got != 1 {
		t.Errorf("after another start: got %d notices, want 1", got)
	}
}

// endingKey publishes a key that ends in three weeks.
func (w *world) endingKey(ctx context.Context, t *testing.T, login string) {
	t.Helper()
	key, err := keyring.Generate(login, address(login), time.Now().Add(21*24*time.Hour-keyring.Lifetime))
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	w.keys[login] = key
	if _, err := carryOut(ctx, w, admin.KeyImport, admin.NewKey{Address: login, Bytes: public}); err != nil {
		t.Fatal(err)
	}
}

// firstMail opens the first mail in an INBOX, and waits for it where it is still
// to come.
func (w *world) firstMail(ctx context.Context, t *testing.T, login string) client.Opened {
	t.Helper()
	if _, err := w.waits(ctx, []string{login}); err != nil {
		t.Fatal(err)
	}
	mails := w.mails(ctx, t, login)
	if len(mails) == 0 { // it did not come before the wait
		if _, err := w.sees(ctx, []string{login}); err != nil {
			t.Fatal(err)
		}
		mails = w.mails(ctx, t, login)
	}
	return mails[0]
}
