package node

import (
	"context"
	"log/slog"
	"time"
)

// endAccounts ends each account at the end of its last day, until ending is
// closed. Days end at midnight in UTC; a clock that is set, or a machine that
// slept, is noticed within a minute.
func (c *Core) endAccounts(ending <-chan struct{}, log *slog.Logger) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for {
		now := time.Now()
		midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		next := time.NewTimer(min(time.Minute, midnight.Sub(now)))
		select {
		case <-ending:
			next.Stop()
			return
		case <-next.C:
		}
		switch n, err := c.Office.EndOver(ctx); {
		case err != nil:
			log.LogAttrs(ctx, slog.LevelError, "accounts not ended", slog.Any("error", err))
		case n > 0:
			log.LogAttrs(ctx, slog.LevelInfo, "accounts ended with their last day", slog.Int("accounts", n))
		}
	}
}
