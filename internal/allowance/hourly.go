// Package allowance bounds what one account takes of what all accounts share:
// so many of something in an hour, and so many octets at a time.
package allowance

import (
	"fmt"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// maxSpenders bounds the accounts remembered, about 50 octets each. Only
// accounts that have just sent something are.
const maxSpenders = 1 << 16

// Hourly lets each account have so many of something in an hour: all of them
// at once, and from then on one each time that the hour's share of one has
// passed (the generic cell rate algorithm, ITU-T I.371). Its fields must be set
// before and not be changed after the first call. Its methods may be called
// concurrently.
type Hourly struct {
	What    string // "mails"
	PerHour int    // below 0 for no limit

	mu   sync.Mutex
	free map[gsp.AccountID]time.Time // when all that was had is given back
}

// Ask returns why account cannot have n more now, nil if it can.
func (h *Hourly) Ask(account gsp.AccountID, n int, now time.Time) *gsp.Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, refusal := h.after(account, n, now)
	return refusal
}

// Take is Ask, and has it.
func (h *Hourly) Take(account gsp.AccountID, n int, now time.Time) *gsp.Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	free, refusal := h.after(account, n, now)
	if refusal != nil || h.PerHour < 0 {
		return refusal
	}
	if _, ok := h.free[account]; !ok && len(h.free) >= maxSpenders {
		h.makeRoom(now)
	}
	if h.free == nil {
		h.free = make(map[gsp.AccountID]time.Time)
	}
	h.free[account] = free
	return nil
}

// after returns when all would be given back once account has n more.
func (h *Hourly) after(account gsp.AccountID, n int, now time.Time) (time.Time, *gsp.Refusal) {
	if h.PerHour < 0 {
		return now, nil
	}
	free := h.free[account]
	if free.Before(now) {
		free = now
	}
	free = free.Add(time.Duration(n) * time.Hour / time.Duration(h.PerHour))
	early := free.Add(-time.Hour)
	if !early.After(now) {
		return free, nil
	}
	return now, &gsp.Refusal{
		Reason: gsp.TooManyMails,
		Cause:  fmt.Sprintf("your account has used up its %d %s an hour", h.PerHour, h.What),
		Remedy: fmt.Sprintf("try again after %s UTC", early.Add(time.Minute-1).UTC().Truncate(time.Minute).Format("15:04")),
	}
}

// makeRoom forgets whoever has everything given back, or somebody.
func (h *Hourly) makeRoom(now time.Time) {
	for account, free := range h.free {
		if free.Before(now) {
			delete(h.free, account)
		}
	}
	for account := range h.free {
		if len(h.free) < maxSpenders {
			break
		}
		delete(h.free, account)
	}
}
