package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

type statusCommand struct{}

func (statusCommand) Help() string {
	return "Numbers only: no codes, no names of people. What needs somebody soon stands last.\n\n" +
		"Example:\n  gsp status\n  gsp status --output json"
}

func (statusCommand) Run(r *run) error {
	c, err := r.load()
	if err != nil {
		return err
	}
	found, err := control.Do(r.ctx, c.Data, admin.Status, admin.None{})
	if errors.Is(err, control.ErrNotRunning) {
		return node.NotRunning(c)
	}
	if err != nil {
		return err
	}
	return show(r, found, func(w io.Writer, c admin.Condition) { r.showStatus(w, c) })
}

func (r *run) showStatus(w io.Writer, c admin.Condition) {
	now := time.Now()
	fmt.Fprintf(w, "version:\t%s, runs for %s, since %s\n", c.Version, ago(now.Sub(c.Started)), minute(c.Started))
	for i, d := range c.Doors {
		name := ""
		if i == 0 {
			name = "doors:"
		}
		open := ""
		if d.Connections != nil {
			open = ", " + count(*d.Connections, "connection", "connections")
		}
		fmt.Fprintf(w, "%s\t%s, %s%s\n", name, d.Name, d.Address, open)
	}
	fmt.Fprintf(w, "mails today:\t%s accepted, %s refused\n", thousands(c.Today.Accepted), thousands(c.Today.Refused))
	switch {
	case c.Waiting == 0:
		fmt.Fprintf(w, "cases:\tnone waits for an answer\n")
	default:
		fmt.Fprintf(w, "cases:\t%s for an answer, the oldest for %s\n", one(c.Waiting, "waits", "wait"), ago(now.Sub(c.Oldest)))
	}
	fmt.Fprintf(w, "keys:\t%s for approval\n", one(c.KeysWaiting, "waits", "wait"))
	fmt.Fprintf(w, "people:\t%s, %s\n", count(c.Parties, "Party", "Parties"), count(c.Accounts, "account", "accounts"))
	if c.Library == 0 {
		fmt.Fprintf(w, "library:\tnone\n")
	} else {
		fmt.Fprintf(w, "library:\tversion %d, since %s\n", c.Library, day(c.Published))
	}
	fmt.Fprintf(w, "certificate:\tuntil %s\n", day(c.Certificate))
	fmt.Fprintf(w, "data:\t%s, database %s, %s free\n", c.Data, gsp.Octets(c.Database), gsp.Octets(c.Free))
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "\nBEWARE: %s.\n", warning)
	}
}

// one writes a number with the verb that goes with it.
func one(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return thousands(n) + " " + plural
}
