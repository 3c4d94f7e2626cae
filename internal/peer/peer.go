// Package peer says who is at the other end of a door's connection, as far as
// a door may know it: the network that counts as one, and what its TLS proves
// to a login. It also holds what the mail doors share: the rules of TLS, and
// who makes room for whom when a door has no place left.
//
// It knows no account, and what it keeps is gone with the connection.
package peer

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/netip"
)

// Network returns what counts as one peer of an address with a port: an IPv4
// address, or the /64 of an IPv6 one, since whoever has an address there has
// all 2^64. It is the zero Prefix for what is no such address. It may be held
// in memory and must not reach a log or a store.
func Network(address string) netip.Prefix {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := ap.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	network, _ := ip.Prefix(bits)
	return network
}

// Peer is the other end of a connection. The zero Peer is nobody, over no TLS.
type Peer struct {
	Network netip.Prefix // as of Network, not valid where there is none

	tls   tls.ConnectionState
	shown []byte // our certificate, DER
}

// The channel bindings that a login may name.
const (
	Exporter       = "tls-exporter"         // RFC 9266
	ServerEndPoint = "tls-server-end-point" // RFC 5929, section 4
)

// Bindings are the channel bindings that there are, the better first.
var Bindings = []string{Exporter, ServerEndPoint}

// Binding returns the data of a channel binding (RFC 5056), and false where
// this connection has none of that name.
func (p Peer) Binding(name string) ([]byte, bool) {
	if !p.tls.HandshakeComplete {
		return nil, false
	}
	switch name {
	case Exporter:
		// TLS 1.2 without extended master secret returns an error, as RFC 9266,
		// section 4.2 wants. There an empty context differs from none.
		data, err := p.tls.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
		return data, err == nil
	case ServerEndPoint:
		return endPoint(p.shown)
	}
	return nil, false
}

// endPoint is the digest of a certificate by the hash of its own signature.
func endPoint(der []byte) ([]byte, bool) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, false
	}
	hash := crypto.SHA256 // also in place of MD5 and SHA-1 (RFC 5929, section 4.1)
	switch c.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	case x509.PureEd25519, x509.UnknownSignatureAlgorithm:
		return nil, false // uses no hash that the RFC could mean
	}
	h := hash.New()
	h.Write(der)
	return h.Sum(nil), true
}

// Pin returns the SHA-256 of the SubjectPublicKeyInfo of the certificate whose
// key the peer has proved to hold, and false where it showed none. Nothing
// else of that certificate was checked: neither its issuer nor its dates.
func (p Peer) Pin() ([sha256.Size]byte, bool) {
	if !p.tls.HandshakeComplete || len(p.tls.PeerCertificates) == 0 {
		return [sha256.Size]byte{}, false
	}
	return sha256.Sum256(p.tls.PeerCertificates[0].RawSubjectPublicKeyInfo), true
}
