package smtpd

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"gsp.example/gsp/internal/gsp"
)

// untilSTARTTLS leads the dialogue before TLS (RFC 3207), until the client may
// begin its handshake. go-smtp hears nothing of it, so nothing that was said
// in clear can last, and what came along behind STARTTLS ends the session: it
// would be run as if it had come by TLS (CVE-2011-0411). The error is io.EOF.
func (g *guard) untilSTARTTLS() error {
	g.layer = g.Conn
	g.in = bufio.NewReaderSize(stream{g}, maxCommand)
	if g.unwelcome {
		return g.turnAway()
	}
	for {
		line, err := g.nextLine()
		if err != nil {
			return err
		}
		if r := g.refuseLine(line); r != nil {
			return g.hangUp(r)
		}
		verb, argument, _ := bytes.Cut(bytes.TrimRight(line, " \r\n"), []byte(" "))
		switch verb := string(bytes.ToUpper(verb)); {
		case verb == "QUIT":
			g.tell("221 2.0.0 closing")
			return g.leave()
		case verb == "STARTTLS" && len(argument) == 0:
			if g.in.Buffered() > 0 {
				return g.hangUp(&gsp.Refusal{
					Reason: gsp.BadSequence,
					Cause:  "something came behind STARTTLS before the handshake",
					Remedy: "correct the program that sent it",
				})
			}
			g.tell("220 2.0.0 begin TLS")
			if err := g.flush(); err != nil {
				return io.EOF
			}
			g.layer = nil
			return nil
		default:
			g.answerInClear(verb, len(argument) > 0)
		}
	}
}

// answerInClear answers what may be said before TLS, and refuses the rest.
func (g *guard) answerInClear(verb string, argument bool) {
	switch {
	case verb == "STARTTLS":
		g.out = append(g.out, mistake{badParameter, "STARTTLS takes no parameter", correct}.tell(g.server.Help)...)
	case (verb == "EHLO" || verb == "HELO") && !argument:
		g.out = append(g.out, mistake{badSyntax, "the program has not said its name", "correct it: EHLO takes the name of the client"}.tell(g.server.Help)...)
	case verb == "EHLO":
		g.tell("250-" + g.server.Domain + "\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS")
	case verb == "HELO":
		g.tell("250 " + g.server.Domain)
	case verb == "NOOP":
		g.tell("250 2.0.0 nothing done")
	case verb == "RSET":
		g.tell("250 2.0.0 nothing to forget")
	default:
		g.say(&gsp.Refusal{
			Reason: gsp.TLSFirst,
			Cause:  "this connection is not encrypted yet",
			Remedy: "set the connection security for outgoing mail to STARTTLS, or to SSL/TLS with the port for it",
		})
	}
}

// tell queues a reply.
func (g *guard) tell(reply string) { g.out = fmt.Appendf(g.out, "%s\r\n", reply) }
