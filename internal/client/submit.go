package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/gsp"
)

// Rejection is a server's answer that a mail was not taken.
type Rejection struct {
	Command  string // what was answered: "AUTH", "MAIL", "RCPT", "DATA" or "mail"
	Code     int    // RFC 5321, section 4.2
	Enhanced string // RFC 3463, as "5.7.1"; "" where the server gives none
	Text     string
}

// Error returns the answer in full.
func (r *Rejection) Error() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s refused: %d %s %s", r.Command, r.Code, r.Enhanced, r.Text)), " ")
}

// Reason returns the token at the start of the text, by which a program can
// tell what to do, or "" where the text has none.
func (r *Rejection) Reason() gsp.Reason {
	token, _, ok := strings.Cut(r.Text, ":")
	if !ok || strings.ContainsAny(token, " \t") {
		return ""
	}
	return gsp.Reason(token)
}

// Temporary reports whether the same mail may be taken later.
func (r *Rejection) Temporary() bool { return r.Code/100 == 4 }

// Submit hands in a mail by SMTP (RFC 6409) and returns the text of the
// server's last answer, which names the case. nil means the mail is stored.
// The error is a *Rejection where the server refused; after any other error
// the mail may or may not have been taken.
func Submit(ctx context.Context, at Login, from gsp.Address, to []gsp.Address, raw []byte) (reply string, err error) {
	dialer := tls.Dialer{Config: at.tls()}
	conn, err := dialer.DialContext(ctx, "tcp", at.Server)
	if err != nil {
		return "", rejected(ctx, "connect", err)
	}
	defer conn.Close()
	// The library takes no context: closing its connection is what stops it.
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	c := smtp.NewClient(conn)
	if err := c.Auth(sasl.NewPlainClient("", at.User, at.Password)); err != nil {
		return "", rejected(ctx, "AUTH", err)
	}
	if err := c.Mail(from.String(), &smtp.MailOptions{Size: int64(len(raw))}); err != nil {
		return "", rejected(ctx, "MAIL", err)
	}
	for _, a := range to {
		if err := c.Rcpt(a.String(), nil); err != nil {
			return "", rejected(ctx, "RCPT", err)
		}
	}
	data, err := c.Data()
	if err != nil {
		return "", rejected(ctx, "DATA", err)
	}
	if _, err := data.Write(raw); err != nil {
		return "", rejected(ctx, "mail", err)
	}
	answer, err := data.CloseWithResponse()
	if err != nil {
		return "", rejected(ctx, "mail", err)
	}
	_ = c.Quit() // the mail is stored whether or not the server says goodbye
	return answer.StatusText, nil
}

// rejected turns a library's error into a *Rejection where the server gave an
// answer, and prefers the reason of a cancellation to its effects.
func rejected(ctx context.Context, command string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("submit, %s: %w", command, context.Cause(ctx))
	}
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) {
		return fmt.Errorf("submit, %s: %w", command, err)
	}
	r := &Rejection{Command: command, Code: answer.Code, Text: answer.Message}
	if e := answer.EnhancedCode; e[0] > 0 {
		r.Enhanced = fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
	}
	return r
}
