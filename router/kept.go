package router

import (
	"context"
	"slices"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/wire"
)

// keptCase returns the case that a copy belongs to which a client keeps: that
// of the mail it is a copy of, or of the one that it answers. It is "" for none,
// as for a request that is not sent yet.
func (r *Router) keptCase(ctx context.Context, party gsp.PartyID, f wire.Fields) (gsp.CaseID, error) {
	if f.MessageID != "" {
		f.InReplyTo = slices.Concat([]string{f.MessageID}, f.InReplyTo)
	}
	cases, err := r.threads(ctx, party, f)
	if err != nil || len(cases) == 0 {
		return "", err
	}
	return cases[0].ID, nil
}
