package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"gsp.example/gsp/internal/sealed"
)

// BenchmarkInspect inspects mails of three sizes. BenchmarkHash is what the
// store does to the same octets in any case, for comparison.
func BenchmarkInspect(b *testing.B) {
	for _, size := range []int{8 << 10, 1 << 20, 30 << 20} {
		mail := wrapOctets(b, join(packet(1, ecdhKey()), packet(1, ecdhKey()), packet(18, seipd1(size*3/4*64/66-700))))
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sealed.Inspect(mail); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	mail := wrapOctets(b, join(packet(1, ecdhKey()), packet(18, seipd1(22<<20))))
	b.SetBytes(int64(len(mail)))
	for b.Loop() {
		sha256.Sum256(mail)
	}
}

func BenchmarkAppendArmour(b *testing.B) {
	mail := wrapOctets(b, join(packet(1, ecdhKey()), packet(18, seipd1(5600))))
	m := accept(b, mail, nil)
	dst := m.AppendArmour(nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = m.AppendArmour(dst[:0])
	}
}

// BenchmarkHostile inspects what was written to be slow, 8 MiB of it. A good
// mail of that size takes 13 ms.
func BenchmarkHostile(b *testing.B) {
	lines := func(line string) string { return strings.Repeat(line+"\r\n", (8<<20)/(len(line)+2)) }
	armour := armoured(b, sealedOctets())
	for name, mail := range map[string][]byte{
		"hyphens":             wrap(lines(strings.Repeat("-", 998))),
		"lines of a hyphen":   wrap(lines("-")),
		"almost delimiters":   wrap(lines("--b0undar")),
		"empty lines":         wrap(lines("")),
		"blank lines behind":  wrap(armour + lines(" ")),
		"armour of one octet": wrap("-----BEGIN PGP MESSAGE-----\r\n\r\n" + lines("A")),
		"BEGIN lines":         wrap(lines("-----BEGIN PGP MESSAGE-----")),
		"marker packets":      wrapOctets(b, bytes.Repeat(packet(10, []byte("PGP")), 700_000)),
		"soft line ends": change(b, wrap(lines("=")), "encrypted.asc\"\r\n",
			"encrypted.asc\"\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
		"header of short fields":   append(bytes.Repeat([]byte("a:\r\n"), 16_000), "\r\n"...),
		"header of 2,000 fields":   change(b, wrap(armour), "Subject: ...\r\n", "Subject: ...\r\n"+strings.Repeat("Content-Transfer-Encodinx: "+"y\r\n", 1900)),
		"many parameters":          change(b, wrap(armour), "boundary=\"b0undary\"", strings.Repeat("x=y;\r\n ", 8000)+"boundary=\"b0undary\""),
		"256 session keys":         wrapOctets(b, join(manyKeys(256), packet(18, seipd1(600)))),
		"parts of another kind":    body("multipart/mixed; boundary=x", lines("--x\r\n\r\n")),
		"armour in another kind":   body("multipart/mixed; boundary=x", lines("-----BEGIN PGP MESSAGE----")),
		"text of END lines":        body("text/plain", "-----BEGIN PGP MESSAGE-----\r\n"+lines("-----END PGP MESSAGE-----")),
		"padding of short packets": wrapOctets(b, bytes.Repeat(packet(21, noise(1)), 600_000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(mail)))
			for b.Loop() {
				_, _ = sealed.Inspect(mail)
			}
		})
	}
}
