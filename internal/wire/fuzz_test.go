package wire_test

import (
	"errors"
	"reflect"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// FuzzRead shows that no header makes Read panic, that its errors are
// refusals, and that what it read comes back from the outer mail.
func FuzzRead(f *testing.F) {
	f.Add("From: <fr1@gsp.example>\r\nTo: A <ke@gsp.example>, de@gsp.example\r\nDate: Mon, 23 Nov 2026 12:00:00 +0300\r\n")
	f.Add("From: a@gsp.example\r\nGSP-UIM: \"A\\\"\";n=2;level=unit;party=ke\r\nX-GSP-UIM: \"B\"\r\nGSP-Type: reply;due=@1\r\n")
	f.Add("From: a@gsp.example\r\nMessage-ID: <a@b>\r\nReferences: <c@d> <e@f>\r\nIn-Reply-To: x <e@f>\r\nAuto-Submitted: no\r\n")
	f.Add("From: a@gsp.example\r\nGSP-Case: \"2026-KE-7Q4M2\"\r\nSubject: =?UTF-8?Q?[uim_A_n=3D2]?=\r\n")
	f.Fuzz(func(t *testing.T, header string) {
		m, err := sealed.Inspect(write(t, header, 100))
		if err != nil {
			return
		}
		got, err := wire.Read(m, domain)
		if err != nil {
			var refusal *gsp.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v; want a refusal", err)
			}
			return
		}
		o := wire.Outer{
			From: got.From, To: got.To, Cc: got.Cc, Date: got.Date, MessageID: got.MessageID, InReplyTo: got.InReplyTo,
			References: got.References, AutoSubmitted: got.AutoSubmitted, Type: got.Type, Urgency: got.Urgency,
			Due: got.Due, Case: got.Case, Received: outer().Received, Domain: domain,
		}
		for i, c := range got.Claims {
			o.Marks = append(o.Marks, gsp.Mark{Mask: c.UIM.Reveal(), Count: c.Count, Level: c.Level})
			got.Claims[i].Party = "" // a mark has none
		}
		built, err := sealed.Inspect(wire.Build(o, m))
		if err != nil {
			t.Fatalf("inspect what was built: %v", err)
		}
		if readByLibrary(t, built.Raw()) != m.Digest() {
			t.Fatal("another reader finds other OpenPGP octets")
		}
		again, err := wire.Read(built, domain)
		if err != nil {
			t.Fatalf("read what was built: %v", err)
		}
		if want := o.Envelope().Date; !again.Date.Equal(want) {
			t.Fatalf("got date %v; want %v", again.Date, want)
		}
		again.Date = got.Date
		if got.Type == "" {
			got.Urgency, got.Due = again.Urgency, again.Due
		}
		if !reflect.DeepEqual(again, got) {
			t.Fatalf("got back %+v\nfrom %+v", again, got)
		}
	})
}
