package smtpd

import (
	"bytes"

	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/gsp"
)

// formal returns a line of go-smtp's in the tone of this house, with the codes
// that the RFCs have for it, and a refusal with a token. What the door itself
// said passes through here too, and stays as it is; so does what go-smtp says
// of its own failure, which is no client's mistake.
func formal(line []byte, help string) []byte {
	for _, f := range formalities {
		if bytes.HasPrefix(line, f.theirs) {
			return f.ours
		}
	}
	for _, m := range mistakes {
		if bytes.HasPrefix(line, m.theirs) && !hasToken(line) {
			return m.tell(help)
		}
	}
	return line
}

// hasToken reports whether a line of a reply has the token of a refusal behind its
// codes.
func hasToken(line []byte) bool {
	const codesEnd = len("550 5.7.1 ")
	token, _, ok := bytes.Cut(line[min(codesEnd, len(line)):], []byte(": "))
	_, known := codes[gsp.Reason(token)]
	return ok && known
}

var formalities = []struct{ theirs, ours []byte }{
	{[]byte("250 2.0.0 Roger, "), []byte("250 2.1.0 sender accepted\r\n")},
	{[]byte("250 2.0.0 I'll make sure"), []byte("250 2.1.5 recipient accepted\r\n")},
	{[]byte("250 2.0.0 I have successfully"), []byte("250 2.0.0 nothing done\r\n")},
	{[]byte("252 2.5.0 Cannot VRFY"), []byte("252 2.5.0 an address is checked when it comes with RCPT\r\n")},
	{[]byte("235 2.0.0 "), []byte("235 2.7.0 logged in\r\n")},
}

// mistake is a fault of a client's dialogue.
type mistake struct {
	code
	cause, remedy string
}

// tell writes it as a refusal. All have one token: their help page is for who
// looks after the program, and the cause says what it did.
func (m mistake) tell(help string) []byte {
	r := reply(&gsp.Refusal{Reason: gsp.BadSequence, Cause: m.cause, Remedy: m.remedy}, help)
	r.Code, r.EnhancedCode = m.code.code, m.enhanced
	return render(r)
}

var (
	badSequence  = code{503, smtp.EnhancedCode{5, 5, 1}} // RFC 5321, section 4.1.4
	badSyntax    = code{501, smtp.EnhancedCode{5, 5, 2}}
	badParameter = code{501, smtp.EnhancedCode{5, 5, 4}}
	notOffered   = code{555, smtp.EnhancedCode{5, 5, 4}} // RFC 5321, section 4.1.1.11
)

// correct is what there is to do where only the program can do something.
const correct = "correct the program that sent it"

// How an address is written wrongly.
var (
	senderForm    = mistake{badSyntax, "the sender is not written as MAIL FROM:<name@domain>", correct}
	recipientForm = mistake{badSyntax, "the recipient is not written as RCPT TO:<name@domain>", correct}
)

// mistakes are those that go-smtp finds, by how it tells of them; the first that
// fits counts.
var mistakes = []struct {
	theirs []byte
	mistake
}{
	{[]byte("502 5.5.1 Please introduce"), mistake{badSequence, "the program has not introduced itself", "correct it: EHLO comes first"}},
	{[]byte("501 5.5.2 Domain/address"), mistake{badSyntax, "the program has not said its name", "correct it: EHLO takes the name of the client"}},
	{[]byte("502 5.5.1 Missing MAIL"), mistake{badSequence, "no sender was accepted for this mail", "correct what was refused before"}},
	{[]byte("502 5.5.1 Missing RCPT"), mistake{badSequence, "no recipient was accepted for this mail", "correct what was refused before"}},
	{[]byte("501 5.5.2 Was expecting MAIL"), senderForm},
	{[]byte("501 5.5.2 Was expecting RCPT"), recipientForm},

	{[]byte("503 5.5.1 Already authenticated"), mistake{badSequence, "this connection is logged in already", "connect again to log in as somebody else"}},
	{[]byte("502 5.5.4 Missing parameter"), mistake{badParameter, "AUTH came without a mechanism", correct}},
	{[]byte("501 5.0.0 Negotiation cancelled"), mistake{badParameter, "the program gave the login up", "try it again"}}, // RFC 4954, section 4
	{[]byte("454 4.7.0 Invalid base64"), mistake{badSyntax, "the login cannot be decoded", correct}},                    // RFC 4954, section 4
	{[]byte("502 5.5.1 Already running in TLS"), mistake{badSequence, "this connection is encrypted already", correct}},

	{[]byte("501 5.5.4 Unable to parse SIZE"), mistake{badParameter, "the size of the mail is not a number", correct}},
	{[]byte("504 5.5.4 "), mistake{notOffered, "the program asks for an extension that is not offered", "correct it: it can see in the reply to EHLO what is"}},
	{[]byte("500 5.5.4 Unknown "), mistake{notOffered, "the program asks for an extension that is not offered", "correct it: it can see in the reply to EHLO what is"}},
	{[]byte("501 5.5.4 DATA "), mistake{badParameter, "DATA takes no parameter", correct}},
	{[]byte("501 5.5.4 "), mistake{badParameter, "a parameter of the command cannot be read", correct}},
	{[]byte("500 5.5.4 "), mistake{badParameter, "a parameter of the command cannot be read", correct}},

	{[]byte("500 5.5.2 "), mistake{code{500, smtp.EnhancedCode{5, 5, 2}}, "this is no command", correct}},
	{[]byte("501 5.5.2 Bad command"), mistake{code{500, smtp.EnhancedCode{5, 5, 2}}, "this is no command", correct}},
	{[]byte("500 5.5.1 This is not"), mistake{code{500, smtp.EnhancedCode{5, 5, 1}}, "LHLO is for LMTP, and this is submission", correct}},
	{ // RFC 5321, section 3.8
		[]byte("500 5.5.1 Too many errors"),
		mistake{code{421, smtp.EnhancedCode{4, 7, 0}}, "too many commands were no commands", "correct the program that sent them"},
	},
	{[]byte("502 5.5.1 "), mistake{code{502, smtp.EnhancedCode{5, 5, 1}}, "this command is not offered here", correct}},
}
