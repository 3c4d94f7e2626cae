package wire_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/wire"
)

// TestSamplesKeepTheirOctets builds the outer mail around what other programs
// wrote. Neither reader nor writer of the octets is ours here.
func TestSamplesKeepTheirOctets(t *testing.T) {
	files, err := filepath.Glob("../sealed/testdata/*-*.asc")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 30 {
		t.Fatalf("got %d samples; want at least 30", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			block, err := armor.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			octets, err := io.ReadAll(block.Body)
			if err != nil {
				t.Fatal(err)
			}
			m := inspect(t, enclose(from, strings.ReplaceAll(strings.ReplaceAll(string(text), "\r", ""), "\n", "\r\n")))
			mail := wire.Build(outer(), m)
			if got, want := readByLibrary(t, mail), sha256.Sum256(octets); got != want || m.Digest() != want {
				t.Errorf("got octets %x, digest %x; want %x", got, m.Digest(), want)
			}
			if again := inspect(t, mail); again.Digest() != m.Digest() || !reflect.DeepEqual(again.SessionKeys(), m.SessionKeys()) {
				t.Error("digest or session keys changed")
			}
			for key, value := range block.Header { // of the armour
				if bytes.Contains(mail, []byte(key+": "+value)) {
					t.Errorf("the armour still says %s: %s", key, value)
				}
			}
		})
	}
}

// TestMailProgramsAreGone builds the outer mail around mails as programs wrote
// them.
func TestMailProgramsAreGone(t *testing.T) {
	files, err := filepath.Glob("../sealed/testdata/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Fatalf("got %d mails; want at least 5", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := inspect(t, []byte(strings.ReplaceAll(strings.ReplaceAll(string(text), "\r", ""), "\n", "\r\n")))
		f, err := wire.Read(m, domain)
		if err != nil {
			t.Fatal(err)
		}
		mail := wire.Build(wire.Outer{From: f.From, To: f.To, Date: f.Date, Received: outer().Received, Domain: domain}, m)
		if got := readByLibrary(t, mail); got != m.Digest() || got != readByLibrary(t, m.Raw()) {
			t.Errorf("%s: the OpenPGP octets changed", file)
		}
		header, _, _ := strings.Cut(string(mail), "-----BEGIN")
		for _, trace := range []string{"Packs", "Anne", "Kenya", "Moreau", "laptop", "MIME-tools", "msg.asc", "Description", "(RFC", "multi-part", "X-"} {
			if strings.Contains(header, trace) {
				t.Errorf("%s: the outer mail holds %q", file, trace)
			}
		}
	}
}

// fromClient is a header with all that tells where the sender sits and what
// with. What follows from each line must not reach the outer mail.
const fromClient = "Received: from laptop.customs.example ([192.0.2.77]) by mail.customs.example\r\n" +
	"\twith ESMTPSA id 900; Mon, 23 Nov 2026 12:00:00 +0300\r\n" +
	"Received: from [2001:db8::77] (unknown) by laptop.customs.example\r\n" +
	"X-Originating-IP: [192.0.2.77]\r\n" +
	"X-Forwarded-For: 192.0.2.77\r\n" +
	"User-Agent: Mozilla Thunderbird 140.5 (Windows NT 10.0)\r\n" +
	"X-Mailer: Microsoft Outlook 16.0\r\n" +
	"X-MimeOLE: Produced By Microsoft MimeOLE\r\n" +
	"Autocrypt: addr=fr1@gsp.example; keydata=mDMEKEYDATA\r\n" +
	"X-GSP-Client: laptop.customs.example\r\n" +
	"GSP-Routing: (ru);reason=laptop\r\n" +
	"Return-Path: <laptop@customs.example>\r\n" +
	"Reply-To: Anne <laptop@customs.example>\r\n" +
	"Bcc: laptop@customs.example\r\n" +
	"Comments: seizure in the port\r\n" +
	"Thread-Topic: seizure in the port\r\n" +
	"Subject: seizure in the port\r\n" +
	"Date: Mon, 23 Nov 2026 12:00:00 +0300 (EAT)\r\n" +
	"From: Anne Laptop <FR1@GSP.Example>\r\n" +
	"To: Kenya Laptop <ke@gsp.example>, laptop@customs.example\r\n"

func TestClientIsGone(t *testing.T) {
	m := inspect(t, write(t, fromClient, 600))
	f, err := wire.Read(m, domain)
	if err != nil {
		t.Fatal(err)
	}
	o := outer()
	o.From, o.To, o.Cc, o.Date, o.MessageID = f.From, f.To, f.Cc, f.Date, f.MessageID
	mail := strings.ToLower(string(wire.Build(o, m)))
	for _, trace := range []string{
		"192.0.2", "2001:db8", "laptop", "customs", "thunderbird", "mozilla", "windows", "outlook", "microsoft",
		"autocrypt", "keydata", "mimeole", "x-", "seizure", "port", "anne", "kenya", "+0300", "(eat)", "\r\nreply-to", "bcc", "return-path",
	} {
		if at := strings.Index(mail, trace); at >= 0 && !inArmour(mail, at) {
			t.Errorf("the outer mail holds %q: %.60q", trace, mail[at:])
		}
	}
	if !strings.Contains(mail, "\r\ndate: mon, 23 nov 2026 09:00:00 +0000\r\n") {
		t.Error("the date is not in UTC")
	}
}

// inArmour reports whether that octet stands in the armour, where base64 may
// spell anything.
func inArmour(mail string, at int) bool {
	return at > strings.Index(mail, "-----begin pgp message-----")
}

// TestOrderAndCase shows that the outer mail does not tell in which order, in
// which letters and with which folds a client wrote its fields: each habit is
// a trace of the program.
func TestOrderAndCase(t *testing.T) {
	fields := []string{
		"From: Anne <fr1@gsp.example>", "To: ke@gsp.example, de@gsp.example", "Cc: fr2@gsp.example",
		"Date: Mon, 23 Nov 2026 12:00:00 +0300", "Message-ID: <1@gsp.example>", "In-Reply-To: <0@gsp.example>",
		"References: <a@b> <0@gsp.example>", "Auto-Submitted: no", "Subject: x", "GSP-Type: request;urgency=urgent",
		"GSP-UIM: \"KE7####\";n=2, \"KE8####\"",
	}
	build := func(header string) []byte {
		m := inspect(t, write(t, header, 600))
		f, err := wire.Read(m, domain)
		if err != nil {
			t.Fatalf("read %q: %v", header, err)
		}
		o := wire.Outer{
			From: f.From, To: f.To, Cc: f.Cc, Date: f.Date, MessageID: f.MessageID, InReplyTo: f.InReplyTo,
			References: f.References, AutoSubmitted: f.AutoSubmitted, Type: f.Type, Urgency: f.Urgency,
			Received: outer().Received, Domain: domain,
		}
		for _, c := range f.Claims {
			o.Marks = append(o.Marks, gsp.Mark{Mask: c.UIM.Reveal(), Count: c.Count})
		}
		return wire.Build(o, m)
	}
	want := build(strings.Join(fields, "\r\n") + "\r\n")
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var header strings.Builder
		for _, i := range random.Perm(len(fields)) {
			name, value, _ := strings.Cut(fields[i], ":")
			switch random.IntN(3) {
			case 0:
				name = strings.ToUpper(name)
			case 1:
				name = strings.ToLower(name)
			}
			if strings.HasPrefix(strings.ToUpper(name), "GSP-") && random.IntN(2) == 0 {
				name = "x-" + name
			}
			if random.IntN(2) == 0 {
				value = strings.ReplaceAll(value, " ", "\r\n ")
			}
			header.WriteString(name + ":" + value + " \t\r\n")
		}
		if got := build(header.String()); !bytes.Equal(got, want) {
			t.Fatalf("from\n%s\ngot\n%s\nwant\n%s", header.String(), got, want)
		}
	}
}

// TestSpellings sends our fields with "X-", and with names that only look like
// them.
func TestSpellings(t *testing.T) {
	for _, test := range []struct {
		header string
		want   []gsp.Claim
	}{
		{"X-GSP-UIM: \"A\"\r\n", []gsp.Claim{claim("A", 1, "", "")}},
		{"x-gsp-uim: \"A\"\r\nX-GSP-UIM: \"B\"\r\nX-Gsp-Uim: \"C\"\r\n", []gsp.Claim{claim("A", 1, "", ""), claim("B", 1, "", ""), claim("C", 1, "", "")}},
		{"GSP-UIM: \"A\",\r\n\t\"B\";n=2;level=unit\r\n", []gsp.Claim{claim("A", 1, "", ""), claim("B", 2, gsp.Unit, "")}},
		{"GSP-UIM: \"A\";n=1;n=7\r\n", []gsp.Claim{claim("A", 7, "", "")}}, // RFC 9651, section 4.2.3.2: the last
		{"GSP-UIM: \"[uim B]\"\r\n", []gsp.Claim{claim("[uim B]", 1, "", "")}},
		{"GSP-UIM:\r\nX-GSP-UIM: \t\r\nSubject: [uim B]\r\n", []gsp.Claim{claim("B", 1, "", "")}},
		{"GSP-UIM:\r\nX-GSP-UIM: \"A\"\r\n", []gsp.Claim{claim("A", 1, "", "")}},
		{"GSP-UIM: \"A\"\r\nGSP-UIM: \"A\"\r\nSubject: [uim B]\r\n", []gsp.Claim{claim("A", 1, "", ""), claim("A", 1, "", "")}},
		{"X-X-GSP-UIM: \"A\"\r\nGSP-UIMS: \"A\"\r\nGSP_UIM: \"A\"\r\nXGSP-UIM: \"A\"\r\nX-UIM: \"A\"\r\nGSP-UIM-: \"A\"\r\n", nil},
		{"Comments: GSP-UIM: \"A\"\r\nX-Note: x\r\n GSP-UIM: \"A\"\r\n", nil},
		{"Keywords: [uim A]\r\nThread-Topic: [uim A]\r\nX-Subject: [uim A]\r\n", nil},
	} {
		if got := mustRead(t, from+test.header).Claims; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %d claims; want %d", test.header, len(got), len(test.want))
		}
	}
	for _, pair := range [][2]string{
		{"GSP-Type: request", "X-GSP-TYPE: reply"}, {"x-gsp-type: request", "X-GSP-Type: request"},
		{"GSP-Case: \"2026-KE-7Q4M2\"", "X-GSP-Case: \"2026-KE-7Q4M2\""},
		{"GSP-UIM: \"A\"", "X-GSP-UIM: \"A\""}, {"x-gsp-uim: \"A\"", "GSP-UIM: \"B\""},
	} {
		_, err := read(t, from+pair[0]+"\r\n"+pair[1]+"\r\n")
		if want := (&gsp.Refusal{Reason: gsp.DuplicateHeader}); err == nil || !strings.HasPrefix(err.Error(), string(want.Reason)) {
			t.Errorf("%s and %s: got %v; want %s", pair[0], pair[1], err, want.Reason)
		}
	}
}

// TestOuterIsInspectedAgain shows that what is built from the longest header
// that we take is a sealed mail for the checks that it came through.
func TestOuterIsInspectedAgain(t *testing.T) {
	o := outer()
	o.Marks, o.References, o.InReplyTo = nil, nil, nil
	for i := range 1000 {
		o.Marks = append(o.Marks, gsp.Mark{Mask: fmt.Sprintf("%s%d", strings.Repeat("#", 40), i), Count: 1})
	}
	for i := range 30 {
		id := fmt.Sprintf("<%d%s@gsp.example>", i, strings.Repeat("x", 200))
		o.References, o.InReplyTo = append(o.References, id), append(o.InReplyTo, id)
	}
	m := inspect(t, write(t, from, 600))
	built := inspect(t, wire.Build(o, m))
	var names []string
	for _, f := range built.Fields() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a field stands twice: %v", names)
	}
}

// TestRawNames reads addresses beside display names in an old charset. None of
// the octets can become a part of an address.
func TestRawNames(t *testing.T) {
	got := mustRead(t, "From: Andr\xe9 <fr1@gsp.example>\r\nTo: \"\xcf\xf0\xe8\xe2\xe5\xf2\" <ke@gsp.example>, k\xe9@gsp.example, de@g\xffsp.example\r\n")
	if got.From != address("fr1@gsp.example") || !slices.Equal(got.To, addresses("ke@gsp.example")) {
		t.Errorf("got from %v to %v; want fr1 and ke", got.From, got.To)
	}
	if _, err := read(t, "From: fr1\xe9@gsp.example\r\n"); err == nil {
		t.Error("read an address that is not ASCII")
	}
}
