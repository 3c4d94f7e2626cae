package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
)

// retainer knows which mails are due, and removes them.
type retainer interface {
	// Due returns the messages of an owner that are due: all of them, or those
	// that its owner was told of.
	Due(ctx context.Context, owner string, h gsp.Horizon, told bool) ([]gsp.Due, error)
	// PrepareRemoval writes down which mails are to go, before their owner is
	// told.
	PrepareRemoval(ctx context.Context, owner string, mails []gsp.MailID) error
	// Announce notes that the owner was told.
	Announce(ctx context.Context, owner string, told, goes time.Time) error
	// Removals returns what is prepared and what was told.
	Removals(ctx context.Context) ([]gsp.Removal, error)
	// ForgetRemoval gives up what was prepared or told.
	ForgetRemoval(ctx context.Context, owner string) error
	// CarryOut removes some of what was told and is due still, with its events,
	// and reports whether there is more.
	CarryOut(ctx context.Context, owner string, keep gsp.Retention, h gsp.Horizon, e gsp.Event) (more bool, err error)
	// Attend notes that the gateway runs, and adds the time that it did not to
	// when mails go.
	Attend(ctx context.Context, at time.Time, pause time.Duration) error
}

// pause is how long between two rounds the gateway is taken to run: they come
// every hour.
const pause = 2 * time.Hour

// retain removes what its owners were told of in time, and tells them what goes
// next. An owner has one notice at a time, of all that will be due when it ends:
// so there is one each retention.notice_days at most, and nothing waits longer
// than it must.
func (h *herald) retain(ctx context.Context, at time.Time, left *int) error {
	if h.keep.On() {
		if err := h.mails.Attend(ctx, at, pause); err != nil {
			return err
		}
	}
	removals, err := h.mails.Removals(ctx)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, r := range removals {
		switch {
		case !h.keep.On() || r.Told.IsZero() || r.Told.After(at), // or the clock was wrong when it was told
			r.Goes.After(h.keep.Goes(at).Add(pause)): // or since, and what is told now goes earlier
			err = h.mails.ForgetRemoval(ctx, r.Owner)
		case at.Before(r.Goes):
			told[r.Owner] = true
		default:
			err = h.remove(ctx, r.Owner, at)
		}
		if err != nil {
			return err
		}
	}
	if !h.keep.On() || h.planned.After(at.Add(-20*time.Hour)) && !h.planned.After(at) {
		return nil // once a day is enough: it reads all that there is
	}
	rooms, err := h.rooms.Rooms(ctx)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if *left == 0 {
			return nil // the next round goes on
		}
		if !told[room.Owner] && room.Messages > 0 {
			if err := h.announce(ctx, room.Owner, at, left); err != nil {
				return err
			}
		}
	}
	h.planned = at
	return nil
}

// remove carries out what an owner was told.
func (h *herald) remove(ctx context.Context, owner string, at time.Time) error {
	who, ok := h.roll().Owner(h.roll().Address(owner))
	if !ok { // nobody reads there any more
		return h.mails.ForgetRemoval(ctx, owner)
	}
	e := gsp.Event{At: at, Kind: gsp.MailsRemoved, Party: who.Party, Account: who.Account}
	for more := true; more; {
		var err error
		if more, err = h.mails.CarryOut(ctx, owner, h.keep, h.keep.Horizon(at), e); err != nil {
			return err
		}
	}
	h.log.LogAttrs(ctx, slog.LevelInfo, "announced removal carried out",
		slog.String("party", string(who.Party)), slog.Int64("account", int64(who.Account)))
	return nil
}

// announce tells an owner which mails go next. Which they are is written down
// before the notice is delivered, and counts once it is: an owner who cannot be
// told keeps all.
func (h *herald) announce(ctx context.Context, owner string, at time.Time, left *int) error {
	roll := h.roll()
	address := roll.Address(owner)
	if _, ok := roll.Owner(address); !ok {
		return nil
	}
	goes := h.keep.Goes(at)
	due, err := h.mails.Due(ctx, owner, h.keep.Horizon(goes), false)
	// Notices go with other mails, and are no reason to write another one.
	if err != nil || !slices.ContainsFunc(due, func(d gsp.Due) bool { return !d.Own }) {
		return err
	}
	notices := notice.Removal(roll, owner, due, h.keep, goes)
	if !roll.Sealable(address, at) {
		return h.tell(ctx, notices[:1], at, left) // the log says of it
	}
	var mails []gsp.MailID
	for _, d := range due {
		mails = append(mails, d.Mail)
	}
	if err := h.mails.PrepareRemoval(ctx, owner, slices.Compact(slices.Sorted(slices.Values(mails)))); err != nil {
		return err
	}
	_, err = h.router.Notify(ctx, notices[0], at)
	if refusal, refused := errors.AsType[*gsp.Refusal](err); refused {
		h.log.LogAttrs(ctx, slog.LevelWarn, "removal not announced", slog.String("reason", string(refusal.Reason)))
		return h.mails.ForgetRemoval(ctx, owner)
	}
	if err != nil {
		return fmt.Errorf("post a notice: %w", err)
	}
	*left--
	if err := h.mails.Announce(ctx, owner, at, goes); err != nil {
		return err
	}
	return h.tell(ctx, notices[1:], at, left)
}
