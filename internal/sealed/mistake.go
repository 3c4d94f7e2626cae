package sealed

import (
	"bytes"
	"strings"
)

// mistake says which mistake was made where a mail is no multipart/encrypted,
// so that the officer reads what to do. The mail is refused in any case:
// nothing here can let one pass, so this may search the body where the checks
// of a sealed mail must not.
func mistake(m mediaType, raw []byte, body int) error {
	switch {
	case m.kind == "application/pkcs7-mime" || m.kind == "application/x-pkcs7-mime":
		return &Fault{SMIME, "the mail is sealed with S/MIME", 0}
	case strings.HasPrefix(m.kind, "multipart/"):
		return mistakenMultipart(m, raw, body)
	case bytes.Contains(raw[body:], []byte("-----BEGIN PGP SIGNED MESSAGE-----")):
		return &Fault{SignedOnly, "the text is signed and not encrypted", 0}
	}
	begin := bytes.Index(raw[body:], []byte(beginMessage))
	switch {
	case begin < 0:
		return &Fault{NotSealed, "the mail is not a multipart/encrypted", 0}
	case m.kind == "":
		return &Fault{BrokenMIME, m.fault, 0}
	}
	text := bytes.Trim(raw[body:], " \t\r\n")
	if bytes.HasPrefix(text, []byte(beginMessage)) && bytes.HasSuffix(text, []byte(endMessage)) &&
		bytes.Count(text, []byte(endMessage)) == 1 {
		return &Fault{InlineSealed, "an OpenPGP message is the text of the mail; want PGP/MIME", body + begin}
	}
	return &Fault{TextAroundArmour, "text or a second message stands beside an OpenPGP message in the text", body + begin}
}

// maxMistaken bounds the parts that mistakenMultipart looks at.
const maxMistaken = 16

// mistakenMultipart looks at the parts of another multipart for those of a
// sealed mail.
func mistakenMultipart(m mediaType, raw []byte, body int) error {
	kinds := map[string]bool{}
	d, err := nextDelimiter(raw, body, m.boundary)
	for n := 0; m.boundary != "" && err == nil && !d.closing && n < maxMistaken; n++ {
		part := d
		if d, err = nextDelimiter(raw, part.end, m.boundary); err != nil {
			break
		}
		if fields, _, err := readHeader(raw, part.end, d.start, BrokenMIME); err == nil {
			value, _ := get(fields, "Content-Type")
			kinds[parseMediaType(value).kind] = true
		}
	}
	switch {
	case kinds["multipart/encrypted"]:
		return &Fault{TooDeep, "the sealed part stands inside another multipart", body}
	case kinds["application/pgp-encrypted"] && kinds["application/octet-stream"]:
		return &Fault{Rewritten, "the parts are those of multipart/encrypted, the multipart is of another kind", body}
	case m.kind == "multipart/signed":
		return &Fault{SignedOnly, "the mail is signed and not encrypted", 0}
	case kinds["application/pgp-encrypted"] || bytes.Contains(raw[body:], []byte(beginMessage)):
		return &Fault{ExtraParts, "an OpenPGP message stands among readable parts", body}
	}
	return &Fault{NotSealed, "the mail is a multipart of another kind than multipart/encrypted", 0}
}
