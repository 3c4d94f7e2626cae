package stories_test

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSyncedBeforeAnswered watches the system calls of the gateway while mails
// come in one after another: between the last write to the database's log and
// the answer to the client stands a sync of that log that succeeded. A large
// mail has its file synced before it gets its name, and the folder that has the
// name before the log is written.
func TestSyncedBeforeAnswered(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("strace is missing")
		}
		t.Skip("strace is missing: install it to see the order of system calls")
	}
	const mails = 20
	b := newBattered(t.Context(), t)
	b.serve(t.Context())
	trace := filepath.Join(b.folder, "trace")
	watch := exec.Command(strace, "-f", "-yy", "-qq", "-e", "trace=write,pwrite64,fdatasync,fsync,rename,renameat,renameat2", "-e", "signal=none",
		"-o", trace, "-p", fmt.Sprint(b.program.cmd.Process.Pid))
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	// One session sends them all, since the end of one would write to its
	// connection while the next mail is being stored. The first mails may come
	// before strace has attached to all threads.
	seen, sent := 0, 0
	err = b.clients[0].submit(t.Context(), b, func() bool {
		sent++
		if text, _ := os.ReadFile(trace); seen == 0 && strings.Contains(string(text), "-wal>") {
			seen = sent
		}
		return sent < 2000 && (seen == 0 || sent < seen+mails)
	}, func() {
		_ = watch.Process.Signal(os.Interrupt) // lets go of the gateway
		_ = watch.Wait()                       // says that it was interrupted
	})
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	synced, large := inOrder(t, string(text), b.smtp)
	if synced < mails {
		t.Errorf("saw %d answers after a sync, want those of the last %d mails of %d", synced, mails, sent)
	}
	if large < mails/everyLarge {
		t.Errorf("saw %d mails become files, want %d", large, mails/everyLarge)
	}
}

// The calls that matter, as strace -f -yy prints them: on the log of the
// database, on the files of large mails, and on a connection of the submission
// door.
var (
	isWrite  = regexp.MustCompile(`^p?write`)
	logWrite = regexp.MustCompile(`^pwrite64\(\d+<[^>]*-wal>`)
	synced   = regexp.MustCompile(`^f(?:data)?sync\(\d+<([^>]*)>\) += 0`)
	named    = regexp.MustCompile(`^rename.*"([^"]*/mails/[^"]*)".*"([^"]*)".*\) += 0`)
)

// calls yields the calls of a trace. One that another thread's interrupts stands
// on two lines: it is taken for a write where it begins, and for another call
// where it ends.
func calls(trace string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begun := map[string]string{} // by thread
		for line := range strings.Lines(trace) {
			thread, call, _ := strings.Cut(line, " ")
			call = strings.TrimSpace(call)
			if head, unfinished := strings.CutSuffix(call, " <unfinished ...>"); unfinished && !isWrite.MatchString(head) {
				begun[thread] = head
				continue
			}
			if _, end, resumed := strings.Cut(call, " resumed>"); resumed {
				call = begun[thread] + end
				delete(begun, thread)
			}
			if !yield(call) {
				return
			}
		}
	}
}

// inOrder fails where an answer left while the log had a write that was not
// synced, and where a large mail was not synced before. It returns how many
// answers left right after a sync, and how many large mails there were. One
// client waits for each answer, so the order of calls is the order of causes.
func inOrder(t *testing.T, trace, door string) (answers, large int) {
	t.Helper()
	answer := regexp.MustCompile(`^write\(\d+<TCP[^>]*` + regexp.QuoteMeta(door) + `->`)
	dirty, clean := false, false
	files, folders := map[string]bool{}, map[string]bool{} // that are synced, and that are not
	for call := range calls(trace) {
		sync, name := synced.FindStringSubmatch(call), named.FindStringSubmatch(call)
		switch {
		case logWrite.MatchString(call):
			dirty, clean = true, false
			for folder := range folders {
				t.Errorf("the log was written before %s was synced", folder)
			}
		case sync != nil && strings.HasSuffix(sync[1], "-wal"):
			dirty, clean = false, true
		case sync != nil:
			files[sync[1]] = true
			delete(folders, sync[1])
		case name != nil:
			if !files[name[1]] {
				t.Errorf("%s got its name before it was synced", name[1])
			}
			folders[filepath.Dir(name[2])] = true
			large++
		case answer.MatchString(call) && dirty:
			t.Errorf("answered before the sync: %s", call)
		case answer.MatchString(call) && clean:
			answers, clean = answers+1, false
		}
	}
	return answers, large
}
