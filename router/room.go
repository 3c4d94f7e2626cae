package router

import (
	"fmt"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// full turns the error of a posting that some mailboxes have no room for into
// the refusal that the sender reads, and has their owners told. Any other error
// stays as it is. It is a matter of time: the owners can make room, and the
// same mail is then accepted.
func (r *Router) full(sender gsp.Address, recipients []registry.Owner, err error) error {
	owners, ok := gsp.IsFull(err)
	if !ok {
		return err
	}
	var addresses []string
	for _, o := range recipients {
		if slices.Contains(owners, o.Inbox().Owner) {
			addresses = append(addresses, o.Address.String())
		}
	}
	if len(addresses) == 1 && addresses[0] == sender.String() {
		return gsp.FullRefusal()
	}
	if r.Full != nil {
		r.Full(owners)
	}
	mailbox, told, them := "the mailbox of %s has no room for this mail", "its owner is told", "that recipient"
	if len(addresses) > 1 {
		mailbox, told, them = "the mailboxes of %s have no room for this mail", "their owners are told", "those recipients"
	}
	return &gsp.Refusal{
		Reason: gsp.MailboxFull,
		Cause:  fmt.Sprintf(mailbox+", so nobody got it", some(addresses)),
		Remedy: fmt.Sprintf("send it again later, %s; or leave %s out", told, them),
	}
}

// some lists as many as a reply has room for.
func some(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(list[:most], ", "), len(list)-most)
}
