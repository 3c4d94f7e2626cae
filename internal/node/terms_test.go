package node

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// An account ends at midnight in UTC after its last day, by itself, with its
// key, and comes back with the roles it had when it is given a later day.
func TestAnAccountEndsWithItsLastDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		now := func() gsp.Account { a, _ := o.registry.Snapshot().Account("ke1"); return a }
		allowed := func() bool { return o.registry.Snapshot().Allows(now().ID, gsp.Replier) }
		today := gsp.DayOf(time.Now())
		carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: "ke1", Until: string(today)})
		ending, ended := make(chan struct{}), make(chan struct{})
		go func() {
			o.Core.endAccounts(ending, slog.New(slog.DiscardHandler))
			close(ended)
		}()
		rung, stop := o.bells.Watch(1)
		defer stop()

		time.Sleep(time.Until(today.End()) - time.Second)
		synctest.Wait()
		if !now().Active() || !allowed() {
			t.Errorf("a second before midnight: got %+v, want it active with its roles", now())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, known := o.registry.Snapshot().Cert(mailbox("ke1")); now().Active() || allowed() || known {
			t.Errorf("at midnight: got %+v, its key published %v, want it ended without a key", now(), known)
		}
		select {
		case <-rung:
		default:
			t.Error("sessions that wait were not told to look")
		}
		close(ending)
		<-ended

		later := string(gsp.DayOf(time.Now().Add(10 * aDay)))
		got := carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: "ke1", Until: later})
		if !got.Returned || !now().Active() || !allowed() || len(got.Terms) != 2 || got.Terms[1].SetBy != "test" {
			t.Errorf("with a later day: got %+v, want it active with its roles", got)
		}
	})
}

// What came to its end while the gateway was off has ended before any door opens,
// and what somebody ended by hand does not come back with a later day.
func TestAccountsEndWhileTheGatewayIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		until := string(gsp.DayOf(time.Now().Add(aDay)))
		for _, login := range []string{"ke1", "fr1"} {
			carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: login, Until: until})
		}
		carryOut(o, admin.AccountDisable, admin.AccountLogin{Login: "fr1"})
		time.Sleep(3 * aDay)
		o.reopen()
		if a, _ := o.registry.Snapshot().Account("ke1"); a.Active() {
			t.Error("ke1: got an active account, want it ended")
		}
		for login, want := range map[string]bool{"ke1": true, "fr1": false} {
			if got := carryOut(o, admin.AccountUntil, admin.AccountTerm{Login: login, Until: "never"}); got.Returned != want || got.Active() != want {
				t.Errorf("%s with no end: got %+v, want active %v", login, got.Account, want)
			}
		}
	})
}
