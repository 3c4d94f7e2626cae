package imapd_test

import "testing"

// BenchmarkCommands times commands on a mailbox of 1,000 mails of 8 KiB, over
// TLS on loopback.
func BenchmarkCommands(b *testing.B) {
	w := newWorld(b)
	for range 1000 {
		w.deliver("ann", "INBOX", 8192)
	}
	for _, command := range []string{
		"SELECT INBOX", "FETCH 1:* FLAGS", "FETCH 1:* (UID FLAGS ENVELOPE)", "FETCH 1:* BODY.PEEK[]",
		"SEARCH UNSEEN", "SEARCH SUBJECT gsp",
	} {
		b.Run(command, func(b *testing.B) {
			c := w.login("ann")
			c.ok("SELECT INBOX")
			for b.Loop() {
				c.ok(command)
			}
		})
	}
}
