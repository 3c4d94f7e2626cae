package node

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/localca"
	"gsp.example/gsp/internal/store/sqlite"
)

// What an operator is warned of.
const (
	littleRoom      = 1 << 30             // octets left of the disk
	certificateSoon = 14 * 24 * time.Hour // left of the doors' certificate
	clockBehind     = time.Hour           // its log
)

// Version returns the version of the program, as the Go tools recorded it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// condition returns what tells how the gateway is doing.
func (g *Gateway) condition(c config.Config, pair *localca.Pair, submissions, readings func() int) func(context.Context) (admin.Condition, error) {
	return func(ctx context.Context) (admin.Condition, error) {
		now := time.Now().UTC()
		tally, err := g.core.store.Tally(ctx, now.Truncate(24*time.Hour))
		if err != nil {
			return admin.Condition{}, err
		}
		found := admin.Condition{
			Version: Version(), Started: g.started.UTC(),
			Doors: []admin.Door{
				{Name: "submission", Address: g.SMTP.String(), Connections: new(submissions())},
				{Name: "reading", Address: g.IMAP.String(), Connections: new(readings())},
				{Name: "keys and help", Address: g.HTTPS.String()},
			},
			Commands: g.commands.read(),
			Today:    admin.Mails{Accepted: tally.Accepted, Refused: tally.Refused},
			Waiting:  tally.Waiting, Oldest: tally.Oldest,
			Certificate: pair.Leaf().NotAfter, Data: c.Data,
		}
		if g.STARTTLS != nil {
			found.Doors = append(found.Doors, admin.Door{Name: "STARTTLS", Address: g.STARTTLS.String()})
		}
		for _, name := range []string{"gsp.db", "gsp.db-wal"} {
			if info, err := os.Stat(filepath.Join(c.Data, name)); err == nil {
				found.Database += info.Size()
			}
		}
		if found.Free, err = room(c.Data); err != nil {
			return admin.Condition{}, err
		}
		if found.Warnings, err = g.notes(ctx, c, pair, now); err != nil {
			return admin.Condition{}, err
		}
		return found, nil
	}
}

// room returns how many octets the disk of a folder has left.
func room(folder string) (int64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, fmt.Errorf("look at the disk: %w", err)
	}
	return int64(disk.Bavail) * disk.Bsize, nil
}

// notes says what of a gateway needs somebody soon.
func (g *Gateway) notes(ctx context.Context, c config.Config, pair *localca.Pair, now time.Time) ([]string, error) {
	notes := []string{}
	note := func(when bool, format string, args ...any) {
		if when {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	note(g.core.store.Err() != nil, "the store takes no more writes; see the log, then start the gateway again")
	free, err := room(c.Data)
	if err != nil {
		return nil, err
	}
	note(free < littleRoom, "the disk of %s is nearly full, %s are free", c.Data, gsp.Octets(free))
	notes = append(notes, doorNotes(g.Called, pair.Leaf(), now)...)
	tally, err := g.core.store.Tally(ctx, now)
	if err != nil {
		return nil, err
	}
	note(tally.Newest.After(now.Add(clockBehind)), "the clock of this machine is behind its log, whose newest entry is of %s", tally.Newest.Format(time.RFC3339))
	return notes, nil
}

// soundness returns what reads everything that a store keeps.
func soundness(store *sqlite.Store) func(context.Context) (admin.Soundness, error) {
	return func(ctx context.Context) (admin.Soundness, error) {
		r, err := store.Verify(ctx)
		damaged := slices.Concat([]gsp.MailID{}, r.Damaged, r.Summaries)
		slices.Sort(damaged)
		return admin.Soundness{
			Mails: r.Mails, Damaged: slices.Compact(damaged), Mailboxes: append([]gsp.MailboxID{}, r.Mailboxes...),
			Stray: len(r.Unseen) + len(r.Files),
		}, err
	}
}

// doorNotes says what keeps mail clients away from doors that are called so and
// show this certificate, nil for one of our own.
func doorNotes(called gsp.Servers, leaf *x509.Certificate, now time.Time) (notes []string) {
	note := func(when bool, format string, args ...any) {
		if when {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	if leaf != nil {
		left := leaf.NotAfter.Sub(now)
		note(left <= 0, "the certificate has expired, on %s: mail clients refuse to connect", leaf.NotAfter.Format(time.DateOnly))
		note(left > 0 && left < certificateSoon, "the certificate expires in %d days, on %s", int(left.Hours()/24), leaf.NotAfter.Format(time.DateOnly))
		note(now.Before(leaf.NotBefore), "the certificate is not valid before %s; is the clock of this machine right?", leaf.NotBefore.Format(time.DateOnly))
		var named []string
		for _, door := range []gsp.Server{called.Submission, called.STARTTLS, called.Reading, called.Directory} {
			if door.Host != "" && door.Host != "localhost" && !slices.Contains(named, door.Host) {
				named = append(named, door.Host)
				note(leaf.VerifyHostname(door.Host) != nil, "the certificate does not name %s: mail clients refuse to connect there", door.Host)
			}
		}
	}
	d := called.Directory
	note(d.Host != "localhost" && d.Port != 443 && d.Port != 0,
		"clients look for keys at port 443 only, and the HTTPS door is called %s; if a router translates the port, set https = \":443\" in the section public", d)
	return notes
}
