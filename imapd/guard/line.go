package guard

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

// maxMarker is how long the announcement of a literal may be that the library
// can read, with blanks and line end.
const maxMarker = 64

// errLong is a line that is read to its end and not kept.
const errLong = byeError("command line too long")

// readLine returns the next line without its end, which is CRLF or LF, and
// without blanks before that end, which the library would take for nothing
// either. Of a line beyond the limit it returns the begin and errLong.
func (c *Conn) readLine(limit int) (line []byte, err error) {
	c.expect(forLine)
	var part, end []byte
	for size := 0; ; {
		part, err = c.in.ReadSlice('\n')
		if size += len(part); size <= limit+2 {
			line = append(line, part...)
		}
		end = append(end[max(0, len(end)-maxMarker):], part...)
		switch {
		case err == nil && size <= limit+2:
			return trimEnd(line), nil
		case err == nil:
			if _, ok := literalAt(trimEnd(end)); ok {
				return nil, byeError("command line too long before a literal")
			}
			return line, errLong
		case err != bufio.ErrBufferFull:
			return nil, err
		case size > maxSkipped:
			return nil, byeError("command line far too long")
		}
	}
}

func trimEnd(line []byte) []byte {
	return bytes.TrimRight(bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), " ")
}

// wellFormed is a line without octets that end lines or strings elsewhere, and
// without a quoted string that goes on in the next line: the library would
// read it so.
var wellFormed = regexp.MustCompile(`^(?s:[^"\x00\r\n]|"(?:[^"\\\x00\r\n]|\\[^\x00\r\n])*")*$`)

// aTag follows RFC 9051: 1*<any ASTRING-CHAR except "+">.
var aTag = regexp.MustCompile(`^[^\x00-\x20\x7f-\xff(){%*"\\+]{1,64}$`)

var idField = regexp.MustCompile(`(?i)"(name|version)" +"((?:[^"\\]|\\.)*)"`)

// id answers ID (RFC 2971), which the library does not know and, before login,
// takes for an attack.
func (c *Conn) id(args []byte) {
	given := make(map[string]string)
	for _, field := range idField.FindAllSubmatch(args, 4) {
		given[strings.ToLower(string(field[1]))] = string(field[2])
	}
	c.mu.Lock()
	c.client = printable(given["name"] + " " + given["version"])
	c.mu.Unlock()
	c.out.inject(`* ID ("name" "` + c.cfg.Name + "\")\r\n")
	c.reply("OK", "ID completed")
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

// searchKeys follows the keys of a SEARCH command over its lines.
type searchKeys struct {
	arguments int // of the last key, still to come
}

var searchArguments = map[string]int{
	"BCC": 1, "BEFORE": 1, "BODY": 1, "CC": 1, "CHARSET": 1, "FROM": 1, "HEADER": 2, "KEYWORD": 1,
	"LARGER": 1, "ON": 1, "SENTBEFORE": 1, "SENTON": 1, "SENTSINCE": 1, "SINCE": 1, "SMALLER": 1,
	"SUBJECT": 1, "TEXT": 1, "TO": 1, "UID": 1, "UNKEYWORD": 1,
}

var searchWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^ ()"]+`)

// rewrite returns the line with "NOT NOT SMALLER" for "SMALLER": go-imap
// beta.8 forgets the key when a date or LARGER follows it in the same list,
// and NOT opens a list of its own.
func (k *searchKeys) rewrite(line []byte) []byte {
	return searchWord.ReplaceAllFunc(line, func(word []byte) []byte {
		if k.arguments > 0 {
			k.arguments--
			return word
		}
		key := strings.ToUpper(string(word))
		if k.arguments = searchArguments[key]; key == "SMALLER" {
			return []byte("NOT NOT SMALLER")
		}
		return word
	})
}

// rewrite changes a line of a SEARCH command, and counts what is added.
func (c *Conn) rewrite(line []byte) []byte {
	head := 0
	if c.step == between {
		head = len(c.cmd.tag) + len(" ") + len(c.cmd.name)
		if c.cmd.name == "UID" && bytes.HasPrefix(bytes.ToUpper(line[head:]), []byte(" SEARCH ")) {
			c.cmd.name, head = "SEARCH", head+len(" SEARCH")
		}
	}
	if c.cmd.name != "SEARCH" {
		return line
	}
	longer := append(line[:head:head], c.cmd.keys.rewrite(line[head:])...)
	c.cmd.text += len(longer) - len(line)
	return longer
}
