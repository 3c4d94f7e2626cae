package guard

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Extra is a set of commands that the library does not know and the session
// answers.
type Extra struct {
	Capabilities []string // that say so
	Commands     []string // in capitals
}

// Answer is what a session says to a command of Extra: lines without their
// ends, and OK, NO or BAD with a text.
type Answer struct {
	Untagged     []string
	Status, Text string
}

// Handle has f answer the commands of Extra, once the client is logged in. It
// is called between two commands of the library, in the goroutine that calls
// Read. A quoted argument comes without its quotes.
func (c *Conn) Handle(f func(command string, args []string) Answer) { c.handle = f }

// Command returns the name of the running command in capitals. It is for a
// session whose library does not tell two commands apart, in the goroutine
// that calls Read.
func (c *Conn) Command() string { return c.cmd.name }

// Tell sends a response of the session, given without its line end, before
// the next one that the library writes. It is for a session that the library
// asks something, between two responses.
func (c *Conn) Tell(response string) { c.out.inject(response + "\r\n") }

var argument = regexp.MustCompile(`^ ("(?:[^"\\]|\\["\\])*"|[^ "(){%*\\]+)`)

// extra answers a command in place of the library.
func (c *Conn) extra(line []byte) error {
	var args []string
	for len(line) > 0 {
		m := argument.FindSubmatch(line)
		if m == nil {
			c.reply("BAD", "arguments cannot be read")
			return nil
		}
		line = line[len(m[0]):]
		arg := string(m[1])
		if arg[0] == '"' {
			arg = unquote.Replace(arg[1 : len(arg)-1])
		}
		args = append(args, arg)
	}
	c.mu.Lock()
	authed := c.authed
	c.mu.Unlock()
	if !authed || c.handle == nil {
		c.reply("BAD", "log in first")
		return nil
	}
	answer := c.handle(c.cmd.name, args)
	for _, line := range answer.Untagged {
		c.out.inject(line + "\r\n")
	}
	c.reply(answer.Status, answer.Text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.goodbye != "" {
		return partingError(c.goodbye)
	}
	return nil
}

var unquote = strings.NewReplacer(`\\`, `\`, `\"`, `"`)

// names are the commands of RFC 9051 and older ones that clients send.
var names = []string{
	"APPEND", "AUTHENTICATE", "CAPABILITY", "CHECK", "CLOSE", "COPY", "CREATE", "DELETE", "ENABLE", "EXAMINE",
	"EXPUNGE", "FETCH", "ID", "IDLE", "LIST", "LOGIN", "LOGOUT", "LSUB", "MOVE", "NAMESPACE", "NOOP", "RENAME", "SEARCH",
	"SELECT", "STATUS", "STORE", "SUBSCRIBE", "UID", "UNSELECT", "UNSUBSCRIBE",
}

// observe tells of a command that was answered. Its name is one of a few: a
// client must not be able to fill a table of names.
func (c *Conn) observe(result string) {
	if c.cfg.Answered == nil {
		return
	}
	name := c.cmd.name
	if !slices.Contains(names, name) && !slices.Contains(c.cfg.Extra.Commands, name) {
		name = "OTHER"
	}
	c.cfg.Answered(name, result, time.Since(c.cmd.began))
}
