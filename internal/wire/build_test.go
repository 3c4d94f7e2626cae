package wire_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/wire"
)

func outer() wire.Outer {
	return wire.Outer{
		From: address("fr1@gsp.example"), To: addresses("ke@gsp.example", "de@gsp.example"), Cc: addresses("fr@gsp.example"),
		Date:      time.Date(2026, 11, 23, 12, 0, 0, 5, time.FixedZone("", 3*3600)),
		MessageID: "<1@gsp.example>", InReplyTo: []string{"<0@gsp.example>"}, References: []string{"<a@b>", "<0@gsp.example>"},
		AutoSubmitted: "auto-generated", Type: gsp.Request, Urgency: gsp.Urgent, Due: time.Unix(1764547200, 0),
		Case:  "2026-KE-7Q4M2",
		Marks: []gsp.Mark{{Mask: "QCALL####", Count: 12, Level: gsp.Unit}, {Mask: `a"\`, Count: 1}},
		Routing: gsp.Decision{
			Parties: []gsp.PartyID{"de", "ke"}, Pattern: "ke-qc", Library: 7, Reason: "uim",
		},
		Received: time.Date(2026, 11, 23, 9, 0, 1, 0, time.UTC), Domain: domain,
	}
}

func TestBuild(t *testing.T) {
	m := inspect(t, write(t, from, 600))
	mail := wire.Build(outer(), m)
	header, _, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	boundary := fmt.Sprintf("gsp-%x", m.Digest())[:36]
	want := `Received: by gsp.example; Mon, 23 Nov 2026 09:00:01 +0000
Date: Mon, 23 Nov 2026 09:00:00 +0000
From: <fr1@gsp.example>
To: <ke@gsp.example>, <de@gsp.example>
Cc: <fr@gsp.example>
Message-ID: <1@gsp.example>
In-Reply-To: <0@gsp.example>
References: <a@b> <0@gsp.example>
Auto-Submitted: auto-generated
Subject: GSP request 2026-KE-7Q4M2
GSP-Type: request;urgency=urgent;due=@1764547200
GSP-Case: "2026-KE-7Q4M2"
GSP-UIM: "QCALL####";n=12;level=unit, "a\"\\"
GSP-Routing: (de ke);reason=uim;pattern="ke-qc";library=7
MIME-Version: 1.0
Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";
 boundary="` + boundary + `"`
	if got := strings.ReplaceAll(string(header), "\r\n", "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if again := wire.Build(outer(), m); !bytes.Equal(mail, again) {
		t.Error("built twice, the mail differs")
	}
	built := inspect(t, mail)
	if built.Digest() != m.Digest() {
		t.Error("the OpenPGP octets changed")
	}
	if readByLibrary(t, mail) != m.Digest() {
		t.Error("another reader finds other OpenPGP octets")
	}
}

// readByLibrary reads a mail with readers that nobody here wrote, and returns
// the digest of its OpenPGP octets.
func readByLibrary(t testing.TB, raw []byte) [sha256.Size]byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/encrypted" || parameters["protocol"] != "application/pgp-encrypted" {
		t.Fatalf("got content type %s with %v, error %v", kind, parameters, err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	var part *multipart.Part
	for _, want := range []string{"application/pgp-encrypted", "application/octet-stream"} {
		if part, err = parts.NextPart(); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";"); got != want {
			t.Fatalf("got a part %s; want %s", got, want)
		}
	}
	block, err := armor.Decode(part)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := io.ReadAll(block.Body)
	if err != nil || len(block.Header) != 0 {
		t.Fatalf("armour with headers %v: %v", block.Header, err)
	}
	return sha256.Sum256(octets)
}

func TestBuildLittle(t *testing.T) {
	o := wire.Outer{From: address("fr1@gsp.example"), Received: outer().Received, Domain: domain}
	m := inspect(t, write(t, from, 600))
	header, _, _ := strings.Cut(string(wire.Build(o, m)), "MIME-Version")
	want := "Received: by gsp.example; Mon, 23 Nov 2026 09:00:01 +0000\r\n" +
		"Date: Mon, 23 Nov 2026 09:00:01 +0000\r\nFrom: <fr1@gsp.example>\r\nSubject: GSP mail\r\n"
	if header != want {
		t.Errorf("got\n%s\nwant\n%s", header, want)
	}
}

// TestBuildRoundTrip shows that Read finds in the outer mail what Build was
// given, and that Envelope says the same.
func TestBuildRoundTrip(t *testing.T) {
	o := outer()
	got, err := wire.Read(inspect(t, wire.Build(o, inspect(t, write(t, from, 600)))), domain)
	if err != nil {
		t.Fatal(err)
	}
	want := wire.Fields{
		From: o.From, To: o.To, Cc: o.Cc, Date: got.Date, MessageID: o.MessageID, InReplyTo: o.InReplyTo,
		References: o.References, AutoSubmitted: o.AutoSubmitted, Type: o.Type, Urgency: o.Urgency, Due: o.Due.UTC(),
		Case: o.Case, Claims: []gsp.Claim{claim("QCALL####", 12, gsp.Unit, ""), claim(`a"\`, 1, "", "")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	e := o.Envelope()
	wantEnvelope := gsp.Envelope{
		Date: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Subject: "GSP request 2026-KE-7Q4M2",
		From: o.From, To: o.To, Cc: o.Cc, MessageID: o.MessageID, InReplyTo: o.InReplyTo,
	}
	if !reflect.DeepEqual(e, wantEnvelope) {
		t.Errorf("got  %+v\nwant %+v", e, wantEnvelope)
	}
	if !got.Date.Equal(e.Date) {
		t.Errorf("the mail is dated %v, its envelope %v", got.Date, e.Date)
	}
}

// TestLongLists shows that no line is longer than relays take, and that long
// lists come back whole.
func TestLongLists(t *testing.T) {
	o := outer()
	for i := range 1000 {
		o.Marks = append(o.Marks, gsp.Mark{Mask: fmt.Sprintf("KE%d###, \"#", i), Count: i + 1})
		o.References = append(o.References, fmt.Sprintf("<%d@gsp.example>", i))
	}
	o.Marks = o.Marks[2:]
	for i := range 200 {
		o.To = append(o.To, address(fmt.Sprintf("officer%d@gsp.example", i)))
	}
	mail := wire.Build(o, inspect(t, write(t, from, 600)))
	for line := range bytes.SplitSeq(mail, []byte("\r\n")) {
		if len(line) > 80 {
			t.Errorf("a line has %d octets", len(line))
		}
	}
	if n := strings.Count(string(mail), "@gsp.example>") - strings.Count(string(mail), "<officer"); n > 30 {
		t.Errorf("%d references were written; want the last 20", n)
	}
	f, err := wire.Read(inspect(t, mail), domain)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.To, o.To) || len(f.Claims) != 1000 || len(f.References) != 20 {
		t.Errorf("got %d recipients, %d claims, %d references; want %d, 1000, 20", len(f.To), len(f.Claims), len(f.References), len(o.To))
	}
	for i, c := range f.Claims {
		if c.UIM.Reveal() != o.Marks[i].Mask || c.Count != o.Marks[i].Count {
			t.Fatalf("mark %d came back changed", i+1)
		}
	}
}

// TestAllowList sends every field that clients are known to add and expects
// none of them.
func TestAllowList(t *testing.T) {
	const secret = "KEPACK900"
	allowed := map[string]bool{}
	for _, name := range []string{
		"Received", "Date", "From", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Subject",
		"GSP-Type", "GSP-Case", "GSP-UIM", "GSP-Routing", "MIME-Version", "Content-Type",
	} {
		allowed[name] = true
	}
	var header strings.Builder
	header.WriteString("From: \"" + secret + "\" <fr1@gsp.example>\r\nTo: " + secret + " <ke@gsp.example>\r\n")
	for _, name := range []string{"Sender", "Resent-From", "Resent-Sender"} {
		header.WriteString(name + ": " + secret + " <fr1@gsp.example>\r\n")
	}
	for _, name := range []string{
		"Bcc", "Received", "X-Originating-IP", "User-Agent", "X-Mailer", "Autocrypt", "Autocrypt-Gossip", "Autocrypt-Draft-State",
		"OpenPGP", "X-PGP-Agent", "Reply-To", "Return-Path", "Resent-Date", "Resent-To", "Resent-Message-ID", "Disposition-Notification-To",
		"Return-Receipt-To", "Organization", "Face", "X-Face", "Thread-Topic", "Thread-Index", "X-MS-Exchange-Organization",
		"X-MS-Has-Attach", "Accept-Language", "Content-Language", "Keywords", "Comments", "Importance", "X-Priority", "List-Id",
		"List-Unsubscribe", "DKIM-Signature", "Authentication-Results", "ARC-Seal", "X-Mozilla-Status", "X-Mozilla-Keys",
		"X-Account-Key", "X-Identity-Key", "X-Universally-Unique-Identifier", "X-Apple-Mail-Remote-Attachments",
		"X-K9mail-Identity", "X-Enigmail-Draft-Status", "Content-Description", "Content-Disposition", "Content-ID", "Subject",
		"X-GSP-Note", "GSP-Routing", "Received", "X-Unknown",
	} {
		header.WriteString(name + ": " + secret + "\r\n")
	}
	m := inspect(t, write(t, header.String(), 600))
	f, err := wire.Read(m, domain)
	if err != nil {
		t.Fatal(err)
	}
	o := outer()
	o.From, o.To = f.From, f.To
	mail := wire.Build(o, m)
	for _, leak := range []string{secret, "laptop", "seizure list", "of case 900"} {
		if bytes.Contains(mail, []byte(leak)) {
			t.Errorf("the outer mail holds %q", leak)
		}
	}
	built := inspect(t, mail)
	for _, field := range built.Fields() {
		if !allowed[field.Name] {
			t.Errorf("the outer mail has the field %s", field.Name)
		}
		delete(allowed, field.Name) // each once
	}
	if built.Digest() != m.Digest() || built.Size() != m.Size() {
		t.Error("the OpenPGP octets changed")
	}
}

// TestBuildKeepsItsHeader shows that no value can begin a field of its own.
func TestBuildKeepsItsHeader(t *testing.T) {
	const injected = "x\r\nBcc: spy@gsp.example\r\n"
	o := outer()
	o.MessageID, o.InReplyTo, o.References = "<"+injected+"@y>", []string{injected}, []string{injected}
	o.AutoSubmitted, o.Routing.Pattern = injected, injected
	o.Marks = []gsp.Mark{{Mask: injected, Count: 1}}
	for _, field := range inspect(t, wire.Build(o, inspect(t, write(t, from, 600)))).Fields() {
		if field.Name == "Bcc" {
			t.Error("a value began a field of its own")
		}
	}
}
