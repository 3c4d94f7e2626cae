package report

import (
	"context"
	"iter"

	"gsp.example/gsp/internal/gsp"
)

// Source is the event log.
type Source interface {
	// Events yields the events with numbers above after, in order. It ends after
	// the first error.
	Events(ctx context.Context, after int64) iter.Seq2[gsp.Event, error]
}
