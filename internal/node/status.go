package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/localca"
)

// What an operator is warned of.
const (
	littleRoom   = 2 << 30             // octets left of the disk
	certificate  = 14 * 24 * time.Hour // left of the doors' certificate
	clockForward = time.Hour           // by which the log may be ahead of the clock
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
			Today:   admin.Mails{Accepted: tally.Accepted, Refused: tally.Refused},
			Waiting: tally.Waiting, Oldest: tally.Oldest,
			Certificate: pair.Leaf().NotAfter, Data: c.Data, Warnings: []string{},
		}
		if g.STARTTLS != nil {
			found.Doors = append(found.Doors, admin.Door{Name: "STARTTLS", Address: g.STARTTLS.String()})
		}
		for _, name := range []string{"gsp.db", "gsp.db-wal"} {
			if info, err := os.Stat(filepath.Join(c.Data, name)); err == nil {
				found.Database += info.Size()
			}
		}
		var disk syscall.Statfs_t
		if err := syscall.Statfs(c.Data, &disk); err != nil {
			return admin.Condition{}, fmt.Errorf("look at the disk: %w", err)
		}
		found.Free = int64(disk.Bavail) * disk.Bsize
		warn := func(when bool, format string, args ...any) {
			if when {
				found.Warnings = append(found.Warnings, fmt.Sprintf(format, args...))
			}
		}
		left := found.Certificate.Sub(now)
		warn(g.core.store.Err() != nil, "the store takes no more writes; see the log, then start the gateway again")
		warn(found.Free < littleRoom, "the disk of %s is nearly full", c.Data)
		warn(left <= 0, "the certificate of the doors has expired: mail clients refuse to connect")
		warn(left > 0 && left < certificate, "the certificate of the doors expires in %d days", int(left.Hours()/24))
		warn(tally.Newest.After(now.Add(clockForward)), "the clock is behind the log, whose newest entry is of %s", tally.Newest.Format(time.RFC3339))
		return found, nil
	}
}
