package router_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/registry"
)

// No way changes what the directory answers without a line in the history of
// the address, with the SHA-256 of the answer. A restart answers the same.
func TestTheHistoryKnowsEachAnswer(t *testing.T) {
	h := takesKeys(t)
	addresses := []string{"eu", "fr", "ke", "fr1", "ke1", "ke2", "admin.ke", "archive.ke", "support", "secretariat", "keys"}
	lines := map[string]int{}
	answers := map[string]string{}
	check := func(what string) {
		t.Helper()
		again, err := registry.Open(t.Context(), h.store, domain)
		if err != nil {
			t.Fatal(err)
		}
		for _, local := range addresses {
			answer := ""
			if body := h.Roll().Answer(address(local)); len(body) > 0 {
				answer = fmt.Sprintf("%x", sha256.Sum256(body))
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(again.Snapshot().Answer(address(local)))); answer != "" && got != answer {
				t.Errorf("%s: after a restart %s is answered with %s, want %s", what, local, got, answer)
			}
			history := run(h, admin.KeyHistory, admin.KeyOf{Address: local})
			last := ""
			if len(history) > 0 {
				last = history[len(history)-1].Answer
			}
			if last != answer {
				t.Errorf("%s: %s is answered with %q, and the history ends with %q", what, local, answer, last)
			}
			if answer != answers[local] && len(history) == lines[local] {
				t.Errorf("%s: the answer for %s changed without a line", what, local)
			}
			answers[local], lines[local] = answer, len(history)
		}
		h.now = h.now.Add(time.Second)
	}
	check("made")
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"import", func() { h.publish("ke1") }},
		{"import in its place", func() { h.publish("ke1") }},
		{"hand in", func() { h.handIn("ke2", "ke2", h.makeKey("ke2")) }},
		{"approve", func() {
			if _, err := approve(h, "admin.ke", "ke2", ""); err != nil {
				t.Fatal(err)
			}
		}},
		{"hand in another", func() { h.handIn("ke2", "ke2", h.makeKey("ke2")) }},
		{"reject", func() { run(h, admin.KeyReject, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}}) }},
		{"automatic", func() { run(h, admin.PartyKeys, admin.PartyKeysOf{ID: "ke", Automatic: true}) }},
		{"hand in, published at once", func() { h.handIn("ke2", "ke2", h.makeKey("ke2")) }},
		{"archive", func() {
			run(h, admin.PartyArchive, admin.NewArchiveKey{ID: "ke", Bytes: []byte(public(t, h.makeKey("archive.ke")))})
		}},
		{"no archive", func() { run(h, admin.PartyArchive, admin.NewArchiveKey{ID: "ke"}) }},
		{"the Secretariat's", func() { h.publish("secretariat"); h.publish("support") }},
		{"revoke", func() { run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke1"}}) }},
		{"import again", func() { h.publish("ke1") }},
		{"disable", func() { run(h, admin.AccountDisable, admin.AccountLogin{Login: "ke1"}) }},
		{"enable", func() { run(h, admin.AccountEnable, admin.AccountRoles{Login: "ke1"}) }},
		{"after enable", func() { h.publish("ke1") }},
		{"term", func() {
			run(h, admin.AccountUntil, admin.AccountTerm{Login: "ke1", Until: string(gsp.DayOf(h.now))})
		}},
		{"lapse", func() {
			h.now = h.now.Add(48 * time.Hour)
			if _, err := h.office.EndOver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
		{"request lapses", func() {
			if _, err := h.send("ke2", public(t, h.makeKey("ke2"))); err != nil {
				t.Fatal(err)
			}
			h.now = h.now.Add(registry.CodeLasts)
			if _, err := h.TendKeys(t.Context(), h.now); err != nil {
				t.Fatal(err)
			}
		}},
		{"withdraw", func() { run(h, admin.PartyWithdraw, admin.PartyID{ID: "ke"}) }},
		{"add again", func() { run(h, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"}) }},
		{"import after that", func() { h.publish("ke") }},
	} {
		step.do()
		check(step.what)
	}
	for _, local := range []string{"ke1", "ke2"} {
		if answers[local] != "" {
			t.Errorf("%s: got an answer at the end, want none", local)
		}
	}
	if answers["ke"] == "" {
		t.Errorf("ke: got %q, want an answer at the end", answers["ke"])
	}
}

// The lists say what each key is good for.
func TestTheListsTellTheStateOfAKey(t *testing.T) {
	h := takesKeys(t)
	state := func(login string) (registry.KeyState, time.Time) {
		t.Helper()
		for _, a := range run(h, admin.AccountList, admin.AccountFilter{}) {
			if a.Login == login {
				return a.KeyState, a.KeyUntil
			}
		}
		return "", time.Time{}
	}
	listed := func(login string) (states []registry.KeyState) {
		t.Helper()
		for _, k := range run(h, admin.KeyList, admin.None{}) {
			if k.Address == login+"@"+domain {
				states = append(states, k.State)
			}
		}
		return states
	}
	check := func(what string, want registry.KeyState, until time.Time, all ...registry.KeyState) {
		t.Helper()
		got, at := state("ke2")
		if got != want || !at.Equal(until) || !slices.Equal(listed("ke2"), all) {
			t.Errorf("%s: got %q until %v, in the list of keys %q, want %q until %v, %q", what, got, at, listed("ke2"), want, until, all)
		}
	}
	check("no key", "", time.Time{})
	end := h.now.Add(-time.Hour).Add(keyring.Lifetime)
	k := h.makeKey("ke2")
	h.handIn("ke2", "ke2", k)
	check("handed in", registry.WaitingKey, h.now.Add(registry.ApprovalLasts), registry.WaitingKey)
	if _, err := approve(h, "admin.ke", "ke2", ""); err != nil {
		t.Fatal(err)
	}
	check("published", registry.GoodKey, end, registry.GoodKey)
	h.now = end.Add(-registry.EndsSoon)
	check("60 days before its end", registry.EndingKey, end, registry.EndingKey)
	h.publish("ke2")
	check("replaced", registry.GoodKey, h.now.Add(keyring.Lifetime-time.Hour), registry.GoodKey, registry.ReplacedKey)
	h.now = h.now.Add(registry.Overlap)
	check("a week later", registry.GoodKey, h.now.Add(keyring.Lifetime-time.Hour-registry.Overlap), registry.GoodKey)
	h.now = h.now.Add(keyring.Lifetime)
	check("at its end", registry.EndedKey, h.now.Add(-time.Hour-registry.Overlap), registry.EndedKey)
	if _, err := h.sendKey("ke2", revoked(t, h)); err != nil {
		t.Fatal(err)
	}
	check("revoked", registry.RevokedKey, time.Time{}, registry.RevokedKey)
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}})
	check("withdrawn", "", time.Time{})
}

// revoked publishes a key of ke2 and returns it with its revocation.
func revoked(t *testing.T, h *house) []byte {
	t.Helper()
	made := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return h.now.Add(-time.Hour) }}
	entity, err := openpgp.NewEntity("", "", "ke2@"+domain, made)
	if err != nil {
		t.Fatal(err)
	}
	write := func() []byte {
		var b bytes.Buffer
		if err := entity.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2"}})
	run(h, admin.KeyImport, admin.NewKey{Address: "ke2", Bytes: write()})
	if err := entity.RevokeKey(packet.KeyCompromised, "", made); err != nil {
		t.Fatal(err)
	}
	return write()
}
