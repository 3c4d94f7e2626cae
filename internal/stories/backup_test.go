package stories_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// TestBackupOfABusyGateway backs a gateway up while clients submit, destroys
// it, and puts the backup back elsewhere. What was answered before the backup
// began is there under its UID, passwords hold, and mail clients are told to
// forget what they knew, since the UIDs of mails that are lost are given again.
func TestBackupOfABusyGateway(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b := newBattered(ctx, t)
	b.serve(ctx)
	for _, c := range b.clients {
		n := 0
		if err := c.submit(ctx, b, func() bool { n++; return n < 5 }); err != nil {
			t.Fatal(err)
		}
	}
	before, validity := b.inbox(ctx)
	if len(before) != 5*len(b.clients) {
		t.Fatalf("before the backup: got %d mails, want %d", len(before), 5*len(b.clients))
	}

	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, c := range b.clients {
		wg.Go(func() { _ = c.submit(ctx, b, func() bool { return !stop.Load() }) })
	}
	site, copied := filepath.Join(b.folder, "battered.toml"), filepath.Join(b.folder, "backups", "monday")
	b.command(ctx, "backup", copied, "--config", site)
	stop.Store(true)
	wg.Wait()
	after, _ := b.inbox(ctx)
	b.kill()
	b.program = nil
	if err := os.RemoveAll(filepath.Join(b.folder, "data")); err != nil {
		t.Fatal(err)
	}

	elsewhere := filepath.Join(b.folder, "elsewhere", "gsp.toml")
	said := b.command(ctx, "restore", copied, "--config", elsewhere)
	for _, want := range []string{"the configuration, is put back", "Next: do again what was done since"} {
		if !strings.Contains(said, want) {
			t.Errorf("gsp restore said %q, want %q in it", said, want)
		}
	}
	if err := os.Rename(filepath.Join(b.folder, "elsewhere", "data"), filepath.Join(b.folder, "data")); err != nil {
		t.Fatal(err)
	}
	b.serve(ctx)
	restored, newValidity := b.inbox(ctx)
	if newValidity <= validity {
		t.Errorf("UIDVALIDITY: got %d, want more than %d", newValidity, validity)
	}
	for uid, id := range before {
		if restored[uid] != id {
			t.Errorf("UID %d: got %q, want %s, which was answered before the backup began", uid, restored[uid], id)
		}
	}
	if err := b.clients[0].submit(ctx, b, nil); err != nil {
		t.Errorf("submit to the restored gateway: %v", err)
	}
	t.Logf("%d mails before the backup, %d restored, %d in all", len(before), len(restored), len(after))
	b.stop()
}

// command runs a command of gsp that must succeed, and returns what it said.
func (b *battered) command(ctx context.Context, args ...string) string {
	b.t.Helper()
	out, err := exec.CommandContext(ctx, "gsp", args...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("gsp %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// inbox returns the Message-IDs in the officer's INBOX by their UIDs.
func (b *battered) inbox(ctx context.Context) (found map[imap.UID]string, validity uint32) {
	b.t.Helper()
	c, err := imapclient.DialTLS(b.imap, &imapclient.Options{TLSConfig: b.tls()})
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.Login("ke1", b.passwords["ke1"]).Wait(); err != nil {
		b.t.Fatal(err)
	}
	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		b.t.Fatal(err)
	}
	mails, err := c.Fetch(imap.UIDSet{{Start: 1}}, &imap.FetchOptions{UID: true, Envelope: true}).Collect()
	if err != nil {
		b.t.Fatal(err)
	}
	found = map[imap.UID]string{}
	for _, m := range mails {
		found[m.UID] = m.Envelope.MessageID
	}
	return found, box.UIDValidity
}
