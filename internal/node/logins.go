package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/smtpd"
)

// authenticator checks logins against the roll as it is at each moment.
func authenticator(c config.Config, who *registry.Registry, secret []byte) *auth.Authenticator {
	return auth.NewAuthenticator(auth.Options{
		Domain:  c.Domain,
		Aliases: c.Aliases,
		Login: func(login string) (gsp.Account, gsp.Credential, bool) {
			return who.Snapshot().Login(login)
		},
		Pin: func(pin [32]byte) (gsp.Account, bool) {
			return who.Snapshot().AccountByPin(pin)
		},
		Secret:        secret,
		FreeByName:    c.Limits.FailedLoginsPerName,
		FreeByNetwork: c.Limits.FailedLoginsPerAddress,
		Now:           time.Now,
	})
}

const decoySize = 32 // octets

// decoySecret reads the secret that makes up salts for logins that do not
// exist, or makes one. Nothing is lost with it but that somebody who asked
// before and asks again may learn which names are real.
func decoySecret(folder string) ([]byte, error) {
	path := filepath.Join(folder, "decoy.key")
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) == decoySize {
		return secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("cannot read %s", path),
			Remedy: "let the gateway's user read it, or remove it",
			Err:    err,
		}
	}
	secret = make([]byte, decoySize)
	rand.Read(secret) // never fails, by its contract
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		return nil, fmt.Errorf("keep the secret for unknown logins: %w", err)
	}
	return secret, nil
}

// limits are those of the submission door.
func limits(c config.Config) smtpd.Limits {
	return smtpd.Limits{
		Handshake: time.Duration(c.Deadlines.Handshake),
		Login:     time.Duration(c.Deadlines.Login),
		Command:   time.Duration(c.Deadlines.Command),
		Write:     time.Duration(c.Deadlines.Reply),
		Stall:     time.Duration(c.Deadlines.Silence),
		Message:   time.Duration(c.Deadlines.Mail),
		MinRate:   int64(c.Deadlines.MinRate),

		Room:       int64(c.Limits.InFlight),
		Sessions:   c.SMTP.Connections,
		PerPeer:    c.SMTP.ConnectionsPerAddress,
		PerAccount: c.SMTP.ConnectionsPerAccount,
		BadLogins:  c.Limits.FailedLogins,
		Mails:      orNone(c.Limits.MailsPerHour),
		Recipients: orNone(c.Limits.RecipientsPerHour),
	}
}

// orNone returns what the door takes for no limit.
func orNone(limit int) int {
	if limit == 0 {
		return -1
	}
	return limit
}
