package smtpd

import (
	"slices"

	"github.com/emersion/go-sasl"
)

// withLogin adds LOGIN to mechanisms that have PLAIN, behind all others: old
// versions of Outlook know nothing else to submit with. It says no more than
// PLAIN does, in two messages (draft-murchison-sasl-login-00).
func withLogin(mechanisms []string) []string {
	if slices.Contains(mechanisms, sasl.Plain) {
		return append(slices.Clip(mechanisms), sasl.Login)
	}
	return mechanisms
}

// loginExchange leads a client through LOGIN to an exchange of PLAIN.
type loginExchange struct {
	plain sasl.Server
	step  int
	name  string
}

// Next implements sasl.Server.
func (l *loginExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil && l.step == 0 {
		return []byte("Username:"), false, nil
	}
	l.step++
	if l.step == 1 {
		l.name = string(response)
		return []byte("Password:"), false, nil
	}
	return l.plain.Next([]byte("\x00" + l.name + "\x00" + string(response)))
}
