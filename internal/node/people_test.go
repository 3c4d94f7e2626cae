package node

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
)

// The 250 of a mail can be had again after its recipient left, for as long as the
// same mail is known again; a new mail is refused, and later the address is.
func TestTheReceiptOfAMailToSomebodyWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		draft := client.Draft{MessageID: "<ask@client.example>"}
		sent := o.compose("fr1", "ke1", draft)
		submit := func(raw []byte) (gsp.Receipt, error) {
			door := people{registry: o.registry}
			if err := door.Recipient(mailbox("ke1")); err != nil {
				return gsp.Receipt{}, err
			}
			account, _ := o.registry.Snapshot().Account("fr1")
			return o.Core.router.Submit(t.Context(), gsp.Submission{
				Account: account, Sender: mailbox("fr1"), Recipients: []gsp.Address{mailbox("ke1")}, Raw: raw, At: time.Now(),
			})
		}
		first, err := submit(sent)
		if err != nil {
			t.Fatal(err)
		}
		carryOut(o, admin.AccountDisable, admin.AccountLogin{Login: "ke1"})
		time.Sleep(6 * aDay)
		again, err := submit(sent)
		if err != nil || !again.Earlier || again.Case != first.Case {
			t.Errorf("sent again: got %+v, %v, want the receipt %+v", again, err, first)
		}
		if _, err := submit(o.compose("fr1", "ke1", client.Draft{})); !unknown(err) {
			t.Errorf("another mail: got %v, want %s", err, gsp.UnknownRecipient)
		}
		time.Sleep(2 * aDay)
		if err := (people{registry: o.registry}).Recipient(mailbox("ke1")); !unknown(err) {
			t.Errorf("after a week: got %v, want %s", err, gsp.UnknownRecipient)
		}
	})
}

func unknown(err error) bool {
	refusal, ok := errors.AsType[*gsp.Refusal](err)
	return ok && refusal.Reason == gsp.UnknownRecipient
}
