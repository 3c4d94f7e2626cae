// Package smtpd is the submission door: SMTP over TLS, implicit or by STARTTLS
// (RFC 5321, RFC 6409, RFC 8314), on the go-smtp server library, with a stream
// guard under it.
//
// It knows the protocol and no policy. What it is sent it reads whole, bounded
// and once, hands to a Submitter, and answers by one table from reason to
// reply. It keeps nothing.
package smtpd

import (
	"context"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// Accounts answers who may log in and which addresses exist. Its methods may
// be called concurrently.
type Accounts interface {
	// Mechanisms returns the SASL mechanisms that a peer is offered.
	Mechanisms(peer.Peer) []string
	// Exchange begins a login by one of them, and is false for any other.
	// loggedIn is called at its success, before Next returns. Each error of the
	// exchange is a *gsp.Refusal where the login is the reason.
	Exchange(mechanism string, p peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool)
	// Sender reports whether the account may send as the address, as a
	// *gsp.Refusal if not.
	Sender(account gsp.AccountID, from gsp.Address) error
	// Recipient reports whether mail can be sent to the address, as a
	// *gsp.Refusal if not.
	Recipient(to gsp.Address) error
}

// Submitter takes a mail. A Receipt means stored and synced; the error is a
// *gsp.Refusal when the mail is the reason, anything else is our own fault.
type Submitter interface {
	Submit(context.Context, gsp.Submission) (gsp.Receipt, error)
}
