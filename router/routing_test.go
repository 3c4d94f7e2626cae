package router_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// borders has codes of a region, of its member, of both, and of strangers.
const borders = `
name = "borders"
version = 2
issued = 2026-11-23

[[entry]]
id = "eu-only"
party = "eu"
title = "a code of the region"
pattern = '"EUONLY" serial:U10'
evidence = "synthetic"
source = "Made for this test"
samples = ["EUONLY0000000001"]

[[entry]]
id = "fr-only"
party = "fr"
title = "a code of a member of the region"
pattern = '"FRONLY" serial:U10'
evidence = "synthetic"
source = "Made for this test"
samples = ["FRONLY0000000001"]

[[entry]]
id = "eu-both"
party = "eu"
title = "a code that region and member share"
pattern = '"EUFRBOTH" serial:U10'
evidence = "synthetic"
source = "Made for this test"
samples = ["EUFRBOTH0000000001"]

[[entry]]
id = "fr-both"
party = "fr"
title = "a code that region and member share"
pattern = '"EUFRBOTH" serial:U10'
evidence = "synthetic"
source = "Made for this test"
samples = ["EUFRBOTH0000000001"]

[[entry]]
id = "gb-likely"
party = "gb"
title = "a code that is likelier of the United Kingdom"
pattern = '"GBZZ" serial:U10'
evidence = "verified"
source = "Made for this test"
samples = ["GBZZ0000000001"]

[[entry]]
id = "zz-likely"
party = "zz"
title = "a code that is likelier of the United Kingdom"
pattern = '"GBZZ" serial:X10'
evidence = "synthetic"
source = "Made for this test"
samples = ["GBZZ0000000001"]
`

func newBorders(t *testing.T) *house {
	h := newHouse(t)
	run(h, admin.LibraryImport, admin.NewLibrary{File: "borders", Text: []byte(borders)})
	return h
}

// Where a mail goes, by its addresses and its marks.
func TestRouting(t *testing.T) {
	h := newBorders(t)
	const eu, fr, both, gbzz, zz = `"EUONLY0000000001"`, `"FRONLY0000000001"`, `"EUFRBOTH0000000001"`, `"GBZZ0000000001"`, `"GBZZ######-##1"`
	to := func(locals ...string) []string { return locals }
	for _, tt := range []struct {
		name       string
		to, sealed []string // sealed for to where it is nil
		uims       string
		want       []gsp.PartyID // where it is accepted
		pattern    string
		refused    gsp.Reason
		says       []string
	}{
		{name: "region by its mark", to: to("route"), sealed: to("eu"), uims: eu, want: []gsp.PartyID{"eu"}, pattern: "eu-only"},
		{name: "member asked for the region's mark", to: to("fr"), uims: eu, want: []gsp.PartyID{"fr"}, pattern: "eu-only"},
		{name: "region asked for the member's mark", to: to("eu"), uims: fr, want: []gsp.PartyID{"eu"}, pattern: "fr-only"},
		{name: "both asked", to: to("eu", "fr"), uims: eu + ", " + fr, want: []gsp.PartyID{"eu", "fr"}, pattern: "fr-only"},
		{name: "a stranger asked for the region's mark", to: to("gb"), uims: eu, refused: gsp.UIMMismatch,
			says: to("eu@"+domain, h.keys["eu"].Fingerprint(), "EU (European Union)", "GB (United Kingdom)")},
		{name: "one of two marks is a stranger's", to: to("fr"), uims: eu + ", " + gbzz + ";party=gb", refused: gsp.UIMMismatch,
			says: to("UIM 2", "gb@"+domain, h.keys["gb"].Fingerprint())},

		{name: "shared, to the member", to: to("fr"), uims: both, want: []gsp.PartyID{"fr"}, pattern: "fr-both"},
		{name: "shared, to the region", to: to("eu"), uims: both, want: []gsp.PartyID{"eu"}, pattern: "eu-both"},
		{name: "shared, by choice", to: to("route"), sealed: to("fr"), uims: both + ";party=fr", want: []gsp.PartyID{"fr"}, pattern: "fr-both"},
		{name: "shared, by the other choice", to: to("route"), sealed: to("eu"), uims: both + ";party=eu", want: []gsp.PartyID{"eu"}, pattern: "eu-both"},
		{name: "shared, choice before address", to: to("fr"), uims: both + ";party=eu", want: []gsp.PartyID{"fr"}, pattern: "eu-both"},
		{name: "ambiguous", to: to("route"), sealed: to("gb"), uims: gbzz, refused: gsp.AmbiguousUIM,
			says: to("likeliest first: GB, ZZ", "gb@"+domain, "party=gb")},
		{name: "a choice that does not fit", to: to("route"), sealed: to("ke"), uims: gbzz + ";party=ke", refused: gsp.AmbiguousUIM, says: to("GB, ZZ")},
		{name: "a choice that does not fit, and an address that does", to: to("gb"), uims: gbzz + ";party=fr", refused: gsp.AmbiguousUIM, says: to("GB, ZZ", "party=gb")},
		{name: "a choice against the only issuer", to: to("route"), sealed: to("eu"), uims: eu + ";party=gb", refused: gsp.UIMMismatch,
			says: to("UIM 1 of this mail belongs to EU (European Union), and its party= names GB", "write party=eu")},
		{name: "a needless choice", to: to("eu"), uims: eu + ";party=eu", want: []gsp.PartyID{"eu"}, pattern: "eu-only"},
		{name: "a member chosen for its region", to: to("eu"), uims: eu + ";party=fr", want: []gsp.PartyID{"eu"}, pattern: "eu-only"},
		{name: "ambiguous, to a third", to: to("ke"), uims: gbzz, refused: gsp.AmbiguousUIM, says: to("GB, ZZ")},
		{name: "ambiguous, to both", to: to("zz", "gb"), uims: gbzz, want: []gsp.PartyID{"gb", "zz"}, pattern: "gb-likely"},

		{name: "several Parties by marks", to: to("route"), sealed: to("eu", "gb"), uims: eu + ", " + gbzz + ";party=gb", want: []gsp.PartyID{"eu", "gb"}, pattern: "gb-likely"},
		{name: "by marks and by address", to: to("route", "zz"), sealed: to("eu", "zz"), uims: eu, want: []gsp.PartyID{"eu", "zz"}, pattern: "eu-only"},
		{name: "one of several cannot read", to: to("route"), sealed: to("eu"), uims: eu + ", " + gbzz + ";party=gb", refused: gsp.CannotRead,
			says: to("gb@"+domain, h.keys["gb"].Fingerprint())},
		{name: "one of several has no address", to: to("eu", "nobody"), sealed: to("eu"), uims: eu, refused: gsp.UnknownRecipient, says: to("nobody@")},

		{name: "routed, sealed for another", to: to("route"), sealed: to("gb"), uims: eu, refused: gsp.WrongParty,
			says: to("eu@"+domain, h.keys["eu"].Fingerprint())},
		{name: "addressed and marked, sealed for another", to: to("fr"), sealed: to("gb"), uims: fr, refused: gsp.WrongParty,
			says: to("fr@"+domain, h.keys["fr"].Fingerprint())},
		{name: "member's mark, sealed for the region", to: to("route"), sealed: to("eu"), uims: fr, refused: gsp.WrongParty,
			says: to("fr@"+domain, h.keys["fr"].Fingerprint())},
		{name: "addressed without marks, sealed for another", to: to("fr"), sealed: to("gb"), refused: gsp.CannotRead,
			says: to("somebody else", "fr@"+domain, h.keys["fr"].Fingerprint())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			d := draft{by: "ke1", to: tt.to, sealed: tt.sealed}
			if tt.uims != "" {
				d.header = []string{"GSP-UIM: " + tt.uims}
			}
			before := len(h.inbox("eu")) + len(h.inbox("fr")) + len(h.inbox("gb")) + len(h.inbox("zz"))
			if tt.refused == "" {
				e := h.accepted(d)
				if !slices.Equal(e.Peers, tt.want) || e.Pattern != tt.pattern {
					t.Errorf("got %s to %v, want %s to %v", e.Pattern, e.Peers, tt.pattern, tt.want)
				}
				before += len(tt.want)
			} else {
				_, err := h.submit(d)
				refusal, ok := errors.AsType[*gsp.Refusal](err)
				if !ok || refusal.Reason != tt.refused {
					t.Fatalf("got %v, want %s", err, tt.refused)
				}
				for _, part := range tt.says {
					if text := refusal.Text(""); !strings.Contains(text, part) {
						t.Errorf("got %q, want it to say %q", text, part)
					}
				}
			}
			if got := len(h.inbox("eu")) + len(h.inbox("fr")) + len(h.inbox("gb")) + len(h.inbox("zz")); got != before {
				t.Errorf("got %d mails in the mailboxes, want %d", got, before)
			}
		})
	}
}

// replace publishes a new key for an address. The old one stays as "old" and
// its name.
func (h *house) replace(local string) {
	h.t.Helper()
	h.keys["old "+local] = h.keys[local]
	h.publish(local)
}

// A mail sealed for a key that the directory has no more is refused with whose
// it was and which key is right, also after a restart.
func TestSealedForAKeyThatWasReplaced(t *testing.T) {
	h := newHouse(t)
	h.now = h.now.Add(-registry.Overlap - time.Minute)
	h.replace("ke")
	h.replace("fr1")
	h.replace("gb")
	h.now = h.now.Add(registry.Overlap + time.Minute)
	run(h, admin.AccountDisable, admin.AccountLogin{Login: "gb1"})
	check := func(t *testing.T) {
		for _, tt := range []struct {
			name string
			d    draft
			want gsp.Reason
			says []string
		}{
			{"the recipient's", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "old ke"}}, gsp.StaleKey,
				[]string{"ke@" + domain, h.keys["ke"].Fingerprint()}},
			{"the recipient's beside the new one", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "old ke", "ke"}}, gsp.StaleKey,
				[]string{"ke@" + domain, "could open it"}},
			{"the sender's", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"old fr1", "ke"}}, gsp.StaleKey,
				[]string{"fr1@" + domain, h.keys["fr1"].Fingerprint()}},
			{"one of two recipients'", draft{by: "fr1", to: []string{"zz", "ke"}, sealed: []string{"fr1", "zz", "old ke"}}, gsp.StaleKey,
				[]string{"ke@" + domain}},
			{"a stranger's", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "old gb"}}, gsp.StrangeKey, nil},
			{"that of a closed account", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "gb1"}}, gsp.StrangeKey, nil},
			{"nobody's", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "stranger"}}, gsp.UnknownKey, nil},
		} {
			_, err := h.submit(tt.d)
			refusal, ok := errors.AsType[*gsp.Refusal](err)
			if !ok || refusal.Reason != tt.want {
				t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
				continue
			}
			for _, part := range tt.says {
				if text := refusal.Text(""); !strings.Contains(text, part) {
					t.Errorf("%s: got %q, want it to say %q", tt.name, text, part)
				}
			}
		}
		k := gsp.Keeping{Account: h.account("fr1"), Raw: h.mail(draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "old ke"}}), At: h.now}
		if _, err := h.Keep(t.Context(), k); reason(err) != gsp.StaleKey {
			t.Errorf("kept: got %v, want %s", err, gsp.StaleKey)
		}
		h.accepted(draft{by: "fr1", to: []string{"ke"}})
	}
	t.Run("at once", check)
	who, err := registry.Open(t.Context(), h.store, domain)
	if err != nil {
		t.Fatal(err)
	}
	h.Roll = who.Snapshot
	t.Run("after a restart", check)
}

// For some days a mail that is sealed for a replaced key is taken: programs do
// not read a key again with each mail. A key that was withdrawn is another
// matter.
func TestAReplacedKeyIsAcceptedForDays(t *testing.T) {
	h := newHouse(t)
	h.replace("ke")
	h.replace("fr1")
	check := func(t *testing.T) {
		h.accepted(draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "old ke"}})
		h.accepted(draft{by: "fr1", to: []string{"ke"}, sealed: []string{"old fr1", "old ke", "ke"}})
		k := gsp.Keeping{Account: h.account("fr1"), Raw: h.mail(draft{by: "fr1", to: []string{"ke"}, sealed: []string{"old fr1", "old ke"}}), At: h.now}
		if _, err := h.Keep(t.Context(), k); err != nil && reason(err) != "" {
			t.Errorf("kept: got %v, want it taken", err)
		}
		if _, err := h.submit(draft{by: "gb1", to: []string{"ke"}, sealed: []string{"gb1", "old fr1"}}); reason(err) != gsp.CannotRead {
			t.Errorf("for another's replaced key: got %v, want %s", err, gsp.CannotRead)
		}
	}
	t.Run("at once", check)
	who, err := registry.Open(t.Context(), h.store, domain)
	if err != nil {
		t.Fatal(err)
	}
	h.Roll = who.Snapshot
	t.Run("after a restart", check)
	none, err := registry.OpenWithOverlap(t.Context(), h.store, domain, 0)
	if err != nil {
		t.Fatal(err)
	}
	h.Roll = none.Snapshot
	if _, err := h.submit(draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "old ke"}}); reason(err) != gsp.StaleKey {
		t.Errorf("without an overlap: got %v, want %s", err, gsp.StaleKey)
	}
}

// Whoever found a key that its owner revoked can open what is sealed for it,
// even if it is sealed for the new one too. A key that only expired is still
// its owner's alone.
func TestSealedForARevokedKeyToo(t *testing.T) {
	h := newHouse(t)
	made := func(when time.Time, life uint32) *packet.Config {
		return &packet.Config{
			Time: func() time.Time { return when }, Algorithm: packet.PubKeyAlgoEd25519, KeyLifetimeSecs: life,
		}
	}
	whole, err := openpgp.NewEntity("Kenya", "", "ke@"+domain, made(h.now.Add(-3*time.Hour), 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, life := range []uint32{2 * 60 * 60, 0} { // one that has expired, one that has not
		if err := whole.AddEncryptionSubkey(made(h.now.Add(-3*time.Hour), life)); err != nil {
			t.Fatal(err)
		}
	}
	parts := map[string]*openpgp.Entity{}
	for i, name := range []string{"revoked", "expired", "valid"} {
		part := *whole
		part.Subkeys = []openpgp.Subkey{whole.Subkeys[i]}
		parts[name] = &part
	}
	earlier := made(h.now.Add(-150*time.Minute), 0)
	seal := func(names []string) []byte {
		t.Helper()
		var (
			b  bytes.Buffer
			to []*openpgp.Entity
		)
		for _, name := range names {
			to = append(to, parts[name])
		}
		a, err := armor.Encode(&b, "PGP MESSAGE", nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := openpgp.Encrypt(a, to, nil, nil, nil, earlier)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []io.Closer{w, a} {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	drafts := []struct {
		keys []string
		want gsp.Reason
		d    draft
	}{
		{keys: []string{"valid"}}, {keys: []string{"valid", "expired"}},
		{keys: []string{"valid", "revoked"}, want: gsp.StaleKey},
		{keys: []string{"revoked"}, want: gsp.StaleKey}, {keys: []string{"expired"}, want: gsp.StaleKey},
	}
	for i := range drafts { // before the revocation, which go-crypto heeds whenever it was made
		drafts[i].d = draft{by: "fr1", to: []string{"ke"}, armour: seal(drafts[i].keys)}
	}
	if err := whole.Subkeys[0].Revoke(packet.KeyCompromised, "", made(h.now.Add(-time.Hour), 0)); err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := whole.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	run(h, admin.KeyImport, admin.NewKey{Address: "ke", Bytes: public.Bytes()})
	for _, tt := range drafts {
		if _, err := h.submit(tt.d); reason(err) != tt.want || tt.want == "" && err != nil {
			t.Errorf("sealed for %q: got %v, want %q", tt.keys, err, tt.want)
		}
	}
}

// What is written to the operator and to the Secretariat.
func TestMailToTheGatewayItself(t *testing.T) {
	h := newHouse(t)
	for _, local := range []string{"postmaster", "support", "secretariat"} {
		_, err := h.submit(draft{by: "fr1", to: []string{local}, sealed: []string{"fr1", "ke"}})
		if got := reason(err); got != gsp.NoKey {
			t.Errorf("to %s without a key: got %v, want %s", local, err, gsp.NoKey)
		}
		h.publish(local)
	}
	run(h, admin.AccountAdd, admin.NewAccount{Login: "admin.ke", Party: "ke", Roles: []string{"administrator"}})
	h.publish("admin.ke")
	for i, tt := range []struct{ to, box string }{
		{"postmaster", "postmaster"}, {"support", "secretariat"}, {"secretariat", "secretariat"},
	} {
		before := len(h.inbox(tt.box))
		e := h.accepted(draft{by: "admin.ke", to: []string{tt.to}})
		if e.Type != gsp.Notice || e.Case != "" || len(e.Peers) != 0 {
			t.Errorf("to %s: got %+v, want a notice to no Party", tt.to, e)
		}
		mails := h.inbox(tt.box)
		if len(mails) != before+1 || !strings.Contains(field(mails[len(mails)-1], "To"), tt.to+"@") {
			t.Errorf("to %s: got %d mails in %s after %d, want one more", tt.to, len(mails), tt.box, i)
		}
	}
	// A copy to the Secretariat makes it no Party to the case.
	e := h.accepted(draft{by: "fr1", to: []string{"ke", "support"}})
	if e.Type != gsp.Request || !slices.Equal(e.Peers, []gsp.PartyID{"ke"}) || !slices.Equal(h.waiting(e.Case), []gsp.PartyID{"ke"}) {
		t.Errorf("a request with a copy to support@: got %+v, want one to ke", e)
	}
	// The Secretariat answers.
	run(h, admin.AccountAdd, admin.NewAccount{Login: "desk.zz", Party: "zz", Roles: []string{"secretariat"}})
	h.publish("desk.zz")
	if e := h.accepted(draft{by: "desk.zz", to: []string{"fr1"}, header: []string{"GSP-Type: notice"}}); e.Type != gsp.Notice {
		t.Errorf("the Secretariat's answer: got %+v, want a notice", e)
	}
	if _, err := h.submit(draft{by: "desk.zz", to: []string{"fr1"}}); reason(err) != gsp.NotAllowed {
		t.Errorf("the Secretariat asks: got %v, want %s", err, gsp.NotAllowed)
	}
	for _, local := range []string{"keys", "abuse"} {
		if _, err := h.submit(draft{by: "fr1", to: []string{local}, sealed: []string{"fr1"}}); reason(err) != gsp.UnknownRecipient {
			t.Errorf("to %s: got %v, want %s", local, err, gsp.UnknownRecipient)
		}
	}
}
