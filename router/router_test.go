package router_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/router"
)

const domain = "gsp.example"

// house is a router on a real store, with Parties, officers and keys.
type house struct {
	*router.Router
	t      *testing.T
	store  *sqlite.Store
	office *admin.Office
	keys   map[string]*keyring.Key
	now    time.Time
	mails  int
}

func newHouse(t *testing.T) *house {
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	who, err := registry.Open(t.Context(), store, domain)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		t: t, store: store, keys: map[string]*keyring.Key{}, now: time.Now().Truncate(time.Second),
		Router: &router.Router{Store: store, Roll: who.Snapshot, Random: rand.Reader},
	}
	h.office = &admin.Office{Registry: who, Events: store, Rooms: store, Random: rand.Reader, Now: func() time.Time { return h.now }}
	run(h, admin.LibraryImport, admin.NewLibrary{File: "library", Text: configs.Library})
	for _, p := range []admin.NewParty{
		{ID: "eu", Name: "European Union"}, {ID: "fr", Name: "France", Parent: "eu"},
		{ID: "gb", Name: "United Kingdom"}, {ID: "ke", Name: "Kenya"}, {ID: "zz", Name: "Sandbox"},
	} {
		run(h, admin.PartyAdd, p)
		h.publish(p.ID)
	}
	for _, a := range []admin.NewAccount{
		{Login: "fr1", Party: "fr"}, {Login: "ke1", Party: "ke"}, {Login: "gb1", Party: "gb"},
		{Login: "reader.fr", Party: "fr", Roles: []string{"replier"}},
		{Login: "robot.fr", Party: "fr", Kind: "system"}, {Login: "zz1", Party: "zz"},
	} {
		run(h, admin.AccountAdd, a)
		h.publish(a.Login)
	}
	return h
}

func run[In, Out any](h *house, verb admin.Verb[In, Out], in In) Out {
	h.t.Helper()
	out, err := verb.Do(h.t.Context(), h.office, "test", in)
	if err != nil {
		h.t.Fatalf("%s: %v", verb.Name, err)
	}
	return out
}

// publish makes a key for an address and publishes it.
func (h *house) publish(local string) {
	h.t.Helper()
	h.publishAt(local, h.now.Add(-time.Hour))
}

func (h *house) publishAt(local string, made time.Time) {
	h.t.Helper()
	key, err := keyring.Generate(local, address(local), made)
	if err != nil {
		h.t.Fatal(err)
	}
	h.keys[local] = key
	public, err := h.keys[local].Public()
	if err != nil {
		h.t.Fatal(err)
	}
	run(h, admin.KeyImport, admin.NewKey{Address: local, Bytes: public})
}

// makeKey makes the key of somebody whom the directory does not know.
func (h *house) makeKey(local string) *keyring.Key {
	h.t.Helper()
	key, err := keyring.Generate(local, address(local), h.now.Add(-time.Hour))
	if err != nil {
		h.t.Fatal(err)
	}
	return key
}

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: domain} }

func (h *house) account(login string) gsp.Account {
	h.t.Helper()
	a, ok := h.Roll().Account(login)
	if !ok {
		h.t.Fatalf("no account %s", login)
	}
	return a
}

// draft is a mail to be submitted. What is empty gets what an ordinary client
// would write.
type draft struct {
	by     string   // the login
	from   string   // the From address, by's own if empty
	to     []string // local parts of the envelope's recipients
	sealed []string // whose keys it is sealed for; to and by if nil
	armour []byte   // in the place of what is sealed for them
	header []string // further header lines
	id     string   // Message-ID
	body   []byte   // in the place of the sealed body
}

// mail writes the draft as a client does.
func (h *house) mail(d draft) []byte {
	h.t.Helper()
	if d.from == "" {
		d.from = d.by + "@" + domain
	}
	h.mails++
	if d.id == "" {
		d.id = fmt.Sprintf("<%d.test@%s>", h.mails, domain)
	}
	lines := []string{
		"From: " + d.from, "To: " + strings.Join(d.to, "@"+domain+", ") + "@" + domain,
		"Subject: ...", "Date: " + h.now.Format(time.RFC1123Z), "Message-ID: " + d.id, "MIME-Version: 1.0",
	}
	lines = append(lines, d.header...)
	head := strings.Join(lines, "\r\n") + "\r\n"
	if d.body != nil {
		return append([]byte(head), d.body...)
	}
	return []byte(head + `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"` + "\r\n\r\n" +
		"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n" +
		"--b\r\nContent-Type: application/octet-stream\r\n\r\n" + h.seal(d) + "\r\n--b--\r\n")
}

func (h *house) seal(d draft) string {
	h.t.Helper()
	if d.armour != nil {
		return withCRLF(d.armour)
	}
	if d.sealed == nil {
		d.sealed = append([]string{d.by}, d.to...)
	}
	var certs []*pgpcert.Cert
	for _, local := range d.sealed {
		key, ok := h.keys[local]
		if !ok {
			key = h.makeKey(local) // a stranger's
		}
		cert, err := key.Cert()
		if err != nil {
			h.t.Fatal(err)
		}
		certs = append(certs, cert)
	}
	armoured, err := keyring.Seal([]byte("Content-Type: text/plain\r\n\r\nWhen were these packs made?\r\n"), certs, h.keys[d.by])
	if err != nil {
		h.t.Fatal(err)
	}
	return withCRLF(armoured)
}

func withCRLF(b []byte) string {
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n")
}

func (h *house) submit(d draft) (gsp.Receipt, error) {
	h.t.Helper()
	s := gsp.Submission{Account: h.account(d.by), Sender: address(d.by), Raw: h.mail(d), At: h.now}
	for _, local := range d.to {
		s.Recipients = append(s.Recipients, address(local))
	}
	return h.Submit(h.t.Context(), s)
}

// accepted submits a mail that must be accepted, and returns its event.
func (h *house) accepted(d draft) gsp.Event {
	h.t.Helper()
	receipt, err := h.submit(d)
	if err != nil {
		h.t.Fatalf("submit: %v", err)
	}
	e := h.lastEvent()
	if e.ID != receipt.Event || e.Kind != gsp.MailAccepted || e.Case != receipt.Case {
		h.t.Fatalf("last event: got %+v, want that of receipt %+v", e, receipt)
	}
	return e
}

func (h *house) lastEvent() (last gsp.Event) {
	h.t.Helper()
	for e, err := range h.store.Events(h.t.Context(), 0) {
		if err != nil {
			h.t.Fatal(err)
		}
		last = e
	}
	return last
}

// inbox returns the stored mails of an owner's INBOX.
func (h *house) inbox(owner string) (mails []string) {
	h.t.Helper()
	boxes, err := h.store.Mailboxes(h.t.Context(), owner)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, box := range boxes {
		if box.Name != gsp.Inbox(owner) {
			continue
		}
		delta, err := h.store.Since(h.t.Context(), box.ID, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, item := range delta.Changed {
			body, err := h.store.Body(h.t.Context(), item.Mail)
			if err != nil {
				h.t.Fatal(err)
			}
			mails = append(mails, string(body))
		}
	}
	return mails
}

// field returns the value of a header field of a stored mail.
func field(mail, name string) string {
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	head = strings.ReplaceAll(strings.ReplaceAll(head, "\r\n ", " "), "\r\n\t", " ")
	for line := range strings.SplitSeq(head, "\r\n") {
		if rest, ok := strings.CutPrefix(line, name+": "); ok {
			return rest
		}
	}
	return ""
}

func reason(err error) gsp.Reason {
	if r, ok := errors.AsType[*gsp.Refusal](err); ok {
		return r.Reason
	}
	return ""
}

var _ interface {
	Submit(context.Context, gsp.Submission) (gsp.Receipt, error)
	Keep(context.Context, gsp.Keeping) (gsp.Receipt, error)
} = (*router.Router)(nil)
