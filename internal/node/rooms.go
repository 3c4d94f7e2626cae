package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
)

// rooms knows how much owners' mailboxes hold.
type rooms interface {
	// Rooms returns the room of every owner.
	Rooms(ctx context.Context) ([]gsp.Room, error)
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
// those for whom a mail was refused. Since when they are filled is noted first,
// so that after a crash nothing is told twice.
func (h *herald) watchRooms(ctx context.Context, at time.Time, left *int) error {
	all, err := h.rooms.Rooms(ctx)
	if err != nil {
		return fmt.Errorf("look for filled mailboxes: %w", err)
	}
	refused := h.refused.take()
	for _, room := range all {
		filled := room.Above(h.mark)
		if filled == room.Filled.IsZero() {
			room.Filled = time.Time{}
			if filled {
				room.Filled = at
			}
			if err := h.rooms.SetFilled(ctx, room.Owner, room.Filled); err != nil {
				return err
			}
		}
		if filled {
			if err := h.tell(ctx, notice.Filling(h.roll(), room), at, left); err != nil {
				return err
			}
		}
		if refused[room.Owner] {
			if err := h.tell(ctx, notice.Full(h.roll(), room, at), at, left); err != nil {
				return err
			}
		}
	}
	return nil
}
