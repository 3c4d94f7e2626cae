package imapd

import (
	"fmt"
	"slices"

	"gsp.example/gsp/imapd/guard"
	"gsp.example/gsp/internal/gsp"
)

// quota is what the library does not know of quotas (RFC 9208). Each owner of
// mailboxes is one quota root, called as its address begins; which of its
// mailboxes a message is in makes no difference. They are set elsewhere, so
// QUOTASET is not offered.
var quota = guard.Extra{
	Capabilities: []string{"QUOTA", "QUOTA=RES-STORAGE"},
	Commands:     []string{"GETQUOTA", "GETQUOTAROOT"},
}

// extras is all that sessions answer in place of the library.
var extras = guard.Extra{
	Capabilities: slices.Concat(acl.Capabilities, quota.Capabilities),
	Commands:     slices.Concat(acl.Commands, quota.Commands),
}

// extraCommand answers a command of extras.
func (s *session) extraCommand(command string, args []string) guard.Answer {
	if slices.Contains(quota.Commands, command) {
		return s.quotaCommand(command, args)
	}
	return s.rightsCommand(command, args)
}

// quotaCommand answers a command of quota.
func (s *session) quotaCommand(command string, args []string) guard.Answer {
	if len(args) != 1 {
		return guard.Answer{Status: "BAD", Text: command + " with a wrong number of arguments"}
	}
	ask := s.quotaOf
	if command == "GETQUOTAROOT" {
		ask = s.quotaRoot
	}
	lines, err := ask(args[0])
	return s.told(command, lines, err)
}

// quotaRoot names the root of a mailbox and tells its quota, or names none
// where there is no limit.
func (s *session) quotaRoot(name string) ([]string, error) {
	decoded, ok := s.decoded(name)
	if !ok {
		return nil, brokenName
	}
	p, _, err := s.find(decoded, gsp.MayRead)
	if err != nil {
		return nil, err
	}
	room, err := s.Tree.Room(s.ctx, p.name.Owner)
	if err != nil {
		return nil, err
	}
	if room.Quota == 0 {
		return []string{"* QUOTAROOT " + quote(name)}, nil
	}
	return []string{fmt.Sprintf("* QUOTAROOT %s %s", quote(name), quote(room.Owner)), quotaLine(room)}, nil
}

// quotaOf tells the quota of a root that the account may read.
func (s *session) quotaOf(root string) ([]string, error) {
	rights, err := s.rights(root)
	if err != nil {
		return nil, err
	}
	if rights&gsp.MayRead == 0 {
		return nil, noRoot
	}
	room, err := s.Tree.Room(s.ctx, root)
	if err != nil {
		return nil, err
	}
	if room.Quota == 0 {
		return []string{fmt.Sprintf("* QUOTA %s ()", quote(root))}, nil
	}
	return []string{quotaLine(room)}, nil
}

var noRoot = &gsp.Refusal{
	Reason: gsp.NoMailbox,
	Cause:  "there is no such quota root",
	Remedy: "ask for that of a mailbox with GETQUOTAROOT",
}

// quotaLine writes a quota in units of 1024 octets (RFC 9208, section 5.1): a
// begun one counts as used, and not as room.
func quotaLine(room gsp.Room) string {
	return fmt.Sprintf("* QUOTA %s (STORAGE %d %d)", quote(room.Owner), (room.Octets+1023)/1024, room.Quota/1024)
}

// deletedStorage returns the octets of the messages with \Deleted (RFC 9208,
// section 4.1.4).
func (s *session) deletedStorage(box gsp.Mailbox) (octets int64, err error) {
	if box.Deleted == 0 {
		return 0, nil
	}
	uids, err := s.Messages.Flagged(s.ctx, box.ID, gsp.Deleted, gsp.Deleted)
	if err != nil {
		return 0, err
	}
	items, err := s.Messages.Items(s.ctx, box.ID, uids)
	for _, item := range items {
		octets += item.Size
	}
	return octets, err
}
