package smtpd

import (
	"bytes"
	"regexp"

	"gsp.example/gsp/internal/gsp"
)

// path finds a path in angle brackets without a source route, which a server may
// refuse (RFC 5321, appendix C); go-smtp would take one that has a route, or no
// brackets. The space behind the colon is not of the RFC, but Outlook and scripts
// write it.
var path = regexp.MustCompile(`(?i)^(?:MAIL FROM|RCPT TO): *<[^@]`)

// lonePostmaster finds the one recipient that has no domain and is in every one
// (RFC 5321, sections 2.3.5 and 4.5.1).
var lonePostmaster = regexp.MustCompile(`(?i)^RCPT TO: *<postmaster>`)

// hugeSize finds the size of a mail that may be more than go-smtp can parse; a
// size has up to 20 digits (RFC 1870, section 3). Put 4 GiB in its place, and
// the mail is refused for what it is.
var hugeSize = regexp.MustCompile(`(?i) SIZE=[1-9][0-9]{9,19}\b`)

// toParse returns a command line as go-smtp is to read it.
func (g *guard) toParse(line []byte) []byte {
	switch {
	case hasVerb(line, "MAIL"):
		return hugeSize.ReplaceAll(line, []byte(" SIZE=4294967295"))
	case hasVerb(line, "RCPT"):
		return lonePostmaster.ReplaceAll(line, []byte("RCPT TO:<postmaster@"+g.server.Domain+">"))
	}
	return line
}

// brokenPath returns the mistake in how MAIL or RCPT names an address, nil where
// go-smtp may read it.
func brokenPath(line []byte) *mistake {
	switch {
	case path.Match(line):
	case hasVerb(line, "MAIL"):
		return &senderForm
	case hasVerb(line, "RCPT"):
		return &recipientForm
	}
	return nil
}

// foreignAddress refuses an address beyond ASCII, which nobody here has, and the
// session goes on: with SMTPUTF8 (RFC 6531) or without, an officer may mistype
// a name.
func foreignAddress(line []byte) *gsp.Refusal {
	isMail, isRcpt := hasVerb(line, "MAIL"), hasVerb(line, "RCPT")
	if !isMail && !isRcpt || !bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) ||
		!bytes.HasSuffix(line, []byte("\r\n")) || bytes.ContainsFunc(line[:len(line)-2], func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil
	}
	r := &gsp.Refusal{
		Reason: gsp.UnknownRecipient,
		Cause:  "every address here consists of letters a to z, digits and signs of ASCII",
		Remedy: "write the address as it stands in the list of competent authorities",
	}
	if isMail {
		r.Reason, r.Remedy = gsp.WrongSender, "send from the address on your credential sheet"
	}
	return r
}
