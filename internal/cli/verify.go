package cli

import (
	"fmt"
	"io"

	"gsp.example/gsp/internal/admin"
)

type verifyCommand struct{}

func (verifyCommand) Help() string {
	return "Reads every mail and compares it with the digest that it was stored with. It may run while mail\n" +
		"comes in, and takes as long as reading all mails does. A backup is read so when it is made.\n\n" +
		"Example:\n  gsp verify"
}

func (verifyCommand) Run(r *run) error {
	found, err := do(r, admin.Verify, admin.None{})
	if err != nil {
		return err
	}
	err = show(r, found, func(w io.Writer, s admin.Soundness) {
		if s.Sound() {
			fmt.Fprintf(w, "%s read, all as they were stored.\n", count(s.Mails, "mail", "mails"))
			return
		}
		fmt.Fprintf(w, "mails read:\t%s\ndamaged:\t%s\nmailboxes:\t%s with wrong counters\n",
			thousands(s.Mails), thousands(len(s.Damaged)), thousands(len(s.Mailboxes)))
	})
	if err == nil && !found.Sound() {
		err = fmt.Errorf("not all is as it was stored; check the disk, and keep the older backups, which may have what is lost")
	}
	return err
}
