package router_test

import (
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// keep appends a mail of fr1 to its mailbox Sent.
func (h *house) keep(raw []byte) (gsp.Receipt, error) {
	h.t.Helper()
	boxes, err := h.store.Mailboxes(h.t.Context(), "fr1")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, box := range boxes {
		if box.Use == gsp.UseSent {
			return h.Keep(h.t.Context(), gsp.Keeping{
				Account: h.account("fr1"), Mailbox: box.ID, Flags: gsp.Seen, Received: h.now, Raw: raw, At: h.now,
			})
		}
	}
	h.t.Fatal("fr1 has no mailbox Sent")
	return gsp.Receipt{}, nil
}

func TestSentCopyIsKeptAndMasked(t *testing.T) {
	h := newHouse(t)
	raw := h.mail(draft{
		by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "` + kenyan + `", "?unknown?"`, "Bcc: gb@" + domain, "X-Mailer: Example 1"},
	})
	receipt, err := h.keep(raw)
	if err != nil {
		t.Fatal(err)
	}
	body, err := h.store.Body(t.Context(), receipt.Mail)
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"0214477", "unknown", "gb@", "Example 1"} {
		if strings.Contains(string(body), hidden) {
			t.Errorf("the kept mail shows %q", hidden)
		}
	}
	if got := field(string(body), "GSP-UIM"); !strings.Contains(got, kenyanMask) {
		t.Errorf("GSP-UIM: got %q, want the mask", got)
	}
	if e := h.lastEvent(); e.Kind != gsp.MailKept || e.Party != "fr" || e.UIMs != 0 {
		t.Errorf("event: got %+v, want that of a kept mail, which counts nothing", e)
	}
}

func TestWhatMayNotBeKept(t *testing.T) {
	h := newHouse(t)
	for _, tt := range []struct {
		name string
		d    draft
		want gsp.Reason
	}{
		{"a plain draft", draft{by: "fr1", to: []string{"ke"}, body: plain}, gsp.NotSealed},
		{"a mail for a stranger", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"stranger"}}, gsp.UnknownKey},
	} {
		_, err := h.keep(h.mail(tt.d))
		if got := reason(err); got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
		if e := h.lastEvent(); e.Kind != gsp.MailRefused || e.Reason != tt.want {
			t.Errorf("%s: event: got %+v, want the refusal", tt.name, e)
		}
	}
}
