package imapd_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/storetest"
)

// A mail that is stored while a client goes into IDLE is told within that
// IDLE or before it, whichever of the two is first. Two clients wait in two
// mailboxes that one posting changes, others come and go in the same ones, and
// further writes share the commits.
func TestNoMailIsMissedOnTheWayIntoIdle(t *testing.T) {
	const rounds = 150
	w := newWorld(t)
	post := func(mailboxes ...gsp.MailboxName) {
		m, summary := storetest.Mail(t, 1000)
		p := gsp.Posting{Message: m, Summary: summary, Event: gsp.Event{At: received, Kind: gsp.MailAccepted, Party: "fr"}}
		for _, name := range mailboxes {
			p.Deliveries = append(p.Deliveries, gsp.Delivery{Mailbox: name, Party: "ke", Received: received})
		}
		if _, err := w.store.Post(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	own, shared := gsp.MailboxName{Owner: "ann", Name: "INBOX"}, gsp.MailboxName{Owner: "ke", Name: "INBOX"}
	ann, bob, other := w.login("ann"), w.login("bob"), w.login("ann")
	ann.ok("SELECT INBOX")
	bob.ok("SELECT Authority/ke/INBOX")

	done := make(chan struct{})
	var around sync.WaitGroup
	around.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			other.ok("SELECT " + []string{"INBOX", "Authority/ke/INBOX"}[i%2])
			fmt.Fprintf(other.Conn, "i IDLE\r\nDONE\r\n")
			for line := ""; !strings.HasPrefix(line, "i OK"); {
				if line = other.line(); strings.HasSuffix(line, "EOF") {
					t.Errorf("another client: got %q", line)
					return
				}
			}
		}
	})
	around.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				post(gsp.MailboxName{Owner: "eve", Name: "INBOX"})
			}
		}
	})
	for n := 1; n <= rounds && !t.Failed(); n++ {
		var round sync.WaitGroup
		round.Go(func() {
			yield(rand.IntN(200))
			post(own, shared)
		})
		for _, c := range []*client{ann, bob} {
			round.Go(func() {
				yield(rand.IntN(200))
				fmt.Fprintf(c.Conn, "i IDLE\r\n")
				want := fmt.Sprintf("* %d EXISTS", n)
				for line := ""; line != want; {
					if line = c.line(); strings.HasSuffix(line, "EOF") {
						t.Errorf("round %d: got %q, want %q", n, line, want)
						return
					}
				}
				fmt.Fprintf(c.Conn, "DONE\r\n")
				if got := c.line(); got != "i OK IDLE completed" {
					t.Errorf("round %d: got %q, want the end of IDLE", n, got)
				}
			})
		}
		round.Wait()
	}
	close(done)
	around.Wait()
}

func yield(n int) {
	for range n {
		runtime.Gosched()
	}
}
