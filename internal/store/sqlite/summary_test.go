package sqlite

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
)

func summaries() []gsp.Summary {
	a := func(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }
	return []gsp.Summary{
		{},
		{
			Envelope: gsp.Envelope{
				Date: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Subject: "GSP request 2026-KE-7Q4M2 ü",
				From: a("customs1.fr"), To: []gsp.Address{a("ke"), a("de")}, Cc: []gsp.Address{a("eu")},
				MessageID: "<1@x>", InReplyTo: []string{"<2@x>", "<3@x>"},
			},
			Layout: sealed.Layout{
				Size: 1 << 30, Header: 400, Boundary: "=_b",
				Version: sealed.Part{Start: 401, Body: 450, End: 460, Lines: 1},
				Sealed:  sealed.Part{Start: 500, Body: 600, End: 1 << 29, Lines: 1 << 24},
			},
		},
	}
}

func TestSummaryRoundTrip(t *testing.T) {
	for _, want := range summaries() {
		got, err := decodeSummary(encodeSummary(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestEveryFlippedBitOfASummaryIsNoticed(t *testing.T) {
	b := encodeSummary(summaries()[1])
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if _, err := decodeSummary(b); !errors.Is(err, gsp.ErrDamaged) {
			t.Errorf("bit %d flipped: %v, want ErrDamaged", i, err)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	for n := range b {
		if _, err := decodeSummary(b[:n]); !errors.Is(err, gsp.ErrDamaged) {
			t.Errorf("cut to %d octets: %v, want ErrDamaged", n, err)
		}
	}
}

// FuzzDecodeSummary gives the decoder octets with the right checksum, as only
// a broken writer would.
func FuzzDecodeSummary(f *testing.F) {
	for _, s := range summaries() {
		f.Add(encodeSummary(s)[5:])
	}
	f.Fuzz(func(t *testing.T, rest []byte) {
		s, err := decodeSummary(sumUp(append(make([]byte, 5), rest...)))
		if err != nil {
			return
		}
		again, err := decodeSummary(encodeSummary(s))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%+v\nbecame %+v, %v", s, again, err)
		}
	})
}
