package guard

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of what one command may carry. go-imap beta.8 falls out of step with
// its client beyond 50 KiB of text, and beyond 4 KiB in a literal other than
// a message's; both it refuses only after reading on.
const (
	maxText     = 48 << 10  // octets of a command without its literals
	maxGuest    = 4 << 10   // the same before login
	maxString   = 4 << 10   // octets of a literal that is not a message; RFC 7888, section 5
	maxStrings  = 64 << 10  // octets of all such literals
	maxSkipped  = 512 << 10 // octets of a line that is read and not kept
	maxResponse = 4000      // octets of a line of AUTHENTICATE
)

// step is what was last handed to the library.
type step uint8

const (
	between   step = iota // nothing: the last command is answered
	sent                  // the end of a command
	offered               // a line that announces a literal
	delivered             // a literal; the rest of the line is due
)

// command is the one that runs.
type command struct {
	tag, name string
	began     time.Time
	text      int   // octets of its lines
	strings   int64 // octets of its literals but a message
	literal   literal
	message   bool // the literal is APPEND's message
	keys      searchKeys
}

// next makes something ready for the library. It is called when the library
// has read all that it was given, so what it has answered is its verdict.
func (c *Conn) next() error {
	asked, result := c.out.verdict()
	switch {
	case c.step == between:
		return c.command()
	case result != "":
		return c.finish(result)
	case c.step == offered && asked:
		c.left, c.step = c.cmd.literal.size, delivered
		c.expect(forLiteral)
		return nil
	case c.step == delivered:
		return c.tail()
	case c.step == sent && asked && c.cmd.name == "AUTHENTICATE":
		return c.response()
	case c.step == sent && asked && c.cmd.name == "IDLE":
		return c.idle()
	}
	// The library wants to read on in the middle of what the guard takes for a
	// whole. Going on would let text run as a command.
	return byeError("out of step with the server")
}

// finish ends the running command, which was answered: what the client still
// sends of it is dropped.
func (c *Conn) finish(result string) error {
	last, name := c.step, c.cmd.name
	c.step = between
	c.run(false)
	c.observe(result)
	c.mu.Lock()
	entered := result == "OK" && (name == "LOGIN" || name == "AUTHENTICATE")
	c.authed = c.authed || entered
	goodbye := c.goodbye
	c.mu.Unlock()
	if entered {
		c.entered()
	}
	if goodbye != "" {
		return partingError(goodbye)
	}
	switch {
	case last == offered && !c.cmd.literal.sync:
		return c.drop(c.cmd.literal)
	case last == delivered:
		return c.drop(literal{}) // it was taken, the rest of its line was not
	}
	return nil
}

// drop reads past a literal that nobody wants and the rest of its command.
func (c *Conn) drop(lit literal) error {
	for {
		if lit.size > maxString {
			return byeError("literal too long")
		}
		c.expect(forLiteral)
		if _, err := c.in.Discard(int(lit.size)); err != nil {
			return err
		}
		line, err := c.readLine(maxText)
		if err != nil {
			return err
		}
		var more bool
		if lit, more = literalAt(line); !more || lit.sync {
			return nil // it waits to be asked, and is not
		}
	}
}

// command reads the first line of a command.
func (c *Conn) command() error {
	c.expect(forCommand)
	if _, err := c.in.Peek(1); err != nil {
		return err
	}
	line, long := c.readLine(c.limit())
	if long != nil && long != errLong || len(line) == 0 {
		return long // iOS Mail sends empty lines between commands
	}
	lit, hasLiteral := literalAt(line)
	tag, rest, _ := bytes.Cut(line, []byte(" "))
	name, args, _ := bytes.Cut(rest, []byte(" "))
	c.cmd = command{tag: "*", name: strings.ToUpper(string(name)), began: time.Now(), text: len(line)}
	c.cmd.message = hasLiteral && c.cmd.name == "APPEND" && !bytes.HasPrefix(args, []byte("{"))
	if aTag.Match(tag) {
		c.cmd.tag = string(tag)
	}
	switch {
	case long != nil:
		c.reply("BAD", "[TOOBIG] "+long.Error())
		return nil
	case !wellFormed.Match(line):
		if hasLiteral { // or not: nobody can tell
			return byeError("line is not well formed")
		}
		c.reply("BAD", "line is not well formed")
		return nil
	case c.cmd.tag == "*" || !aCommand.MatchString(c.cmd.name):
		return c.refuse("a tag and a command are expected", lit, hasLiteral)
	case c.cmd.name == "ID" || slices.Contains(c.cfg.Extra.Commands, c.cmd.name):
		args, err := c.whole(line[len(line)-len(rest)+len(name):], lit, hasLiteral)
		if err != nil {
			return err
		}
		if c.cmd.name == "ID" {
			c.id(args)
			return nil
		}
		return c.extra(args)
	case emptyFetch.Match(rest): // the library takes both for something
		return c.refuse("[CLIENTBUG] an empty list", lit, hasLiteral)
	case hasLiteral && lit.size > maxString && !(c.cmd.message && lit.sync): // else the library has a limit
		return c.refuse(fmt.Sprintf("[TOOBIG] literals are limited to %d octets here", maxString), lit, hasLiteral)
	}
	if line = c.rewrite(line); c.cmd.text > maxText {
		return c.refuse("[TOOBIG] command line too long", lit, hasLiteral)
	}
	c.out.begin(c.cmd.tag)
	if c.cfg.BrokenName != "" && bytes.ContainsRune(args, '&') && slices.Contains(namers, c.cmd.name) {
		c.out.unreadable("NO " + c.cfg.BrokenName)
	}
	if saveAlone.Match(rest) {
		c.out.hush()
	}
	return c.pass(line, lit, hasLiteral)
}

// whole reads the rest of a command that the library does not get, and returns
// its arguments with strings in quotes where there are literals.
func (c *Conn) whole(args []byte, lit literal, hasLiteral bool) ([]byte, error) {
	for hasLiteral {
		if lit.size > maxString || len(args) > maxString {
			return nil, byeError("literal too long")
		}
		if lit.sync {
			c.out.inject("+ go on\r\n")
		}
		c.expect(forLiteral)
		octets := make([]byte, lit.size)
		if _, err := io.ReadFull(c.in, octets); err != nil {
			return nil, err
		}
		line, err := c.readLine(c.limit())
		if err != nil {
			return nil, err
		}
		if bytes.ContainsAny(octets, "\x00\r\n") || !wellFormed.Match(line) {
			return nil, byeError("a literal or the line after it is not well formed")
		}
		args = append(args[:bytes.LastIndexByte(args, '{'):len(args)], '"')
		args = append(append(args, quoted.Replace(string(octets))+`"`...), line...)
		lit, hasLiteral = literalAt(line)
	}
	return args, nil
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

var aCommand = regexp.MustCompile(`^[A-Z]+$`)

// namers are the commands that name mailboxes.
var namers = []string{
	"APPEND", "COPY", "CREATE", "DELETE", "EXAMINE", "LIST", "LSUB", "MOVE", "RENAME", "SELECT", "STATUS", "SUBSCRIBE",
	"UID", "UNSUBSCRIBE",
}

// saveAlone is a SEARCH of which nothing is to be told (RFC 5182, section 2.1).
var saveAlone = regexp.MustCompile(`(?i)^(?:UID )?SEARCH RETURN \(SAVE\) `)

var emptyFetch = regexp.MustCompile(`(?i)^(?:UID )?FETCH [^ ]+ (?:\( *\)$|.*HEADER\.FIELDS(?:\.NOT)? \( *\))`)

// refuse answers a command in place of the library.
func (c *Conn) refuse(text string, lit literal, hasLiteral bool) error {
	c.reply("BAD", text)
	if !hasLiteral || lit.sync {
		return nil
	}
	return c.drop(lit)
}

// tail reads on after a literal.
func (c *Conn) tail() error {
	line, err := c.readLine(c.limit())
	if err != nil {
		return err
	}
	lit, hasLiteral := literalAt(line)
	c.cmd.text += len(line)
	switch {
	case !wellFormed.Match(line) || c.cmd.text > maxText:
		return byeError("line after a literal is not well formed, or too long")
	case c.cmd.message && len(bytes.Trim(line, ")")) > 0:
		// MULTIAPPEND (RFC 3502) is not offered, and beta.8 does not answer it.
		return byeError("one message in a command, please")
	case hasLiteral && lit.size > maxString && !(lit.sync && c.cmd.name == "APPEND"):
		return byeError("literal too long")
	}
	c.cmd.message = hasLiteral && c.cmd.name == "APPEND"
	if line = c.rewrite(line); c.cmd.text > maxText {
		return byeError("command line too long")
	}
	return c.pass(line, lit, hasLiteral)
}

// pass hands a line to the library. It never learns that a literal comes
// unasked: so it always says whether it wants it.
func (c *Conn) pass(line []byte, lit literal, hasLiteral bool) error {
	c.step = sent
	if hasLiteral {
		c.step, c.cmd.literal = offered, lit
		if !c.cmd.message {
			c.cmd.strings += lit.size
		}
		if c.cmd.strings > maxStrings {
			return byeError("too many literals")
		}
		c.out.offer(!lit.sync)
		if !lit.sync {
			line = append(line[:len(line)-2], '}')
		}
	}
	if c.step == sent && c.cmd.name != "IDLE" && c.cmd.name != "AUTHENTICATE" {
		c.run(true)
	}
	c.ready = append(line, "\r\n"...)
	return nil
}

// response reads what a client answers to a challenge of AUTHENTICATE.
func (c *Conn) response() error {
	line, err := c.readLine(maxResponse)
	if err != nil {
		return err
	}
	c.out.begin(c.cmd.tag)
	c.ready = append(line, "\r\n"...)
	return nil
}

// idle waits for the end of IDLE (RFC 9051, section 6.3.13).
func (c *Conn) idle() error {
	c.out.hurry(true)
	defer c.out.hurry(false)
	var line []byte
	for len(line) == 0 { // as between commands
		c.expect(forDone)
		_, err := c.in.Peek(1)
		if err == nil {
			line, err = c.readLine(maxResponse)
		}
		if err != nil {
			return err
		}
	}
	if !strings.EqualFold(string(line), "DONE") {
		return byeError("DONE expected")
	}
	c.out.begin(c.cmd.tag)
	c.ready = []byte("DONE\r\n")
	return nil
}

// limit is how long a line may be, without its end.
func (c *Conn) limit() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.authed {
		return maxText
	}
	return maxGuest
}

// reply answers in place of the library.
func (c *Conn) reply(status, text string) {
	c.out.inject(c.cmd.tag + " " + status + " " + text + "\r\n")
	c.observe(status)
}
