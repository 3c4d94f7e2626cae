package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/sealed"
)

// FuzzInspect shows that no mail makes Inspect panic or talk, and that what it
// accepts stands: the octets have the digest, and the same octets in our own
// armour are accepted again.
func FuzzInspect(f *testing.F) {
	octets := sealedOctets()
	f.Add(wrapOctets(f, octets))
	f.Add(wrapOctets(f, join(oldPacket(1, rsaKey()), packet(20, ocb(300)))))
	f.Add(wrapOctets(f, join(packet(1, x25519Key("\x06", v6Name)), packet(18, seipd2(100)))))
	f.Add(change(f, wrap(base64Lines(octets)), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n"))
	f.Add([]byte("Subject: 900 packs\r\n\r\n"))
	f.Fuzz(check)
}

// FuzzParts is FuzzInspect with what stands around sound packets only.
func FuzzParts(f *testing.F) {
	const part = "Content-Type: application/octet-stream\r\n"
	f.Add("", "", "", part, "Version: GnuPG v2\r\n", "", "")
	f.Add("X: y\r\n z\r\n", "\r\n", "Content-ID: <x>\r\n", part+"Content-Transfer-Encoding: 8bit\r\n", "", "\r\n", "\r\n")
	f.Add("Received: x\r\n", "This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\r\n", "", "content-type: Application/Octet-Stream; name*=x\r\n", "Comment: \r\n", " \r\n", "--b0undary\r\n")
	armour := armoured(f, sealedOctets())
	f.Fuzz(func(t *testing.T, top, preamble, first, second, armourHeader, behind, epilogue string) {
		check(t, []byte(top+header+"\r\n"+preamble+
			"--b0undary\r\nContent-Type: application/pgp-encrypted\r\n"+first+"\r\nVersion: 1\r\n"+
			"--b0undary\r\n"+second+"\r\n"+
			strings.Replace(armour, "\r\n\r\n", "\r\n"+armourHeader+"\r\n", 1)+behind+"\r\n--b0undary--\r\n"+epilogue))
	})
}

// check inspects a mail that may be anything.
func check(t *testing.T, raw []byte) {
	m, err := sealed.Inspect(raw)
	if err != nil {
		var fault *sealed.Fault
		if !errors.As(err, &fault) || !slices.Contains(sealed.Flaws, fault.Flaw) || fault.Detail == "" {
			t.Fatalf("got %v; want a fault", err)
		}
		return
	}
	accepted(t, m)
	comparePackets(t, m)
	if readByLibrary(t, raw) != m.Digest() {
		t.Fatal("another reader finds other octets")
	}
	again, err := sealed.Inspect(m.Raw())
	if err != nil || again.Digest() != m.Digest() {
		t.Fatalf("inspected again: %v", err)
	}
	ours, err := sealed.Inspect(wrap(string(m.AppendArmour(nil))))
	if err != nil || ours.Digest() != m.Digest() {
		t.Fatalf("in our own armour: %v", err)
	}
}

// FuzzPackets is FuzzInspect behind mail and armour, which a fuzzer rarely
// passes.
func FuzzPackets(f *testing.F) {
	f.Add(sealedOctets())
	f.Add(join(oldPacket(1, rsaKey()), packet(20, ocb(300))))
	f.Add(join(packet(10, []byte("PGP")), packet(1, x25519Key("\x06", v6Name)), packet(18, seipd2(100))))
	f.Add(append(append(join(packet(1, mlkemKey()), []byte{0xd2, 0xe9, 1}), noise(511)...), 1, 1))
	f.Fuzz(func(t *testing.T, octets []byte) {
		m, err := sealed.Inspect(wrapOctets(t, octets))
		if err != nil {
			return
		}
		accepted(t, m)
		comparePackets(t, m)
		if m.Size() != len(octets) {
			t.Fatalf("got %d octets; want %d", m.Size(), len(octets))
		}
	})
}

// FuzzArmour is FuzzInspect with the text of the second part only, in each
// transfer encoding.
func FuzzArmour(f *testing.F) {
	armour := armoured(f, sealedOctets())
	f.Add(armour, uint8(0))
	f.Add(strings.Replace(armour, "\r\n\r\n", "\r\nVersion: GnuPG v2\r\n \t\r\n", 1)+" \r\n", uint8(0))
	f.Add(base64Lines([]byte(armour)), uint8(1))
	f.Add(base64Lines(sealedOctets()), uint8(1))
	f.Add(strings.ReplaceAll(strings.ReplaceAll(armour, "=", "=3D"), "A\r\n", "A=\r\n\r\n"), uint8(2))
	const kind = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
	f.Fuzz(func(t *testing.T, text string, encoding uint8) {
		mail := string(wrap(text))
		if name := [...]string{"", "base64", "quoted-printable"}[encoding%3]; name != "" {
			mail = strings.Replace(mail, kind, kind+"Content-Transfer-Encoding: "+name+"\r\n", 1)
		}
		check(t, []byte(mail))
	})
}

func accepted(t *testing.T, m sealed.Message) {
	t.Helper()
	var b bytes.Buffer
	if err := m.WriteOctets(&b); err != nil {
		t.Fatalf("write octets: %v", err)
	}
	if sha256.Sum256(b.Bytes()) != m.Digest() || b.Len() != m.Size() {
		t.Fatal("the digest is not that of the octets")
	}
	for _, key := range m.SessionKeys() {
		if key.KeyID == 0 {
			t.Fatal("accepted an anonymous key")
		}
	}
	l := m.Layout()
	for _, p := range []sealed.Part{l.Version, l.Sealed} {
		if p.Start < l.Header || p.Body < p.Start || p.End < p.Body || p.End > l.Size {
			t.Fatalf("a part stands at %+v in a mail of %d octets", p, l.Size)
		}
	}
}

// unquotedProtocol finds what we read and the library does not.
var unquotedProtocol = regexp.MustCompile(`(?i)=(application/pgp-encrypted)`)

// readByLibrary reads an accepted mail with readers that nobody here wrote.
// Where they differ from ours, a mail would be checked in one reading and
// opened in another.
func readByLibrary(t *testing.T, raw []byte) [sha256.Size]byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind := unquotedProtocol.ReplaceAllString(m.Header.Get("Content-Type"), `="$1"`)
	_, parameters, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	if _, err := parts.NextRawPart(); err != nil {
		t.Fatal(err)
	}
	part, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	var body io.Reader = part
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, part)
	case "quoted-printable":
		body = quotedprintable.NewReader(part)
	}
	octets, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if octets[0]&0x80 == 0 {
		block, err := armor.Decode(bytes.NewReader(octets))
		if err != nil {
			t.Fatal(err)
		}
		if octets, err = io.ReadAll(block.Body); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Fatalf("another reader finds a third part, or error %v", err)
	}
	return sha256.Sum256(octets)
}
