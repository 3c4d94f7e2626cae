package smtpd

import (
	"fmt"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// maxSpenders bounds the accounts remembered, about 50 octets each. Only
// accounts that have just sent something are.
const maxSpenders = 1 << 16

// allowance lets each account have so many of something in an hour: all of
// them at once, and from then on one each time that the hour's share of one
// has passed (the generic cell rate algorithm, ITU-T I.371).
type allowance struct {
	what    string // "mails"
	perHour int    // below 0 for no limit

	mu   sync.Mutex
	free map[gsp.AccountID]time.Time // when all that was had is given back
}

// ask returns why account cannot have n more now, nil if it can.
func (a *allowance) ask(account gsp.AccountID, n int, now time.Time) *gsp.Refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, refusal := a.after(account, n, now)
	return refusal
}

// take is ask, and has it.
func (a *allowance) take(account gsp.AccountID, n int, now time.Time) *gsp.Refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	free, refusal := a.after(account, n, now)
	if refusal != nil || a.perHour < 0 {
		return refusal
	}
	if _, ok := a.free[account]; !ok && len(a.free) >= maxSpenders {
		a.makeRoom(now)
	}
	if a.free == nil {
		a.free = make(map[gsp.AccountID]time.Time)
	}
	a.free[account] = free
	return nil
}

// after returns when all would be given back once account has n more.
func (a *allowance) after(account gsp.AccountID, n int, now time.Time) (time.Time, *gsp.Refusal) {
	if a.perHour < 0 {
		return now, nil
	}
	free := a.free[account]
	if free.Before(now) {
		free = now
	}
	free = free.Add(time.Duration(n) * time.Hour / time.Duration(a.perHour))
	early := free.Add(-time.Hour)
	if !early.After(now) {
		return free, nil
	}
	return now, &gsp.Refusal{
		Reason: gsp.TooManyMails,
		Cause:  fmt.Sprintf("your account has used up its %d %s an hour", a.perHour, a.what),
		Remedy: fmt.Sprintf("try again after %s UTC", early.Add(time.Minute-1).UTC().Truncate(time.Minute).Format("15:04")),
	}
}

// makeRoom forgets whoever has everything given back, or somebody.
func (a *allowance) makeRoom(now time.Time) {
	for account, free := range a.free {
		if free.Before(now) {
			delete(a.free, account)
		}
	}
	for account := range a.free {
		if len(a.free) < maxSpenders {
			break
		}
		delete(a.free, account)
	}
}
