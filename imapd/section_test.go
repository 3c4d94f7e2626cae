package imapd

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// I5: no offset and no size of a client reaches beyond the octets.
func FuzzPartial(f *testing.F) {
	f.Add([]byte("octets"), int64(1), int64(9223372036854775807))
	f.Add([]byte("octets"), int64(9223372036854775807), int64(9223372036854775807))
	f.Add([]byte("octets"), int64(0), int64(0))
	f.Add([]byte(""), int64(-1), int64(-1))
	f.Fuzz(func(t *testing.T, octets []byte, offset, size int64) {
		got := partial(octets, &imap.SectionPartial{Offset: offset, Size: size})
		var want []byte
		end := new(big.Int).Add(big.NewInt(offset), big.NewInt(size))
		for i, b := range octets {
			if int64(i) >= offset && offset >= 0 && size > 0 && big.NewInt(int64(i)).Cmp(end) < 0 {
				want = append(want, b)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q <%d.%d>: got %q, want %q", octets, offset, size, got, want)
		}
	})
}

// Each field of a header is in one of two: those with some names, and all
// others.
func FuzzFields(f *testing.F) {
	f.Add([]byte("Subject: a\r\n b\r\nFrom: c\r\nsubject : d\r\n\r\n"), "Subject", "x")
	f.Add([]byte("no colon\r\n\r\n"), "no colon", "")
	f.Add([]byte("cut: off"), "CUT", "\x00")
	f.Add([]byte("\n\n"), "", "a")
	f.Fuzz(func(t *testing.T, header []byte, a, b string) {
		names := []string{a, b}
		with, without := fields(header, names, true), fields(header, names, false)
		var all []byte
		eachField(header, func(name, field []byte) {
			if len(field) == 0 || !bytes.HasPrefix(field, bytes.TrimRight(name, " \t")) {
				t.Errorf("%q: field %q named %q", header, field, name)
			}
			all = append(all, field...)
		})
		if !bytes.HasPrefix(header, all) {
			t.Errorf("%q: fields %q", header, all)
		}
		if got, want := len(with)+len(without), len(all)+2*len("\r\n"); got != want {
			t.Errorf("%q by %q: got %q and %q, %d octets, want %d", header, names, with, without, got, want)
		}
	})
}
