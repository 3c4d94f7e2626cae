package node_test

import (
	"bytes"
	"crypto/tls"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// A domain that had another name before: what comes by the old name is mail of
// the new one, and the directory answers at both with their own user ID.
func TestAliasOfTheDomain(t *testing.T) {
	c := configOf(t)
	c.Aliases = []string{"old.example"}
	g, roots := start(t, c)
	defer g.Shutdown(t.Context())
	do(t, c, admin.LibraryImport, admin.NewLibrary{File: "library", Text: configs.Library})
	for id, name := range map[string]string{"fr": "France", "ke": "Kenya"} {
		do(t, c, admin.PartyAdd, admin.NewParty{ID: id, Name: name})
	}
	fr1 := do(t, c, admin.AccountAdd, admin.NewAccount{Login: "fr1", Party: "fr"}).Password
	ke1 := do(t, c, admin.AccountAdd, admin.NewAccount{Login: "ke1", Party: "ke"}).Password
	officer := publish(t, c, "fr1")

	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA}
	entity, err := openpgp.NewEntity("", "", "ke@"+domain, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := entity.AddUserId("Kenya", "", "ke@old.example", config); err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := entity.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	do(t, c, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: public.Bytes()})

	get := asker(t, c, g, roots)
	var kenya *pgpcert.Cert
	for _, at := range []string{"old.example", domain} {
		status, body := get("/.well-known/openpgpkey/" + at + "/hu/" + gsp.WKDHash("ke"))
		if status != 200 {
			t.Fatalf("%s: got %d", at, status)
		}
		if kenya, err = pgpcert.Read([]byte(body), gsp.Address{Local: "ke", Domain: at}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if other := map[string]string{"old.example": "ke@" + domain, domain: "ke@old.example"}[at]; strings.Contains(body, other) {
			t.Errorf("%s: has %s in it", at, other)
		}
	}

	mail := bytes.ReplaceAll(sealedMailFor(t, officer, kenya), []byte("@"+domain), []byte("@old.example"))
	secure := &tls.Config{RootCAs: roots, ServerName: "old.example"}
	conn, err := tls.Dial("tcp", g.SMTP.String(), secure)
	if err != nil {
		t.Fatal(err)
	}
	session, err := smtp.NewClient(conn, domain)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := session.Auth(plainAuth{"fr1@OLD.example", fr1}); err != nil {
		t.Fatal(err)
	}
	if err := session.Mail("ke1@old.example"); err == nil || !strings.Contains(err.Error(), "wrong-sender") {
		t.Errorf("in another's name: got %v, want wrong-sender", err)
	}
	if err := session.Mail("fr1@old.example"); err != nil {
		t.Fatal(err)
	}
	if err := session.Rcpt("nobody@old.example"); err == nil || !strings.Contains(err.Error(), "unknown-recipient") {
		t.Errorf("to nobody: got %v, want unknown-recipient", err)
	}
	for _, to := range []string{"ke@old.example", "ke@" + domain} { // one mailbox, one copy
		if err := session.Rcpt(to); err != nil {
			t.Fatal(err)
		}
	}
	w, err := session.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(mail); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	reader, err := imapclient.DialTLS(g.IMAP.String(), &imapclient.Options{TLSConfig: secure})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Login("ke1@old.example", ke1).Wait(); err != nil {
		t.Fatal(err)
	}
	box, err := reader.Select("Authority/ke/INBOX", nil).Wait()
	if err != nil || box.NumMessages != 1 {
		t.Fatalf("got %+v, %v, want one mail", box, err)
	}
	all, err := reader.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{Envelope: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	if e := all[0].Envelope; e.From[0].Addr() != "fr1@"+domain || e.To[0].Addr() != "ke@"+domain {
		t.Errorf("got from %v to %v, want both of %s", e.From, e.To, domain)
	}
}
