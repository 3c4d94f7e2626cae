package wks_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/wks"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

func submission(t testing.TB) *wks.Key {
	t.Helper()
	k, err := wks.Generate(address("keys"), now)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func officer(t testing.TB) (*keyring.Key, []byte) {
	t.Helper()
	k, err := keyring.Generate("", address("fr1"), now)
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.Public()
	if err != nil {
		t.Fatal(err)
	}
	return k, public
}

func TestTheKeySurvivesItsFile(t *testing.T) {
	k := submission(t)
	file, err := k.File()
	if err != nil {
		t.Fatal(err)
	}
	again, err := wks.ReadKey(file, address("keys"), now)
	if err != nil || again.Cert().Fingerprint() != k.Cert().Fingerprint() || !again.Cert().Expires().IsZero() {
		t.Errorf("got %v, %v, want %v without an end", again, err, k)
	}
	for _, shown := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v", k, k, k)} {
		if strings.Trim(strings.ReplaceAll(shown, k.Cert().Fingerprint(), ""), " ") != "" {
			t.Errorf("printed: got %q, want the fingerprint alone", shown)
		}
	}
	if _, err := wks.ReadKey(file, address("other"), now); err == nil {
		t.Error("read as the key of another address")
	}
}

// sealed is a mail for the submission key with that entity inside.
func sealedFor(t testing.TB, k *wks.Key, by *keyring.Key, entity string) []byte {
	t.Helper()
	armoured, err := keyring.Seal([]byte(entity), []*pgpcert.Cert{k.Cert()}, by)
	if err != nil {
		t.Fatal(err)
	}
	return []byte("From: fr1@gsp.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x\r\n\r\n" +
		"--x\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\n" +
		strings.ReplaceAll(string(armoured), "\n", "\r\n") + "\r\n--x--\r\n")
}

func TestKeysAreFoundInMails(t *testing.T) {
	k := submission(t)
	own, public := officer(t)
	cert, err := own.Cert()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(public), "\n", "\r\n")
	in64 := base64.StdEncoding.EncodeToString(cert.Bytes())
	const head = "From: fr1@gsp.example\r\nMIME-Version: 1.0\r\n"
	mixed := "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nMy key.\r\n--m\r\n%s--m--\r\n"
	for name, raw := range map[string]string{
		"attached":              head + fmt.Sprintf(mixed, "Content-Type: application/pgp-keys; name=k.asc\r\n\r\n"+text),
		"attached in base64":    head + fmt.Sprintf(mixed, "Content-Type: application/pgp-keys\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString(public)+"\r\n"),
		"attached as a file":    head + fmt.Sprintf(mixed, "Content-Type: application/octet-stream; name=key.gpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"+in64+"\r\n"),
		"in the text":           head + "\r\nHere is my key:\r\n" + text + "\r\nRegards\r\n",
		"as the mail":           head + "Content-Type: application/pgp-keys\r\n\r\n" + text,
		"in the Autocrypt line": head + "Autocrypt: addr=fr1@gsp.example; prefer-encrypt=mutual;\r\n keydata=" + in64[:60] + "\r\n " + in64[60:] + "\r\n\r\nHello\r\n",
		"sealed":                string(sealedFor(t, k, own, "Content-Type: application/pgp-keys\n\n"+string(public))),
		"deep":                  head + fmt.Sprintf(mixed, "Content-Type: multipart/mixed; boundary=n\r\n\r\n--n\r\nContent-Type: application/pgp-keys\r\n\r\n"+text+"\r\n--n--\r\n"),
	} {
		mail, err := k.Read([]byte(raw), nil, now)
		if err != nil || len(mail.Keys) != 1 {
			t.Errorf("%s: got %d keys, %v, want 1", name, len(mail.Keys), err)
			continue
		}
		if got, err := pgpcert.Read(mail.Keys[0], address("fr1"), now); err != nil || !bytes.Equal(got.Bytes(), cert.Bytes()) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, cert)
		}
	}
}

func TestCodesAreFoundInAnswers(t *testing.T) {
	k := submission(t)
	own, _ := officer(t)
	code, err := wks.NewCode(rand.Reader)
	if err != nil || len(code) != 32 {
		t.Fatalf("code %q, %v, want 32 characters", code, err)
	}
	response := "Content-Type: application/vnd.gnupg.wks\n\ntype: confirmation-response\nsender: keys@gsp.example\naddress: fr1@gsp.example\nnonce: " + code + "\n"
	for name, raw := range map[string]string{
		"by gpg-wks-client": string(sealedFor(t, k, own, response)),
		"by the draft":      string(sealedFor(t, k, own, strings.Replace(response, "gnupg.wks", "gnupg.wkd", 1))),
		"quoted":            "From: fr1@gsp.example\r\n\r\nYes.\r\n\r\n> Code: " + code + "\r\n",
		"quoted and sealed": string(sealedFor(t, k, own, "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n> "+code[:20]+"=\n"+code[20:]+"\n")),
		"in HTML":           "From: fr1@gsp.example\r\nContent-Type: text/html\r\n\r\n<blockquote>" + code + "<br></blockquote>\r\n",
	} {
		mail, err := k.Read([]byte(raw), nil, now)
		if err != nil || len(mail.Codes) != 1 || wks.Digest(mail.Codes[0]) != wks.Digest(code) {
			t.Errorf("%s: got %q, %v, want the code", name, mail.Codes, err)
		}
	}
	request := strings.Replace(response, "confirmation-response", "confirmation-request", 1)
	if mail, err := k.Read(sealedFor(t, k, own, request), nil, now); err == nil {
		t.Errorf("a request sent back: got %q, want it refused", mail.Codes)
	}
}

// The code can be read with the certificate's private key alone.
func TestTheChallengeIsSealed(t *testing.T) {
	own, _ := officer(t)
	other, _ := officer(t)
	cert, err := own.Cert()
	if err != nil {
		t.Fatal(err)
	}
	armoured, err := wks.Challenge(address("keys"), cert, "thecode", now)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := keyring.Open(armoured, []*keyring.Key{own}, nil)
	want := "type: confirmation-request\nsender: keys@gsp.example\naddress: fr1@gsp.example\nfingerprint: " + cert.Fingerprint() + "\nnonce: thecode\n"
	if err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if _, _, err := keyring.Open(armoured, []*keyring.Key{other}, nil); !errors.Is(err, keyring.ErrNotMine) {
		t.Errorf("by another: got %v, want ErrNotMine", err)
	}
}

func TestMailsThatAreRefused(t *testing.T) {
	k, other := submission(t), submission(t)
	own, public := officer(t)
	fr1, err := own.Cert()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := client.Compose(client.Draft{From: address("fr1"), To: []gsp.Address{address("fr1")}, For: []*pgpcert.Cert{fr1}, Signer: own})
	if err != nil {
		t.Fatal(err)
	}
	bomb := "Content-Type: application/pgp-keys\n\n" + strings.Repeat("\n", 300<<10)
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 20)
	for name, test := range map[string]struct {
		raw  []byte
		want gsp.Reason
	}{
		"nothing":              {[]byte("From: fr1@gsp.example\r\n\r\nHello\r\n"), gsp.NoKeyAttached},
		"no header":            {[]byte("hello"), gsp.NoKeyAttached},
		"a quoted key":         {[]byte("From: fr1@gsp.example\r\n\r\n> " + strings.ReplaceAll(string(public), "\n", "\r\n> ")), gsp.NoKeyAttached},
		"for another key":      {sealedFor(t, other, own, "Content-Type: application/pgp-keys\n\n"+string(public)), gsp.CannotRead},
		"for the sender alone": {elsewhere, gsp.CannotRead},
		"10 MB":                {bytes.Repeat([]byte("From: x\r\n"), 1<<20), gsp.TooLarge},
		"grows when opened":    {sealedFor(t, k, own, bomb), gsp.TooLarge},
		"parts within parts":   {[]byte(nested), gsp.NoKeyAttached},
		"a part without end":   {[]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-keys\r\n\r\nx"), gsp.NoKeyAttached},
	} {
		_, err := k.Read(test.raw, nil, now)
		refusal, ok := errors.AsType[*gsp.Refusal](err)
		if !ok || refusal.Reason != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	k := submission(f)
	own, public := officer(f)
	f.Add([]byte("From: fr1@gsp.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-keys\r\n\r\nkey\r\n--b--\r\n"))
	f.Add([]byte("Autocrypt: addr=a; keydata=AAAA\r\n\r\nybndrfg8ejkmcpqxot1uwisza345h769\r\n"))
	f.Add(sealedFor(f, k, own, "Content-Type: application/pgp-keys\n\n"+string(public)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		mail, err := k.Read(raw, nil, now)
		if err == nil && len(mail.Keys)+len(mail.Codes) == 0 && mail.Decision.Verdict != wks.Revoke {
			t.Error("nothing was found, and it is no error")
		}
		if len(mail.Keys) > 5 || err != nil && len(mail.Keys) > 0 {
			t.Errorf("got %d keys, %v", len(mail.Keys), err)
		}
	})
}
