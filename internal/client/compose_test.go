package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

func generate(t testing.TB, local string) (*keyring.Key, *pgpcert.Cert) {
	t.Helper()
	k, err := keyring.Generate("", address(local), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Cert()
	if err != nil {
		t.Fatal(err)
	}
	return k, c
}

func certs(list ...*pgpcert.Cert) []*pgpcert.Cert { return list }

func keys(list ...*keyring.Key) []*keyring.Key { return list }

func compose(t testing.TB, d client.Draft) []byte {
	t.Helper()
	raw, err := client.Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What is composed is accepted and read as it was meant, by the gateway
// outside and by the recipient inside.
func TestComposeAndOpen(t *testing.T) {
	fr, frCert := generate(t, "fr1.fr")
	ke, keCert := generate(t, "ke")
	_, deCert := generate(t, "de")
	d := client.Draft{
		From:       address("fr1.fr"),
		To:         []gsp.Address{address("ke"), address("route")},
		Cc:         []gsp.Address{address("fr")},
		Date:       time.Date(2026, 11, 23, 14, 0, 0, 0, time.FixedZone("", 3600)),
		InReplyTo:  "<before@gsp.example>",
		References: []string{"<first@gsp.example>", "<before@gsp.example>"},
		Claims: []gsp.Claim{
			{UIM: gsp.NewUIM("QCALL#####################"), Count: 12, Level: gsp.Unit},
			{UIM: gsp.NewUIM(`01046  00818\"007879`), Count: 1},
		},
		Type:    gsp.Request,
		Urgency: gsp.Detained,
		Due:     time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Case:    "2026-KE-7Q4M2",
		Subject: "Seizure at Le Havre – 900 packs, Größe 20",
		Text:    "When were these packs made?\n\nGruß,\n.\nÉlodie " + strings.Repeat("long ", 100) + "\n",
		Attachments: []client.Attachment{
			{Name: "saisie n° 7.csv", Type: "text/csv", Body: []byte("uim;n\r\n1;2\r\n")},
			{Name: "photo.jpg", Body: bytes.Repeat([]byte{0xff, 0x00}, 1000)},
		},
		For:    certs(keCert),
		Signer: fr,
	}
	raw := compose(t, d)

	m, err := sealed.Inspect(raw)
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	if n := len(m.SessionKeys()); n != 2 {
		t.Errorf("got %d session keys, want the recipient's and the sender's", n)
	}
	for _, k := range m.SessionKeys() {
		if !keCert.EncryptionKeys()[0].Fits(k) && !frCert.EncryptionKeys()[0].Fits(k) {
			t.Errorf("a session key for somebody else: %+v", k)
		}
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 100 {
			t.Errorf("line of %d octets: %s", len(line), line)
		}
	}
	for _, secret := range []string{"Havre", "Seizure", "packs", "saisie", "photo", "+0100", "Version: G", "Comment"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%q stands outside", secret)
		}
	}
	f, err := wire.Read(m, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(f.From, f.To, f.Cc, f.Date.UTC(), f.InReplyTo, f.References, f.Type, f.Urgency, f.Due.UTC(), f.Case)
	want := fmt.Sprint(d.From, d.To, d.Cc, d.Date.UTC(), []string{d.InReplyTo}, d.References, d.Type, d.Urgency, d.Due.UTC(), d.Case)
	if got != want {
		t.Errorf("outside: got %s, want %s", got, want)
	}
	if !slices.Equal(f.Claims, d.Claims) {
		t.Errorf("got claims that differ: %v, want %v", f.Claims, d.Claims)
	}

	for _, k := range keys(ke, fr) {
		o, err := client.Open(raw, keys(k), certs(deCert, frCert))
		if err != nil {
			t.Fatal(err)
		}
		if o.Subject != d.Subject || o.Text != d.Text || o.SignedBy != frCert || o.Label != "..." {
			t.Errorf("%s: got subject %q, text %q, signed by %v, label %q", k.Address(), o.Subject, o.Text, o.SignedBy, o.Label)
		}
		if len(o.Attachments) != 2 || o.Attachments[0].Name != "saisie n° 7.csv" || !bytes.Equal(o.Attachments[0].Body, d.Attachments[0].Body) ||
			o.Attachments[1].Type != "application/octet-stream" || !bytes.Equal(o.Attachments[1].Body, d.Attachments[1].Body) {
			t.Errorf("%s: got attachments %q", k.Address(), o.Attachments)
		}
	}
}

func TestReplyStaysInTheChain(t *testing.T) {
	fr, frCert := generate(t, "fr1.fr")
	ke, keCert := generate(t, "ke")
	raw := compose(t, client.Draft{
		From: address("fr1.fr"), To: []gsp.Address{address("ke")}, MessageID: "<1@gsp.example>", Case: "2026-KE-7Q4M2",
		Subject: "900 packs", Text: "When?\n", For: certs(keCert), Signer: fr,
	})
	o, err := client.Open(raw, keys(ke), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := o.Reply(address("ke"), ke)
	d.Text, d.For = "In October.\n", certs(frCert)
	o, err = client.Open(compose(t, d), keys(fr), certs(keCert))
	if err != nil {
		t.Fatal(err)
	}
	if o.Subject != "Re: 900 packs" || o.Text != "In October.\n" || o.Outside.Case != "2026-KE-7Q4M2" || o.Outside.Type != gsp.Reply ||
		!slices.Equal(o.Outside.InReplyTo, []string{"<1@gsp.example>"}) || !slices.Equal(o.Outside.References, []string{"<1@gsp.example>"}) ||
		!slices.Equal(o.Outside.To, []gsp.Address{address("fr1.fr")}) || o.SignedBy != keCert {
		t.Errorf("got %+v", o)
	}
	if again := o.Reply(address("fr1.fr"), fr); again.Subject != "Re: 900 packs" || len(again.References) != 2 {
		t.Errorf("got %q, %q, want one Re: and two references", again.Subject, again.References)
	}
}

// A valid signature by somebody else than From must not vouch for From.
func TestOpenTrustsTheSendersSignatureOnly(t *testing.T) {
	eve, eveCert := generate(t, "eve")
	ke, keCert := generate(t, "ke")
	_, frCert := generate(t, "fr1.fr")
	raw := compose(t, client.Draft{From: address("fr1.fr"), To: []gsp.Address{address("ke")}, For: certs(keCert), Signer: eve})
	o, err := client.Open(raw, keys(ke), certs(eveCert, frCert))
	if err != nil || o.SignedBy != nil {
		t.Errorf("got a signature by %v, %v, want none", o.SignedBy, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	fr, _ := generate(t, "fr1.fr")
	ke, _ := generate(t, "ke")
	raw := compose(t, client.Draft{From: address("fr1.fr"), To: []gsp.Address{address("ke")}, Signer: fr})
	if _, err := client.Open(raw, keys(ke), nil); !errors.Is(err, keyring.ErrNotMine) {
		t.Errorf("sealed for others: got %v, want %v", err, keyring.ErrNotMine)
	}
	var fault *sealed.Fault
	if _, err := client.Open([]byte("From: <fr1.fr@gsp.example>\r\nSubject: x\r\n\r\nplain\r\n"), keys(ke), nil); !errors.As(err, &fault) {
		t.Errorf("not sealed: got %v, want a fault", err)
	}
	if _, err := client.Open(raw, nil, nil); err == nil {
		t.Error("opened without a key")
	}
}

func TestComposeRefusesInjection(t *testing.T) {
	fr, frCert := generate(t, "fr1.fr")
	good := client.Draft{From: address("fr1.fr"), To: []gsp.Address{address("ke")}, Signer: fr}
	for name, change := range map[string]func(*client.Draft){
		"message-id":  func(d *client.Draft) { d.MessageID = "<1@gsp.example>\r\nBcc: <eve@gsp.example>" },
		"in-reply-to": func(d *client.Draft) { d.InReplyTo = "none" },
		"references":  func(d *client.Draft) { d.References = []string{"<1@gsp.example> <2@gsp.example>"} },
		"claim":       func(d *client.Draft) { d.Claims = []gsp.Claim{{UIM: gsp.NewUIM("A\r\nB"), Count: 1}} },
		"no key":      func(d *client.Draft) { d.Signer = nil },
	} {
		d := good
		change(&d)
		if raw, err := client.Compose(d); err == nil {
			t.Errorf("%s: composed\n%s", name, raw)
		}
	}
	d := good
	d.Subject = "one\r\nBcc: <eve@gsp.example>"
	o, err := client.Open(compose(t, d), keys(fr), certs(frCert))
	if err != nil || o.Subject != "one Bcc: <eve@gsp.example>" {
		t.Errorf("got subject %q, %v", o.Subject, err)
	}
}

// around puts what another program sealed into the mail of a draft.
func around(t testing.TB, inside []byte, to []*pgpcert.Cert, signer *keyring.Key) []byte {
	t.Helper()
	message, err := keyring.Seal(inside, to, signer)
	if err != nil {
		t.Fatal(err)
	}
	raw := compose(t, client.Draft{From: address("fr1.fr"), To: []gsp.Address{address("ke")}, Signer: signer})
	start := bytes.Index(raw, []byte("-----BEGIN"))
	end := bytes.LastIndex(raw, []byte("\r\n--"))
	return slices.Concat(raw[:start], bytes.ReplaceAll(message, []byte("\n"), []byte("\r\n")), raw[end:])
}

// What other programs put inside.
func TestOpenForeignMail(t *testing.T) {
	fr, frCert := generate(t, "fr1.fr")
	ke, keCert := generate(t, "ke")
	for _, test := range []struct{ name, inside, subject, text, attachment string }{
		{
			"thunderbird",
			"Content-Type: multipart/mixed; boundary=\"o\"; protected-headers=\"v1\"\r\nSubject: =?UTF-8?Q?Saisie_=C3=A0_Calais?=\r\nFrom: x <fr1.fr@gsp.example>\r\n\r\n" +
				"--o\r\nContent-Type: multipart/mixed; boundary=\"i\"\r\n\r\n" +
				"--i\r\nContent-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: base64\r\n\r\nUXVhbmQgPw0K\r\n" +
				"--i\r\nContent-Type: text/csv; name=\"uim.csv\"\r\nContent-Disposition: attachment; filename=\"uim.csv\"\r\n\r\n1;2\r\n--i--\r\n\r\n--o--\r\n",
			"Saisie à Calais", "Quand ?\n", "uim.csv",
		},
		{
			"no header inside",
			"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n",
			"...", "Grüße\n", "",
		},
		{"no MIME at all", "When were they made?\r\n", "...", "", ""},
		{"damaged base64", "Subject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nV2hlbg==!!!!\r\n", "x", "When", ""},
		{"unknown character set", "Subject: x\r\nContent-Type: text/plain; charset=klingon\r\n\r\nWhen?\r\n", "x", "When?\n", ""},
		{"text as attachment", "Subject: x\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nWhen?\r\n", "x", "", "a.txt"},
	} {
		o, err := client.Open(around(t, []byte(test.inside), certs(keCert), fr), keys(ke), certs(frCert))
		if test.name == "no MIME at all" {
			if err == nil && o.Text != "" {
				t.Errorf("%s: got %+v", test.name, o)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		attachment := ""
		if len(o.Attachments) > 0 {
			attachment = o.Attachments[0].Name
		}
		if o.Subject != test.subject || o.Text != test.text || attachment != test.attachment || o.SignedBy != frCert {
			t.Errorf("%s: got %+v, want %+v", test.name, o, test)
		}
	}
}

func FuzzOpen(f *testing.F) {
	fr, frCert := generate(f, "fr1.fr")
	for _, text := range []string{"Subject: x\r\n\r\ntext", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n",
		"Content-Type: text/plain; charset=gbk\r\nContent-Transfer-Encoding: base64\r\n\r\n!!", "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, inside []byte) {
		if o, err := client.Open(around(t, inside, certs(frCert), fr), keys(fr), certs(frCert)); err == nil && o.SignedBy == nil {
			t.Errorf("signature of %q lost", inside)
		}
	})
}
