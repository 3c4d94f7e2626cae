package pgpcert

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// FuzzSplit compares how octets are cut into packets with go-crypto, which
// reads more forms: where both read, they read the same, and what is read here
// it reads too.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"", "\xc6\x01a", "\x98\x01a\x99\x00\x01b\x9a\x00\x00\x00\x01c", "\xc6\xc0\x00", "\xc6\xff\x00\x00\x00\x02ab", "\xc6\xff\xff\xff\xff\xff",
		"\xc6\xe1abc", "\x9bindeterminate", "\xcd\x03ke@\xc2\x02\x04", "\x00", "\xfc\x00\xfc\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		packets, err := split(b)
		theirs := packet.NewOpaqueReader(bytes.NewReader(b))
		var copied []byte
		for i, p := range packets {
			copied = append(copied, p.octets...)
			other, err := theirs.Next()
			if err != nil {
				t.Fatalf("packet %d: got type %d of %d octets, go-crypto has %v", i, p.tag, len(p.body), err)
			}
			if other.Tag != p.tag || !bytes.Equal(other.Contents, p.body) {
				t.Fatalf("packet %d: got type %d, %x, go-crypto has type %d, %x", i, p.tag, p.body, other.Tag, other.Contents)
			}
		}
		if !bytes.HasPrefix(b, copied) {
			t.Errorf("got %x, want a beginning of %x", copied, b)
		}
		if err == nil && len(copied) != len(b) {
			t.Errorf("got %d of %d octets without an error", len(copied), len(b))
		}
		if _, more := theirs.Next(); err == nil && !errors.Is(more, io.EOF) {
			t.Errorf("got all, go-crypto has %v", more)
		}
	})
}
