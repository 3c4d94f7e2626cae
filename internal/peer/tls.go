package peer

import (
	_ "crypto/sha512" // of certificates that are signed with it
	"crypto/tls"
	"errors"
	"net"
)

// suites are those of TLS 1.2 that RFC 9325, section 4.2 recommends; Go offers
// CBC ones besides. Those of TLS 1.3 are all sound.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Config returns the TLS configuration of a mail door that shows base's
// certificates: TLS 1.3 and strong 1.2 only, and one protocol name (RFC 7301),
// which keeps a browser from being led to the door. Where ask is not nil, it
// says for each connection whether the client is asked for a certificate of
// its own; clients of people put a question to them then.
func Config(base *tls.Config, protocol string, ask func() bool) *tls.Config {
	c := base.Clone()
	c.NextProtos = []string{protocol}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.CipherSuites = suites
	// A resumed connection does not say which certificate the first one showed,
	// and a login may be bound to that. Mail sessions are long anyway.
	c.SessionTicketsDisabled = true
	c.ClientAuth = tls.NoClientCert
	c.Certificates = nil // or GetCertificate is not asked for a client without SNI
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		shown, err := choose(base, hello)
		if noted, ok := hello.Conn.(*notedConn); ok && err == nil && len(shown.Certificate) > 0 {
			noted.shown = shown.Certificate[0]
		}
		return shown, err
	}
	if ask != nil {
		asking := c.Clone()
		asking.ClientAuth = tls.RequestClientCert
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if ask() {
				return asking, nil
			}
			return nil, nil // go on with c
		}
	}
	return c
}

// choose picks the certificate to show.
func choose(base *tls.Config, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if base.GetCertificate != nil {
		return base.GetCertificate(hello)
	}
	for i := range base.Certificates {
		if hello.SupportsCertificate(&base.Certificates[i]) == nil {
			return &base.Certificates[i], nil
		}
	}
	if len(base.Certificates) == 0 {
		return nil, errors.New("no certificate to show")
	}
	return &base.Certificates[0], nil
}

// Conn is the server's side of a TLS connection.
type Conn struct {
	*tls.Conn
	noted *notedConn
}

// notedConn keeps what Config noted of a connection.
type notedConn struct {
	net.Conn
	shown []byte
}

// Server puts TLS onto a connection. The configuration is one of Config.
func Server(conn net.Conn, config *tls.Config) *Conn {
	noted := &notedConn{Conn: conn}
	return &Conn{tls.Server(noted, config), noted}
}

// Peer returns who is at the other end. Call it after the handshake.
func (c *Conn) Peer() Peer {
	return Peer{
		Network: Network(c.noted.RemoteAddr().String()),
		tls:     c.ConnectionState(),
		shown:   c.noted.shown,
	}
}
