package pattern

import (
	"fmt"

	"gsp.example/gsp/internal/gsp"
)

// Limits of what the entries of a library have together. 50,000 honest ones
// have half of it.
const (
	maxAll   = 500_000    // rows
	maxParty = 20_000     // rows of one Party
	maxCells = 10_000_000 // characters of all rows
	maxJoint = 500        // rows with checks over the same characters, which masked codes take long to pass
)

// tally counts what the entries of a library have together.
type tally struct {
	rows, cells, joint int
	ofParty            map[gsp.PartyID]int
}

// add counts e too, and returns what is more than a library may have, "" for
// nothing.
func (t *tally) add(e *Entry) string {
	t.rows += len(e.rows)
	for i := range e.rows {
		t.cells += e.rows[i].length()
		if e.rows[i].variant.joint {
			t.joint++
		}
	}
	switch {
	case t.rows > maxAll:
		return fmt.Sprintf("the entries up to here have more than %d ways to fit together", maxAll)
	case t.cells > maxCells:
		return fmt.Sprintf("the ways to fit of the entries up to here have more than %d characters together", maxCells)
	case t.joint > maxJoint:
		return fmt.Sprintf("the entries up to here have more than %d ways to fit in which several checks cover one character", maxJoint)
	}
	if !e.Routable() {
		return ""
	}
	if t.ofParty[e.Party] += len(e.rows); t.ofParty[e.Party] > maxParty {
		return fmt.Sprintf("the entries of %s up to here have more than %d ways to fit together", e.Party, maxParty)
	}
	return ""
}
