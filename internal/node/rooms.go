package node

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
)

// rooms knows how much owners' mailboxes hold.
type rooms interface {
	// Rooms returns the room of every owner.
	Rooms(ctx context.Context) ([]gsp.Room, error)
	// Room returns the room of one owner.
	Room(ctx context.Context, owner string) (gsp.Room, error)
	// SetFilled notes since when an owner's use is above the mark that is warned
	// of; the zero time says that it is not.
	SetFilled(ctx context.Context, owner string, since time.Time) error
}

// refusals remembers whose mailboxes had no room for a mail, until the herald
// tells them. After a crash the next such mail does.
type refusals struct {
	bell chan struct{} // with room for one

	mu     sync.Mutex
	owners map[string]bool
}

func newRefusals() *refusals {
	return &refusals{bell: make(chan struct{}, 1), owners: map[string]bool{}}
}

// note is router.Router's Full.
func (r *refusals) note(owners []string) {
	r.mu.Lock()
	for _, owner := range owners {
		r.owners[owner] = true
	}
	r.mu.Unlock()
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

func (r *refusals) take() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	owners := r.owners
	r.owners = map[string]bool{}
	return owners
}

// watchRooms tells the owners whose mailboxes are filled above the mark, and
// those for whom a mail was refused.
func (h *herald) watchRooms(ctx context.Context, at time.Time, left *int) error {
	all, err := h.rooms.Rooms(ctx)
	if err != nil {
		return fmt.Errorf("look for filled mailboxes: %w", err)
	}
	for _, room := range all {
		if _, err := h.watch(ctx, room, at, left); err != nil {
			return err
		}
	}
	return h.tellRefused(ctx, at, left)
}

// tellRefused tells those for whom a mail was refused, and looks at no others:
// whoever sends to a full mailbox over and over shall cost little.
func (h *herald) tellRefused(ctx context.Context, at time.Time, left *int) error {
	for owner := range h.refused.take() {
		room, err := h.rooms.Room(ctx, owner)
		if err == nil {
			room, err = h.watch(ctx, room, at, left)
		}
		if err == nil {
			err = h.tell(ctx, notice.Full(h.roll(), room, at), at, left)
		}
		if err != nil {
			return fmt.Errorf("tell of a full mailbox: %w", err)
		}
	}
	return nil
}

// watch tells an owner whose mailboxes are filled above the mark. Since when
// they are is noted first, so that after a crash nothing is told twice. It
// returns the room as it is then.
func (h *herald) watch(ctx context.Context, room gsp.Room, at time.Time, left *int) (gsp.Room, error) {
	filled := room.Above(h.mark)
	if filled == room.Filled.IsZero() {
		room.Filled = time.Time{}
		if filled {
			room.Filled = at
			who, _ := h.roll().Owner(h.roll().Address(room.Owner))
			h.log.LogAttrs(ctx, slog.LevelInfo, "mailboxes fill up", slog.String("party", string(who.Party)),
				slog.Int64("account", int64(who.Account)), slog.Int64("octets", room.Octets), slog.Int64("quota", room.Quota))
		}
		if err := h.rooms.SetFilled(ctx, room.Owner, room.Filled); err != nil {
			return room, err
		}
	}
	if !filled {
		return room, nil
	}
	return room, h.tell(ctx, notice.Filling(h.roll(), room), at, left)
}
