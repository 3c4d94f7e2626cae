package notice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// mostCases is how many case numbers a notice lists.
const mostCases = 200

// Removal returns the notices that mails of an owner go at a time: to the owner,
// who must get it before anything goes, and for a competent authority to the
// administrators of its Party. The same mails on the same day are told once.
func Removal(roll *registry.Snapshot, owner string, due []gsp.Due, keep gsp.Retention, goes time.Time) []Notice {
	address := roll.Address(owner)
	which := sha256.New()
	for _, d := range due {
		_ = binary.Write(which, binary.BigEndian, int64(d.Mail)) // a hash takes all
	}
	digest := fmt.Sprintf("%x", which.Sum(nil))
	var all []Notice
	for _, to := range keepers(roll, address) {
		n := Notice{To: to}
		n.Key = once("removal", owner, to.String(), day(goes), digest)
		n.write = func(t *texts) Content {
			w := &writer{texts: t}
			w.line(t.Removal.Intro, "address", address.String(), "date", day(goes), "count", fmt.Sprint(len(due)))
			w.line("")
			w.folders(due)
			w.line("")
			w.policies(due, keep)
			w.line("")
			w.line(t.Removal.Keep, "days", fmt.Sprint(keep.NoticeDays))
			return w.content(t.fill(t.Removal.Subject, "address", address.String(), "date", day(goes)))
		}
		all = append(all, n)
	}
	return all
}

// folders counts messages by their mailbox.
func (w *writer) folders(due []gsp.Due) {
	var names []string
	counts := map[string]int{}
	for _, d := range due {
		if counts[d.Mailbox]++; counts[d.Mailbox] == 1 {
			names = append(names, d.Mailbox)
		}
	}
	for _, name := range names {
		w.line(w.Removal.Folder, "folder", name, "count", fmt.Sprint(counts[name]))
	}
}

// policies says by which rule the messages go, and of which cases they are.
func (w *writer) policies(due []gsp.Due, keep gsp.Retention) {
	var cases []string
	closed := 0
	for _, d := range due {
		if d.Policy == gsp.ClosedCase {
			closed++
			cases = append(cases, string(d.Case))
		}
	}
	slices.Sort(cases)
	cases = slices.Compact(cases)
	if closed > 0 {
		w.line(w.Removal.Closed, "count", fmt.Sprint(closed), "months", fmt.Sprint(keep.ClosedMonths))
		listed := cases[:min(len(cases), mostCases)]
		w.line(w.Removal.Cases, "cases", strings.Join(listed, ", "))
		if more := len(cases) - len(listed); more > 0 {
			w.line(w.Removal.MoreCases, "count", fmt.Sprint(more))
		}
	}
	if other := len(due) - closed; other > 0 {
		w.line(w.Removal.Other, "count", fmt.Sprint(other), "months", fmt.Sprint(keep.OtherMonths))
	}
}
