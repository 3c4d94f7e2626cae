package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/router"
)

// pendingCases finds the cases that wait for an answer.
type pendingCases interface {
	// PendingCases returns, the oldest first, at most limit cases that still wait
	// for an answer and were opened after another case, at the same time with a
	// higher number, and before a time.
	PendingCases(ctx context.Context, after gsp.Case, before time.Time, limit int) ([]gsp.Case, error)
}

// herald tells users later what they have to know: that a case waits, that a
// key or an account ends, that a mailbox fills up. It keeps nothing of its own.
// What was told is known to the store, so that after a crash or a restart
// nothing is told again.
type herald struct {
	cases   pendingCases
	rooms   rooms
	refused *refusals
	router  *router.Router
	roll    func() *registry.Snapshot
	days    int // config.Notices.UnansweredDays
	ends    int // config.Notices.AccountDays
	mark    int // config.Mailboxes.WarningPercent
	mails   retainer
	keep    gsp.Retention
	log     *slog.Logger

	untold  map[[32]byte]bool // notices that nothing can be sealed for, which the log has
	planned time.Time         // when it was last looked for mails that are due
}

// herald makes the one of a gateway.
func (c *Core) herald(settings config.Config, log *slog.Logger) *herald {
	return &herald{
		cases: c.store, rooms: c.store, refused: c.refused, router: c.router, roll: c.registry.Snapshot,
		days: settings.Notices.UnansweredDays, ends: settings.Notices.AccountDays, mark: settings.Mailboxes.WarningPercent, log: log,
		mails: c.store, keep: settings.Retention.Policy(), untold: map[[32]byte]bool{},
	}
}

// Bounds of a round, so that one after a long pause does not stand in the way of
// mail; the next one goes on.
const (
	casesAtOnce = 100
	mostNotices = 1000
)

// run makes a round at once and then every hour. It looks every minute how much
// the mailboxes hold, and at once when a mail was refused for that.
func (h *herald) run(ending <-chan struct{}) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		<-ending
		stop()
	}()
	hourly, minutely := time.NewTicker(time.Hour), time.NewTicker(time.Minute)
	defer hourly.Stop()
	defer minutely.Stop()
	next := h.round
	for {
		if err := next(ctx, time.Now()); err != nil && ctx.Err() == nil {
			h.log.LogAttrs(ctx, slog.LevelError, "notices not sent", slog.Any("error", err))
		}
		select {
		case <-ending:
			return
		case <-hourly.C:
			next = h.round
		case <-minutely.C:
			next = bounded(h.watchRooms)
		case <-h.refused.bell:
			next = bounded(h.tellRefused)
		}
	}
}

// bounded makes a round of its own of a part of one.
func bounded(part func(context.Context, time.Time, *int) error) func(context.Context, time.Time) error {
	return func(ctx context.Context, at time.Time) error {
		left := mostNotices
		return part(ctx, at, &left)
	}
}

// round tells what is due at a time and not told yet.
func (h *herald) round(ctx context.Context, at time.Time) error {
	if err := h.tendKeys(ctx, at); err != nil {
		return err
	}
	left := mostNotices
	if err := h.watchRooms(ctx, at, &left); err != nil {
		return err
	}
	if err := h.retain(ctx, at, &left); err != nil {
		return err
	}
	if err := h.tell(ctx, notice.KeyEnds(h.roll(), at), at, &left); err != nil {
		return err
	}
	if err := h.tell(ctx, notice.AccountEnds(h.roll(), at, h.ends), at, &left); err != nil {
		return err
	}
	if h.days == 0 {
		return nil
	}
	// Older cases have had their last reminder.
	step := time.Duration(h.days) * 24 * time.Hour
	after, before := gsp.Case{Since: at.Add(-(notice.Reminders + 1) * step)}, at.Add(-step)
	for left > 0 {
		cases, err := h.cases.PendingCases(ctx, after, before, casesAtOnce)
		if err != nil {
			return fmt.Errorf("look for cases that wait: %w", err)
		}
		if len(cases) == 0 {
			return nil
		}
		for _, c := range cases {
			step := notice.UnansweredStep(c.Since, at, h.days)
			if step == 0 {
				continue
			}
			if err := h.tell(ctx, notice.Unanswered(h.roll(), c, step, h.days), at, &left); err != nil {
				return err
			}
		}
		after = cases[len(cases)-1]
	}
	return nil
}

// tendKeys sees to the keys that wait for approval. Where nobody can be asked by
// mail, the log says so once a day, and for which Party.
func (h *herald) tendKeys(ctx context.Context, at time.Time) error {
	unasked, err := h.router.TendKeys(ctx, at)
	if err != nil {
		return err
	}
	for _, party := range unasked {
		told := sha256.Sum256(fmt.Appendf(nil, "key that waits\x00%s\x00%s", party, gsp.DayOf(at)))
		if !h.untold[told] {
			h.untold[told] = true
			h.log.LogAttrs(ctx, slog.LevelWarn, "a key waits for approval and nobody can be asked by mail, see gsp key pending",
				slog.String("party", string(party)))
		}
	}
	return nil
}

// tell posts notices that were not told yet, and takes them off left.
func (h *herald) tell(ctx context.Context, notices []notice.Notice, at time.Time, left *int) error {
	for _, n := range notices {
		if *left == 0 {
			return nil
		}
		receipt, err := h.router.Notify(ctx, n, at)
		refusal, refused := errors.AsType[*gsp.Refusal](err)
		switch {
		case refused && !h.untold[n.Key]:
			h.untold[n.Key] = true
			owner, _ := h.roll().Owner(n.To)
			h.log.LogAttrs(ctx, slog.LevelWarn, "notice cannot be sealed", slog.String("reason", string(refusal.Reason)),
				slog.String("party", string(owner.Party)), slog.Int64("account", int64(owner.Account)), slog.String("case", string(n.Case)))
		case refused:
		case err != nil:
			return fmt.Errorf("post a notice: %w", err)
		case !receipt.Earlier:
			*left--
		}
	}
	return nil
}
