package wks

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// MediaType is that of challenges and their answers. The draft has another one
// from its protocol version 5 on, which GnuPG passes over.
const MediaType = "application/vnd.gnupg.wks"

// DraftVersion is the value of Wks-Draft-Version that GnuPG writes and reads.
const DraftVersion = "3"

// alphabet is z-base-32, as GnuPG writes its codes: it has no characters that
// look alike.
const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769"

// codeLength is that of a code in characters of 5 bits. GnuPG refuses 16 and
// fewer; the draft allows 64.
const codeLength = 32

// NewCode draws a code.
func NewCode(random io.Reader) (string, error) {
	var b [codeLength]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	for i := range b {
		b[i] = alphabet[b[i]%byte(len(alphabet))]
	}
	return string(b[:]), nil
}

// Digest is what is kept of a code.
func Digest(code string) [sha256.Size]byte { return sha256.Sum256([]byte(code)) }

// Challenge writes the confirmation request for cert, sealed for it alone
// (draft-koch-openpgp-webkey-service-22, section 4.3): who opens it and sends
// the code back has the private key.
func Challenge(from gsp.Address, cert *pgpcert.Cert, code string, at time.Time) (armoured []byte, err error) {
	defer recovered("seal a challenge", &err)
	text := fmt.Sprintf("type: confirmation-request\nsender: %s\naddress: %s\nfingerprint: %s\nnonce: %s\n",
		from, cert.Address(), cert.Fingerprint(), code)
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(cert.Bytes())))
	if err != nil {
		return nil, fmt.Errorf("read the certificate of %s: %w", cert.Address(), err)
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP MESSAGE", nil)
	if err != nil {
		return nil, err
	}
	plain, err := openpgp.Encrypt(w, []*openpgp.Entity{entity}, nil, nil, &packet.Config{
		DefaultCipher: packet.CipherAES256, Time: func() time.Time { return cert.From(at) },
	})
	if err != nil {
		return nil, fmt.Errorf("seal a challenge: %w", err)
	}
	_, err = io.WriteString(plain, text)
	if err := errors.Join(err, plain.Close(), w.Close()); err != nil {
		return nil, fmt.Errorf("seal a challenge: %w", err)
	}
	return append(b.Bytes(), '\n'), nil
}

// answered returns the code of a confirmation response (section 4.4), "" where
// the text is none.
func answered(text string) string {
	response, code := false, ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "type":
			response = value == "confirmation-response"
		case "nonce":
			code = value
		}
	}
	if !response || len(code) != codeLength {
		return ""
	}
	return code
}

// maxCodes bounds the codes that are looked for in a mail.
const maxCodes = 20

// codes returns what may be a code in a text that a person sent back: runs of
// the alphabet that are as long as a code.
func codes(text string) (found []string) {
	runs := strings.FieldsFunc(text, func(r rune) bool { return !strings.ContainsRune(alphabet, r) })
	for _, run := range runs {
		if len(run) == codeLength && len(found) < maxCodes {
			found = append(found, run)
		}
	}
	return found
}
