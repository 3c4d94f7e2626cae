package smtpd

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strconv"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/gsp"
)

// session is one client's dialogue. go-smtp calls its methods from one
// goroutine, since the guard lets no BDAT through.
type session struct {
	server  *Server
	guard   *guard
	account gsp.Account // the zero Account before login
	bad     int         // failed logins

	// The transaction.
	open       bool // MAIL was accepted
	from       gsp.Address
	announced  int64 // octets, 0 if not told
	recipients []gsp.Address
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	g, ok := c.Conn().(*guard)
	if !ok {
		return nil, errors.New("not a connection of this door")
	}
	return &session{server: s, guard: g}, nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	return withLogin(s.server.Accounts.Mechanisms(s.guard.who))
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	told := mechanism
	if told == sasl.Login {
		told = sasl.Plain
	}
	inner, ok := s.server.Accounts.Exchange(told, s.guard.who, func(a gsp.Account) { s.account = a })
	if !ok {
		r := reply(&gsp.Refusal{
			Reason: gsp.BadSequence,
			Cause:  "this login mechanism is not offered",
			Remedy: "choose one that the reply to EHLO names, such as normal password",
		}, s.server.Help)
		r.Code, r.EnhancedCode = 504, smtp.EnhancedCode{5, 5, 4} // RFC 4954, section 4
		return nil, r
	}
	if mechanism == sasl.Login {
		inner = &loginExchange{plain: inner}
	}
	return exchange{inner, s}, nil
}

// exchange is a login whose errors are replies.
type exchange struct {
	sasl.Server
	session *session
}

// Next implements sasl.Server.
func (e exchange) Next(response []byte) ([]byte, bool, error) {
	challenge, done, err := e.Server.Next(response)
	if err == nil && done {
		err = e.session.enter()
	}
	if err != nil {
		return nil, true, e.session.refuseLogin(err)
	}
	return challenge, done, nil
}

// enter makes the session one of its account.
func (s *session) enter() error {
	if !s.server.countIn(s.guard, s.account.ID) {
		s.account = gsp.Account{}
		return &gsp.Refusal{
			Reason: gsp.TooBusy,
			Cause:  "too many connections of your account are open",
			Remedy: "close programs that you do not need, and try again in a minute",
		}
	}
	s.guard.loggedIn = true
	return nil
}

// refuseLogin counts a failure and ends the session after some.
func (s *session) refuseLogin(err error) error {
	s.bad++
	r := s.refuse("login refused", err)
	switch {
	case s.bad >= s.server.Limits.BadLogins:
		s.guard.leaving = true
		r.Code, r.EnhancedCode = 421, smtp.EnhancedCode{4, 7, 0}
	case r.Code == codes[gsp.TooBusy].code:
		r.Code, r.EnhancedCode = 454, smtp.EnhancedCode{4, 7, 0} // RFC 4954, section 6
	}
	return r
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, options *smtp.MailOptions) error {
	switch {
	case s.account.ID == 0:
		return s.refuse("sender refused", &gsp.Refusal{
			Reason: gsp.LoginFirst,
			Cause:  "nobody is logged in",
			Remedy: "turn on authentication for outgoing mail, with login and password",
		})
	case s.open:
		s.guard.leaving, s.guard.linger = true, true // what follows is for another mail than the client thinks
		return s.refuse("sender refused", &gsp.Refusal{
			Reason: gsp.BadSequence,
			Cause:  "a mail is being sent already",
			Remedy: "finish it with DATA or drop it with RSET",
		})
	case options.Size > s.server.MaxMessage:
		return s.refuse("sender refused", tooLarge(s.server.MaxMessage))
	}
	if r := s.server.mails.Ask(s.account.ID, 1, s.server.Now()); r != nil {
		return s.refuse("sender refused", r)
	}
	sender, err := gsp.ParseAddress(from)
	if err != nil { // also for the null reverse-path, which is nobody's
		return s.refuse("sender refused", &gsp.Refusal{
			Reason: gsp.WrongSender,
			Cause:  "the sender is not an address of the form name@domain",
			Remedy: "send from the address on your credential sheet",
			Err:    err,
		})
	}
	if err := s.server.Accounts.Sender(s.account.ID, sender); err != nil {
		return s.refuse("sender refused", err)
	}
	s.open, s.from, s.announced = true, sender, options.Size
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	recipient, err := gsp.ParseAddress(to)
	if err != nil {
		return s.refuse("recipient refused", &gsp.Refusal{
			Reason: gsp.UnknownRecipient,
			Cause:  "the recipient is not an address of the form name@domain",
			Remedy: "correct the address",
			Err:    err,
		})
	}
	if slices.Contains(s.recipients, recipient) {
		return nil
	}
	if len(s.recipients) >= s.server.MaxRecipients {
		return s.refuse("recipient refused", &gsp.Refusal{
			Reason: gsp.TooManyRcpts,
			Cause:  "a mail can go to " + strconv.Itoa(s.server.MaxRecipients) + " recipients at most",
			Remedy: "send a further mail to the others",
		})
	}
	if err := s.server.Accounts.Recipient(recipient); err != nil {
		return s.refuse("recipient refused", err)
	}
	if r := s.server.copies.Ask(s.account.ID, len(s.recipients)+1, s.server.Now()); r != nil {
		return s.refuse("recipient refused", r)
	}
	s.recipients = append(s.recipients, recipient)
	return nil
}

// Data implements smtp.Session. It reads the mail from the guard; go-smtp's
// own reader is given the line that ends it.
func (s *session) Data(io.Reader) error {
	raw, done, err := s.guard.message(s.account.ID, s.announced)
	defer done()
	now := s.server.Now()
	spent := s.server.spend(s.account.ID, len(s.recipients), now) // also for what is refused
	if err != nil {
		return s.refuse("mail refused", err)
	}
	if spent != nil {
		return s.refuse("mail refused", spent)
	}
	receipt, err := s.server.Submitter.Submit(s.server.ctx, gsp.Submission{
		Account:    s.account,
		Sender:     s.from,
		Recipients: s.recipients,
		Raw:        raw,
		At:         now,
	})
	if err != nil {
		return s.refuse("mail refused", err)
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: printable(accepted(receipt))}
}

// accepted is what a receipt tells the sender, the same each time it is given.
func accepted(r gsp.Receipt) string {
	if r.Answered {
		return "answered in your INBOX"
	}
	if r.Done {
		return "done; no answer can be sealed, since the directory has no key of yours now"
	}
	text := "stored"
	if r.Case != "" {
		text += ", case " + string(r.Case)
	}
	if r.Repeats != "" {
		text += "; your Party waits for an answer to the same question already, in case " + string(r.Repeats)
	}
	return text
}

// Reset implements smtp.Session.
func (s *session) Reset() {
	s.open, s.from, s.announced, s.recipients = false, gsp.Address{}, 0, nil
}

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// refuse logs err and turns it into a reply.
func (s *session) refuse(what string, err error) *smtp.SMTPError {
	r, ok := asRefusal(err)
	if !ok {
		attrs := append([]slog.Attr{slog.String("at", what)}, s.who()...)
		attrs = append(attrs, slog.Any("error", err))
		s.server.Log.LogAttrs(s.server.ctx, slog.LevelError, "submission failed", attrs...)
		return failure()
	}
	attrs := []slog.Attr{slog.String("door", "submission"), slog.String("reason", string(r.Reason))}
	attrs = append(attrs, s.who()...)
	if r.Err != nil {
		attrs = append(attrs, slog.Any("error", r.Err))
	}
	s.server.Log.LogAttrs(s.server.ctx, slog.LevelInfo, what, attrs...)
	return reply(r, s.server.Help)
}

// who names the account in a line of the log; nothing before login.
func (s *session) who() []slog.Attr {
	if s.account.ID == 0 {
		return nil
	}
	return []slog.Attr{slog.String("party", string(s.account.Party)), slog.Int64("account", int64(s.account.ID))}
}
