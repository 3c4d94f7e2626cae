// Package client is an officer's or a national system's side of the gateway:
// it looks up keys, composes and seals mail, submits it, and waits for, reads
// and opens what comes back. It speaks the public protocols only, so all that
// it does any mail program can do.
//
// It handles private keys, so nothing that the gateway runs may import it.
package client

import (
	"crypto/tls"
	"net"
)

// Login is where and as whom to log in, by SMTP or IMAP over TLS from the
// first octet (RFC 8314). It does not print its password.
type Login struct {
	Server   string      // host:port to connect to
	TLS      *tls.Config // nil for the system's roots and the host of Server
	User     string      // with or without its domain
	Password string
}

// String leaves the password out.
func (l Login) String() string { return l.User + " at " + l.Server }

// GoString leaves the password out.
func (l Login) GoString() string { return l.String() }

// tls returns the configuration with the name that the server must prove.
func (l Login) tls() *tls.Config {
	c := l.TLS.Clone()
	if c == nil {
		c = &tls.Config{}
	}
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(l.Server)
		if err != nil {
			host = l.Server
		}
		c.ServerName = host
	}
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	return c
}
