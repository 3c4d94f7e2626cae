package wire_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

const domain = "gsp.example"

// octets are a session key and n octets of encrypted data.
func octets(n int) []byte {
	noise := make([]byte, 80+n)
	rand.NewChaCha8([32]byte{2}).Read(noise)
	key := "\x03\x01\x02\x03\x04\x05\x06\x07\x08\x12\x01\x07\x40" + string(noise[:32]) + "\x30" + string(noise[32:80])
	b := append([]byte{0xc1, byte(len(key))}, key...)
	b = binary.BigEndian.AppendUint32(append(b, 0xd2, 0xff), uint32(n+1))
	return append(append(b, 1), noise[80:]...)
}

// write puts a header before a sealed body. Content-Type and MIME-Version are
// added.
func write(t testing.TB, header string, n int) []byte {
	t.Helper()
	var armoured strings.Builder
	w, err := armor.Encode(&armoured, "PGP MESSAGE", map[string]string{"Comment": "from my private laptop"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(octets(n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return enclose(header, strings.ReplaceAll(armoured.String(), "\n", "\r\n"))
}

// enclose writes a mail around armour, with readable words wherever the rules
// allow them.
func enclose(header, armoured string) []byte {
	return []byte(header + "MIME-Version: 1.0\r\n" +
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: of case 900\r\n\r\nVersion: 1\r\n" +
		"--b\r\nContent-Type: application/octet-stream; name=\"seizure list.asc\"\r\nContent-ID: <1@laptop>\r\n\r\n" +
		armoured + "\r\n--b--\r\n")
}

func inspect(t testing.TB, mail []byte) sealed.Message {
	t.Helper()
	m, err := sealed.Inspect(mail)
	if err != nil {
		t.Fatalf("inspect: %v in\n%s", err, mail)
	}
	return m
}

const from = "From: fr1@gsp.example\r\n"

func read(t testing.TB, header string) (wire.Fields, error) {
	t.Helper()
	return wire.Read(inspect(t, write(t, header, 100)), domain)
}

func mustRead(t testing.TB, header string) wire.Fields {
	t.Helper()
	f, err := read(t, header)
	if err != nil {
		t.Fatalf("read %q: %v", header, err)
	}
	return f
}

func address(s string) gsp.Address {
	a, err := gsp.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

func addresses(s ...string) (list []gsp.Address) {
	for _, a := range s {
		list = append(list, address(a))
	}
	return list
}

func claim(text string, n int, level gsp.Level, party gsp.PartyID) gsp.Claim {
	return gsp.Claim{UIM: gsp.NewUIM(text), Count: n, Level: level, Party: party}
}

func TestRead(t *testing.T) {
	got := mustRead(t, "From: \"Moreau, Anne\" <FR1@GSP.example>\r\n"+
		"To: Kenya <ke@gsp.example>, =?x-unknown?Q?=C3?= <de@gsp.example>,\r\n other@elsewhere.example, \"a b\"@gsp.example\r\n"+
		"Cc: Team: fr2@gsp.example, fr3@gsp.example;\r\n"+
		"Date: Mon, 23 Nov 2026 12:00:00 +0300\r\n"+
		"Message-ID: <1@gsp.example>\r\n"+
		"In-Reply-To: Your mail of Monday <0@gsp.example>\r\n"+
		"References: <a@b> <not an id> <c@d>\r\n\t<0@gsp.example>\r\n"+
		"Auto-Submitted: Auto-Replied; x=y\r\n"+
		"Subject: [uim IGNORED] where there is a field\r\n"+
		"X-GSP-Type: request;urgency=detained;due=@1764547200\r\n"+
		"gsp-case: \"2026-ke-7q4m2\"\r\n"+
		"GSP-UIM: \"QCALL####\";n=12;level=unit,\r\n \"a \\\"b\\\" \\\\c\"\r\n"+
		"gsp-uim: \"KE7\";party=ke\r\n")
	want := wire.Fields{
		From:          address("fr1@gsp.example"),
		To:            addresses("ke@gsp.example", "de@gsp.example"),
		Cc:            addresses("fr2@gsp.example", "fr3@gsp.example"),
		Date:          got.Date,
		MessageID:     "<1@gsp.example>",
		InReplyTo:     []string{"<0@gsp.example>"},
		References:    []string{"<a@b>", "<c@d>", "<0@gsp.example>"},
		AutoSubmitted: "auto-replied",
		Type:          gsp.Request,
		Urgency:       gsp.Detained,
		Due:           time.Unix(1764547200, 0).UTC(),
		Case:          "2026-KE-7Q4M2",
		Claims: []gsp.Claim{
			claim("QCALL####", 12, gsp.Unit, ""), claim(`a "b" \c`, 1, "", ""), claim("KE7", 1, "", "ke"),
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if want := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC); !got.Date.Equal(want) {
		t.Errorf("got date %v; want %v", got.Date, want)
	}
}

func TestReadLittle(t *testing.T) {
	for _, header := range []string{
		from,
		from + "GSP-UIM:\r\n",
		from + "To: undisclosed-recipients:;\r\n",
		from + "To:\r\nCc: \r\n",
		from + "To: a@elsewhere.example\r\nSender: <FR1@gsp.example>\r\nReply-To: y@z\r\nSubject: [uimage] [ uim x\r\n",
	} {
		got := mustRead(t, header)
		if want := (wire.Fields{From: address("fr1@gsp.example")}); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v; want nothing but From", header, got)
		}
	}
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, " <%d@x>\r\n", i)
	}
	refs := mustRead(t, from+"References:"+many.String()).References
	if len(refs) != 20 || refs[0] != "<10@x>" || refs[19] != "<29@x>" {
		t.Errorf("got references %v; want the last 20", refs)
	}
}

func TestSubjectTag(t *testing.T) {
	for _, test := range []struct {
		subject string
		want    []gsp.Claim
	}{
		{"[uim QCALL##### n=12]", []gsp.Claim{claim("QCALL#####", 12, "", "")}},
		{"Packs [UIM KE7########  level=carton party=KE N=900 ] in [uim B] port", []gsp.Claim{claim("KE7########", 900, gsp.Carton, "ke"), claim("B", 1, "", "")}},
		{"=?UTF-8?Q?Paquets_[uim_KE7_n=3D2]_d=C3=A9couverts?=", []gsp.Claim{claim("KE7", 2, "", "")}},
		{"Re: [list] packs", nil},
		{"[uimx A] [ uim A] uim A]", nil},
		{"[uim\u00a0KE7\u00a0n=2]", []gsp.Claim{claim("KE7", 2, "", "")}},
		{"=?ISO-8859-15?Q?[uim_KE7_n=3D2]_=A4?=", []gsp.Claim{claim("KE7", 2, "", "")}},
		{"=?UTF-8?B?W3VpbSBLRTcgbj0=?=\r\n =?UTF-8?B?Ml0=?=", []gsp.Claim{claim("KE7", 2, "", "")}},
		{"=?UTF-8?Q?=5Buim_KE7=5D?= [uim B]", []gsp.Claim{claim("KE7", 1, "", ""), claim("B", 1, "", "")}},
		{"[uim\r\n\tKE7\r\n n=2]", []gsp.Claim{claim("KE7", 2, "", "")}},
		{"[[uim A]]", []gsp.Claim{claim("A", 1, "", "")}},
		{"[uim A][uim B]", []gsp.Claim{claim("A", 1, "", ""), claim("B", 1, "", "")}},
		{"[uim A n=1 n=2]", []gsp.Claim{claim("A", 2, "", "")}}, // as in a structured field
		{"[uim A=B;n=3]", []gsp.Claim{claim("A=B;n=3", 1, "", "")}},
		{"Re: Fwd: [UIM 0104600818007879^21###  N=3 ]", []gsp.Claim{claim("0104600818007879^21###", 3, "", "")}},
		{"=?UTF-8?Q?[uim_A", nil}, // no encoded word
	} {
		if got := mustRead(t, from+"Subject: "+test.subject+"\r\n").Claims; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %d claims; want %d", test.subject, len(got), len(test.want))
		}
	}
}

func TestRefusals(t *testing.T) {
	member := `"KEPACK#########################################";n=12, `
	for _, test := range []struct {
		header string
		want   gsp.Reason
	}{
		{"To: ke@gsp.example\r\n", gsp.BrokenHeader},
		{"From: fr1@gsp.example, fr2@gsp.example\r\n", gsp.BrokenHeader},
		{"From: fr1\r\n", gsp.BrokenHeader},
		{"From: \"a b\"@gsp.example\r\n", gsp.BrokenHeader},
		{"From: x:;\r\n", gsp.BrokenHeader},
		{from + "To: <ke@gsp.example\r\n", gsp.BrokenHeader},
		{from + "Date: yesterday\r\n", gsp.BrokenHeader},
		{from + "Date: Mon, 23 Nov 1026 12:00:00 +0300\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: KEPACK\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: \"request\"\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: request;urgency=KEPACK\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: request;due=5\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: request;due=@999999999999999\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: request;x\r\n", gsp.BrokenHeader},
		{from + "GSP-Case: \"KEPACK\"\r\n", gsp.BrokenHeader},
		{from + "GSP-Case: 2026-KE-7Q4M2\r\n", gsp.BrokenHeader},
		{from + "GSP-Type: request\r\nX-GSP-Type: request\r\n", gsp.DuplicateHeader},
		{from + "GSP-Case: \"2026-KE-7Q4M2\"\r\nGSP-Case: \"2026-KE-7Q4M2\"\r\n", gsp.DuplicateHeader},
		{from + "References: <a@b>\r\nReferences: <a@b>\r\n", gsp.DuplicateHeader},
		{from + "In-Reply-To: <a@b>\r\nIn-Reply-To: <a@b>\r\n", gsp.DuplicateHeader},
		{from + "Auto-Submitted: no\r\nAuto-Submitted: no\r\n", gsp.DuplicateHeader},
		{from + "GSP-UIM: KEPACK\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: (\"KEPACK\")\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\"\r\nGSP-UIM: \"KEPACK\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\",\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\\x\"\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\xc3\xa9\"\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"\"\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK" + strings.Repeat("#", 300) + "\"\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";n=0\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";n=9999999999\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";n\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";count=2\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";level=box\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";level=\"\"\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: \"KEPACK\";party=k\r\n", gsp.BrokenUIM},
		{from + "GSP-UIM: " + strings.Repeat(strings.TrimSuffix(strings.Repeat(member, 10), " ")+"\r\n ", 100) + "\"KEPACK\"\r\n", gsp.TooManyUIMs},
		{from + "Subject: packs" + strings.Repeat("\r\n [uim KEPACK]", 1001) + "\r\n", gsp.TooManyUIMs},
		{from + "Subject: [uim]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK [uim B]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK count=2]\r\n", gsp.BrokenUIM},
		{from + "Subject: [UIM:KEPACK]\r\n", gsp.BrokenUIM},
		{from + "Subject: two [uim=KEPACK n=2]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK n=-1]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK n=1e3]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK n=99999999999999999999]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK party=..]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACKé]\r\n", gsp.BrokenUIM},
		{from + "Subject: =?UTF-8?Q?[uim_KEPACK=0D=0ABcc:_x]?=\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim " + strings.Repeat("KEPACK", 50) + "]\r\n", gsp.BrokenUIM},
		{from + "Sender: KEPACK <fr2@gsp.example>\r\n", gsp.WrongSender},
		{"Sender: fr2@gsp.example\r\n" + from, gsp.WrongSender},
		{from + "Sender: KEPACK\r\n", gsp.WrongSender},
		{from + "Resent-From: KEPACK <fr2@gsp.example>\r\n", gsp.WrongSender},
		{from + "Resent-From: fr1@gsp.example\r\nResent-Sender: fr2@gsp.example\r\n", gsp.WrongSender},
		{from + "Subject: [uim KEPACK 12]\r\n", gsp.BrokenUIM},
		{from + "Subject: [uim KEPACK n=x]\r\n", gsp.BrokenUIM},
	} {
		name := test.header[:min(len(test.header), 80)]
		_, err := read(t, test.header)
		var refusal *gsp.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != test.want {
			t.Errorf("%q: got %v; want %s", name, err, test.want)
			continue
		}
		if refusal.Cause == "" || refusal.Remedy == "" {
			t.Errorf("%q: the refusal has no cause or no remedy", name)
		}
		if text := fmt.Sprint(refusal.Text(""), refusal.Err); strings.Contains(text, "KEPACK") {
			t.Errorf("%q: the refusal shows the UIM: %s", name, text)
		}
	}
}

// TestClaimsRoundTrip shows that Read takes back what FormatClaims writes,
// whatever printable characters a UIM has.
func TestClaimsRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var claims []gsp.Claim
		for range 1 + random.IntN(20) {
			text := make([]byte, 1+random.IntN(40))
			for i := range text {
				text[i] = byte(' ' + random.IntN(0x7f-' '))
			}
			c := claim(string(text), 1+random.IntN(1e9), gsp.LevelUnknown, "")
			if i := random.IntN(len(gsp.Levels) + 1); i < len(gsp.Levels) {
				c.Level = gsp.Levels[i]
			}
			if random.IntN(2) == 0 {
				c.Party = "eu"
			}
			claims = append(claims, c)
		}
		var header strings.Builder // a field each, so that no line is too long
		for _, c := range claims {
			value, err := wire.FormatClaims([]gsp.Claim{c})
			if err != nil {
				t.Fatal(err)
			}
			header.WriteString("GSP-UIM: " + value + "\r\n")
		}
		if got := mustRead(t, from+header.String()).Claims; !reflect.DeepEqual(got, claims) {
			t.Fatalf("got back other claims from %s", header.String())
		}
		few := claims[:min(len(claims), 5)]
		value, err := wire.FormatClaims(few)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, from+"X-GSP-UIM: "+value+"\r\n").Claims; !reflect.DeepEqual(got, few) {
			t.Fatalf("got back other claims from %s", value)
		}
	}
}

func TestFormatClaimsRefuses(t *testing.T) {
	for _, c := range []gsp.Claim{
		claim("", 1, "", ""), claim("KEPACK\n", 1, "", ""), claim("KEPACKé", 1, "", ""), claim("KEPACK", 0, "", ""),
		claim("KEPACK", 1, "box", ""), claim("KEPACK", 1, "", "k"), claim("KEPACK", 1, "", "KE"),
		claim(strings.Repeat("KEPACK", 50), 1, "", ""),
	} {
		if s, err := wire.FormatClaims([]gsp.Claim{c}); err == nil || strings.Contains(err.Error(), "KEPACK") {
			t.Errorf("got %q, error %v; want an error without the UIM", s, err)
		}
	}
	for n, text := range map[int]string{1001: "KE", 1000: strings.Repeat("#", 80)} {
		if _, err := wire.FormatClaims(slices.Repeat([]gsp.Claim{claim(text, 1, "", "")}, n)); err == nil {
			t.Errorf("%d UIMs of %d characters were formatted", n, len(text))
		}
	}
}
