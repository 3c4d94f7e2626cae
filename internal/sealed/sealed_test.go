package sealed_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"
	"mime/quotedprintable"
	"runtime"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"gsp.example/gsp/internal/sealed"
)

// packet writes a packet with a header of the new format and a length of five
// octets, as Sequoia does.
func packet(tag byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	head := binary.BigEndian.AppendUint32([]byte{0xc0 | tag, 0xff}, uint32(len(b)))
	return append(head, b...)
}

// oldPacket writes a header of the old format with a length of two octets, as
// GnuPG does.
func oldPacket(tag byte, body []byte) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0x80 | tag<<2 | 1}, uint16(len(body)))
	return append(head, body...)
}

// noise returns octets that look like ciphertext and are the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	mathrand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

const keyID = "\x01\x02\x03\x04\x05\x06\x07\x08"

func rsaKey() []byte { return []byte("\x03" + keyID + "\x01\x08\x00\x80" + string(noise(255))) }
func ecdhKey() []byte {
	return []byte("\x03" + keyID + "\x12\x01\x07\x40" + string(noise(32)) + "\x30" + string(noise(48)))
}
func x25519Key(version, fingerprint string) []byte {
	if version == "\x06" {
		return []byte("\x06" + fingerprint + "\x19" + string(noise(32)) + "\x28" + string(noise(40)))
	}
	return []byte("\x03" + keyID + "\x19" + string(noise(32)) + "\x29\x09" + string(noise(40)))
}
func mlkemKey() []byte {
	return []byte("\x03" + keyID + "\x23" + string(noise(32+1088)) + "\x29\x09" + string(noise(40)))
}

const (
	v4Name = "\x15\x04abcdefghijklmnopqrst"
	v6Name = "\x21\x06abcdefghijklmnopqrstuvwxyzabcdef"
)

func seipd1(n int) []byte { return append([]byte{1}, noise(n)...) }
func seipd2(n int) []byte { return append([]byte{2, 9, 2, 6}, noise(32+n)...) }
func ocb(n int) []byte    { return append([]byte{1, 9, 2, 16}, noise(15+n)...) }

func sealedOctets() []byte { return join(packet(1, ecdhKey()), packet(18, seipd1(600))) }

func join(b ...[]byte) []byte { return bytes.Join(b, nil) }

func armoured(t testing.TB, octets []byte) string {
	t.Helper()
	var b strings.Builder
	w, err := armor.Encode(&b, "PGP MESSAGE", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(octets); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), "\n", "\r\n")
}

const header = "From: <ke1@gsp.example>\r\n" +
	"To: <fr@gsp.example>\r\n" +
	"Subject: ...\r\n" +
	"Date: Mon, 23 Nov 2026 12:00:00 +0300\r\n" +
	"Message-ID: <1@gsp.example>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n" +
	" boundary=\"b0undary\"\r\n"

// wrap puts the text of the second part into a mail as most clients write it.
func wrap(text string) []byte {
	return []byte(header + "\r\n" +
		"--b0undary\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n" +
		"--b0undary\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n" +
		text + "\r\n--b0undary--\r\n")
}

func wrapOctets(t testing.TB, octets []byte) []byte { return wrap(armoured(t, octets)) }

// change replaces the one occurrence of from.
func change(t testing.TB, mail []byte, from, to string) []byte {
	t.Helper()
	if n := strings.Count(string(mail), from); n != 1 {
		t.Fatalf("%q stands %d times in the mail; want once", from, n)
	}
	return []byte(strings.Replace(string(mail), from, to, 1))
}

// accept inspects a mail that must pass and hold octets, if they are given.
func accept(t testing.TB, mail, octets []byte) sealed.Message {
	t.Helper()
	m, err := sealed.Inspect(mail)
	if err != nil {
		t.Fatalf("got %v; want it accepted", err)
	}
	var b bytes.Buffer
	if err := m.WriteOctets(&b); err != nil {
		t.Fatalf("write octets: %v", err)
	}
	if octets != nil && !bytes.Equal(b.Bytes(), octets) {
		t.Errorf("got %d octets; want the %d that were sealed", b.Len(), len(octets))
	}
	if got := sha256.Sum256(b.Bytes()); got != m.Digest() {
		t.Errorf("the digest %x is not that of the octets, %x", m.Digest(), got)
	}
	if b.Len() != m.Size() {
		t.Errorf("got size %d; want %d", m.Size(), b.Len())
	}
	return m
}

func refuse(t *testing.T, mail []byte, want sealed.Flaw) {
	t.Helper()
	m, err := sealed.Inspect(mail)
	var fault *sealed.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("got error %v; want a fault %s", err, want)
	}
	if fault.Flaw != want {
		t.Errorf("got %v; want %s", fault, want)
	}
	if !m.IsZero() {
		t.Error("a refused mail gave a message")
	}
	if fault.Offset < 0 || fault.Offset > len(mail) {
		t.Errorf("offset %d is outside of a mail of %d octets", fault.Offset, len(mail))
	}
}

func base64Lines(b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	var lines []string
	for len(text) > 76 {
		lines, text = append(lines, text[:76]), text[76:]
	}
	return strings.Join(append(lines, text), "\r\n") + "\r\n"
}

func quoted(t *testing.T, text []byte, binary bool) string {
	t.Helper()
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Binary = binary
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestForms(t *testing.T) {
	octets := sealedOctets()
	armour := armoured(t, octets)
	plain := wrap(armour)
	for name, mail := range map[string][]byte{
		"as written":              plain,
		"no checksum":             change(t, plain, armour[strings.LastIndex(armour, "\r\n="):strings.LastIndex(armour, "-----END")], "\r\n"),
		"five blank lines":        change(t, plain, "-----END PGP MESSAGE-----", "-----END PGP MESSAGE-----"+strings.Repeat("\r\n", 6)),
		"blank line first":        change(t, plain, "-----BEGIN", "\r\n \r\n-----BEGIN"),
		"armour headers":          change(t, plain, "MESSAGE-----\r\n\r\n", "MESSAGE-----\r\nVersion: GopenPGP 2.11.1\r\nComment: https://gopenpgp.org\r\n\r\n"),
		"Thunderbird's preamble":  change(t, plain, "y\"\r\n\r\n--b0", "y\"\r\n\r\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\r\n--b0"),
		"Enigmail's preamble":     change(t, plain, "y\"\r\n\r\n--b0", "y\"\r\n\r\nThis is an OpenPGP/MIME encrypted message (RFC 2440 and 3156)\r\n--b0"),
		"blank lines around":      append(change(t, plain, "y\"\r\n\r\n--b0", "y\"\r\n\r\n\r\n--b0"), "\r\n\r\n"...),
		"no CRLF at the end":      bytes.TrimSuffix(plain, []byte("\r\n")),
		"padding after delimiter": change(t, plain, "b0undary--\r\n", "b0undary-- \r\n"),
		"capitals":                change(t, plain, "multipart/encrypted; protocol=\"application/pgp-encrypted\"", "Multipart/ENCRYPTED; Protocol=\"Application/PGP-Encrypted\""),
		"no protocol":             change(t, plain, " protocol=\"application/pgp-encrypted\";\r\n", ""),
		"protocol without quotes": change(t, plain, "\"application/pgp-encrypted\"", "application/PGP-encrypted"),
		"Apple's version":         change(t, plain, "MIME-Version: 1.0", "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3731.700.6\\))"),
		"line of 998 octets":      change(t, plain, "Subject: ...", "Subject: "+strings.Repeat("x", 989)),
		"blank lines in part 1":   change(t, plain, "Version: 1\r\n", "Version: 1 \r\n \r\n"),
		"8bit":                    change(t, plain, "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: 8BIT\r\n"),
		"base64 of armour":        change(t, wrap(base64Lines([]byte(armour))), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n"),
		"base64 of armour, LF": change(t, wrap(base64Lines([]byte(strings.ReplaceAll(armour, "\r\n", "\n")))), "encrypted.asc\"\r\n",
			"encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n"),
		"base64 of packets":           change(t, wrap(base64Lines(octets)), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n"),
		"quoted-printable":            change(t, wrap(quoted(t, []byte(armour), false)), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
		"quoted-printable of packets": change(t, wrap(quoted(t, octets, true)), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
		"base64 of the version": change(t, change(t, plain, "Version: 1\r\n", "VmVyc2lvbjogMQ==\r\n"), "pgp-encrypted\r\n",
			"pgp-encrypted\r\nContent-Transfer-Encoding: base64\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if m := accept(t, mail, octets); readByLibrary(t, mail) != m.Digest() {
				t.Error("another reader finds other octets")
			}
		})
	}
}

// TestLineLengths writes the armour with lines of every length: groups of four
// characters span lines then.
func TestLineLengths(t *testing.T) {
	octets := sealedOctets()
	text := base64.StdEncoding.EncodeToString(octets)
	for n := 1; n <= 96; n++ {
		var b strings.Builder
		b.WriteString("-----BEGIN PGP MESSAGE-----\r\n\r\n")
		for rest := text; rest != ""; {
			m := min(n, len(rest))
			b.WriteString(rest[:m] + "\r\n")
			rest = rest[m:]
		}
		b.WriteString("-----END PGP MESSAGE-----\r\n")
		accept(t, wrap(b.String()), octets)
	}
}

func TestLayout(t *testing.T) {
	mail := wrapOctets(t, sealedOctets())
	l := accept(t, mail, nil).Layout()
	if l.Size != len(mail) || l.Boundary != "b0undary" {
		t.Errorf("got size %d, boundary %q; want %d, b0undary", l.Size, l.Boundary, len(mail))
	}
	for _, part := range []struct{ what, got, want string }{
		{"header", string(mail[:l.Header]), header + "\r\n"},
		{"header of part 1", string(mail[l.Version.Start:l.Version.Body]), "Content-Type: application/pgp-encrypted\r\n\r\n"},
		{"body of part 1", string(mail[l.Version.Body:l.Version.End]), "Version: 1\r\n"},
		{"header of part 2", string(mail[l.Sealed.Start:l.Sealed.Body]), "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n"},
		{"body of part 2", string(mail[l.Sealed.Body:l.Sealed.End]), armoured(t, sealedOctets())},
	} {
		if part.got != part.want {
			t.Errorf("%s: got %q; want %q", part.what, part.got, part.want)
		}
	}
	if got, want := l.Sealed.Lines, strings.Count(armoured(t, sealedOctets()), "\n")+1; got != want {
		t.Errorf("part 2: got %d lines; want %d", got, want)
	}
}

func TestFields(t *testing.T) {
	mail := change(t, wrapOctets(t, sealedOctets()), "Subject: ...\r\n", "X-Long: one,\r\n\ttwo,\r\n three \r\nSubject:\r\n ...\r\nEmpty:\r\n")
	want := map[string]string{"X-Long": "one,\ttwo, three", "Subject": "...", "Empty": "", "From": "<ke1@gsp.example>"}
	m := accept(t, mail, nil)
	for _, f := range m.Fields() {
		if value, ok := want[f.Name]; ok && value != f.Value {
			t.Errorf("%s: got %q; want %q", f.Name, f.Value, value)
		}
		delete(want, f.Name)
	}
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
	if got := m.Fields()[0].Name; got != "From" {
		t.Errorf("the first field is %s; want From", got)
	}
}

func TestArmourOfOurOwn(t *testing.T) {
	for _, n := range []int{512, 700, 701, 702, 703, 30000} {
		octets := join(packet(1, ecdhKey()), packet(18, seipd1(n)))
		m := accept(t, wrapOctets(t, octets), octets)
		text := string(m.AppendArmour(nil))
		if text != armoured(t, octets)+"\r\n" && text != armoured(t, octets) {
			t.Errorf("%d octets: armour differs from go-crypto's:\n%s", len(octets), text)
		}
		if again := accept(t, wrap(text), octets); again.Digest() != m.Digest() {
			t.Errorf("%d octets: the digest changed", len(octets))
		}
	}
}

func TestZeroMessage(t *testing.T) {
	var m sealed.Message
	var b bytes.Buffer
	if err := m.WriteOctets(&b); err != nil || b.Len() != 0 {
		t.Errorf("got %d octets, error %v; want none", b.Len(), err)
	}
	if !m.IsZero() || m.Raw() != nil || m.Fields() != nil || m.SessionKeys() != nil || m.Size() != 0 ||
		m.Layout() != (sealed.Layout{}) || m.Digest() != [32]byte{} || m.AppendArmour(nil) != nil {
		t.Error("the zero message holds something")
	}
}

// TestRandomOctets shows that the randomness test lets random data through: a
// wrong refusal would cost an officer a day.
func TestRandomOctets(t *testing.T) {
	for n := 256; n < 100000; n += n / 7 {
		for range 20 {
			body := make([]byte, n)
			rand.Read(body)
			body[0] = 1
			accept(t, wrapOctets(t, join(packet(1, ecdhKey()), packet(18, body))), nil)
		}
	}
}

// TestMemory shows that a large mail costs no more memory than a small one,
// and no mail a mebibyte.
func TestMemory(t *testing.T) {
	good := wrapOctets(t, sealedOctets())
	for _, test := range []struct {
		name string
		mail []byte
		most uint64
	}{
		{"30 MiB", wrapOctets(t, join(packet(1, ecdhKey()), packet(18, seipd1(22<<20)))), 64 << 10},
		{"longest header", change(t, good, "Subject: ...\r\n", strings.Repeat("X: y\r\n", 1900)+strings.Repeat("X: "+strings.Repeat("y", 900)+"\r\n", 56)), 256 << 10},
		{"256 session keys", wrapOctets(t, join(manyKeys(256), packet(18, seipd1(600)))), 128 << 10},
		{"parts of another kind", body("multipart/mixed; boundary=x", strings.Repeat("--x\r\n\r\n", 1<<20)), 64 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := sealed.Inspect(test.mail)
			runtime.ReadMemStats(&after)
			if err != nil && test.name != "parts of another kind" {
				t.Fatal(err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > test.most {
				t.Errorf("a mail of %d octets took %d octets of memory; want at most %d", len(test.mail), got, test.most)
			}
		})
	}
}
