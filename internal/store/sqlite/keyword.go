package sqlite

import (
	"fmt"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// keywordSets is for how many mailboxes the keywords are remembered.
const keywordSets = 1000

// admit asks whether a mailbox may have keywords beside those of its messages,
// and notes them. It changes nothing in the database.
func (t *tx) admit(box *gsp.Mailbox, keywords []string) error {
	set, err := t.keywordsOf(box, false)
	if err != nil || set.admit(keywords) {
		return err
	}
	// What is remembered may have gone from all messages since.
	if set, err = t.keywordsOf(box, true); err != nil || set.admit(keywords) {
		return err
	}
	return fmt.Errorf("mailbox %d: %w", box.ID, gsp.ErrTooManyKeywords)
}

// keywordSet is the keywords of a mailbox, without those that name who was
// first, and maybe some that it had.
type keywordSet map[string]bool

// admit adds keywords, if there is a place for all that are not there.
func (s keywordSet) admit(keywords []string) bool {
	n := 0
	for _, k := range keywords {
		if !s[k] && !gsp.IsFirst(k) {
			n++
		}
	}
	if n > 0 && len(s)+n > gsp.MailboxKeywords {
		return false
	}
	for _, k := range keywords {
		if !gsp.IsFirst(k) {
			s[k] = true
		}
	}
	return true
}

// keywordsOf returns what is remembered, or reads it anew.
func (t *tx) keywordsOf(box *gsp.Mailbox, anew bool) (keywordSet, error) {
	if set := t.keywords[box.ID]; set != nil && !anew {
		return set, nil
	}
	set := keywordSet{}
	rows, err := t.rows(`SELECT DISTINCT keywords FROM item WHERE mailbox = ? AND keywords <> ''`, box.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		for _, k := range splitKeywords(text) {
			if !gsp.IsFirst(k) {
				set[k] = true
			}
		}
	}
	if len(t.keywords) >= keywordSets {
		clear(t.keywords)
	}
	t.keywords[box.ID] = set
	return set, rows.Err()
}

// leaveOut takes from copies the keywords for which a mailbox has no place, or
// nothing could be moved to a trash that has known many.
func (t *tx) leaveOut(box *gsp.Mailbox, items []picked) error {
	anew := false
	for i, item := range items {
		if len(item.Keywords) == 0 {
			continue
		}
		set, err := t.keywordsOf(box, false)
		if err == nil && !anew && !set.admit(item.Keywords) {
			anew = true
			set, err = t.keywordsOf(box, true)
		}
		if err != nil {
			return err
		}
		items[i].Keywords = slices.DeleteFunc(slices.Clone(item.Keywords), func(k string) bool { return !set.admit([]string{k}) })
	}
	return nil
}

// tooMany reports whether a change gives a message more keywords than it may
// have, and than it has.
func tooMany(before, after []string) bool {
	n := 0
	for _, k := range after {
		if !gsp.IsFirst(k) {
			n++
		}
	}
	return n > gsp.MessageKeywords && len(after) > len(before)
}
