package notice_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/wire"
)

func address(local string) gsp.Address { return gsp.Address{Local: local, Domain: "gsp.example"} }

// newRoll makes a roll of Kenya with a key and the shipped library.
func newRoll(tb testing.TB) (*registry.Snapshot, *keyring.Key, *pgpcert.Cert) {
	tb.Helper()
	store, err := sqlite.Open(tb.Context(), tb.TempDir(), sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	r, err := registry.Open(tb.Context(), store, "gsp.example")
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	key, err := keyring.Generate("", address("ke"), now.Add(-time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := key.Cert()
	if err != nil {
		tb.Fatal(err)
	}
	_, err = r.Update(tb.Context(), func(*registry.Snapshot) (gsp.Change, error) {
		return gsp.Change{
			Parties:      []gsp.Party{{ID: "ke", Name: "Kenya", Registered: now}},
			Certificates: []gsp.Certificate{{Address: address("ke"), Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: now}},
			Library:      &gsp.LibraryText{Version: 1, Text: configs.Library, Published: now},
		}, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r.Snapshot(), key, cert
}

// letter writes an answer to ke@ about claims.
func letter(roll *registry.Snapshot, l gsp.Language, claims []gsp.Claim, at time.Time) notice.Letter {
	library, _ := roll.Library()
	answers := make([]pattern.Answer, len(claims))
	for i, c := range claims {
		answers[i] = library.Resolve(c.UIM, at)
	}
	return notice.Letter{
		From: address("resolve"), To: address("ke"), At: at, MessageID: "<answer@gsp.example>", InReplyTo: "<question@client.example>",
		References: strings.Fields(strings.Repeat(" <a-rather-long-message-id@client.example>", 20)), AutoSubmitted: "auto-replied",
		Content: notice.Resolved(roll, l, claims, answers, at),
	}
}

// What comes out of Seal is sealed for one key, and says inside what it says
// outside.
func TestSeal(t *testing.T) {
	roll, key, cert := newRoll(t)
	at := time.Now()
	l := letter(roll, gsp.Russian, []gsp.Claim{{UIM: gsp.NewUIM("KE730214477"), Count: 1}}, at)
	m, err := l.Seal(cert)
	if err != nil {
		t.Fatal(err)
	}
	if keys := m.SessionKeys(); len(keys) != 1 || len(roll.Keys(keys[0])) != 1 {
		t.Errorf("got session keys %v, want one of ke@", keys)
	}
	raw := wire.Build(l.Outer(), m)
	if _, err := sealed.Inspect(raw); err != nil {
		t.Fatal(err)
	}
	o, err := client.Open(raw, []*keyring.Key{key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Subject != l.Subject || o.Text != l.Text || len(o.Attachments) != 2 {
		t.Errorf("got %q\n%s\nand %d attachments, want %q\n%s\nand 2", o.Subject, o.Text, len(o.Attachments), l.Subject, l.Text)
	}
	if o.Label != "GSP notice" || o.Outside.AutoSubmitted != "auto-replied" || o.Outside.Type != gsp.Notice {
		t.Errorf("outside: got %q, %+v, want a notice that was replied automatically", o.Label, o.Outside)
	}
	var octets bytes.Buffer
	if err := m.WriteOctets(&octets); err != nil {
		t.Fatal(err)
	}
	inside, _, err := keyring.Open(octets.Bytes(), []*keyring.Key{key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HP-Outer: Subject: GSP notice\r\n", "HP-Outer: To: <ke@gsp.example>\r\n", "Content-Language: ru\r\n"} {
		if !bytes.Contains(inside, []byte(want)) {
			t.Errorf("inside: want %q in it", want)
		}
	}
	for line := range bytes.SplitSeq(inside, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("inside: got a line of %d octets, want at most 998", len(line))
		}
	}
}

// Nothing is sealed for a key that has ended.
func TestSealRefusesAnEndedKey(t *testing.T) {
	roll, _, cert := newRoll(t)
	l := letter(roll, gsp.English, nil, time.Now().Add(keyring.Lifetime))
	if _, err := l.Seal(cert); err == nil {
		t.Error("got no error")
	} else if _, ok := errors.AsType[*gsp.Refusal](err); ok {
		t.Errorf("got a refusal (%v), want an error: the router asks before", err)
	}
}

func TestUnansweredStep(t *testing.T) {
	opened := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct{ after, days, want int }{
		{0, 14, 0}, {13, 14, 0}, {14, 14, 1}, {27, 14, 1}, {28, 14, 2}, {84, 14, 6}, {97, 14, 6}, {98, 14, 0}, {-20, 14, 0}, {50, 0, 0},
	} {
		at := opened.AddDate(0, 0, test.after)
		if got := notice.UnansweredStep(opened, at, test.days); got != test.want {
			t.Errorf("after %d days of %d: got step %d, want %d", test.after, test.days, got, test.want)
		}
	}
}

// Who has answered is not told that an answer is due.
func TestOnlyThoseWhoAreWaitedForAreTold(t *testing.T) {
	roll, _, _ := newRoll(t)
	c := gsp.Case{ID: "2026-KE-7Q4M2", Requester: "fr", Asked: []gsp.PartyID{"gb", "ke"}, Waiting: []gsp.PartyID{"ke"}, Opened: time.Now()}
	notices := notice.Unanswered(roll, c, 1, 14)
	if len(notices) != 2 || notices[0].To != address("fr") || notices[1].To != address("ke") {
		t.Fatalf("got %+v, want notices to fr@ and ke@", notices)
	}
	if notices[0].Key == notices[1].Key || notices[1].Key == notice.Unanswered(roll, c, 2, 14)[1].Key {
		t.Error("two notices have one key")
	}
	for _, l := range gsp.Languages {
		for _, n := range notices {
			if text := n.Content(l).Text; strings.ContainsAny(text, "{}") || strings.Contains(text, "GB") {
				t.Errorf("%s: got\n%s\nwant all names filled in, and none of those who answered", l, text)
			}
		}
	}
}

// BenchmarkAnswer measures one answer of resolve@ from the claims to the octets
// that are stored: recognised, written, sealed, wrapped, inspected.
func BenchmarkAnswer(b *testing.B) {
	roll, _, cert := newRoll(b)
	at := time.Now()
	for b.Loop() {
		l := letter(roll, gsp.English, []gsp.Claim{{UIM: gsp.NewUIM("KE730214477"), Count: 900}}, at)
		m, err := l.Seal(cert)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sealed.Inspect(wire.Build(l.Outer(), m)); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzQuestion writes the answer to any header: it never holds a code whole, and
// what it gives to paste is taken back.
func FuzzQuestion(f *testing.F) {
	for _, header := range []string{
		`GSP-UIM: "KE730214477";n=900;level=unit, "KE7########"`, "Subject: [uim (01)09521141894569(21)A1b2C3 n=2]",
		`X-GSP-UIM: "ke7 302 144-77", "?"`, `GSP-UIM: "4006381333931", "A7B3K9P2X4M1", "^"`, "Subject: =?utf-8?q?[uim_KE730214477]?=",
	} {
		f.Add([]byte("From: fr1@gsp.example\r\n" + header + "\r\n\r\n"))
	}
	roll, _, _ := newRoll(f)
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		header, err := sealed.Fields(raw)
		if err != nil {
			return
		}
		fields, err := wire.ReadFields(header, "gsp.example")
		if _, ok := errors.AsType[*gsp.Refusal](err); err != nil && !ok {
			t.Fatalf("got %v, want a refusal", err)
		}
		if err != nil || len(fields.Claims) > 50 {
			return
		}
		text := letter(roll, gsp.Arabic, fields.Claims, at).Text
		for line := range strings.SplitSeq(text, "\n") {
			value, ok := strings.CutPrefix(line, "GSP-UIM: ")
			if !ok {
				continue
			}
			again, err := wire.ReadFields([]sealed.Field{{Name: "From", Value: "fr1@gsp.example"}, {Name: "GSP-UIM", Value: value}}, "gsp.example")
			if err != nil || len(again.Claims) == 0 {
				t.Errorf("the line %q: got %v, want it taken", line, err)
			}
			for _, c := range again.Claims {
				if !strings.Contains(c.UIM.Reveal(), "#") {
					t.Errorf("the line %q holds a whole code", line)
				}
			}
		}
	})
}
