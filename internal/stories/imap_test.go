package stories_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"
)

// imap logs in, sends the lines of a file as they stand, and returns what is
// answered until the gateway ends the connection.
func (w *world) imap(ctx context.Context, args []string) (string, error) {
	lines, err := w.file(args[1])
	if err != nil {
		return "", err
	}
	l := w.login(args[0], w.gateway.IMAP)
	conn, err := tls.Dial("tcp", l.Server, l.TLS)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(conn, "login LOGIN %q %q\r\n%s", l.User, l.Password, lines); err != nil {
		return "", err
	}
	answers, err := io.ReadAll(conn)
	return string(answers), err
}
