package imapd_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
)

func (w *world) quota(owner string, octets int64) {
	w.t.Helper()
	if err := w.store.SetQuota(w.t.Context(), gsp.Quota{Owner: owner, Octets: octets, SetBy: "root", Set: time.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

// RFC 9208: a mail client shows how much of its quota an account uses, and how
// much the competent authority.
func TestQuotaIsTold(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 3000)
	w.deliver("ann", "Archive", 4000)
	w.deliver("ke", "INBOX", 5000)
	c := w.login("ann")
	if got := strings.Join(c.ok("CAPABILITY"), " "); !strings.Contains(got, " QUOTA QUOTA=RES-STORAGE") || strings.Contains(got, "QUOTASET") {
		t.Errorf("got %q, want QUOTA and QUOTA=RES-STORAGE", got)
	}
	c.want("GETQUOTAROOT INBOX", `* QUOTAROOT "INBOX"`) // no limit, no root
	c.want("GETQUOTA ann", `* QUOTA "ann" ()`)

	w.quota("ann", 2<<20)
	w.quota("ke", 3<<20)
	used := func(owner string) int64 {
		room, err := w.store.Room(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		return (room.Octets + 1023) / 1024
	}
	own := fmt.Sprintf(`* QUOTA "ann" (STORAGE %d 2048)`, used("ann"))
	c.want("GETQUOTAROOT INBOX", `* QUOTAROOT "INBOX" "ann"`, own)
	c.want(`GETQUOTAROOT "Archive"`, `* QUOTAROOT "Archive" "ann"`, own)
	c.want("GETQUOTA ann", own)
	c.want("GETQUOTAROOT Authority/ke/INBOX", `* QUOTAROOT "Authority/ke/INBOX" "ke"`, fmt.Sprintf(`* QUOTA "ke" (STORAGE %d 3072)`, used("ke")))

	// Of what an account may not read it learns nothing.
	eve := w.login("eve")
	eve.refused("GETQUOTAROOT Authority/ke/INBOX", "NO [NONEXISTENT] no-mailbox: ")
	eve.refused("GETQUOTA ke", "NO [NONEXISTENT] no-mailbox: ")
	eve.refused("GETQUOTA ann", "NO [NONEXISTENT] no-mailbox: ")
	eve.refused(`GETQUOTA ""`, "NO [NONEXISTENT] no-mailbox: ")
	c.refused("GETQUOTAROOT Nowhere", "NO [NONEXISTENT] no-mailbox: ")
	c.refused("GETQUOTA", "BAD ")
	c.refused("GETQUOTA ann ke", "BAD ")
}

// What marks a message as deleted says how much EXPUNGE would free (RFC 9208,
// section 4.1.4).
func TestDeletedStorage(t *testing.T) {
	w := newWorld(t)
	mails := w.deliver("ann", "INBOX", 2000, 3000, 4000)
	c := w.login("ann")
	c.want("STATUS INBOX (DELETED DELETED-STORAGE)", `* STATUS INBOX (DELETED 0 DELETED-STORAGE 0)`)
	c.ok("SELECT INBOX")
	c.ok(`STORE 1,3 +FLAGS.SILENT (\Deleted)`)
	want := len(mails[0]) + len(mails[2])
	c.want("STATUS INBOX (DELETED DELETED-STORAGE)", fmt.Sprintf(`* STATUS INBOX (DELETED 2 DELETED-STORAGE %d)`, want))
	if got := strings.Join(c.ok(`LIST "" INBOX RETURN (STATUS (DELETED-STORAGE))`), "\n"); !strings.Contains(got, fmt.Sprintf("(DELETED-STORAGE %d)", want)) {
		t.Errorf("got %q, want %d", got, want)
	}
}

// A full mailbox takes no copy, says what to do, and lets itself be emptied by
// whatever way a client deletes.
func TestAFullMailboxTakesNoCopy(t *testing.T) {
	w := newWorld(t)
	mails := w.deliver("ann", "INBOX", 2000, 2000, 2000)
	size := int64(len(mails[0]))
	w.quota("ann", 3*size+size/2)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	const over = "NO [OVERQUOTA] mailbox-full: your mailbox has no room for this. Delete mails that you need no more, and empty the trash, or ask your Party's administrator for more room."
	c.refused("COPY 1 Archive", over)
	if _, got := c.do(fmt.Sprintf("APPEND Sent {%d+}\r\n%s", len(mails[0]), mails[0])); !strings.HasPrefix(got, "NO [OVERQUOTA] mailbox-full: ") {
		t.Errorf("APPEND: got %q, want OVERQUOTA", got)
	}
	c.ok("MOVE 1 Archive")
	c.ok("COPY 1 Trash") // a client without MOVE
	c.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c.ok("EXPUNGE")
	c.refused("COPY 1 Archive", over)
	c.ok("SELECT Trash")
	c.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c.ok("EXPUNGE")
	c.ok("COPY 1:* Archive") // nothing
	c.ok("SELECT INBOX")
	c.ok("COPY 1 Archive")
	c.refused("COPY 1 Archive", over)
}

// Another reader of the protocol understands the answers, also for a name that
// is not ASCII.
func TestALibraryReadsTheQuota(t *testing.T) {
	w := newWorld(t)
	mails := w.deliver("ann", "INBOX", 3000)
	w.quota("ann", 1<<20)
	c := w.dial("ann", nil)
	if err := c.Create("Überweisung/Zoll", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"INBOX", "Überweisung/Zoll"} {
		quotas, err := c.GetQuotaRoot(name).Wait()
		if err != nil || len(quotas) != 1 || quotas[0].Root != "ann" {
			t.Fatalf("%s: got %+v, %v, want the root ann", name, quotas, err)
		}
		got := quotas[0].Resources[imap.QuotaResourceStorage]
		if want := int64(len(mails[0])+1023) / 1024; got.Usage != want || got.Limit != 1024 {
			t.Errorf("%s: got %+v, want %d of 1024", name, got, want)
		}
	}
	if quota, err := c.GetQuota("ann").Wait(); err != nil || quota.Root != "ann" {
		t.Errorf("got %+v, %v, want the root ann", quota, err)
	}
}
