package gsp_test

import (
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// In a shared mailbox the first who reads and the first who answers stay
// known, whatever the clients of others store.
func TestFirstReaderStaysKnown(t *testing.T) {
	item := gsp.Item{Keywords: []string{"$Forwarded"}}
	for _, step := range []struct {
		change gsp.FlagChange
		want   []string
	}{
		{gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Flagged, By: "ann"}, []string{"$Forwarded"}},
		{gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen, By: "bob"}, []string{"$Forwarded", "ReadBy-bob"}},
		{gsp.FlagChange{Mode: gsp.RemoveFlags, Flags: gsp.Seen, Keywords: []string{"ReadBy-bob"}, By: "ann"}, []string{"$Forwarded", "ReadBy-bob"}},
		{gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Seen, Keywords: []string{"ReadBy-eve", "AnsweredBy-eve"}, By: "ann"}, []string{"$Forwarded", "ReadBy-bob"}},
		{gsp.FlagChange{Mode: gsp.SetFlags, Flags: gsp.Seen | gsp.Answered, Keywords: []string{"x"}, By: "ann"}, []string{"AnsweredBy-ann", "ReadBy-bob", "x"}},
		{gsp.FlagChange{Mode: gsp.SetFlags, By: "ann"}, []string{"AnsweredBy-ann", "ReadBy-bob"}},
		{gsp.FlagChange{Mode: gsp.SetFlags, Flags: gsp.Seen}, nil}, // in a mailbox of one's own
		{gsp.FlagChange{Mode: gsp.AddFlags, Flags: gsp.Answered}, nil},
	} {
		before := slices.Clone(item.Keywords)
		after := step.change.Apply(item)
		if !slices.Equal(item.Keywords, before) {
			t.Errorf("%+v changed what it was given: %q", step.change, item.Keywords)
		}
		if item = after; !slices.Equal(item.Keywords, step.want) {
			t.Errorf("after %+v: got %q, want %q", step.change, item.Keywords, step.want)
		}
	}
}
