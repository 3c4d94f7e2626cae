package imapd_test

import (
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// A session that waits in IDLE sees what a rule on keeping mail removes as it
// sees any other message go.
func TestIdleSeesARemoval(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 3000, 4000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.idle()
	h := gsp.Horizon{Other: received.Add(time.Hour)}
	due, err := w.store.Due(t.Context(), "ann", h, false)
	if err != nil || len(due) != 3 {
		t.Fatalf("due: %+v, %v, want 3", due, err)
	}
	err = w.store.PrepareRemoval(t.Context(), "ann", []gsp.MailID{due[0].Mail, due[2].Mail})
	if err == nil {
		err = w.store.Announce(t.Context(), "ann", received, received)
	}
	if err == nil {
		_, err = w.store.CarryOut(t.Context(), "ann", gsp.Retention{}, h, gsp.Event{At: received, Kind: gsp.MailsRemoved, Party: "ke"})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"* 3 EXPUNGE", "* 1 EXPUNGE"} {
		if got := c.line(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
