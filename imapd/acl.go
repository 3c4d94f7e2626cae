package imapd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/imapd/guard"
	"gsp.example/gsp/internal/gsp"
)

// acl is what the library does not know of access control lists (RFC 4314).
// Clients ask for them to show what a user may do. They change nothing here:
// rights come from the account and its grants.
var acl = guard.Extra{
	Capabilities: []string{"ACL", "RIGHTS=texk"},
	Commands:     []string{"MYRIGHTS", "GETACL", "LISTRIGHTS", "SETACL", "DELETEACL"},
}

// rightsCommand answers a command of acl.
func (s *session) rightsCommand(command string, args []string) guard.Answer {
	wanted := map[string]int{"MYRIGHTS": 1, "GETACL": 1, "LISTRIGHTS": 2, "SETACL": 3, "DELETEACL": 2}[command]
	if len(args) != wanted {
		return guard.Answer{Status: "BAD", Text: command + " with a wrong number of arguments"}
	}
	line, err := s.askRights(command, args)
	return s.told(command, []string{line}, err)
}

// told is what is said to a command of extras: lines, or why there are none.
func (s *session) told(command string, lines []string, err error) guard.Answer {
	var done *imap.Error
	switch {
	case errors.As(s.reply(strings.ToLower(command), err), &done) && done.Code != "":
		return guard.Answer{Status: string(done.Type), Text: fmt.Sprintf("[%s] %s", done.Code, done.Text)}
	case done != nil:
		return guard.Answer{Status: string(done.Type), Text: done.Text}
	}
	return guard.Answer{Untagged: lines, Status: "OK", Text: command + " completed"}
}

// decoded returns a mailbox name as the client means it.
func (s *session) decoded(name string) (string, bool) {
	if caps := s.library.EnabledCaps(); caps.Has(imap.CapIMAP4rev2) || caps.Has(imap.CapUTF8Accept) {
		return name, true
	}
	return decodeName(name)
}

// askRights returns the response to a command that asks. Lists are told of an
// account's own mailboxes alone: who else may see a shared one takes a right
// that nobody has (RFC 4314, section 4).
func (s *session) askRights(command string, args []string) (string, error) {
	name, ok := s.decoded(args[0])
	if !ok {
		return "", brokenName
	}
	p, _, err := s.find(name, gsp.MayRead)
	if err != nil {
		return "", err
	}
	rights, own := letters(p.shelf.Rights), p.shelf.Prefix == ""
	switch {
	case command == "MYRIGHTS":
		return fmt.Sprintf("* MYRIGHTS %s %s", quote(args[0]), rights), nil
	case command == "GETACL" && own:
		return fmt.Sprintf("* ACL %s %s %s", quote(args[0]), quote(s.account.Login), rights), nil
	case command == "LISTRIGHTS" && own && args[1] == s.account.Login:
		return fmt.Sprintf("* LISTRIGHTS %s %s %s", quote(args[0]), quote(args[1]), rights), nil
	case command == "LISTRIGHTS" && own:
		return fmt.Sprintf(`* LISTRIGHTS %s %s ""`, quote(args[0]), quote(args[1])), nil
	}
	return "", notAllowed
}

// letters writes rights as RFC 4314, section 2.1 has them, with those that
// older clients look for (section 2.1.1). MayFile has none of its own: it is
// told as "i", or clients would offer no move to such a mailbox.
func letters(r gsp.Rights) string {
	var b strings.Builder
	for _, right := range []struct {
		right   gsp.Rights
		letters string
	}{{gsp.MayRead, "lr"}, {gsp.MayFlag, "sw"}, {gsp.MayInsert | gsp.MayFile, "i"}, {gsp.MayManage, "kxc"}, {gsp.MayRemove, "ted"}} {
		if r&right.right != 0 {
			b.WriteString(right.letters)
		}
	}
	return b.String()
}

func quote(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
