package admin

import (
	"context"

	"gsp.example/gsp/internal/gsp"
)

// Soundness says what a store found when it read everything that it keeps.
type Soundness struct {
	Mails     int             `json:"mails"`     // how many were read
	Damaged   []gsp.MailID    `json:"damaged"`   // whose octets or summaries are not as they were written
	Mailboxes []gsp.MailboxID `json:"mailboxes"` // whose counters are wrong
	Stray     int             `json:"stray"`     // mails and files that nothing refers to, which harm nobody
}

// Sound reports whether nothing was lost.
func (s Soundness) Sound() bool { return len(s.Damaged) == 0 && len(s.Mailboxes) == 0 }

// Verify reads every mail and compares it with its digest.
var Verify = Verb[None, Soundness]{"verify", func(ctx context.Context, o *Office, _ string, _ None) (Soundness, error) {
	return o.Verify(ctx)
}}
