package sqlite_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
)

// child tells this test binary that it is a child of one of the tests below,
// and which folder to work on.
const child = "GSP_STORE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		os.Exit(postAndTell(os.Getenv(child), os.Getenv(child+"_LIMIT") != ""))
	}
	os.Exit(m.Run())
}

// postAndTell posts without end from several goroutines, every tenth mail as a
// file, expunges every seventh, and tells on standard output what was
// answered. With limit the disk fails after some megabytes; what it says then
// is the exit code.
func postAndTell(folder string, limit bool) int {
	s, err := sqlite.Open(context.Background(), folder, sqlite.Options{InlineLimit: 8 << 10})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if limit {
		// A write beyond the limit is an I/O error, as of a dying disk.
		signal.Ignore(syscall.SIGXFSZ)
		size := syscall.Rlimit{Cur: 2 << 20, Max: 2 << 20}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	var mu sync.Mutex
	tell := func(verb string, r gsp.Receipt, digest [sha256.Size]byte) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("%s %d %d %x\n", verb, r.Placed[0].UID, r.Mail, digest)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := 1; ; i++ {
				size := 3000
				if i%10 == 0 {
					size = 12 << 10
				}
				p, err := made(size)
				if err != nil {
					panic(err)
				}
				r, err := s.Post(context.Background(), p)
				if err != nil {
					return
				}
				digest := sha256.Sum256(p.Message.Raw())
				tell("posted", r, digest)
				if i%7 == 0 {
					tell("expunging", r, digest)
					if s.Expunge(context.Background(), r.Placed[0].Mailbox, []uint32{r.Placed[0].UID}) != nil {
						return
					}
					tell("expunged", r, digest)
				}
			}
		})
	}
	wg.Go(func() {
		for changeAndTell(s) == nil {
		}
	})
	wg.Wait()
	return failedForGood(s, limit)
}

// changed is the address whose key the child changes, each time with a letter to
// the inbox of fr that says so.
var changed = gsp.Address{Local: "fr", Domain: "gsp.example"}

func changeAndTell(s *sqlite.Store) error {
	letter, err := made(3000)
	if err != nil {
		return err
	}
	letter.Deliveries = []gsp.Delivery{{Mailbox: gsp.Inbox(changed.Local)}}
	_, err = s.Apply(context.Background(), gsp.Change{
		History: []gsp.KeyRecord{{Address: changed, At: time.Now(), Act: gsp.RenewedKey}},
		Letters: []gsp.Posting{letter},
	})
	return err
}

// compareChanges asks whether there are as many changes as letters that tell of
// them.
func compareChanges(t *testing.T, s *sqlite.Store) {
	t.Helper()
	history, err := s.KeyHistory(t.Context(), changed)
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := s.Mailboxes(t.Context(), changed.Local)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range boxes {
		if b.Name == gsp.Inbox(changed.Local) && b.Messages != len(history) {
			t.Errorf("got %d changes and %d letters that tell of them", len(history), b.Messages)
		}
	}
	t.Logf("%d changes with their letters", len(history))
}

// failedForGood returns 0 if the store is one whose disk failed: it says so,
// takes no write, and still reads, or says that it is the disk that cannot be
// read.
func failedForGood(s *sqlite.Store, reads bool) int {
	select {
	case <-s.Failed():
	default:
		fmt.Fprintln(os.Stderr, "the store did not fail")
		return 1
	}
	if err := s.Record(context.Background(), gsp.Event{Kind: gsp.MailKept}); err == nil || !errors.Is(err, s.Err()) {
		fmt.Fprintln(os.Stderr, "a write after the failure:", err, "and Err:", s.Err())
		return 1
	}
	_, err := s.Mailboxes(context.Background(), "ke")
	if e, ok := errors.AsType[sqlite3.Error](err); err != nil && (reads || !ok || e.Code != sqlite3.ErrIoErr) {
		fmt.Fprintln(os.Stderr, "a read after the failure:", err)
		return 1
	}
	return 0
}

func made(size int) (gsp.Posting, error) {
	m, summary, err := storetest.NewMail(size)
	return gsp.Posting{
		Message: m, Summary: summary,
		Deliveries: []gsp.Delivery{{Mailbox: gsp.Inbox("ke"), Party: "ke"}},
		Event:      gsp.Event{At: time.Now(), Kind: gsp.MailAccepted, Party: "fr"},
	}, err
}

// told is what a child said last about a message: "posted", "expunging" before
// the expunge, "expunged" after its answer.
type told struct {
	verb   string
	mail   gsp.MailID
	digest string
}

// listen reads what a child tells until it has ended, and calls after with the
// number of each line until it says that the fault has happened. What comes
// later was on the way; it may be lost or not.
func listen(t *testing.T, r io.Reader, answers map[uint32]told, after func(n int) (fault bool)) {
	t.Helper()
	n, fault := 0, false
	for lines := bufio.NewScanner(r); lines.Scan(); n++ {
		var (
			uid  uint32
			told told
		)
		fmt.Sscan(lines.Text(), &told.verb, &uid, &told.mail, &told.digest)
		if len(told.digest) != 2*sha256.Size {
			break // a line that the kill cut off
		}
		before, known := answers[uid]
		if known && before.mail != told.mail {
			t.Fatalf("UID %d was given to mail %d and then to mail %d", uid, before.mail, told.mail)
		}
		switch {
		case !fault:
			answers[uid] = told
			fault = after(n)
		case known && told.verb != "posted":
			before.verb = "expunging"
			answers[uid] = before
		}
	}
}

// compare opens the folder and looks for each answer.
func compare(t *testing.T, folder string, answers map[uint32]told) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	compareChanges(t, s)
	all, err := s.Mailboxes(t.Context(), "ke")
	if err != nil {
		t.Fatal(err)
	}
	delta, err := s.Since(t.Context(), all[1].ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	there := map[uint32]gsp.MailID{}
	mails := map[gsp.MailID]bool{}
	for _, item := range delta.Changed {
		if mails[item.Mail] {
			t.Errorf("mail %d is there twice", item.Mail)
		}
		there[item.UID], mails[item.Mail] = item.Mail, true
	}
	for uid, answer := range answers {
		if uid >= delta.UIDNext {
			t.Errorf("UID %d was answered, and UIDNEXT is %d", uid, delta.UIDNext)
		}
		mail, ok := there[uid]
		switch {
		case answer.verb == "expunged" && ok:
			t.Errorf("message %d is there after its expunge was answered", uid)
		case answer.verb == "posted" && !ok:
			t.Errorf("message %d is not there", uid)
		case !ok:
		case mail != answer.mail:
			t.Errorf("message %d is mail %d, answered was %d", uid, mail, answer.mail)
		default:
			octets, err := s.Body(t.Context(), mail)
			if got := fmt.Sprintf("%x", sha256.Sum256(octets)); err != nil || got != answer.digest {
				t.Errorf("mail %d has digest %s, %v, answered was %s", mail, got, err, answer.digest)
			}
		}
	}
	if report, err := s.Verify(t.Context()); err != nil || !report.Clean() {
		t.Errorf("verify: %+v, %v", report, err)
	}
	t.Logf("%d answers, %d mails there", len(answers), len(there))
}

// newStore makes a store with the Party ke.
func newStore(t *testing.T, folder string) *sqlite.Store {
	t.Helper()
	s := open(t, folder, sqlite.Options{})
	newOffice(t, s, 0)
	return s
}

func newFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	s := newStore(t, folder)
	_, err := s.Apply(t.Context(), gsp.Change{Parties: []gsp.Party{{ID: "fr", Name: "France"}}})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestAnsweredMailSurvivesAKill kills a posting process again and again. It
// finds torn logic, not a missing sync: what a process wrote outlives it. The
// missing sync is found by TestAnsweredMailSurvivesAPowerCut.
func TestAnsweredMailSurvivesAKill(t *testing.T) {
	folder := newFolder(t)
	answers := map[uint32]told{}
	for round := range 5 {
		cmd, out := start(t, child+"="+folder)
		listen(t, out, answers, func(n int) bool {
			if n == 50+97*round {
				cmd.Process.Kill()
			}
			return false // a kill takes nothing back that was told
		})
		cmd.Wait()
		compare(t, folder, answers)
	}
}

func TestAFailingDiskStopsAllWrites(t *testing.T) {
	folder := newFolder(t)
	answers := map[uint32]told{}
	cmd, out := start(t, child+"="+folder, child+"_LIMIT=1")
	listen(t, out, answers, func(int) bool { return false })
	if err := cmd.Wait(); err != nil {
		t.Errorf("child: %v", err)
	}
	if len(answers) == 0 {
		t.Error("the disk failed before the first answer")
	}
	compare(t, folder, answers)
}

func start(t *testing.T, env ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}
