package imapd

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"golang.org/x/text/unicode/norm"

	"gsp.example/gsp/internal/gsp"
)

// node is a name in the list of mailboxes. One that only has others below it
// has no mailbox of its own.
type node struct {
	name       string
	box        gsp.Mailbox // ID 0 for none
	subscribed bool
	children   bool
	asked      bool // a pattern of LIST fits the name
}

// nodes returns all that the account sees, INBOX first, the rest by name.
func (s *session) nodes() ([]*node, error) {
	shelves, err := s.shelves()
	if err != nil {
		return nil, err
	}
	hidden, err := s.Tree.Unsubscribed(s.ctx, s.account.ID)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*node)
	at := func(name string) *node {
		if all[name] == nil {
			all[name] = &node{name: name}
		}
		return all[name]
	}
	for _, shelf := range shelves {
		if shelf.Rights&gsp.MayRead == 0 {
			continue
		}
		boxes, err := s.Tree.Mailboxes(s.ctx, shelf.Owner)
		if err != nil {
			return nil, err
		}
		for _, box := range boxes {
			n := at(shelf.Prefix + box.Name.Name)
			n.box, n.subscribed = box, !slices.Contains(hidden, box.ID)
			parents(n.name, func(name string) { at(name).children = true })
		}
	}
	list := make([]*node, 0, len(all))
	for _, n := range all {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *node) int {
		if a.name == "INBOX" || b.name == "INBOX" {
			return cmp.Compare(strings.TrimPrefix(a.name, "INBOX"), strings.TrimPrefix(b.name, "INBOX"))
		}
		return cmp.Compare(a.name, b.name)
	})
	return list, nil
}

// List lists mailboxes (RFC 9051, section 6.3.9; RFC 6154).
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 { // asks for the delimiter
		return w.WriteList(&imap.ListData{Delim: delimiter, Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}})
	}
	total := 0
	for i, pattern := range patterns {
		patterns[i] = norm.NFC.String(ref + pattern)
		total += len(patterns[i])
	}
	if total > 4096 {
		return s.reply("list", tooLarge)
	}
	list, err := s.nodes()
	if err != nil {
		return s.reply("list", err)
	}
	lsub := s.conn.Command() == "LSUB" // or LIST (SUBSCRIBED), which the library calls with the same options
	above := make(map[string]bool)     // a subscribed mailbox is somewhere below that is not listed itself
	for _, n := range list {
		name := norm.NFC.String(n.name)
		n.asked = slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
		if n.subscribed && !n.asked && (lsub || options.SelectRecursiveMatch) {
			parents(n.name, func(name string) { above[name] = true })
		}
	}
	for _, n := range list {
		if !n.asked {
			continue
		}
		if data := n.list(options, above[n.name], lsub); data != nil {
			if options.ReturnStatus != nil && n.box.ID != 0 {
				if data.Status, err = s.status(n.name, n.box, options.ReturnStatus); err != nil {
					return s.reply("list", err)
				}
			}
			if err := w.WriteList(data); err != nil {
				return err
			}
		}
	}
	return nil
}

// list returns the line for a node, nil if the options leave it out. A level
// above what is subscribed is told of by RECURSIVEMATCH (RFC 9051, section
// 6.3.9.6) and by LSUB (RFC 3501, section 6.3.9), each in its way.
func (n *node) list(options *imap.ListOptions, above, lsub bool) *imap.ListData {
	data := &imap.ListData{Delim: delimiter, Mailbox: n.name, Attrs: n.attributes()}
	switch {
	case options.SelectSpecialUse && n.box.Use == "":
		return nil
	case options.SelectSubscribed && !n.subscribed && !above:
		return nil
	case above && lsub && !n.subscribed:
		data.Attrs = []imap.MailboxAttr{imap.MailboxAttrNoSelect, imap.MailboxAttrHasChildren}
	case above && !lsub:
		data.ChildInfo = &imap.ListDataChildInfo{Subscribed: true}
	}
	if (options.SelectSubscribed || options.ReturnSubscribed) && n.subscribed {
		data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
	}
	return data
}

func (n *node) attributes() []imap.MailboxAttr {
	var attrs []imap.MailboxAttr
	if n.box.ID == 0 {
		// Clients of before RFC 5258 know only the second.
		attrs = append(attrs, imap.MailboxAttrNonExistent, imap.MailboxAttrNoSelect)
	}
	if n.children {
		attrs = append(attrs, imap.MailboxAttrHasChildren)
	} else {
		attrs = append(attrs, imap.MailboxAttrHasNoChildren)
	}
	if n.box.Use != "" {
		attrs = append(attrs, imap.MailboxAttr(n.box.Use))
	}
	return attrs
}

// Status returns the counters of a mailbox.
func (s *session) Status(name string, options *imap.StatusOptions) (*imap.StatusData, error) {
	_, box, err := s.find(name, gsp.MayRead)
	if err != nil {
		return nil, s.reply("status", err)
	}
	data, err := s.status(name, box, options)
	return data, s.reply("status", err)
}

// status fills every counter, for the library writes what was asked for
// without looking whether it is there.
func (s *session) status(name string, box gsp.Mailbox, options *imap.StatusOptions) (_ *imap.StatusData, err error) {
	number := func(n int) *uint32 { u := uint32(n); return &u }
	limit, size, deleted := s.AppendLimit(), box.Size, int64(0)
	if options.DeletedStorage {
		deleted, err = s.deletedStorage(box)
	}
	return &imap.StatusData{
		Mailbox:        name,
		NumMessages:    number(box.Messages),
		NumRecent:      number(0),
		UIDNext:        imap.UID(box.UIDNext),
		UIDValidity:    box.UIDValidity,
		NumUnseen:      number(box.Unseen),
		NumDeleted:     number(box.Deleted),
		Size:           &size,
		AppendLimit:    &limit,
		DeletedStorage: &deleted,
	}, err
}

// uses are the special uses that CREATE may ask for.
var uses = []gsp.SpecialUse{gsp.UseSent, gsp.UseDrafts, gsp.UseTrash, gsp.UseArchive}

// Create makes a mailbox (RFC 6154, section 3).
func (s *session) Create(name string, options *imap.CreateOptions) error {
	var use gsp.SpecialUse
	for _, attr := range options.SpecialUse {
		if use != "" || !slices.Contains(uses, gsp.SpecialUse(attr)) {
			return no("USEATTR", "a mailbox can be for one of "+`\Sent \Drafts \Trash \Archive`)
		}
		use = gsp.SpecialUse(attr)
	}
	p, err := s.managed(name)
	if err == nil {
		err = s.createAbove(p.name)
	}
	if err == nil {
		_, err = s.Tree.CreateMailbox(s.ctx, p.name, use)
	}
	return s.reply("create", err)
}

// createAbove makes what is missing above a name (RFC 9051, section 6.3.4):
// clients show a level without a mailbox as any other, and fail to rename it.
func (s *session) createAbove(name gsp.MailboxName) (err error) {
	parents(name.Name, func(above string) {
		if err == nil {
			_, err = s.Tree.CreateMailbox(s.ctx, gsp.MailboxName{Owner: name.Owner, Name: above}, "")
		}
		if errors.Is(err, gsp.ErrExists) {
			err = nil
		}
	})
	return err
}

// managed locates a name where the account may make, rename and delete
// mailboxes.
func (s *session) managed(name string) (place, error) {
	p, err := s.locate(name)
	switch {
	case errors.Is(err, noMailbox):
		return place{}, notAllowed // the name is under a root that is not the account's
	case err != nil:
		return place{}, err
	case p.shelf.Rights&gsp.MayManage == 0:
		return place{}, notAllowed
	}
	return p, nil
}

// Delete removes a mailbox with its messages.
func (s *session) Delete(name string) error {
	_, box, err := s.find(name, gsp.MayManage|gsp.MayRemove)
	if err != nil {
		return s.reply("delete", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Tree.DeleteMailbox(s.ctx, box.ID); err != nil {
		return s.reply("delete", err)
	}
	if s.view != nil && s.view.id == box.ID {
		s.view = nil
		s.conn.Tell("* OK [CLOSED] the open mailbox is the one that was deleted") // RFC 9051, section 7.1
	}
	return nil
}

// Rename renames a mailbox and those below it, within its owner's.
func (s *session) Rename(name, to string, _ *imap.RenameOptions) error {
	p, box, err := s.find(name, gsp.MayManage)
	if err != nil {
		return s.reply("rename", err)
	}
	target, err := s.managed(to)
	if err == nil && target.shelf.Owner != p.shelf.Owner {
		err = notAllowed
	}
	if err == nil {
		err = s.Tree.RenameMailbox(s.ctx, box.ID, target.name.Name)
	}
	if err == nil {
		err = s.createAbove(target.name) // after it, for a mailbox may go below itself
	}
	return s.reply("rename", err)
}

// Subscribe makes a mailbox one that the account wants to see.
func (s *session) Subscribe(name string) error { return s.subscribe(name, true) }

// Unsubscribe hides a mailbox from the account's list of wanted ones.
func (s *session) Unsubscribe(name string) error { return s.subscribe(name, false) }

func (s *session) subscribe(name string, on bool) error {
	_, box, err := s.find(name, gsp.MayRead)
	if err == nil {
		err = s.Tree.Subscribe(s.ctx, s.account.ID, box.ID, on)
	}
	return s.reply("subscribe", err)
}
