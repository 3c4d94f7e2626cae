package guard

import (
	"bufio"
	"bytes"
	"strings"
)

// readLine returns the next line without its end, which is CRLF or LF, and
// without blanks before that end, which the library would take for nothing
// either. Of a longer line it returns the begin and errLong, once it has read
// past the rest. The line is the caller's.
func (c *Conn) readLine(limit int) ([]byte, error) {
	c.expect(forLine)
	var line, tail []byte
	dropped := 0
	for {
		part, err := c.in.ReadSlice('\n')
		if room := limit + 2 - len(line); len(part) > room {
			dropped += len(part) - room
			tail = append(tail[:0], part...)
			part = part[:room]
		}
		line = append(line, part...)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return nil, err
		}
		if dropped > maxDropped {
			return nil, byeError("command line too long")
		}
	}
	if dropped == 0 {
		line = trimEnd(line)
		if len(line) <= limit {
			return line, nil
		}
		tail = line
	}
	if _, ok := literalAt(trimEnd(tail)); ok {
		return nil, byeError("command line too long")
	}
	return line, errLong
}

func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	return bytes.TrimRight(line, " ")
}

// wellFormed reports whether a line has no octet that ends lines or strings
// elsewhere, and no quoted string that goes on in the next line: the library
// would read it so.
func wellFormed(line []byte) bool {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case 0, '\r', '\n':
			return false
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++ // RFC 9051: quoted-specials
			}
		}
	}
	return !quoted
}

// tagOf returns the tag of a line that is refused, or "*".
func tagOf(line []byte) string {
	tag, _, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(tag) > 64 || !isTag(tag) {
		return "*"
	}
	return string(tag)
}

// isTag follows RFC 9051: 1*<any ASTRING-CHAR except "+">.
func isTag(tag []byte) bool {
	for _, b := range tag {
		if b <= ' ' || b >= 0x7f || strings.IndexByte(`(){%*"\+`, b) >= 0 {
			return false
		}
	}
	return len(tag) > 0
}

// id answers ID (RFC 2971), which the library does not know and, before login,
// takes for an attack.
func (c *Conn) id(args []byte) error {
	given := make(map[string]string)
	fields := quotedStrings(args)
	for i := 0; i+1 < len(fields) && i < 60; i += 2 {
		given[strings.ToLower(fields[i])] = fields[i+1]
	}
	name := printable(given["name"] + " " + given["version"])
	c.mu.Lock()
	c.client = name
	c.mu.Unlock()
	c.out.inject(`* ID ("name" "` + c.cfg.Name + "\")\r\n")
	return c.reply(c.cmd.tag, "OK", "ID completed")
}

// quotedStrings returns the strings of a list; an atom, such as NIL, counts
// as an empty one.
func quotedStrings(args []byte) []string {
	var all []string
	for i := 0; i < len(args); {
		switch args[i] {
		case ' ', '(', ')':
			i++
		case '"':
			var s []byte
			for i++; i < len(args) && args[i] != '"'; i++ {
				if args[i] == '\\' && i+1 < len(args) {
					i++
				}
				s = append(s, args[i])
			}
			i++
			all = append(all, string(s))
		default:
			i += atomLen(args[i:])
			all = append(all, "")
		}
	}
	return all
}

// printable keeps what may stand in a log: the first 80 printable characters
// of ASCII.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s[:min(len(s), 80)])
}

// atomLen returns how many octets, at least one, stand before the next blank,
// parenthesis or quote.
func atomLen(s []byte) int {
	if n := bytes.IndexAny(s[1:], ` ()"`); n >= 0 {
		return n + 1
	}
	return len(s)
}

// searchKeys follows the keys of a SEARCH command over its lines.
type searchKeys struct {
	arguments int // of the last key, still to come
}

var searchArguments = map[string]int{
	"BCC": 1, "BEFORE": 1, "BODY": 1, "CC": 1, "CHARSET": 1, "FROM": 1, "HEADER": 2, "KEYWORD": 1,
	"LARGER": 1, "ON": 1, "SENTBEFORE": 1, "SENTON": 1, "SENTSINCE": 1, "SINCE": 1, "SMALLER": 1,
	"SUBJECT": 1, "TEXT": 1, "TO": 1, "UID": 1, "UNKEYWORD": 1,
}

// rewrite returns the line with "NOT NOT SMALLER" for "SMALLER": go-imap
// beta.8 forgets the key when a date or LARGER follows it in the same list,
// and NOT opens a list of its own.
func (k *searchKeys) rewrite(line []byte) []byte {
	var out []byte
	for i := 0; i < len(line); {
		start := i
		switch line[i] {
		case ' ', '(', ')':
			i++
			out = append(out, line[start:i]...)
			continue
		case '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' {
					i++
				}
			}
			i = min(i+1, len(line))
		default:
			i += atomLen(line[i:])
		}
		word := line[start:i]
		if k.arguments > 0 {
			k.arguments--
		} else {
			key := strings.ToUpper(string(word))
			k.arguments = searchArguments[key]
			if key == "SMALLER" {
				out = append(out, "NOT NOT "...)
			}
		}
		out = append(out, word...)
	}
	return out
}

// rewrite changes a line of a SEARCH command, and counts what is added.
func (c *Conn) rewrite(line []byte) []byte {
	if c.cmd.name != "SEARCH" && c.cmd.name != "UID" {
		return line
	}
	head := 0
	if c.step == between {
		head = len(c.cmd.tag) + 1 + len(c.cmd.name)
		if c.cmd.name == "UID" {
			rest := bytes.ToUpper(line[head:])
			if !bytes.HasPrefix(rest, []byte(" SEARCH ")) {
				return line
			}
			c.cmd.name, head = "SEARCH", head+len(" SEARCH")
		}
	}
	longer := append(line[:head:head], c.cmd.keys.rewrite(line[head:])...)
	c.cmd.text += len(longer) - len(line)
	return longer
}
