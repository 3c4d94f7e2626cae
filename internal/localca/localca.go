// Package localca gives the gateway's doors their TLS certificate: from files
// that the operator names, read again when they change, or from a certificate
// authority of its own for a first start on an empty folder.
//
// The authority may certify the gateway's own names and nothing else (RFC
// 5280, section 4.2.1.10), so that a stolen ca.key cannot speak for the rest
// of the world to a client that trusts ca.pem. It replaces an authority only
// when the gateway's domain is another one, and keeps the old one beside it;
// whatever else does not fit is refused, with what to do.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// How long certificates live. Apple's clients refuse a server certificate of
// more than 398 days.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour
	renewBefore   = 30 * 24 * time.Hour
	backdate      = time.Hour // for clients whose clock is behind
)

// Issued is what Ensure found or made.
type Issued struct {
	CA          string // path of ca.pem, which mail clients are told to trust
	Certificate string // path of server.pem, for Open
	Key         string // path of server.key, for Open
	MadeCA      bool   // ca.pem and ca.key are new
	MadeServer  bool   // server.pem and server.key are new
}

// Names returns the host names that a gateway of domain answers to: the domain
// itself, the usual names of its doors, those where clients look for keys (Web
// Key Directory, advanced method) and for their set-up, this machine's, and
// the others that are given.
func Names(domain string, others ...string) []string {
	names := []string{
		domain, "mail." + domain, "smtp." + domain, "imap." + domain,
		"openpgpkey." + domain, "autoconfig." + domain, "autodiscover." + domain, "localhost",
	}
	for _, name := range others {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Loopback returns the addresses of this machine to itself.
func Loopback() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback} }

// Ensure makes what is missing in folder: ca.pem and ca.key, and a server
// certificate for names and ips, server.pem and server.key. names[0] is the
// gateway's domain; an authority of another domain is set aside. It issues the
// latter again when fewer than 30 days of it are left, when the names changed
// or when it does not fit its key; otherwise a second call changes nothing.
// ca.key is read only when a certificate is issued, so it may be kept
// elsewhere. Each file appears whole or not at all.
//
// The error is a *gsp.Refusal with gsp.NoCertificate where the folder holds
// something that must not be overwritten.
func Ensure(folder string, names []string, ips []net.IP, now time.Time) (Issued, error) {
	issued := Issued{
		CA:          filepath.Join(folder, "ca.pem"),
		Certificate: filepath.Join(folder, "server.pem"),
		Key:         filepath.Join(folder, "server.key"),
	}
	key := filepath.Join(folder, "ca.key")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Issued{}, fmt.Errorf("make the folder of the certificate authority: %w", err)
	}
	ca, err := readCertificate(issued.CA)
	if err == nil && !covers(ca, names[0]) {
		err = setAside(issued.CA, key, ca)
	}
	if errors.Is(err, fs.ErrNotExist) {
		issued.MadeCA = true
		ca, err = makeAuthority(issued.CA, key, names, ips, now)
	}
	if err != nil {
		return Issued{}, err
	}
	if mayStay(issued, ca, names, ips, now) {
		return issued, nil
	}
	issued.MadeServer = true
	return issued, issue(issued, ca, key, names, ips, now)
}

// covers reports whether the authority may certify name.
func covers(ca *x509.Certificate, name string) bool {
	return slices.ContainsFunc(ca.PermittedDNSDomains, func(d string) bool {
		return name == d || strings.HasSuffix(name, "."+d)
	})
}

// setAside renames the authority of another domain and returns fs.ErrNotExist:
// there is none now. A gateway whose domain changed has a new name, which no
// client has trusted yet.
func setAside(cert, key string, ca *x509.Certificate) error {
	old := "ca"
	if len(ca.PermittedDNSDomains) > 0 {
		old += "-" + ca.PermittedDNSDomains[0]
	}
	old = filepath.Join(filepath.Dir(cert), fmt.Sprintf("%s-%x", old, ca.SerialNumber))
	// ca.pem last: as long as it is there, the next Ensure comes here again
	if err := os.Rename(key, old+".key"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set the old certificate authority aside: %w", err)
	}
	if err := os.Rename(cert, old+".pem"); err != nil {
		return fmt.Errorf("set the old certificate authority aside: %w", err)
	}
	return fs.ErrNotExist
}

// mayStay reports whether the server certificate can stay.
func mayStay(i Issued, ca *x509.Certificate, names []string, ips []net.IP, now time.Time) bool {
	pair, err := load(i.Certificate, i.Key)
	if err != nil {
		return false
	}
	leaf := pair.Leaf
	want := slices.Sorted(slices.Values(names))
	sameIPs := slices.EqualFunc(leaf.IPAddresses, ips, net.IP.Equal)
	left := leaf.NotAfter.Sub(now)
	return leaf.CheckSignatureFrom(ca) == nil && sameIPs &&
		slices.Equal(slices.Sorted(slices.Values(leaf.DNSNames)), want) &&
		(left >= renewBefore || left > 0 && leaf.NotAfter.Equal(ca.NotAfter))
}

// makeAuthority writes ca.key first and ca.pem last: ca.pem alone says that
// there is an authority.
func makeAuthority(certPath, keyPath string, names []string, ips []net.IP, now time.Time) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the certificate authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "GSP certificate authority of " + names[0]},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		// An entry covers the names below it, so names[0] and "localhost" would
		// do; all of them are listed so that no rule about names is needed here.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         names,
		PermittedIPRanges:           ranges(ips),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate authority: %w", err)
	}
	if err := writeKey(keyPath, key); err != nil {
		return nil, err
	}
	if err := writePEM(certPath, "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// issue makes the server's certificate. It writes the key first: a crash
// between the two leaves a pair that does not fit, which the next Ensure sees.
func issue(i Issued, ca *x509.Certificate, caKey string, names []string, ips []net.IP, now time.Time) error {
	if !now.Before(ca.NotAfter) {
		return refuse(i.CA, "has expired", "move ca.pem and ca.key away, start again, and let mail clients trust the new ca.pem", nil)
	}
	signer, err := readKey(caKey)
	if err != nil {
		return err
	}
	if !signer.PublicKey.Equal(ca.PublicKey) {
		return refuse(caKey, "does not belong to ca.pem", "put back the ca.key that was made with it", nil)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the server's key: %w", err)
	}
	end := now.Add(serverLife)
	if ca.NotAfter.Before(end) {
		end = ca.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    now.Add(-backdate),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
		IPAddresses:  ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), signer)
	if err != nil {
		return fmt.Errorf("issue the server's certificate: %w", err)
	}
	if err := permitted(der, ca, names, ips, now); err != nil {
		return refuse(i.CA, "may not certify the gateway's present names", "move ca.pem and ca.key away, start again, and let mail clients trust the new ca.pem", err)
	}
	if err := writeKey(i.Key, key); err != nil {
		return err
	}
	return writePEM(i.Certificate, "CERTIFICATE", der, 0o644)
}

// permitted asks of a certificate what a client will ask.
func permitted(der []byte, ca *x509.Certificate, names []string, ips []net.IP, now time.Time) error {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err != nil {
		return err
	}
	for _, n := range names {
		if err := leaf.VerifyHostname(n); err != nil {
			return err
		}
	}
	for _, ip := range ips {
		if err := leaf.VerifyHostname(ip.String()); err != nil {
			return err
		}
	}
	return nil
}

// ranges returns each address as a range of one.
func ranges(ips []net.IP) []*net.IPNet {
	all := make([]*net.IPNet, len(ips))
	for i, ip := range ips {
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		all[i] = &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))}
	}
	return all
}

// serial returns 127 random bits (RFC 5280, section 4.1.2.2: positive, at
// most 20 octets).
func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(path, "is not a certificate", "put back the file as it was", err)
	}
	return c, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(path, "PRIVATE KEY")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(path, "is missing, and a certificate has to be issued", "put it back beside ca.pem", err)
	}
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := k.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, refuse(path, "is not an ECDSA key", "put back the file as it was", err)
	}
	return key, nil
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, refuse(path, "cannot be read", "let the gateway's user read it", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, refuse(path, "is not a PEM file with a "+kind, "put back the file as it was", nil)
	}
	return block.Bytes, nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return writePEM(path, "PRIVATE KEY", der, 0o600)
}

// writePEM replaces a file whole: temporary file, sync, rename, sync of the
// folder.
func writePEM(path, kind string, der []byte, mode fs.FileMode) error {
	if err := replace(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func replace(path string, text []byte, mode fs.FileMode) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func refuse(path, what, remedy string, err error) error {
	return &gsp.Refusal{Reason: gsp.NoCertificate, Cause: path + " " + what, Remedy: remedy, Err: err}
}
