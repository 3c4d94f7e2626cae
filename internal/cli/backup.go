package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

type backupCommand struct {
	Folder string `arg:"" help:"The folder to make." type:"path"`
}

func (backupCommand) Help() string {
	return "Copies all that the gateway keeps, while it runs, and reads the copy whole: database, mails,\n" +
		"keys, its own certificates, the configuration. What was answered before it began is in it.\n" +
		"One that broke off is finished when you repeat the command.\n\n" +
		"Example:\n  gsp backup /var/backups/gsp/$(date +%F)"
}

func (c backupCommand) Run(r *run) error {
	conf, err := r.load()
	if err != nil {
		return err
	}
	if err := needData(conf); err != nil {
		return err
	}
	b, err := node.MakeBackup(r.ctx, conf, r.config, c.Folder)
	if err != nil {
		return err
	}
	err = show(r, b, func(w io.Writer, b node.Backup) {
		fmt.Fprintf(w, "%s holds all as of %s: %s, %s\n", c.Folder, minute(b.Taken), count(b.Mails, "mail", "mails"), gsp.Octets(b.Octets))
		for _, name := range b.Outside {
			fmt.Fprintf(w, "Not in it, since the configuration names it elsewhere: %s\n", name)
		}
		fmt.Fprintln(w, "Keep it as closely as the machine: the gateway's keys are in it.")
	})
	if err == nil && b.Damaged > 0 {
		err = fmt.Errorf("the gateway has lost the octets of %s, which an older backup may have", count(b.Damaged, "mail", "mails"))
	}
	return err
}

type restoreCommand struct {
	Backup string `arg:"" help:"The folder that gsp backup made." type:"path"`
}

func (restoreCommand) Help() string {
	return "The data folder must be empty or missing; a configuration file that is missing is put back too.\n" +
		"Mail clients then fetch all mail anew, since the gateway went on after the backup was taken.\n" +
		"To move a gateway, stop it and copy its data folder as it is; clients then notice nothing.\n\n" +
		"Example:\n  gsp restore /var/backups/gsp/2026-11-23"
}

func (c restoreCommand) Run(r *run) error {
	made := false
	if _, err := os.Stat(r.config); errors.Is(err, fs.ErrNotExist) {
		if err := node.RestoreConfig(c.Backup, r.config); err != nil {
			return err
		}
		made = true
	}
	conf, err := r.load()
	if err != nil {
		return err
	}
	b, err := node.Restore(r.ctx, conf, c.Backup, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return show(r, b, func(w io.Writer, b node.Backup) {
		out := r.layout(w)
		if made {
			fmt.Fprintf(w, "%s, the configuration, is put back.\n", r.config)
		}
		out.text(fmt.Sprintf("%s holds all as of %s, %s ago: %s.", conf.Data, minute(b.Taken), ago(time.Since(b.Taken)), count(b.Mails, "mail", "mails")), 0)
		for _, name := range b.Outside {
			fmt.Fprintf(w, "Put back yourself: %s\n", name)
		}
		out.text("Next: do again what was done since, above all what took something away: accounts disabled, passwords replaced, keys revoked, libraries published. Every command stands in the gateway's log. Mails of that time are lost; ask for them again.", 0)
		fmt.Fprintln(w, "Then start it: gsp serve")
	})
}

// ago writes how long something is past.
func ago(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour", "hours")
	}
	return count(int(d.Hours()/24), "day", "days")
}
