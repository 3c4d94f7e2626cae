// Package node puts the gateway together: store, roll, router and doors. It is
// the only package that knows them all.
//
// It holds no policy and no protocol of its own. Nothing it reaches can open a
// sealed mail; a test in package arch says so.
package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/bell"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/report"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/router"
)

// database is all that the gateway asks of a store.
type database interface {
	router.Store
	registry.Store
	report.Source
	imapd.Tree
	imapd.Messages
	admin.Cases
}

var _ database = (*sqlite.Store)(nil)

// Core is the gateway without its doors: enough for the command line to carry
// out a verb where no gateway runs. One Core at a time may have a data folder.
type Core struct {
	Office *admin.Office

	store    *sqlite.Store
	registry *registry.Registry
	router   *router.Router
	parties  *parties
	refused  *refusals
	bells    *bell.Tower[gsp.MailboxID]
	made     bool // the data folder is new
}

// Open opens the data folder, making it if it is missing. The error is a
// *gsp.Refusal where another process has the folder, or a newer version of
// the program wrote it.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (*Core, error) {
	if err := checkWhole(c.Data); err != nil {
		return nil, err
	}
	if err := checkOwner(c.Data); err != nil {
		return nil, err
	}
	_, missing := os.Stat(c.Data)
	bells := new(bell.Tower[gsp.MailboxID])
	store, err := sqlite.Open(ctx, c.Data, sqlite.Options{
		Now:         time.Now,
		OnCommit:    func(boxes []gsp.MailboxID) { bells.Ring(boxes...) },
		InlineLimit: int(c.Store.InlineLimit),
		Quota:       int64(c.Mailboxes.Quota),
		SharedQuota: int64(c.Mailboxes.SharedQuota),
		Mailboxes:   c.Mailboxes.PerAccount,
		Log:         log,
	})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EROFS) ||
		errors.Is(err, syscall.ENOTDIR) {
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("the data folder %s cannot be made or written", c.Data),
			Remedy: "let the gateway's user write there, or name another folder in the configuration",
			Err:    err,
		}
	}
	if err != nil {
		return nil, err
	}
	who, err := registry.OpenWithOverlap(ctx, store, c.Domain, time.Duration(c.Keys.OverlapDays)*24*time.Hour, c.Aliases...)
	if err != nil {
		store.Close()
		return nil, fmt.Errorf("open the registry: %w", err)
	}
	keys, err := submissionKey(ctx, c.Data, who)
	if err != nil {
		store.Close()
		return nil, err
	}
	changed := bells.RingAll // so that idle sessions look whether they may go on
	ring := &parties{key: keys, who: who}
	refused := newRefusals()
	r := &router.Router{
		Store:     store,
		Roll:      who.Snapshot,
		MasksOnly: c.UIMDisclosure == config.Refuse,
		Random:    rand.Reader,
		Full:      refused.note,
		Keys:      keys,
		Parties:   ring.keyring,
		Update: func(ctx context.Context, decide func(*registry.Snapshot) (gsp.Change, error)) (gsp.Change, error) {
			change, err := who.Update(ctx, decide)
			if err == nil {
				changed()
			}
			return change, err
		},
	}
	who.Announce = r.Announce
	core := &Core{
		Office: &admin.Office{
			Registry: who, Events: store, Rooms: store, MaxMessage: int64(c.Limits.MaxMessage), Random: rand.Reader, Now: time.Now, Servers: c.Servers(), Term: c.Accounts.TermDays, Changed: changed,
			Keys:   keys.Cert().Address().String(),
			Cases:  store,
			Verify: soundness(store), Retained: store, Keep: c.Retention.Policy(),
		},
		store:    store,
		registry: who,
		bells:    bells,
		made:     errors.Is(missing, fs.ErrNotExist),
		router:   r,
		parties:  ring,
		refused:  refused,
	}
	// While nobody looked, accounts may have come to their end.
	if _, err := core.Office.EndOver(ctx); err != nil {
		store.Close()
		return nil, err
	}
	return core, nil
}

// Close closes the data folder once everything accepted is synced.
func (c *Core) Close() error { return c.store.Close() }

// checkOwner refuses to work as root in the folder of another user, who could
// not read afterwards what root makes there.
func checkOwner(folder string) error {
	info, err := os.Stat(folder)
	if err != nil || os.Geteuid() != 0 {
		return nil
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	name := control.Name(int(owner.Uid))
	return &gsp.Refusal{
		Reason: gsp.UnwritableFile,
		Cause:  fmt.Sprintf("the data folder %s belongs to the user %s, and this is root", folder, name),
		Remedy: fmt.Sprintf("run it as that user: sudo -u %s gsp", name),
	}
}
