package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"time"

	"gsp.example/gsp/internal/allowance"
	"gsp.example/gsp/internal/gsp"
)

const maxLine = 998 // octets of a mail's line (RFC 5322, section 2.1.1)

// endOfData is what go-smtp's own reader still has to find.
var endOfData = []byte(".\r\n")

// message reads one mail of an account up to the line that ends it, takes the
// dot stuffing off and returns its octets. announced is its size if the client
// told it, else 0. The room that it takes is given back by done, which is never
// nil.
//
// A mail ends with CR LF "." CR LF and with nothing else. One with a bare CR,
// a bare LF or a NUL is refused whole, so no two programs can disagree about
// where it ends. The error is always a *gsp.Refusal; where the end was not
// found, the session ends after it.
func (g *guard) message(account gsp.AccountID, announced int64) (raw []byte, done func(), err error) {
	g.line = endOfData
	m := mail{server: g.server, place: g.server.room.Enter(account), pace: &g.reading}
	if err := m.reserve(announced); err != nil {
		m.refuse(err)
	}
	g.reading = pace{began: time.Now()}
	g.reading.by = g.reading.began.Add(g.server.Limits.Message)
	if err := m.readFrom(g.in); err != nil {
		g.leaving, g.linger = true, err != errInterrupted
		m.refuse(err)
	}
	if m.refusal != nil {
		return nil, m.place.Leave, m.refusal
	}
	return m.raw, m.place.Leave, nil
}

// mail is a mail being read. Once refusal is set, the rest is read and thrown
// away, so that the session goes on after it.
type mail struct {
	server  *Server
	raw     []byte
	place   *allowance.Place
	pace    *pace
	thrown  int64 // octets
	refusal *gsp.Refusal
}

// readFrom reads lines until the end of the mail. Its error says why the end
// cannot be found.
func (m *mail) readFrom(in *bufio.Reader) *gsp.Refusal {
	whole := true // the line before ended in CR LF, and only there
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			m.refuse(errLongLine)
			if line, err = skipLine(in); err != nil {
				return errInterrupted
			}
			whole = endsWhole(line)
			continue
		case err != nil:
			return errInterrupted
		}
		if line[0] == '.' {
			switch loneDot := len(bytes.TrimRight(line[1:], "\r\n")) == 0; {
			case loneDot && whole && len(line) == len(endOfData):
				return nil
			case loneDot:
				return errStrangeEnd
			}
			line = line[1:]
		}
		whole = endsWhole(line)
		m.add(line, whole)
		if m.thrown > m.server.MaxMessage {
			return m.refusal
		}
	}
}

// endsWhole reports whether a line ends in CR LF with no CR before it.
func endsWhole(line []byte) bool {
	n := len(line)
	return n >= 2 && line[n-2] == '\r' && (n == 2 || line[n-3] != '\r')
}

// skipLine reads on to the end of a line that is longer than the buffer.
func skipLine(in *bufio.Reader) ([]byte, error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// add appends a line, or throws it away.
func (m *mail) add(line []byte, whole bool) {
	text := line[:max(0, len(line)-2)]
	switch {
	case m.refusal != nil:
	case !whole || bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0:
		m.refuse(errBrokenLine)
	case len(text) > maxLine:
		m.refuse(errLongLine)
	case int64(len(m.raw)+len(line)) > m.server.MaxMessage:
		m.refuse(tooLarge(m.server.MaxMessage))
	case len(m.raw)+len(line) > cap(m.raw):
		if err := m.grow(); err != nil {
			m.refuse(err)
		}
	}
	if m.refusal != nil {
		m.thrown += int64(len(line))
		return
	}
	m.raw = append(m.raw, line...)
}

// reserve waits for room for a mail of the announced size, 0 if it is unknown,
// and for a little more: some programs count the end of a line as one octet.
func (m *mail) reserve(announced int64) *gsp.Refusal {
	ctx, cancel := context.WithTimeout(m.server.ctx, m.server.Limits.RoomWait)
	defer cancel()
	var n int64
	if announced == 0 {
		n = m.place.Begin(ctx)
	} else if size := min(announced+announced/32+maxCommand, m.server.MaxMessage); m.place.Wait(ctx, size) {
		n = size
	}
	if n == 0 {
		return errNoRoom
	}
	m.raw = make([]byte, 0, n)
	return nil
}

// grow waits for room for more lines. The client is not to blame for the time.
func (m *mail) grow() *gsp.Refusal {
	ctx, cancel := context.WithTimeout(m.server.ctx, m.server.Limits.RoomWait)
	defer cancel()
	began := time.Now()
	if m.place.Grow(ctx, func(n int64) { m.raw = append(make([]byte, 0, n), m.raw...) }) == 0 {
		return errNoRoom
	}
	m.pace.pause(time.Since(began))
	return nil
}

func (m *mail) refuse(why *gsp.Refusal) {
	m.refusal, m.raw = why, nil
	m.place.Empty()
}

var (
	errBrokenLine = &gsp.Refusal{
		Reason: gsp.BrokenLines,
		Cause:  "the mail has a bare CR, a bare LF or a NUL",
		Remedy: "send it again from a mail program that ends lines in CR LF",
	}
	errStrangeEnd = &gsp.Refusal{
		Reason: gsp.BrokenLines,
		Cause:  "the line that ends the mail is not CR LF, a dot, CR LF",
		Remedy: "send it again from a mail program that ends lines in CR LF",
	}
	errLongLine = &gsp.Refusal{
		Reason: gsp.BrokenLines,
		Cause:  fmt.Sprintf("a line of the mail is longer than %d octets", maxLine),
		Remedy: "let your mail program wrap lines",
	}
	errNoRoom = &gsp.Refusal{
		Reason: gsp.TooBusy,
		Cause:  "too many mails are coming in at this moment",
		Remedy: "send it again in a minute",
	}
	errInterrupted = &gsp.Refusal{
		Reason: gsp.InterruptedInput,
		Cause:  "the mail did not arrive whole in time",
		Remedy: "check the network connection and send it again",
	}
)

func tooLarge(limit int64) *gsp.Refusal {
	return &gsp.Refusal{
		Reason: gsp.TooLarge,
		Cause:  "the mail is larger than " + gsp.Octets(limit),
		Remedy: "send it in several mails, or with smaller attachments",
	}
}
