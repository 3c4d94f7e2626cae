package wire_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
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

// FuzzSubjectTag shows that no subject makes Read panic or talk, and that the
// tags that it reads say the same when they are written anew.
func FuzzSubjectTag(f *testing.F) {
	f.Add("[uim QCALL##### n=12]")
	f.Add("Re: packs [UIM KE7  level=carton party=ke n=900 ] in [uim B]")
	f.Add("=?UTF-8?Q?[uim_KE7_n=3D2]?= =?x?B?W3VpbSBBXQ==?=")
	f.Add("[uim A [uim B]] [uim]")
	f.Add("[uim\u00a0A]")
	f.Fuzz(func(t *testing.T, subject string) {
		m, err := sealed.Inspect(write(t, from+"Subject: "+subject+"\r\n", 100))
		if err != nil {
			return
		}
		got, err := wire.Read(m, domain)
		var refusal *gsp.Refusal
		switch {
		case errors.As(err, &refusal):
			if len(subject) > 40 && strings.Contains(fmt.Sprint(refusal.Text(""), refusal.Err), subject) {
				t.Fatal("the refusal shows the subject")
			}
			return
		case err != nil:
			t.Fatalf("got %v; want a refusal", err)
		}
		var tags strings.Builder
		for _, c := range got.Claims {
			if text := c.UIM.Reveal(); strings.ContainsAny(text, "] ") || text == "" {
				t.Fatalf("read the UIM %q", text)
			}
			fmt.Fprintf(&tags, "\r\n [uim %s n=%d", c.UIM.Reveal(), c.Count)
			if c.Level != gsp.LevelUnknown {
				fmt.Fprintf(&tags, " level=%s", c.Level)
			}
			if c.Party != "" {
				fmt.Fprintf(&tags, " party=%s", c.Party)
			}
			tags.WriteString("]")
		}
		if tags.Len() == 0 || strings.Contains(tags.String(), "=?") {
			return
		}
		if again := mustRead(t, from+"Subject:"+tags.String()+"\r\n"); !reflect.DeepEqual(again.Claims, got.Claims) {
			t.Fatalf("got back other claims from %q", tags.String())
		}
	})
}
