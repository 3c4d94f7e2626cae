package router_test

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// stuff leaves the mailboxes of an owner no room, not even for a notice.
func (h *house) stuff(owner string) {
	h.t.Helper()
	random := make([]byte, gsp.NoticeReserve)
	rand.Read(random)
	to, _ := h.Roll().Cert(address(owner))
	own, _ := h.Roll().Cert(address("fr1"))
	raw, err := client.Compose(client.Draft{
		From: address("fr1"), To: []gsp.Address{address(owner)}, Date: h.now, Subject: "photographs", Text: hex.EncodeToString(random),
		For: []*pgpcert.Cert{to, own}, Signer: h.keys["fr1"],
	})
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = h.Submit(h.t.Context(), gsp.Submission{
		Account: h.account("fr1"), Sender: address("fr1"), Recipients: []gsp.Address{address(owner)}, Raw: raw, At: h.now,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.limit(owner, 1)
}

func (h *house) limit(owner string, octets int64) {
	h.t.Helper()
	if err := h.store.SetQuota(h.t.Context(), gsp.Quota{Owner: owner, Octets: octets, SetBy: "test", Set: h.now}); err != nil {
		h.t.Fatal(err)
	}
}

// Whoever has filled an administrator's mailbox and its reserve, or that of the
// owner whose password he has, keeps no stolen key in force.
func TestAFullMailboxKeepsNoKeyInForce(t *testing.T) {
	h := takesKeys(t)
	h.joins("second.ke", "ke", "administrator")
	h.joins("ke3", "ke", "requester")
	for _, owner := range []string{"second.ke", "ke1", "ke3"} {
		h.stuff(owner)
	}
	run(h, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke1"}})
	if got := h.fingerprint("ke1"); got != "" {
		t.Errorf("revoked by the operator: got %s in the directory", got)
	}
	if got := h.newest("admin.ke"); !strings.Contains(got.Text, "ke1@gsp.example") {
		t.Errorf("the administrator who has room: got\n%s", got.Text)
	}
	receipt, err := h.answer("ke3", "revoke ke3", h.newest("admin.ke"))
	if err != nil || !receipt.Done || h.fingerprint("ke3") != "" {
		t.Errorf("revoked by its owner, who has no room for the answer: got %+v, %v", receipt, err)
	}
}

// A key waits for those who can be asked. Whoever had no room is asked once there
// is some; who hands one in needs room for the code.
func TestAFullMailboxStopsNoApproval(t *testing.T) {
	h := takesKeys(t)
	h.joins("second.ke", "ke", "administrator")
	h.stuff("second.ke")
	before := len(h.inbox("second.ke"))
	h.handIn("ke2", "ke2", h.makeKey("ke2"))
	if got := h.newest("admin.ke").Subject; got != waits {
		t.Errorf("the administrator who has room is asked %q, want %q", got, waits)
	}
	for range 2 {
		if _, err := h.TendKeys(t.Context(), h.now.Add(time.Hour)); err != nil {
			t.Fatalf("the next round: %v", err)
		}
	}
	if got := len(h.inbox("second.ke")); got != before {
		t.Errorf("in the full mailbox: got %d mails, want %d", got, before)
	}
	h.limit("second.ke", gsp.NoQuota)
	if _, err := h.TendKeys(t.Context(), h.now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := h.newest("second.ke").Subject; got != waits {
		t.Errorf("once there is room: got %q, want %q", got, waits)
	}
	h.stuff("gb1")
	if _, err := h.send("gb1", public(t, h.makeKey("gb1"))); reason(err) != gsp.MailboxFull {
		t.Errorf("a key is handed in without room for its code: got %v, want %s", err, gsp.MailboxFull)
	}
}
