package admin_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/store/sqlite"
)

// newOffice has one Party, an officer and two systems.
func newOffice(t *testing.T) *admin.Office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	who, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	o := &admin.Office{Registry: who, Events: store, Rooms: store, Random: rand.Reader, Now: time.Now}
	do(t, o, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	do(t, o, admin.AccountAdd, admin.NewAccount{Login: "customs1.ke", Party: "ke"})
	for _, login := range []string{"tracer.ke", "other.ke"} {
		do(t, o, admin.AccountAdd, admin.NewAccount{Login: login, Party: "ke", Kind: "system"})
	}
	return o
}

func do[In, Out any](t *testing.T, o *admin.Office, verb admin.Verb[In, Out], in In) Out {
	t.Helper()
	out, err := verb.Do(t.Context(), o, "test", in)
	if err != nil {
		t.Fatalf("%s: %v", verb.Name, err)
	}
	return out
}

func refused[In, Out any](t *testing.T, o *admin.Office, verb admin.Verb[In, Out], in In, want gsp.Reason) {
	t.Helper()
	_, err := verb.Do(t.Context(), o, "test", in)
	if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != want {
		t.Errorf("%s: got %v, want %s", verb.Name, err, want)
	}
}

// kinds counts the events by kind.
func kinds(t *testing.T, o *admin.Office) map[gsp.EventKind]int {
	t.Helper()
	n := map[gsp.EventKind]int{}
	for e, err := range o.Events.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n[e.Kind]++
	}
	return n
}

func TestLanguages(t *testing.T) {
	o := newOffice(t)
	address := func(local string) gsp.Address { return o.Registry.Snapshot().Address(local) }
	check := func(what string, officer, party gsp.Language) {
		t.Helper()
		roll := o.Registry.Snapshot()
		if got := roll.Language(address("customs1.ke")); got != officer {
			t.Errorf("%s: the officer reads %s, want %s", what, got, officer)
		}
		if got := roll.Language(address("ke")); got != party {
			t.Errorf("%s: the Party reads %s, want %s", what, got, party)
		}
	}
	check("nothing set", gsp.English, gsp.English)
	do(t, o, admin.PartyLanguage, admin.PartyLanguageOf{ID: "KE", Language: "FR"})
	check("the Party's set", gsp.French, gsp.French)
	do(t, o, admin.AccountLanguage, admin.AccountLanguageOf{Login: "customs1.ke@gsp.example", Language: "ar"})
	check("both set", gsp.Arabic, gsp.French)
	do(t, o, admin.AccountLanguage, admin.AccountLanguageOf{Login: "customs1.ke"})
	do(t, o, admin.PartyLanguage, admin.PartyLanguageOf{ID: "ke", Language: "zh"})
	check("the officer's taken back", gsp.Chinese, gsp.Chinese)

	do(t, o, admin.PartyAdd, admin.NewParty{ID: "es", Name: "Spain", Language: "es"})
	do(t, o, admin.AccountAdd, admin.NewAccount{Login: "customs1.es", Party: "es", Language: "ru"})
	roll := o.Registry.Snapshot()
	if got := []gsp.Language{roll.Language(address("es")), roll.Language(address("customs1.es")), roll.Language(address("nobody"))}; got[0] != gsp.Spanish || got[1] != gsp.Russian || got[2] != gsp.English {
		t.Errorf("set when they were added: got %v, want es, ru, and en for nobody", got)
	}

	refused(t, o, admin.PartyLanguage, admin.PartyLanguageOf{ID: "ke", Language: "de"}, gsp.BrokenName)
	refused(t, o, admin.PartyLanguage, admin.PartyLanguageOf{ID: "xx", Language: "fr"}, gsp.UnknownParty)
	refused(t, o, admin.AccountLanguage, admin.AccountLanguageOf{Login: "nobody", Language: "fr"}, gsp.UnknownAccount)
	refused(t, o, admin.AccountAdd, admin.NewAccount{Login: "a.ke", Party: "ke", Language: "x"}, gsp.BrokenName)
	refused(t, o, admin.PartyAdd, admin.NewParty{ID: "de", Name: "Germany", Language: "de"}, gsp.BrokenName)
}

func TestClientCertificates(t *testing.T) {
	o := newOffice(t)
	first, second, third := newCertificate(t, nil), newCertificate(t, nil), newCertificate(t, nil)
	logsIn := func(c *certificate) string {
		a, _ := o.Registry.Snapshot().AccountByPin(c.pin)
		return a.Login
	}
	out := do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke", Certificate: first.pem})
	if len(out.Pins) != 1 || out.Pins[0] != hex.EncodeToString(first.pin[:]) || logsIn(first) != "tracer.ke" {
		t.Errorf("first certificate: got %q, which logs in %q", out.Pins, logsIn(first))
	}
	// A renewed certificate of the same key changes nothing; DER is read too.
	do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke", Certificate: newCertificate(t, first).der})
	do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke", Certificate: second.pem})
	if logsIn(first) != "tracer.ke" || logsIn(second) != "tracer.ke" {
		t.Errorf("two certificates log in %q and %q, want tracer.ke", logsIn(first), logsIn(second))
	}
	if out := do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke"}); len(out.Pins) != 2 {
		t.Errorf("shown: %q, want two", out.Pins)
	}
	do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke", Certificate: third.pem})
	if logsIn(first) != "" || logsIn(third) != "tracer.ke" {
		t.Errorf("a third: the first logs in %q and the third %q, want nobody and tracer.ke", logsIn(first), logsIn(third))
	}
	refused(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "other.ke", Certificate: third.pem}, gsp.KeyInUse)
	do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "other.ke", Certificate: first.pem})
	if logsIn(first) != "other.ke" {
		t.Errorf("a certificate that was taken away logs in %q, want other.ke", logsIn(first))
	}

	do(t, o, admin.AccountPassword, admin.AccountLogin{Login: "tracer.ke"})
	if logsIn(third) != "tracer.ke" {
		t.Error("a new password took the certificates away")
	}
	do(t, o, admin.AccountDisable, admin.AccountLogin{Login: "other.ke"})
	if logsIn(first) != "" {
		t.Errorf("a disabled account's certificate logs in %q", logsIn(first))
	}
	if out := do(t, o, admin.AccountCertificate, admin.ClientCertificate{Login: "tracer.ke", Remove: true}); len(out.Pins) != 0 || logsIn(third) != "" {
		t.Errorf("removed: got %q, and the third logs in %q", out.Pins, logsIn(third))
	}
	if got := kinds(t, o); got[gsp.CertificatePinned] != 4 || got[gsp.CertificateUnpinned] != 3 {
		t.Errorf("events: got %d pinned and %d unpinned, want 4 and 3", got[gsp.CertificatePinned], got[gsp.CertificateUnpinned])
	}
}

func TestClientCertificatesRefused(t *testing.T) {
	o := newOffice(t)
	good, old, weak := newCertificate(t, nil), expired(t), shortRSA(t)
	for name, tt := range map[string]struct {
		in   admin.ClientCertificate
		want gsp.Reason
	}{
		"an officer's":     {admin.ClientCertificate{Login: "customs1.ke", Certificate: good.pem}, gsp.NotAllowed},
		"nobody's":         {admin.ClientCertificate{Login: "nobody", Certificate: good.pem}, gsp.UnknownAccount},
		"a private key":    {admin.ClientCertificate{Login: "tracer.ke", Certificate: append(good.key, good.pem...)}, gsp.PrivateKey},
		"no certificate":   {admin.ClientCertificate{Login: "tracer.ke", Certificate: []byte("tracer")}, gsp.BrokenKey},
		"half of one":      {admin.ClientCertificate{Login: "tracer.ke", Certificate: good.der[:100]}, gsp.BrokenKey},
		"one that expired": {admin.ClientCertificate{Login: "tracer.ke", Certificate: old.pem}, gsp.BrokenKey},
		"a short RSA key":  {admin.ClientCertificate{Login: "tracer.ke", Certificate: weak.pem}, gsp.WeakKey},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, o, admin.AccountCertificate, tt.in, tt.want)
			if _, ok := o.Registry.Snapshot().AccountByPin(good.pin); ok {
				t.Error("it logs in")
			}
		})
	}
	if _, ok := o.Registry.Snapshot().AccountByPin(sha256.Sum256(nil)); ok {
		t.Error("an unknown pin logs in")
	}
	if _, ok := o.Registry.Snapshot().AccountByPin([32]byte{}); ok {
		t.Error("the zero pin logs in")
	}
}

// An address names one Party at its end, or none.
func TestNameEndsInNoOtherPartysCode(t *testing.T) {
	o := newOffice(t)
	do(t, o, admin.PartyAdd, admin.NewParty{ID: "fr", Name: "France"})
	refused(t, o, admin.AccountAdd, admin.NewAccount{Login: "customs9.fr", Party: "ke"}, gsp.BrokenName)
	for _, login := range []string{"customs9.ke", "customs9.de", "fr.customs9", "customs9-fr"} {
		do(t, o, admin.AccountAdd, admin.NewAccount{Login: login, Party: "ke"})
	}
	do(t, o, admin.PartyWithdraw, admin.PartyID{ID: "fr"})
	do(t, o, admin.AccountAdd, admin.NewAccount{Login: "customs9.fr", Party: "ke"})
}
