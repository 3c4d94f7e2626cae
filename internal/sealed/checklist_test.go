package sealed_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gsp.example/gsp/internal/sealed"
)

// manyKeys are n session keys for as many keys.
func manyKeys(n int) []byte {
	var b []byte
	for i := range n {
		id := binary.BigEndian.AppendUint64(nil, uint64(i+1))
		b = append(b, packet(1, bytes.Replace(ecdhKey(), []byte(keyID), id, 1))...)
	}
	return b
}

// body replaces kind and body of a good mail.
func body(contentType, text string) []byte {
	top, _, _ := strings.Cut(header, "Content-Type")
	return []byte(top + "Content-Type: " + contentType + "\r\n\r\n" + text)
}

// TestEveryFlaw refuses a mail for each flaw. Which mistake officers make has
// a help page of its own, so it must not be taken for another.
func TestEveryFlaw(t *testing.T) {
	key, data := packet(1, ecdhKey()), packet(18, seipd1(600))
	armour := armoured(t, sealedOctets())
	good := wrap(armour)
	alter := func(from, to string) []byte { return change(t, good, from, to) }
	octets := func(b ...[]byte) []byte { return wrapOctets(t, join(b...)) }
	const text = "Found 900 packs in a container.\r\n"
	mails := map[sealed.Flaw]map[string][]byte{
		sealed.NotSealed: {
			"plaintext": body("text/plain", text),
			"HTML":      body("text/html; charset=utf-16", "<p>"+text),
			"mixed":     body("multipart/mixed; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\n"+text+"--x--\r\n"),
			"report":    body("multipart/report; report-type=disposition-notification; boundary=x", "--x\r\n\r\n"+text+"--x--\r\n"),
			"key":       body("application/pgp-keys", "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n"),
			"literal":   octets(key, packet(11, []byte(text))),
		},
		sealed.SignedOnly: {
			"multipart/signed": body("multipart/signed; boundary=x; protocol=\"application/pgp-signature\"", "--x\r\n\r\n"+text+"--x--\r\n"),
			"signed text":      body("text/plain", "-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n"+text),
			"signature packet": octets(packet(2, noise(60)), key, data),
		},
		sealed.SMIME: {"enveloped": body("application/pkcs7-mime; smime-type=enveloped-data", "MIAG\r\n")},
		sealed.InlineSealed: {
			"text":            body("text/plain; charset=utf-8", armour),
			"old mutt":        body("application/pgp; x-action=encrypt; format=text", armour),
			"blank lines":     body("text/plain", "\r\n\r\n"+armour+"\r\n \r\n"),
			"no content type": body("", armour),
		},
		sealed.Rewritten: {
			"by Exchange": alter("multipart/encrypted; protocol=\"application/pgp-encrypted\"", "multipart/mixed"),
			"with a text": body("multipart/mixed; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\n\r\n--x\r\n"+
				"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\n"+armour+"\r\n--x--\r\n"),
		},
		sealed.PasswordSealed: {"alone": octets(packet(3, noise(20)), data), "beside a key": octets(key, packet(3, noise(20)), data)},
		sealed.NoIntegrity:    {"data without": octets(key, packet(9, noise(600))), "without length": octets(key, []byte{0x80 | 9<<2 | 3}, noise(600))},
		sealed.AnonymousKey: {
			"key ID 0":           octets(packet(1, bytes.Replace(ecdhKey(), []byte(keyID), make([]byte, 8), 1)), data),
			"version 6, unnamed": octets(packet(1, x25519Key("\x06", "\x00")), packet(18, seipd2(100))),
		},
		sealed.TextOutside: {
			"preamble": alter("y\"\r\n\r\n--b0undary", "y\"\r\n\r\n"+text+"--b0undary"),
			"epilogue": append(bytes.Clone(good), text...),
			"epilogue that looks like a part": append(bytes.Clone(good),
				"--b0undary\r\nContent-Type: text/plain\r\n\r\n"+text+"--b0undary--\r\n"...),
		},
		sealed.TextAroundArmour: {
			"before":              alter("-----BEGIN", text+"-----BEGIN"),
			"behind":              alter("-----END PGP MESSAGE-----", "-----END PGP MESSAGE-----\r\n"+text),
			"two blocks":          wrap(armour + "\r\n" + armour),
			"inline, before":      body("text/plain", text+armour),
			"inline, behind":      body("text/plain", armour+"\r\n"+text),
			"inline, two blocks":  body("text/plain", armour+"\r\n"+armour),
			"inline, in the mail": body("text/plain", "> "+strings.ReplaceAll(armour, "\r\n", "\r\n> ")),
		},
		sealed.ExtraParts: {
			"third part": alter("--b0undary--", "--b0undary\r\nContent-Type: text/plain\r\n\r\n"+text+"\r\n--b0undary--"),
			"empty part": alter("--b0undary--", "--b0undary\r\n\r\n\r\n--b0undary--"),
			"second message": alter("--b0undary--", "--b0undary\r\nContent-Type: application/octet-stream\r\n\r\n"+
				armour+"\r\n--b0undary--"),
			"sealed file beside a text": body("multipart/mixed; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\n"+text+
				"--x\r\nContent-Type: application/pgp-encrypted; name=list.pgp\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
				base64Lines(sealedOctets())+"--x--\r\n"),
			"armoured file beside a text": body("multipart/mixed; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\n"+text+
				"--x\r\nContent-Type: application/octet-stream; name=list.asc\r\n\r\n"+armour+"\r\n--x--\r\n"),
			"inline beside HTML": body("multipart/alternative; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\n"+armour+
				"\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>"+text+"--x--\r\n"),
		},
		sealed.TooDeep: {
			"multipart for the sealed part": alter("application/octet-stream; name=\"encrypted.asc\"", "Multipart/Mixed; boundary=x"),
			"mail for the sealed part":      alter("application/octet-stream; name=\"encrypted.asc\"", "message/rfc822"),
			"multipart for the version":     alter("Content-Type: application/pgp-encrypted\r\n", "Content-Type: multipart/encrypted; boundary=x\r\n"),
			"mailing list": body("multipart/mixed; boundary=x", "--x\r\nContent-Type: multipart/encrypted; boundary=y;\r\n protocol=\"application/pgp-encrypted\"\r\n\r\n"+
				"--y--\r\n--x\r\nContent-Type: text/plain\r\n\r\n"+text+"--x--\r\n"),
			"signed outside": body("multipart/signed; boundary=x", "--x\r\nContent-Type: multipart/encrypted; boundary=y\r\n\r\n--y--\r\n--x--\r\n"),
		},
		sealed.BrokenSeal: {"no session key": octets(data), "no data": octets(key)},
		sealed.TrailingData: {
			"literal":     octets(key, data, packet(11, []byte(text))),
			"session key": octets(key, data, key),
			"message":     octets(key, data, key, data),
			"signature":   octets(key, data, packet(2, noise(60))),
			"marker":      octets(key, data, packet(10, []byte("PGP"))),
			"text":        octets(key, data, []byte(text)),
		},
		sealed.BrokenArmour:    {"no END line": alter("-----END PGP MESSAGE-----", "")},
		sealed.BrokenChecksum:  {"wrong": alter(armour[strings.LastIndex(armour, "\r\n="):], "\r\n=AAAA\r\n-----END PGP MESSAGE-----")},
		sealed.BrokenMIME:      {"one part": alter("--b0undary\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n", "")},
		sealed.BrokenHeader:    {"no colon": alter("Subject: ...", "Subject ...")},
		sealed.DuplicateHeader: {"subject": append([]byte("SUBJECT: x\r\n"), good...)},
		sealed.BrokenLines:     {"bare LF": alter("Subject: ...\r\n", "Subject: ...\n")},
	}
	for _, flaw := range sealed.Flaws {
		if len(mails[flaw]) == 0 {
			t.Errorf("no mail shows %s", flaw)
		}
		for name, mail := range mails[flaw] {
			t.Run(string(flaw)+"/"+name, func(t *testing.T) { refuse(t, mail, flaw) })
		}
	}
}

// TestContentTypeFaults tells who looks after a program what it wrote.
func TestContentTypeFaults(t *testing.T) {
	good := wrapOctets(t, sealedOctets())
	const kind = "multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"b0undary\""
	many := strings.Repeat("; x=y", 40)
	for i := range 40 {
		many = strings.Replace(many, " x=", fmt.Sprintf(" x%d=", i), 1)
	}
	for kinds, want := range map[string]string{
		kind + " (x)": "the content type holds a comment",
		"multipart/encrypted (x); boundary=b0undary":                                     "the content type holds a comment",
		"multipart/encrypted; (x) boundary=b0undary":                                     "the content type holds a comment",
		"multipart/encrypted; boundary=(x)b0undary":                                      "the content type holds a comment",
		"multipart/encrypted; boundary*=utf-8''b0undary":                                 "a parameter of the content type has an asterisk (RFC 2231)",
		"multipart/encrypted; boundary*0=b0un; boundary*1=dary":                          "a parameter of the content type has an asterisk (RFC 2231)",
		kind + "; BOUNDARY=x":                                                            "a parameter of the content type stands twice",
		kind + many:                                                                      "the content type has more than 32 parameters",
		"multipart/encrypted; boundary = b0undary":                                       "the content type cannot be read",
		"multipart/encrypted, boundary=b0undary":                                         "the content type cannot be read",
		"multipart/encrypted; protocol=\"application/pgp-keys\"; boundary=b0undary":      "the protocol of multipart/encrypted is not application/pgp-encrypted",
		"multipart/encrypted; protocol=\"\"; boundary=b0undary":                          "the content type cannot be read",
		"multipart/encrypted; protocol=application/pgp-encrypted/x; boundary=b0undary":   "the protocol of multipart/encrypted is not application/pgp-encrypted",
		"multipart/encrypted; protocol=application/pgp-encrypted; boundary=b0/undary":    "the content type cannot be read",
		"multipart/encrypted; protocol=application/pgp-encrypted; boundary=\"b0undary\\": "the content type cannot be read",
	} {
		_, err := sealed.Inspect(change(t, good, kind, kinds))
		if fault, ok := errors.AsType[*sealed.Fault](err); !ok || fault.Flaw != sealed.BrokenMIME || fault.Detail != want {
			t.Errorf("%s: got %v, want %s: %s", kinds, err, sealed.BrokenMIME, want)
		}
	}
}

// TestHeaderTricks spells header fields so that readers could take them for
// different things. The flaw is "" where all readers agree.
func TestHeaderTricks(t *testing.T) {
	good := wrapOctets(t, sealedOctets())
	const kind = "multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"b0undary\""
	const partTwo = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
	ct := func(s string) []byte { return change(t, good, kind, s) }
	field := func(s string) []byte { return change(t, good, "Subject: ...\r\n", "Subject: ...\r\n"+s) }
	second := func(s string) []byte { return change(t, good, partTwo, s) }
	many := func(n int) (s string) {
		for i := range n {
			s += fmt.Sprintf(";\r\n x%d=y", i)
		}
		return s
	}
	for _, test := range []struct {
		name string
		mail []byte
		want sealed.Flaw
	}{
		{"capitals everywhere", ct("MULTIPART/Encrypted; PROTOCOL=\"APPLICATION/pgp-ENCRYPTED\"; BOUNDARY=b0undary"), ""},
		{"folded between all", ct("multipart/encrypted\r\n ;\r\n\tprotocol=\"application/pgp-encrypted\"\r\n ;\r\n boundary=b0undary"), ""},
		{"folded before the value", change(t, good, "Content-Type: multipart", "Content-Type:\r\n multipart"), ""},
		{"semicolon at the end", ct(kind + ";"), ""},
		{"further parameter", ct(kind + "; charset=utf-8"), ""},
		{"further parameter of RFC 2231", ct(kind + "; name*=utf-8''x"), ""},
		{"space around the equals sign", ct("multipart/encrypted; protocol = \"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"quoted boundary with an escape", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b0un\\dary\""), sealed.BrokenMIME},
		{"quoted protocol with an escape", ct("multipart/encrypted; protocol=\"application\\/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"33 parameters", ct(kind + many(31)), sealed.BrokenMIME},
		{"32 parameters", ct(kind + many(30)), ""},
		{"boundary with charset", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary*=utf-8''b0undary"), sealed.BrokenMIME},
		{"boundary beside one with charset", ct(kind + "; boundary*=utf-8''other"), sealed.BrokenMIME},
		{"boundary in parts", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary*0*=utf-8''b0un; boundary*1=dary"), sealed.BrokenMIME},
		{"protocol with charset", ct("multipart/encrypted; protocol*=utf-8''application%2Fpgp-encrypted; boundary=b0undary"), sealed.BrokenMIME},
		{"two protocols", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; protocol=x; boundary=b0undary"), sealed.BrokenMIME},
		{"two boundaries in capitals", ct(kind + "; BOUNDARY=other"), sealed.BrokenMIME},
		{"one parameter twice", ct(kind + "; charset=utf-8; Charset=utf-16"), sealed.BrokenMIME},
		{"empty parameter", ct("multipart/encrypted;; protocol=\"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"encoded word", ct("=?utf-8?q?multipart/encrypted?=; protocol=\"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"comment within", ct("multipart/(text/plain)encrypted; protocol=\"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"comment behind", ct(kind + " (text/plain)"), sealed.BrokenMIME},
		{"comma for semicolon", ct("multipart/encrypted, protocol=\"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},
		{"boundary with a space at its end", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b0undary \""), sealed.BrokenMIME},
		{"8-bit boundary", ct("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\xf8undary\""), sealed.BrokenMIME},
		{"fullwidth type", ct("ｍultipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b0undary"), sealed.BrokenMIME},

		{"8-bit in a field", field("X-Office: Zürich\r\n"), ""},
		{"8-bit that is no UTF-8", field("X-Office: Z\xfcrich\r\n"), ""},
		{"8-bit in a name", field("X-Büro: x\r\n"), sealed.BrokenHeader},
		{"name of nothing", field(": x\r\n"), sealed.BrokenHeader},
		{"name in quotes", field("\"Content-Type\": text/plain\r\n"), sealed.BrokenHeader},
		{"tab before the colon", field("Content-Type\t: text/plain\r\n"), sealed.BrokenHeader},
		{"vertical tab", field("X-Office: a\vb\r\n"), sealed.BrokenHeader},
		{"DEL", field("X-Office: a\x7fb\r\n"), sealed.BrokenHeader},
		{"NUL", field("X-Office: a\x00b\r\n"), sealed.BrokenLines},
		{"bare CR in a field", field("X-Office: a\rContent-Type: text/plain\r\n"), sealed.BrokenLines},
		{"bare LF in a field", field("X-Office: a\nContent-Type: text/plain\r\n"), sealed.BrokenLines},
		{"fold of tabs", field("X-Office: a\r\n\t\t\r\nContent-Type: text/plain\r\n"), sealed.BrokenHeader},
		{"type in a fold", field("X-Office: a\r\n Content-Type: text/plain\r\n"), ""},
		{"line of 998 octets, folded", field("X-Office: " + strings.Repeat("x", 988) + "\r\n " + strings.Repeat("y", 997) + "\r\n"), ""},
		{"line of 999 octets", field("X-Office: " + strings.Repeat("x", 989) + "\r\n"), sealed.BrokenLines},
		{"folded line of 999 octets", field("X-Office: a\r\n " + strings.Repeat("x", 998) + "\r\n"), sealed.BrokenLines},
		{"2,000 fields", field(strings.Repeat("X: y\r\n", 1993)), ""},
		{"2,001 fields", field(strings.Repeat("X: y\r\n", 1994)), sealed.BrokenHeader},
		{"byte order mark", append([]byte("\ufeff"), good...), sealed.BrokenHeader},
		{"blank line first", append([]byte("\r\n"), good...), sealed.BrokenHeader},

		{"second part with charset", second("Content-Type: application/octet-stream; charset=utf-7\r\n"), ""},
		{"second part in capitals", second("CONTENT-TYPE: Application/OCTET-Stream\r\n"), ""},
		{"second part with a comment", second("Content-Type: application/octet-stream (text/plain)\r\n"), sealed.BrokenMIME},
		{"second part of another type too", second(partTwo + "Content-type: text/plain\r\n"), sealed.DuplicateHeader},
		{"second part of both encodings", second(partTwo + "Content-Transfer-Encoding: 7bit\r\nContent-transfer-encoding: base64\r\n"), sealed.DuplicateHeader},
		{"encoding with a comment", second(partTwo + "Content-Transfer-Encoding: 7bit (base64)\r\n"), sealed.BrokenMIME},
		{"encoding with a parameter", second(partTwo + "Content-Transfer-Encoding: 7bit; x=y\r\n"), sealed.BrokenMIME},
		{"part field of an unknown name", second(partTwo + "X-Note: 900 packs\r\n"), sealed.BrokenMIME},
		{"many part fields", second(partTwo + strings.Repeat("Content-X: y\r\n", 2000)), sealed.BrokenMIME},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.want != "" {
				refuse(t, test.mail, test.want)
			} else if m := accept(t, test.mail, sealedOctets()); readByLibrary(t, test.mail) != m.Digest() {
				t.Error("another reader finds other octets")
			}
		})
	}
}

// TestPacketTricks puts text and strange lengths where a reader skips them.
func TestPacketTricks(t *testing.T) {
	key, data := packet(1, ecdhKey()), packet(18, seipd1(600))
	text := []byte(strings.Repeat("The packs were found in a container at the port. ", 5))
	huge := func(tag, first byte, n int) []byte { return join([]byte{0xc0 | tag, first}, seipd1(n-1)) }
	longLength := func(octets []byte) []byte { // one octet long, in the form of five
		return append([]byte{0xd2, 0xff, 0, 0, byte(len(octets) >> 8), byte(len(octets))}, octets...)
	}
	for _, test := range []struct {
		name   string
		octets []byte
		want   sealed.Flaw
	}{
		{"padding of 255 octets of text", join(packet(21, text[:200]), key, data), ""}, // too little to judge
		{"text over many padding packets", join(bytes.Repeat(packet(21, text[:200]), 10), key, data), sealed.BrokenSeal},
		{"random padding, then text", join(packet(21, noise(100)), bytes.Repeat(packet(21, text), 3), key, data), sealed.BrokenSeal},
		{"many random padding packets", join(bytes.Repeat(packet(21, noise(3)), 20), key, data), ""},
		{"marker of the old format", join(oldPacket(10, []byte("PGP")), key, data), ""},
		{"long marker", join(packet(10, []byte("PGPPGP")), key, data), sealed.BrokenSeal},
		{"parted padding", join(key, []byte{0xd5, 0xe9}, noise(512), []byte{0}, data), sealed.BrokenSeal},
		{"three session keys for one key", join(key, key, packet(10, []byte("PGP")), key, data), sealed.BrokenSeal},
		{"one part of 1 GiB", join(key, huge(18, 0xfe, 600)), sealed.BrokenSeal},
		{"one part of 2 GiB", join(key, []byte{0xd2, 0xff, 0x80, 0, 0, 0}, seipd1(600)), sealed.BrokenSeal},
		{"old length of 4 GiB", join([]byte{0x80 | 1<<2 | 2, 0xff, 0xff, 0xff, 0xff}, ecdhKey(), data), sealed.BrokenSeal},
		{"old length of one octet", join([]byte{0x80 | 1<<2, byte(len(ecdhKey()))}, ecdhKey(), data), ""},
		{"old length of four octets", join([]byte{0x80 | 1<<2 | 2, 0, 0, 0, byte(len(ecdhKey()))}, ecdhKey(), data), ""},
		{"old indeterminate literal", join(key, []byte{0x80 | 11<<2 | 3}, text), sealed.NotSealed},
		{"old indeterminate compressed", join(key, []byte{0x80 | 8<<2 | 3}, text), sealed.NotSealed},
		{"long form of a short length", join(key, longLength(seipd1(600))), ""},
		{"data before the session key", join(data, key), sealed.BrokenSeal},
		{"tag 0", join([]byte{0x80, 3}, noise(3), key, data), sealed.BrokenSeal},
		{"tag 0 of the new format", join([]byte{0xc0, 3}, noise(3), key, data), sealed.BrokenSeal},
		{"MDC packet beside", join(key, data, packet(19, noise(20))), sealed.TrailingData},
		{"MDC packet instead", join(key, packet(19, noise(20))), sealed.BrokenSeal},
		{"trust packet", join(packet(12, noise(3)), key, data), sealed.BrokenSeal},
		{"user ID", join(packet(13, text), key, data), sealed.BrokenSeal},
		{"private packet", join(packet(63, text), key, data), sealed.BrokenSeal},
		{"key of version 6 named by a fingerprint of version 4",
			join(packet(1, x25519Key("\x06", "\x15\x06"+v4Name[2:])), packet(18, seipd2(100))), sealed.BrokenSeal},
		{"key of version 3", join(packet(1, x25519Key("\x06", "\x11\x03"+v4Name[2:18])), packet(18, seipd2(100))), sealed.BrokenSeal},
		{"session key of version 4", join(packet(1, append([]byte{4}, ecdhKey()[1:]...)), data), sealed.BrokenSeal},
		{"session key of version 5", join(packet(1, append([]byte{5}, ecdhKey()[1:]...)), data), sealed.BrokenSeal},
		{"data of version 0", join(key, packet(18, []byte{0}, noise(600))), sealed.BrokenSeal},
		{"tag 20 of version 2", join(key, packet(20, []byte{2, 9, 2, 16}, noise(600))), sealed.BrokenSeal},
		{"tag 20 with EAX", join(key, packet(20, []byte{1, 7, 1, 0}, noise(600))), ""},
		{"tag 20 with Camellia", join(key, packet(20, []byte{1, 13, 2, 16}, noise(600))), sealed.BrokenSeal},
	} {
		t.Run(test.name, func(t *testing.T) {
			if mail := wrapOctets(t, test.octets); test.want != "" {
				refuse(t, mail, test.want)
			} else {
				comparePackets(t, accept(t, mail, test.octets))
			}
		})
	}
}

// TestArmourTricks writes armour that readers take for different things.
func TestArmourTricks(t *testing.T) {
	armour := armoured(t, sealedOctets())
	good := wrap(armour)
	head := func(s string) []byte {
		return change(t, good, "BEGIN PGP MESSAGE-----\r\n\r\n", "BEGIN PGP MESSAGE-----\r\n"+s)
	}
	for _, test := range []struct {
		name string
		mail []byte
		want sealed.Flaw
	}{
		{"comment with text", head("Comment: Found 900 packs in a container.\r\nVersion: Found 900 packs\r\n\r\n"), ""},
		{"comment of 8 bit", head("Comment: Пачки\r\n\r\n"), ""},
		{"empty comment", head("Comment: \r\nVersion:\r\n\r\n"), ""},
		{"blank line of spaces", head(" \t\r\n"), ""},
		{"text for a header", head("Found 900 packs\r\n\r\n"), sealed.BrokenArmour},
		{"header of another name", head("Note: Found 900 packs\r\n\r\n"), sealed.BrokenArmour},
		{"header in small letters", head("comment: x\r\n\r\n"), sealed.BrokenArmour},
		{"folded header", head("Comment: x\r\n Found 900 packs\r\n\r\n"), sealed.BrokenArmour},
		{"headers without end", head(strings.Repeat("Comment: x\r\n", 16)), sealed.BrokenArmour},
		{"spaces behind BEGIN and END", change(t, change(t, good, "BEGIN PGP MESSAGE-----", "BEGIN PGP MESSAGE----- \t"),
			"END PGP MESSAGE-----", "END PGP MESSAGE-----  "), ""},
		{"spaces before BEGIN", change(t, good, "-----BEGIN", " -----BEGIN"), sealed.NotSealed},
		{"dashes escaped", change(t, good, "-----BEGIN", "- -----BEGIN"), sealed.NotSealed},
		{"BEGIN in small letters", change(t, good, "BEGIN PGP MESSAGE", "begin pgp message"), sealed.NotSealed},
		{"part of a message", []byte(strings.ReplaceAll(string(good), "PGP MESSAGE", "PGP MESSAGE, PART 1/2")), sealed.BrokenArmour},
		{"signature under the label of a message", wrapOctets(t, packet(2, noise(60))), sealed.SignedOnly},
		{"public key under the label of a message", wrapOctets(t, packet(6, noise(60))), sealed.BrokenSeal},
		{"BEGIN twice", change(t, good, "-----BEGIN", "-----BEGIN PGP MESSAGE-----\r\n\r\n-----BEGIN"), sealed.BrokenArmour},
		{"checksum of the octets but one", change(t, good, armour[strings.LastIndex(armour, "\r\n=")+2:], "=ABCD\r\n-----END PGP MESSAGE-----"), sealed.BrokenChecksum},
		{"checksum on the line of the data", change(t, good, armour[strings.LastIndex(armour, "\r\n="):], strings.TrimPrefix(armour[strings.LastIndex(armour, "\r\n="):], "\r\n")), sealed.BrokenArmour},
		{"base64 for URLs", change(t, good, armour[200:204], "-_-_"), sealed.BrokenArmour},
		{"spaces within", change(t, good, armour[200:204], armour[200:202]+" "+armour[202:204]), sealed.BrokenArmour},
		{"spaces at the end of a line", change(t, good, armour[200:204], armour[200:202]+" \r\n"+armour[202:204]), sealed.BrokenArmour},
		{"quoted", wrap("> " + strings.ReplaceAll(armour, "\r\n", "\r\n> ")), sealed.NotSealed},
		{"HTML", wrap("<pre>" + armour + "</pre>"), sealed.NotSealed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.want != "" {
				refuse(t, test.mail, test.want)
				return
			}
			m := accept(t, test.mail, sealedOctets())
			if ours := m.AppendArmour(nil); bytes.Contains(ours, []byte("Comment")) || bytes.Contains(ours, []byte("Version")) {
				t.Error("our armour has a header of the client's")
			}
		})
	}
}

// TestPreambles accepts the sentences that programs write before the first
// part, and nothing with a word more.
func TestPreambles(t *testing.T) {
	good := wrapOctets(t, sealedOctets())
	before := func(s string) []byte { return change(t, good, "y\"\r\n\r\n--b0", "y\"\r\n\r\n"+s+"--b0") }
	for _, s := range []string{
		"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)", "This is an OpenPGP/MIME encrypted message (RFC 2440 and 3156)",
		"This is a multi-part message in MIME format.", "This is a multi-part message in MIME format...",
	} {
		accept(t, before(s+"\r\n"), nil)
		accept(t, before("\r\n"+s+"\r\n\r\n"), nil)
		for _, more := range []string{s + " x\r\n", "x " + s + "\r\n", s + "\r\n" + s + "\r\n", strings.ToUpper(s) + "\r\n"} {
			refuse(t, before(more), sealed.TextOutside)
		}
	}
}

// TestRecipe keeps the recipe of the samples beside them.
func TestRecipe(t *testing.T) {
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for name := range samples {
		if program, _, _ := strings.Cut(name, "-"); !bytes.Contains(text, []byte("`"+program+"-")) {
			missing = append(missing, fmt.Sprintf("%q", name))
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("testdata/README.md does not tell who wrote %s", strings.Join(missing, ", "))
	}
}
