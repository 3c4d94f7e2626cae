package admin

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// ClientCertificate is the input of AccountCertificate.
type ClientCertificate struct {
	Login       string `json:"login"`
	Certificate []byte `json:"certificate,omitzero"` // X.509, in PEM or DER; none changes nothing
	Remove      bool   `json:"remove,omitzero"`      // take away all that the account has
}

// PinnedAccount is an account and the keys that log it in.
type PinnedAccount struct {
	AccountRow
	Pins []string `json:"pins"` // SHA-256 of each SubjectPublicKeyInfo, in hexadecimal, the latest last
}

// AccountCertificate lets a system account log in with a TLS client
// certificate, without a password (SASL EXTERNAL; RFC 4422, appendix A). What
// counts is the certificate's key, so that a renewed one of the same key works.
// One more than gsp.MaxPins takes the place of the earliest.
var AccountCertificate = Verb[ClientCertificate, PinnedAccount]{"account-certificate", accountCertificate}

func accountCertificate(ctx context.Context, o *Office, _ string, in ClientCertificate) (PinnedAccount, error) {
	now := o.Now()
	row, err := o.changeAccount(ctx, in.Login, func(roll *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		_, credential, _ := roll.Login(a.Login)
		pins := slices.Clone(credential.Pins)
		if in.Remove {
			pins = nil
		}
		if len(in.Certificate) > 0 {
			pin, err := pinOf(in.Certificate, now)
			if err != nil {
				return gsp.Change{}, err
			}
			if err := checkPin(roll, a, pin); err != nil {
				return gsp.Change{}, err
			}
			pins = append(slices.DeleteFunc(pins, func(p [32]byte) bool { return p == pin }), pin)
			pins = pins[max(0, len(pins)-gsp.MaxPins):]
		}
		return pinned(a, credential, pins, now), nil
	})
	if err != nil {
		return PinnedAccount{}, err
	}
	out := PinnedAccount{AccountRow: row, Pins: []string{}}
	_, credential, _ := o.Registry.Snapshot().Login(row.Login)
	for _, pin := range credential.Pins {
		out.Pins = append(out.Pins, hex.EncodeToString(pin[:]))
	}
	return out, nil
}

// pinned changes the pins of an account, with an event for each that came and
// each that went.
func pinned(a gsp.Account, credential gsp.Credential, pins [][32]byte, now time.Time) gsp.Change {
	var c gsp.Change
	tell := func(kind gsp.EventKind, of, but [][32]byte) {
		for _, pin := range of {
			if !slices.Contains(but, pin) {
				c.Events = append(c.Events, gsp.Event{At: now, Kind: kind, Party: a.Party, Account: a.ID})
			}
		}
	}
	tell(gsp.CertificateUnpinned, credential.Pins, pins)
	tell(gsp.CertificatePinned, pins, credential.Pins)
	if len(c.Events) > 0 {
		credential.Pins = pins
		c.Credentials = []gsp.Credential{credential}
	}
	return c
}

// checkPin asks whether the account may have the key.
func checkPin(roll *registry.Snapshot, a gsp.Account, pin [32]byte) error {
	if a.Kind != gsp.System {
		return &gsp.Refusal{
			Reason: gsp.NotAllowed,
			Cause:  fmt.Sprintf("%s is an officer's account, and only a system logs in by certificate", a.Login),
			Remedy: "issue an account for the system with: gsp account add --kind system",
		}
	}
	for _, other := range roll.Accounts() {
		_, credential, _ := roll.Login(other.Login)
		if other.ID != a.ID && slices.Contains(credential.Pins, pin) {
			return &gsp.Refusal{
				Reason: gsp.KeyInUse,
				Cause:  fmt.Sprintf("the key of this certificate belongs to %s already", other.Login),
				Remedy: "make a key of its own for each account, or remove it from the other with: gsp account certificate --remove",
			}
		}
	}
	return nil
}

// leastRSA is the shortest RSA modulus that is accepted, in bits (NIST SP
// 800-57, part 1, table 2).
const leastRSA = 2048

// pinOf reads a certificate as an administrator hands it in.
func pinOf(file []byte, now time.Time) ([32]byte, error) {
	der := file
	if bytes.Contains(file, []byte("-----BEGIN ")) {
		der = nil
		for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
			if strings.Contains(block.Type, "PRIVATE KEY") {
				return [32]byte{}, &gsp.Refusal{
					Reason: gsp.PrivateKey,
					Cause:  "this file holds a private key",
					Remedy: "hand in the certificate alone; if the file came by mail, make a new key",
				}
			}
			if block.Type == "CERTIFICATE" && der == nil { // the first is the system's own, the others its issuers
				der = block.Bytes
			}
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return [32]byte{}, &gsp.Refusal{
			Reason: gsp.BrokenKey,
			Cause:  "this file holds no X.509 certificate",
			Remedy: "hand in the certificate of the system as a .pem, .crt or .cer file",
			Err:    err,
		}
	}
	if now.After(cert.NotAfter) {
		return [32]byte{}, &gsp.Refusal{
			Reason: gsp.BrokenKey,
			Cause:  fmt.Sprintf("this certificate ended on %s", cert.NotAfter.UTC().Format(time.DateOnly)),
			Remedy: "renew it and hand in the new one",
		}
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < leastRSA {
		return [32]byte{}, &gsp.Refusal{
			Reason: gsp.WeakKey,
			Cause:  fmt.Sprintf("the RSA key of this certificate has %d bits, too few to be safe", key.N.BitLen()),
			Remedy: fmt.Sprintf("make one of at least %d bits, or an elliptic one", leastRSA),
		}
	}
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo), nil
}
