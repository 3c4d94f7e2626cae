package pgpcert

import (
	"bytes"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

var (
	armorBegin   = []byte("-----BEGIN ")
	armorPublic  = []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")
	armorPrivate = []byte("PRIVATE KEY")
)

// dearmor returns the binary form of an armoured certificate (RFC 9580,
// section 6.2), or b itself where it is binary. Text around the block is
// passed over: people paste whole mails, and nothing of it is kept.
func dearmor(b []byte) ([]byte, error) {
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
