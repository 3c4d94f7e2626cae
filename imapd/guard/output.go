package guard

import (
	"bytes"
	"net"
	"strconv"
	"strings"
	"sync"
)

const (
	bufferSize = 32 << 10 // octets of answers that are sent together
	headSize   = 1 << 10  // octets of a line that are looked at before they are sent
)

// serverBug is what beta.8 says of some commands that it cannot read, a broken
// set of numbers among them. Clients take a bug of the server for a reason to
// ask again.
var serverBug = []byte("[SERVERBUG] Internal server error\r\n")

// output follows the lines that the library writes: it learns from them what
// became of the running command, adds capabilities of ours, and knows when a
// line of our own may be put between two.
type output struct {
	send         func([]byte) error
	capabilities string // of the guard, each with a space before it

	mu      sync.Mutex
	buf     []byte // to be sent
	line    []byte // begin of a line, or the newest octets of a long one
	long    bool   // the begin of the line is sent already
	data    bool   // the line is not a status response, so it may hold literals
	literal int64  // octets of a literal that follow
	direct  bool   // send at once
	err     error

	tag    string // of the running command
	mute   bool   // the next continuation request is ours, not the client's
	asked  bool   // a continuation request was seen
	result string // of the tagged response, "" until it was seen
	bug    string // what is said in place of serverBug
	silent bool   // ESEARCH is not wanted
	drop   bool   // the line is not sent
}

// begin notes that the library is given a new command.
func (o *output) begin(tag string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tag, o.mute, o.asked, o.result = tag, false, false, ""
	o.bug, o.silent = "BAD [CLIENTBUG] the command cannot be read", false
}

// hush keeps the result of the running command, which is to be saved and not
// told, from the client.
func (o *output) hush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.silent = true
}

// unreadable sets what is said of the running command if the library cannot
// read it.
func (o *output) unreadable(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bug = text
}

// offer notes that the library is given a line that ends with a literal.
func (o *output) offer(mute bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked, o.mute = false, mute
}

// verdict returns what the library answered since begin or offer.
func (o *output) verdict() (asked bool, result string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked, o.result
}

// hurry sets whether lines are sent at once.
func (o *output) hurry(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.direct = on
}

// write takes what the library writes.
func (o *output) write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	for rest := p; len(rest) > 0; {
		if o.literal > 0 {
			n := min(o.literal, int64(len(rest)))
			o.literal -= n
			o.emit(rest[:n])
			rest = rest[n:]
			continue
		}
		end := bytes.IndexByte(rest, '\n') + 1
		whole := end > 0
		if !whole {
			end = len(rest)
		}
		o.line = append(o.line, rest[:end]...)
		rest = rest[end:]
		switch {
		case whole:
			o.endLine()
		case len(o.line) > headSize:
			o.passHead()
		}
	}
	if o.direct {
		o.drain()
	}
	return len(p), o.err
}

func (o *output) endLine() {
	if !o.long {
		o.examine()
	}
	o.long = false
	if o.data {
		if lit, ok := literalAt(bytes.TrimRight(o.line, "\r\n")); ok {
			o.literal, o.long = lit.size, true
		}
	}
	if !o.drop {
		o.emit(o.line)
	}
	o.line, o.drop = o.line[:0], false
}

// passHead sends the begin of a long line, and keeps as much of its end as
// may announce a literal.
func (o *output) passHead() {
	if !o.long {
		o.examine()
		o.long = true
	}
	const tail = 32
	cut := len(o.line) - tail
	if !o.drop {
		o.emit(o.line[:cut])
	}
	o.line = o.line[:copy(o.line, o.line[cut:])]
}

// examine reads the begin of a line and may change it.
func (o *output) examine() {
	line := o.line
	o.data = false
	if line[0] == '+' {
		o.asked = true
		switch {
		case o.mute:
			o.mute, o.line = false, line[:0]
		case string(line) == "+ =\r\n":
			// beta.8 writes an empty challenge as it is read from a client; RFC 9051,
			// section 6.2.2 has nothing there.
			o.line = append(line[:2], "\r\n"...)
		}
		return
	}
	first, rest, _ := bytes.Cut(line, []byte(" "))
	word, rest, _ := bytes.Cut(rest, []byte(" "))
	tagged := string(first) != "*"
	switch string(bytes.TrimRight(word, "\r\n")) {
	case "OK", "PREAUTH", "NO", "BAD", "BYE":
		if tagged && string(first) == o.tag {
			o.result = string(word)
			if bytes.Equal(rest, serverBug) {
				o.result, _, _ = strings.Cut(o.bug, " ")
				o.line = []byte(o.tag + " " + o.bug + "\r\n")
				return
			}
		}
		if !bytes.HasPrefix(rest, []byte("[CAPABILITY ")) {
			return
		}
	case "CAPABILITY":
	default:
		o.data, o.drop = !tagged, o.silent && string(word) == "ESEARCH"
		return
	}
	after := bytes.Index(line, []byte("CAPABILITY")) + len("CAPABILITY")
	o.line = append(line[:after:after], append([]byte(o.capabilities), line[after:]...)...)
}

// inject puts a line of our own between two lines of the library. Within a
// line of the library it is left out: only signs of life can come there.
func (o *output) inject(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) == 0 && !o.long && o.literal == 0 {
		o.emit([]byte(line))
	}
}

func (o *output) emit(p []byte) {
	if len(o.buf)+len(p) > bufferSize {
		o.drain()
	}
	if len(p) > bufferSize {
		if o.err == nil {
			o.err = o.send(p)
		}
		return
	}
	o.buf = append(o.buf, p...)
}

// flush sends what is waiting.
func (o *output) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drain()
	if cap(o.buf)+cap(o.line) > 8<<10 {
		o.buf = nil // an idle session keeps no large buffer
		o.line = append([]byte(nil), o.line...)
	}
	return o.err
}

func (o *output) drain() {
	if len(o.buf) > 0 && o.err == nil {
		o.err = o.send(o.buf)
	}
	o.buf = o.buf[:0]
}

// shut drops what the library may still write.
func (o *output) shut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = net.ErrClosed
	}
}

// literal is announced at the end of a line: {size} or {size+}.
type literal struct {
	size int64
	sync bool // the client waits to be asked
}

// literalAt returns the literal that a line without its end announces. A size
// that no int64 holds is a literal of the greatest size.
func literalAt(line []byte) (literal, bool) {
	if len(line) == 0 || line[len(line)-1] != '}' {
		return literal{}, false
	}
	open := bytes.LastIndexByte(line, '{')
	if open < 0 {
		return literal{}, false
	}
	digits, nonSync := bytes.CutSuffix(line[open+1:len(line)-1], []byte("+"))
	if len(digits) == 0 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return literal{}, false
	}
	size, _ := strconv.ParseInt(string(digits), 10, 64) // the greatest on overflow
	return literal{size, !nonSync}, true
}
