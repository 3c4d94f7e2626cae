package stories_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSyncedBeforeAnswered watches the system calls of the gateway while mails
// come in one after another: between the last write to the database's log and
// the answer to the client stands a sync of that log that succeeded.
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
	watch := exec.Command(strace, "-f", "-yy", "-qq", "-e", "trace=write,pwrite64,fdatasync,fsync", "-e", "signal=none",
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
	if synced := inOrder(t, string(text), b.smtp); synced < mails {
		t.Errorf("saw %d answers after a sync, want those of the last %d mails of %d", synced, mails, sent)
	}
}

// The calls that matter, as strace -f -yy prints them: on the log of the
// database, and on a connection of the submission door. A call that another
// thread's interrupts stands on two lines, of which the first names the file
// and the second the result.
var (
	logWrite = regexp.MustCompile(`^\d+ +pwrite64\(\d+<[^>]*-wal>`)
	logSync  = regexp.MustCompile(`^(\d+) +f(?:data)?sync\(\d+<[^>]*-wal>(\) += 0| <unfinished)`)
	resumed  = regexp.MustCompile(`^(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0`)
)

// inOrder fails where an answer left while the log had a write that was not
// synced, and returns how many answers left right after a sync. One client
// waits for each answer, so the order of calls is the order of causes.
func inOrder(t *testing.T, trace, door string) (answers int) {
	t.Helper()
	answer := regexp.MustCompile(`^\d+ +write\(\d+<TCP[^>]*` + regexp.QuoteMeta(door) + `->`)
	dirty, synced := false, false
	syncing := map[string]bool{} // threads
	for line := range strings.Lines(trace) {
		sync, end := logSync.FindStringSubmatch(line), resumed.FindStringSubmatch(line)
		switch {
		case logWrite.MatchString(line):
			dirty, synced = true, false
		case sync != nil && sync[2] == " <unfinished":
			syncing[sync[1]] = true
		case sync != nil, end != nil && syncing[end[1]]:
			dirty, synced = false, true
		case answer.MatchString(line) && dirty:
			t.Errorf("answered before the sync: %s", line)
		case answer.MatchString(line) && synced:
			answers, synced = answers+1, false
		}
		if end != nil {
			delete(syncing, end[1])
		}
	}
	return answers
}
