package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

// TestAnsweredMailSurvivesAPowerCut puts the folder on a file system of its
// own, shuts that down in the middle of posting without writing its journal
// out, as a power cut does, and mounts it again. Only what was answered before
// the cut counts: a sync under way can report success though the disk is gone.
func TestAnsweredMailSurvivesAPowerCut(t *testing.T) {
	if os.Getenv("GSP_TEST_POWER") == "" {
		t.Skip("mounts a file system: set GSP_TEST_POWER=1 and run as root")
	}
	disk, root := filepath.Join(t.TempDir(), "disk"), t.TempDir()
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, 256<<20); err != nil {
		t.Fatal(err)
	}
	command(t, "mkfs.ext4", "-q", "-F", disk)
	command(t, "mount", "-o", "loop", disk, root)
	t.Cleanup(func() { command(t, "umount", root) })

	folder := filepath.Join(root, "data")
	s := newStore(t, folder)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	answers := map[uint32]told{}
	for round := range 10 {
		cmd, out := start(t, child+"="+folder)
		listen(t, out, answers, func(n int) bool {
			if n < 100+137*round {
				return false
			}
			cutPower(t, root)
			return true
		})
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
		disk = restorePower(t, disk, root)
		compare(t, folder, answers)
	}
}

// cutPower stops all writing to a mounted ext4.
func cutPower(t *testing.T, root string) {
	t.Helper()
	const shutdown, withoutJournal = 0x8004587d, uint32(2) // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	f, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	how := withoutJournal
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); e != 0 {
		t.Fatalf("shut the file system down: %v", e)
	}
}

// restorePower mounts the disk again, in a copy: what still holds the file
// system that was shut down would be given that once more.
func restorePower(t *testing.T, disk, root string) (copied string) {
	t.Helper()
	command(t, "umount", root)
	copied = disk + "+"
	command(t, "cp", "--sparse=always", disk, copied)
	if err := os.Remove(disk); err != nil {
		t.Fatal(err)
	}
	command(t, "mount", "-o", "loop", copied, root)
	return copied
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}
