package pgpcert

import (
	"bytes"
	"io"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// Armor writes certificates, one or several, as text (RFC 9580, section 6.2).
func Armor(octets []byte) []byte {
	var b bytes.Buffer
	// Writing into a buffer does not fail.
	if w, err := armor.Encode(&b, "PGP PUBLIC KEY BLOCK", nil); err == nil {
		_, _ = w.Write(octets)
		_ = w.Close()
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// The marks that Windows programs put before text: Notepad that of UTF-8,
// PowerShell that of UTF-16 before what "gpg --armor --export > key.asc" writes.
var (
	markUTF8  = []byte{0xef, 0xbb, 0xbf}
	markUTF16 = []byte{0xff, 0xfe}
)

// withoutBOM returns marked text as unmarked ASCII. No certificate begins like
// a mark: as packets both would be of unknown types.
func withoutBOM(b []byte) []byte {
	if text, ok := bytes.CutPrefix(b, markUTF8); ok {
		return text
	}
	text, ok := bytes.CutPrefix(b, markUTF16)
	if !ok {
		return b
	}
	var ascii []byte
	for pair := range slices.Chunk(text, 2) {
		if len(pair) == 2 && pair[1] == 0 {
			ascii = append(ascii, pair[0])
		}
	}
	return ascii
}

var (
	armorBegin   = []byte("-----BEGIN ")
	armorPublic  = []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")
	armorPrivate = []byte("PRIVATE KEY")
)

// dearmor returns the binary form of an armoured certificate (RFC 9580,
// section 6.2), or b itself where it is binary. Text around the block is
// passed over: people paste whole mails, and nothing of it is kept.
func dearmor(b []byte) ([]byte, error) {
	b = withoutBOM(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		return b, nil
	}
	// Every label is looked at, so that a private key is recognised behind a
	// public one and in the forms of other programs too.
	blocks := 0
	for rest := b; ; blocks++ {
		i := bytes.Index(rest, armorBegin)
		if i < 0 {
			break
		}
		rest = rest[i:]
		label, _, _ := bytes.Cut(rest, []byte("\n"))
		if bytes.Contains(label, armorPrivate) {
			return nil, errPrivate
		}
		rest = rest[len(armorBegin):]
	}
	switch {
	case blocks > 1:
		return nil, errSeveral
	case !bytes.Contains(b, armorPublic):
		return nil, errNoPublic
	}
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(block.Body)
}
