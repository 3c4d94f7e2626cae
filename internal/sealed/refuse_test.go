package sealed_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

// TestFlaws compares the flaws with the refusals that they become.
func TestFlaws(t *testing.T) {
	last := slices.Index(gsp.Reasons, gsp.BrokenLines)
	var want []sealed.Flaw
	for _, r := range gsp.Reasons[:last+1] {
		want = append(want, sealed.Flaw(r))
	}
	if !slices.Equal(sealed.Flaws, want) {
		t.Errorf("got %v; want %v", sealed.Flaws, want)
	}
}

func TestPackets(t *testing.T) {
	key, data := packet(1, ecdhKey()), packet(18, seipd1(600))
	parted := func(sizes ...byte) []byte {
		b := []byte{0xc0 | 18}
		first := true
		for _, size := range sizes {
			chunk := noise(1 << size)
			if first {
				chunk[0], first = 1, false
			}
			b = append(append(b, 0xe0|size), chunk...)
		}
		return append(append(b, 5), noise(5)...)
	}
	anonymous := bytes.Replace(ecdhKey(), []byte(keyID), make([]byte, 8), 1)
	text := []byte(strings.Repeat("The packs were found in a container at the port. ", 100))
	russian := []byte(strings.Repeat("Пачки найдены в порту, в контейнере, среди мебели. ", 100))
	elgamal := []byte("\x03" + keyID + "\x10\x08\x00\x80" + string(noise(255)) + "\x08\x00\x80" + string(noise(255)))
	longKey := []byte("\x03" + keyID + "\x01\x0f\xa0\x80" + string(noise(499)))
	named := packet(1, x25519Key("\x06", v4Name))
	wrapped := func(length byte, n int) []byte {
		return packet(1, []byte("\x03"+keyID+"\x19"), noise(32), []byte{length, 9}, noise(n))
	}
	sparse := noise(300) // seven of ten octets printable, and otherwise as even as can be
	for i, c := range sparse {
		if sparse[i] = c | 0x80; i%10 < 7 {
			sparse[i] = ' ' + c%95
		}
	}
	upper := noise(1000)
	for i := range upper {
		upper[i] |= 0x80
	}
	even := make([]byte, 2048) // no octet more often than others
	for i := range even {
		even[i] = byte(i)
	}
	for _, test := range []struct {
		name   string
		octets []byte
		want   sealed.Flaw // "" for acceptance
	}{
		{"GnuPG's old headers", join(oldPacket(1, rsaKey()), oldPacket(1, ecdhKey()), data), ""},
		{"RSA", join(packet(1, rsaKey()), data), ""},
		{"X25519", join(packet(1, x25519Key("\x03", "")), data), ""},
		{"Elgamal", join(packet(1, elgamal), data), ""},
		{"ML-KEM", join(packet(1, mlkemKey()), data), ""},
		{"version 6 for a key of version 4", join(named, packet(18, seipd2(100))), ""},
		{"version 6 for a key of version 6", join(packet(1, x25519Key("\x06", v6Name)), packet(18, seipd2(100))), ""},
		{"GnuPG's OCB", join(key, packet(20, ocb(200))), ""},
		{"parted", join(key, parted(9, 13, 0, 1)), ""},
		{"parted OCB", join(key, append([]byte{0xd4, 0xe9}, append(append(ocb(493), 40), noise(40)...)...)), ""},
		{"marker first", join(packet(10, []byte("PGP")), key, data), ""},
		{"padding", join(key, packet(21, noise(700)), data), ""},
		{"256 keys", join(manyKeys(256), data), ""},
		{"two session keys for one key", join(key, key, data), ""},

		{"nothing", nil, sealed.BrokenArmour},
		{"no key", data, sealed.BrokenSeal},
		{"no data", key, sealed.BrokenSeal},
		{"257 keys", join(manyKeys(257), data), sealed.BrokenSeal},
		{"password only", join(packet(3, noise(20)), data), sealed.PasswordSealed},
		{"GnuPG's password", join(key, oldPacket(3, noise(13)), data), sealed.PasswordSealed},
		{"password behind", join(key, data, packet(3, noise(20))), sealed.PasswordSealed},
		{"no integrity", join(key, packet(9, noise(600))), sealed.NoIntegrity},
		{"no integrity, parted", join(key, append([]byte{0xc9, 0xe9}, noise(512)...), []byte{0}), sealed.NoIntegrity},
		{"signature", join(packet(2, noise(60)), key, data), sealed.SignedOnly},
		{"one-pass signature", join(packet(4, noise(13)), packet(11, text)), sealed.SignedOnly},
		{"compressed", packet(8, noise(60)), sealed.NotSealed},
		{"literal", packet(11, text), sealed.NotSealed},
		{"literal after the key", join(key, packet(11, text)), sealed.NotSealed},
		{"literal behind", join(key, data, packet(11, text)), sealed.TrailingData},
		{"second message", join(key, data, key, data), sealed.TrailingData},
		{"second data packet", join(key, data, data), sealed.TrailingData},
		{"padding behind", join(key, data, packet(21, noise(20))), sealed.TrailingData},
		{"an octet behind", join(key, data, []byte{0}), sealed.TrailingData},
		{"public key", join(packet(6, noise(60)), data), sealed.BrokenSeal},
		{"secret key", join(packet(5, noise(60)), data), sealed.BrokenSeal},
		{"unknown packet", join(key, packet(60, noise(60)), data), sealed.BrokenSeal},
		{"marker with text", join(packet(10, []byte("TXT")), key, data), sealed.BrokenSeal},
		{"padding with text", join(key, packet(21, text[:700]), data), sealed.BrokenSeal},
		{"long padding", join(key, packet(21, noise(5000)), data), sealed.BrokenSeal},
		{"no packet", text, sealed.BrokenSeal},

		{"indeterminate length", join([]byte{0x80 | 1<<2 | 3}, ecdhKey()), sealed.BrokenSeal},
		{"parted key", join([]byte{0xc1, 0xe9}, noise(512), []byte{0}, data), sealed.BrokenSeal},
		{"parted key, the first part whole", join([]byte{0xc1, 0xe9}, longKey, data), sealed.BrokenSeal},
		{"packet without its first bit", join([]byte{0x41}, key[1:], data), sealed.BrokenSeal},
		{"short first part", join(key, parted(8, 9)), sealed.BrokenSeal},
		{"no last part", join(key, parted(9, 9)[:1+513+513]), sealed.BrokenSeal},
		{"length overflow", join(key, []byte{0xd2, 0xff, 0xff, 0xff, 0xff, 0xff}, seipd1(600)), sealed.BrokenSeal},
		{"length of a key overflows", join([]byte{0xc1, 0xff, 0xff, 0xff, 0xff, 0xff}, data), sealed.BrokenSeal},
		{"length one too many", join(key, []byte{0xd2, 0xff, 0, 0, 2, 0x5a}, seipd1(600)), sealed.BrokenSeal},
		{"length one too few", join(key, []byte{0xd2, 0xff, 0, 0, 2, 0x58}, seipd1(600)), sealed.TrailingData},

		{"key ID 0", join(packet(1, anonymous), data), sealed.AnonymousKey},
		{"one of two keys anonymous", join(key, packet(1, anonymous), data), sealed.AnonymousKey},
		{"version 6 without name", join(packet(1, x25519Key("\x06", "\x00")), packet(18, seipd2(100))), sealed.AnonymousKey},
		{"key of version 5", join(packet(1, x25519Key("\x06", "\x21\x05"+v6Name[2:])), packet(18, seipd2(100))), sealed.BrokenSeal},
		{"fingerprint too short", join(packet(1, x25519Key("\x06", "\x14"+v4Name[1:21])), packet(18, seipd2(100))), sealed.BrokenSeal},
		{"session key of version 2", join(packet(1, []byte("\x02"), ecdhKey()[1:]), data), sealed.BrokenSeal},
		{"session key cut", join(packet(1, ecdhKey()[:60]), data), sealed.BrokenSeal},
		{"session key with more", join(packet(1, ecdhKey(), []byte{0}), data), sealed.BrokenSeal},
		{"RSA value with more", join(packet(1, rsaKey(), []byte{0}), data), sealed.BrokenSeal},
		{"RSA value 0", join(packet(1, []byte("\x03"+keyID+"\x01\x00\x00")), data), sealed.BrokenSeal},
		{"RSA value cut", join(packet(1, rsaKey()[:200]), data), sealed.BrokenSeal},
		{"Elgamal values with more", join(packet(1, elgamal, []byte{0}), data), sealed.BrokenSeal},
		{"Elgamal with one value", join(packet(1, elgamal[:268]), data), sealed.BrokenSeal},
		{"X25519, wrong length", join(wrapped(0x28, 40), data), sealed.BrokenSeal},
		{"X25519, nothing wrapped", join(wrapped(1, 0), data), sealed.BrokenSeal},
		{"X25519, wrapped to no whole blocks", join(wrapped(0x2a, 41), data), sealed.BrokenSeal},
		{"X25519 cut", join(packet(1, x25519Key("\x03", "")[:42]), data), sealed.BrokenSeal},
		{"unknown algorithm", join(packet(1, []byte("\x03"+keyID+"\x63"), noise(80)), data), sealed.BrokenSeal},
		{"signing algorithm", join(packet(1, []byte("\x03"+keyID+"\x16"), noise(80)), data), sealed.BrokenSeal},
		{"keys of both versions, the last fits", join(named, key, data), sealed.BrokenSeal},
		{"keys of both versions", join(key, named, data), sealed.BrokenSeal},

		{"key of version 3, data of version 2", join(key, packet(18, seipd2(100))), sealed.BrokenSeal},
		{"key of version 6, data of version 1", join(named, data), sealed.BrokenSeal},
		{"key of version 6, OCB", join(named, packet(20, ocb(100))), sealed.BrokenSeal},
		{"data of version 3", join(key, packet(18, []byte{3}, noise(600))), sealed.BrokenSeal},
		{"data too short", join(key, packet(18, seipd1(41))), sealed.BrokenSeal},
		{"empty data", join(key, packet(18)), sealed.BrokenSeal},
		{"not AES", join(named, packet(18, []byte{2, 3, 2, 6}, noise(200))), sealed.BrokenSeal},
		{"no such mode", join(named, packet(18, []byte{2, 9, 4, 6}, noise(200))), sealed.BrokenSeal},
		{"chunks too large", join(named, packet(18, []byte{2, 9, 2, 17}, noise(200))), sealed.BrokenSeal},
		{"OCB with GCM", join(key, packet(20, []byte{1, 9, 3, 6}, noise(200))), sealed.BrokenSeal},

		{"text", join(key, packet(18, []byte{1}, text)), sealed.BrokenSeal},
		{"short text", join(key, packet(18, []byte{1}, text[:300])), sealed.BrokenSeal},
		{"Russian text", join(key, packet(18, []byte{1}, russian)), sealed.BrokenSeal},
		{"mostly printable", join(key, packet(18, []byte{1}, sparse)), sealed.BrokenSeal},
		{"counting", join(key, packet(18, []byte{1}, even)), sealed.BrokenSeal},
		{"upper half of the octets", join(key, packet(18, []byte{1}, upper)), sealed.BrokenSeal},
		{"zeros", join(key, packet(18, []byte{1}, make([]byte, 300))), sealed.BrokenSeal},
		{"repeated block", join(key, packet(18, []byte{1}, bytes.Repeat(noise(256), 8))), sealed.BrokenSeal},
	} {
		t.Run(test.name, func(t *testing.T) {
			if mail := wrapOctets(t, test.octets); test.want == "" {
				accept(t, mail, test.octets)
			} else {
				refuse(t, mail, test.want)
			}
		})
	}
}

func TestMails(t *testing.T) {
	armour := armoured(t, sealedOctets())
	good := wrap(armour)
	text := "Found 900 packs in a container.\r\n"
	alter := func(from, to string) []byte { return change(t, good, from, to) }
	plain := func(contentType, body string) []byte {
		return []byte(header[:strings.Index(header, "Content-Type")] + "Content-Type: " + contentType + "\r\n\r\n" + body)
	}
	checksum := armour[strings.LastIndex(armour, "\r\n="):strings.LastIndex(armour, "\r\n-----END")]
	// One octet stands in the last group of base64: Q==.
	loose := armoured(t, join(packet(1, ecdhKey()), packet(18, append(seipd1(604), 1))))
	loose = loose[:strings.LastIndex(loose, "\r\n=")] + "\r\n-----END PGP MESSAGE-----"
	even := armoured(t, join(packet(1, ecdhKey()), packet(18, seipd1(601)))) // no padding
	even = even[:strings.LastIndex(even, "\r\n=")] + "\r\n-----END PGP MESSAGE-----"
	inBase64 := func(text string) []byte {
		return change(t, wrap(base64Lines([]byte(text))), "encrypted.asc\"\r\n", "encrypted.asc\"\r\nContent-Transfer-Encoding: base64\r\n")
	}
	const partTwo = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
	for _, test := range []struct {
		name string
		mail []byte
		want sealed.Flaw
	}{
		{"plaintext", plain("text/plain", text), sealed.NotSealed},
		{"no content type", []byte(header[:strings.Index(header, "Content-Type")] + "\r\n" + text), sealed.NotSealed},
		{"inline", plain("text/plain", armour), sealed.InlineSealed},
		{"inline, signed only", plain("text/plain", "-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n"+text), sealed.SignedOnly},
		{"multipart/signed", plain("multipart/signed; boundary=b; protocol=\"application/pgp-signature\"", text), sealed.SignedOnly},
		{"S/MIME", plain("application/pkcs7-mime; smime-type=enveloped-data", "MIAG\r\n"), sealed.SMIME},
		{"old S/MIME", plain("application/x-pkcs7-mime; name=smime.p7m", "MIAG\r\n"), sealed.SMIME},
		{"mangled by Exchange", alter("multipart/encrypted; protocol=\"application/pgp-encrypted\"", "multipart/mixed"), sealed.Rewritten},
		{"type in a comment", plain("text/plain (multipart/encrypted; protocol=\"application/pgp-encrypted\")", text), sealed.NotSealed},
		{"type in the subject", append([]byte("Subject: multipart/encrypted; protocol=application/pgp-encrypted\r\n"), "Content-Type: text/plain\r\n\r\n"+armour...), sealed.InlineSealed},
		{"type in the boundary", plain("multipart/mixed; boundary=\"multipart/encrypted\"", text), sealed.NotSealed},
		{"longer type", alter("multipart/encrypted;", "multipart/encrypted-not;"), sealed.Rewritten},

		{"protocol of many slashes", alter("\"application/pgp-encrypted\"", "application//pgp-encrypted"), sealed.BrokenMIME},
		{"protocol without a value", alter("\"application/pgp-encrypted\"", ""), sealed.BrokenMIME},
		{"boundary without its quotes", []byte(strings.ReplaceAll(strings.ReplaceAll(string(good), "b0undary", "b0/undary"), "\"b0/undary\"", "b0/undary")), sealed.BrokenMIME},
		{"other protocol", alter("protocol=\"application/pgp-encrypted\"", "protocol=\"application/pgp-encrypted2\""), sealed.BrokenMIME},
		{"no boundary", alter("boundary=\"b0undary\"", "x=y"), sealed.BrokenMIME},
		{"two boundaries", alter("boundary=\"b0undary\"", "boundary=\"b0undary\"; boundary=x"), sealed.BrokenMIME},
		{"parted boundary", alter("boundary=\"b0undary\"", "boundary*0=b0un; boundary*1=dary"), sealed.BrokenMIME},
		{"boundary and a part of one", alter("boundary=\"b0undary\"", "boundary=\"b0undary\"; boundary*1=x"), sealed.BrokenMIME},
		{"comment after boundary", alter("boundary=\"b0undary\"", "boundary=\"b0undary\" (x)"), sealed.BrokenMIME},
		{"open quote", alter("boundary=\"b0undary\"", "boundary=\"b0undary"), sealed.BrokenMIME},
		{"long boundary", []byte(strings.ReplaceAll(string(good), "b0undary", strings.Repeat("b", 71))), sealed.BrokenMIME},
		{"illegal boundary", []byte(strings.ReplaceAll(string(good), "b0undary", "b*undary")), sealed.BrokenMIME},
		{"other boundary", alter("boundary=\"b0undary\"", "boundary=\"boundary\""), sealed.BrokenMIME},
		{"MIME version 2", alter("MIME-Version: 1.0", "MIME-Version: 2.0"), sealed.BrokenMIME},
		{"no MIME version", alter("MIME-Version: 1.0\r\n", ""), sealed.BrokenMIME},
		{"base64 of a multipart", alter("MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n"), sealed.BrokenMIME},
		{"no closing delimiter", alter("--b0undary--\r\n", ""), sealed.BrokenMIME},
		{"closing delimiter cut", alter("b0undary--\r\n", "b0undary-\r\n"), sealed.BrokenMIME},
		{"delimiter with more", alter("--b0undary--\r\n", "--b0undaryX\r\n--b0undary--\r\n"), sealed.BrokenMIME},
		{"one part", alter("--b0undary\r\n"+partTwo, partTwo), sealed.BrokenMIME},
		{"no part", append([]byte(header), "\r\n--b0undary--\r\n"...), sealed.BrokenMIME},
		{"parts exchanged", alter("Content-Type: application/pgp-encrypted\r\n", partTwo), sealed.BrokenMIME},
		{"nested multipart", alter(partTwo, "Content-Type: multipart/mixed; boundary=x\r\n"), sealed.TooDeep},
		{"text for second part", alter(partTwo, "Content-Type: text/plain\r\n"), sealed.BrokenMIME},
		{"part without type", alter(partTwo, "Content-Description: x\r\n"), sealed.BrokenMIME},
		{"part without header", alter(partTwo, ""), sealed.BrokenMIME},
		{"strange part field", alter(partTwo, partTwo+"Subject: 900 packs\r\n"), sealed.BrokenMIME},
		{"unknown encoding", alter(partTwo, partTwo+"Content-Transfer-Encoding: x-uuencode\r\n"), sealed.BrokenMIME},
		{"wrong version", alter("Version: 1\r\n", "Version: 2\r\n"), sealed.BrokenMIME},
		{"version with more", alter("Version: 1\r\n", "Version: 1\r\n"+text), sealed.BrokenMIME},
		{"version with much more", alter("Version: 1\r\n", "Version: 1\r\n"+strings.Repeat("\r\n", 200)+text), sealed.BrokenMIME},
		{"not base64", alter(partTwo, partTwo+"Content-Transfer-Encoding: base64\r\n"), sealed.BrokenMIME},
		{"version with more in base64", change(t, alter("Version: 1\r\n", base64Lines([]byte("Version: 1\r\n"+strings.Repeat(text, 20)))), "pgp-encrypted\r\n",
			"pgp-encrypted\r\nContent-Transfer-Encoding: base64\r\n"), sealed.BrokenMIME},
		{"not quoted-printable", alter(partTwo, partTwo+"Content-Transfer-Encoding: quoted-printable\r\n"), sealed.BrokenMIME},

		{"preamble", alter("y\"\r\n\r\n--b0undary", "y\"\r\n\r\n"+text+"--b0undary"), sealed.TextOutside},
		{"preamble as long as Thunderbird's", alter("y\"\r\n\r\n--b0undary", "y\"\r\n\r\n"+strings.Repeat("x", 61)+"\r\n--b0undary"), sealed.TextOutside},
		{"preamble with more", alter("y\"\r\n\r\n--b0undary", "y\"\r\n\r\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\r\n"+text+"--b0undary"), sealed.TextOutside},
		{"epilogue", append(bytes.Clone(good), text...), sealed.TextOutside},
		{"third part", alter("--b0undary--", "--b0undary\r\nContent-Type: text/plain\r\n\r\n"+text+"\r\n--b0undary--"), sealed.ExtraParts},
		{"text before the armour", alter("-----BEGIN", text+"-----BEGIN"), sealed.TextAroundArmour},
		{"text after the armour", alter("-----END PGP MESSAGE-----", "-----END PGP MESSAGE-----\r\n"+text), sealed.TextAroundArmour},
		{"text for armour", wrap(text), sealed.NotSealed},
		{"empty second part", wrap(""), sealed.NotSealed},
		{"signed text for armour", wrap("-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n" + text), sealed.SignedOnly},
		{"two armours", wrap(armour + "\r\n" + armour), sealed.TextAroundArmour},
		{"public key", []byte(strings.ReplaceAll(string(good), "PGP MESSAGE", "PGP PUBLIC KEY BLOCK")), sealed.BrokenArmour},
		{"another END line", alter("-----END PGP MESSAGE", "-----END PGP SIGNATURE"), sealed.BrokenArmour},
		{"END line with more", alter("-----END PGP MESSAGE-----", "-----END PGP MESSAGE-----x"), sealed.BrokenArmour},
		{"no END line", alter("-----END PGP MESSAGE-----", ""), sealed.BrokenArmour},
		{"unknown armour header", alter("MESSAGE-----\r\n\r\n", "MESSAGE-----\r\nSecret: x\r\n\r\n"), sealed.BrokenArmour},
		{"armour header without a space", alter("MESSAGE-----\r\n\r\n", "MESSAGE-----\r\nVersion:x\r\n\r\n"), sealed.BrokenArmour},
		{"many armour headers", alter("MESSAGE-----\r\n\r\n", "MESSAGE-----\r\n"+strings.Repeat("Comment: x\r\n", 17)+"\r\n"), sealed.BrokenArmour},
		{"no blank line", alter("MESSAGE-----\r\n\r\n", "MESSAGE-----\r\n"), sealed.BrokenArmour},
		{"wrong checksum", alter(armour[strings.LastIndex(armour, "\r\n="):], "\r\n=AAAA\r\n-----END PGP MESSAGE-----"), sealed.BrokenChecksum},
		{"short checksum", alter(armour[strings.LastIndex(armour, "\r\n="):], "\r\n=AAA\r\n-----END PGP MESSAGE-----"), sealed.BrokenChecksum},
		{"not in the alphabet", alter(armour[200:240], strings.Repeat("*", 40)), sealed.BrokenArmour},
		{"blank line within", alter(armour[200:202], armour[200:202]+"\r\n\r\n"), sealed.BrokenArmour},
		{"blank line after the checksum", alter("\r\n-----END", "\r\n\r\n-----END"), sealed.BrokenArmour},
		{"two checksums", alter("\r\n-----END", checksum+"\r\n-----END"), sealed.BrokenArmour},
		{"text after the checksum", alter("\r\n-----END", "\r\nFound\r\n-----END"), sealed.BrokenArmour},
		{"a character too many", change(t, wrap(even), "\r\n-----END", "\r\nA\r\n-----END"), sealed.BrokenArmour},
		{"bits that say nothing", change(t, wrap(loose), "Q==\r\n", "R==\r\n"), sealed.BrokenArmour},
		{"CR within base64", inBase64(strings.Replace(armour, armour[200:204], armour[200:202]+"\r\r\r\r"+armour[202:204], 1)), sealed.BrokenArmour},
		{"long line within base64", inBase64(strings.Replace(armour, "\r\n\r\n", "\r\nComment: "+strings.Repeat("x", 1000)+"\r\n\r\n", 1)), sealed.BrokenArmour},
		{"padding within", alter(armour[700:704], "QQ=="), sealed.BrokenArmour},

		{"bare LF", alter("Subject: ...\r\n", "Subject: ...\n"), sealed.BrokenLines},
		{"bare LF in the body", alter("Version: 1\r\n", "Version: 1\n"), sealed.BrokenLines},
		{"bare CR", alter("Subject: ...", "Subject: .\r."), sealed.BrokenLines},
		{"CR at the end", append(bytes.Clone(good), '\r'), sealed.BrokenLines},
		{"NUL", alter("Subject: ...", "Subject: .\x00."), sealed.BrokenLines},
		{"line of 999 octets", alter("Subject: ...", "Subject: "+strings.Repeat("x", 990)), sealed.BrokenLines},

		{"empty mail", nil, sealed.BrokenHeader},
		{"no header", []byte("\r\n" + text), sealed.BrokenHeader},
		{"header without end", []byte(header), sealed.BrokenHeader},
		{"line without colon", alter("Subject: ...", "Subject ..."), sealed.BrokenHeader},
		{"space before the colon", alter("Subject:", "Subject :"), sealed.BrokenHeader},
		{"mbox line", append([]byte("From ke1 Mon Nov 23 12:00:00 2026\r\n"), good...), sealed.BrokenHeader},
		{"fold first", append([]byte(" folded\r\n"), good...), sealed.BrokenHeader},
		{"blank fold", alter("Subject: ...\r\n", "Subject: ...\r\n \r\n"), sealed.BrokenHeader},
		{"control character", alter("Subject: ...", "Subject: \x1b[2J"), sealed.BrokenHeader},
		{"header over 64 KiB", alter("Subject: ...\r\n", strings.Repeat("X-Fill: "+strings.Repeat("x", 900)+"\r\n", 75)), sealed.BrokenHeader},
	} {
		t.Run(test.name, func(t *testing.T) { refuse(t, test.mail, test.want) })
	}
}

func TestDuplicateFields(t *testing.T) {
	good := wrapOctets(t, sealedOctets())
	for _, name := range []string{"From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"} {
		for _, spelt := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			twice := fmt.Sprintf("%s: x\r\n%s: y\r\n", name, spelt)
			if strings.Contains(header, "\n"+name+":") || name == "From" {
				twice = spelt + ": x\r\n"
			}
			refuse(t, append([]byte(twice), good...), sealed.DuplicateHeader)
		}
	}
	part := "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
	refuse(t, change(t, good, part, part+"content-type: text/plain\r\n"), sealed.DuplicateHeader)
	part += "Content-Transfer-Encoding: 7bit\r\n"
	refuse(t, change(t, good, part[:len(part)-33], part+"Content-Transfer-Encoding: base64\r\n"), sealed.DuplicateHeader)
}

// TestTruncation cuts a good mail, and good packets in a whole mail, at every
// octet.
func TestTruncation(t *testing.T) {
	octets := sealedOctets()
	mail := wrapOctets(t, octets)
	for n := range len(mail) - 2 {
		if m, err := sealed.Inspect(mail[:n]); err == nil || !m.IsZero() {
			t.Errorf("the first %d octets of a mail of %d were accepted", n, len(mail))
		}
	}
	for n := range octets {
		if _, err := sealed.Inspect(wrapOctets(t, octets[:n])); err == nil {
			t.Errorf("the first %d of %d octets were accepted", n, len(octets))
		}
	}
}

func TestLongArmourLine(t *testing.T) {
	armour := strings.ReplaceAll(armoured(t, sealedOctets()), "\r\n", "")
	armour = strings.Replace(armour, "MESSAGE-----", "MESSAGE-----\r\n\r\n", 1)
	refuse(t, wrap(strings.Replace(armour, "-----END", "\r\n-----END", 1)), sealed.BrokenArmour)
}

// TestFaultsAreSilent shows that a fault holds nothing of the mail.
func TestFaultsAreSilent(t *testing.T) {
	good := string(wrapOctets(t, sealedOctets()))
	for _, place := range []string{"Subject", "boundary", "octet-stream", "Version: 1", "-----BEGIN", "MESSAGE-----\r\n", "--b0undary--"} {
		mail := strings.Replace(good, place, place+"KEPACK900\x01", 1)
		_, err := sealed.Inspect([]byte(mail))
		if err == nil {
			t.Errorf("accepted with an addition after %q", place)
		} else if strings.Contains(err.Error(), "KEPACK900") {
			t.Errorf("the fault %q holds text of the mail", err)
		}
	}
}
